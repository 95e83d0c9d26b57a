//! Push to deploy: what is set for a deployment, what came, and repositories to choose from.

use crate::{
    id::DeliveryId,
    money::Amount,
    secret::Secret,
    unit::{Millis, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// How a deployment follows its repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PushView {
    /// Whether a push deploys.
    pub on: bool,
    /// Which branches, as a pattern (`*` within a folder, `**` across); absent: the deployment's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Which paths must be touched, as patterns; empty: any.
    pub paths: Vec<String>,
    /// Deploy only what passed the checks at GitHub.
    pub wait_for_checks: bool,
    /// Pull requests.
    pub previews: Previews,
    /// Where other hosts send their webhooks.
    pub hook_url: String,
    /// Whether that address has a secret: without one it takes nothing.
    pub secret_set: bool,
    /// Whether GitHub's App tells of this repository by itself.
    pub github: bool,
}

/// What becomes of pull requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Previews {
    /// Each has a deployment of its own.
    pub on: bool,
    /// Those from forks, too: anybody can make one.
    pub forks: bool,
    /// It ends after so long without a push.
    pub ttl_ms: Millis,
    /// So many at a time.
    pub at_most: u32,
    /// One that has cost more than this is deleted; absent: only time bounds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend_max: Option<Amount>,
}

/// `PUT /v1/deployments/{deployment}/push`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPush {
    /// Whether a push deploys.
    pub on: bool,
    /// Which branches; absent: the deployment's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Which paths must be touched.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Deploy only what passed the checks at GitHub.
    #[serde(default)]
    pub wait_for_checks: bool,
    /// Pull requests; left as they are when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previews: Option<Previews>,
}

/// `POST /v1/deployments/{deployment}/push/secret`: shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HookSecret {
    /// Where to send.
    pub hook_url: String,
    /// What to sign with; or to send as a token.
    #[schema(value_type = String)]
    pub secret: Secret<String>,
}

/// Who told of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// GitHub's App, or a webhook in GitHub's manner (Gitea, Forgejo).
    Github,
    /// GitLab.
    Gitlab,
    /// Something with a deploy token.
    Generic,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A release was made of it.
    Deployed,
    /// Nothing; `reason` says why.
    Skipped,
    /// It waits for checks.
    Waiting,
    /// It could not be deployed; `reason` is an error code.
    Failed,
}

/// Why a push was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Pushes do not deploy.
    PushOff,
    /// It went to another branch.
    OtherBranch,
    /// It was a tag.
    NoBranch,
    /// The branch was deleted.
    BranchDeleted,
    /// Its message says `[skip deploy]`.
    AskedToSkip,
    /// It touched none of the paths.
    PathsUntouched,
    /// A newer push came first.
    Superseded,
    /// A check failed.
    ChecksFailed,
    /// Checks took too long.
    ChecksLate,
    /// Previews are not made.
    PreviewsOff,
    /// It comes from a fork.
    Fork,
    /// There are as many previews as there may be.
    TooManyPreviews,
}

/// A push that came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeliveryView {
    /// Its id.
    pub id: DeliveryId,
    /// When it came.
    pub at: UnixMillis,
    /// Who told of it.
    pub via: Via,
    /// Its branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Its newest commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// First line of that commit's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was skipped (see `SkipReason`) or failed (an error code).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Number of the release that was made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<u32>,
}

/// A page of what came.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// 1 to 200, default 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// From the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Answer to a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HookTaken {
    /// Deployments that it was written down for.
    pub taken: u32,
    /// It came before, and nothing was done again.
    pub replayed: bool,
}

/// `GET /v1/names/{name}`: whether a deployment or tunnel could be called so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NameView {
    /// It could.
    pub free: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<NameReason>,
    /// A free name that is near.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// Why a name cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NameReason {
    /// Somebody has it.
    Taken,
    /// It is the platform's own.
    Reserved,
    /// It looks like one of the platform's own.
    LookAlike,
    /// It cannot be an address.
    Malformed,
}
