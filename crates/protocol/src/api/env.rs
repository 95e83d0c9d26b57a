//! Environment variables of a deployment.

use crate::secret::Secret;
use serde::{Deserialize, Serialize};

/// When a variable is there.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EnvScope {
    /// While the image is built. A change needs a rebuild.
    Build,
    /// While the app runs. A change needs a restart.
    Run,
    /// Both.
    #[default]
    Both,
}

/// A variable to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvEntry {
    /// Letters, digits and underscores.
    pub key: String,
    /// Anything but NUL.
    #[schema(value_type = String)]
    pub value: Secret<String>,
    /// When it is there; both when absent.
    #[serde(default)]
    pub scope: EnvScope,
    /// A secret is never shown again, and in a build is mounted instead of passed.
    #[serde(default)]
    pub secret: bool,
}

/// `PUT /v1/deployments/{deployment}/env` replaces all; `PATCH` sets these and removes `unset`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetEnv {
    /// To set.
    #[serde(default)]
    pub set: Vec<EnvEntry>,
    /// Keys to remove; only with `PATCH`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unset: Vec<String>,
}

/// A variable as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EnvView {
    /// Its key.
    pub key: String,
    /// Its value; absent for a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// When it is there.
    pub scope: EnvScope,
    /// Whether it is hidden.
    pub secret: bool,
    /// Baked into what browsers download (`VITE_…`, `NEXT_PUBLIC_…`, `REACT_APP_…`): everybody can read it, and a
    /// change needs a rebuild.
    pub public: bool,
}

/// All variables of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EnvList {
    /// By key.
    pub items: Vec<EnvView>,
    /// `true` when the serving release has another environment: redeploy or restart to apply.
    pub pending: bool,
}

/// Whether a bundler bakes this key into what browsers download.
pub fn is_public(key: &str) -> bool {
    ["VITE_", "NEXT_PUBLIC_", "REACT_APP_", "NUXT_PUBLIC_", "PUBLIC_", "GATSBY_", "VUE_APP_"]
        .iter()
        .any(|prefix| key.starts_with(prefix))
}
