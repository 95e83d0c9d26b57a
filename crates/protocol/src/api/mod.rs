//! Bodies of the HTTP API under `/v1`, shared by the coordinator, the command line and (as generated types) the
//! screens. JSON in snake_case, times in RFC 3339, absent values left out.

pub mod audit;
pub mod billing;
pub mod deployment;
pub mod device;
pub mod env;
pub mod event;
pub mod github;
pub mod log;
pub mod machine;
pub mod page;
pub mod plan;
pub mod project;
pub mod provider;
pub mod push;
pub mod release;
pub mod session;
pub mod team;
pub mod token;
pub mod tunnel;
pub mod upload;
pub mod user;

use crate::error::Problem;
use serde::{Deserialize, Serialize};

/// `GET /v1/health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HealthView {
    /// `true` when requests can be served.
    pub ok: bool,
    /// Version of the coordinator.
    pub version: String,
    /// Providers with a standing link.
    pub providers_online: u32,
    /// What does not work now.
    pub problems: Vec<Problem>,
    /// Where apps are reached: `http://{name}.localhost:7780`.
    pub apps_url: String,
}
