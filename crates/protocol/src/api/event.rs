//! What a screen is told as it happens, over `GET /v1/events`.

use crate::{api::deployment::DeploymentView, id::DeploymentId};
use serde::{Deserialize, Serialize};

/// `event: deployments`: the first one has all, the later ones what changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeploymentsEvent {
    /// As they are now.
    pub items: Vec<DeploymentView>,
    /// These are no more.
    pub gone: Vec<DeploymentId>,
}
