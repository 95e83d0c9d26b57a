//! Providers' agents as the API shows them, and enrolment.

use crate::{
    id::AgentId,
    link::{Capacity, MachineReading},
    secret::Secret,
    unit::UnixMillis,
};
use serde::{Deserialize, Serialize};

/// A provider's agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderView {
    /// Its id.
    pub id: AgentId,
    /// What its owner calls it.
    pub name: String,
    /// Whether its link stands.
    pub online: bool,
    /// Program version.
    pub build: String,
    /// What it lends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// Its machine, when online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<MachineReading>,
    /// Workloads that it should run.
    pub workloads: u32,
    /// When it was last heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<UnixMillis>,
    /// When it was enrolled.
    pub created_at: UnixMillis,
}

/// All agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderList {
    /// By name.
    pub items: Vec<ProviderView>,
}

/// `POST /v1/enrolments`: a one-time code for one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EnrolmentView {
    /// To be typed or pasted on the provider's machine; shown once.
    #[schema(value_type = String)]
    pub code: Secret<String>,
    /// After this it is void.
    pub expires_at: UnixMillis,
}

/// `POST /v1/agents`: an agent enrols itself; the code is the credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolAgent {
    /// The one-time code.
    #[schema(value_type = String)]
    pub code: Secret<String>,
    /// Ed25519 public key, 32 bytes, hex; the private half never leaves the machine.
    pub public_key: String,
    /// What to call the machine, 1 to 64 characters.
    pub name: String,
}

/// Answer to [`EnrolAgent`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AgentEnrolled {
    /// The agent's id from now on.
    pub agent: AgentId,
}
