//! Deployments: what a tenant asks for and what became of it.

use crate::{
    api::{env::EnvEntry, release::ReleaseView},
    error::Problem,
    id::{AgentId, DeploymentId, ProjectId, UploadId},
    secret::Secret,
    unit::{Bytes, ContainerPort, MilliCpu, PublicPort, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// Memory when none is asked for.
pub const MEMORY_DEFAULT: Bytes = Bytes::mib(512);
/// The least and most memory one can ask for.
pub const MEMORY_BOUNDS: (Bytes, Bytes) = (Bytes::mib(32), Bytes::mib(16 * 1024));
/// Processor share when none is asked for.
pub const CPU_DEFAULT: MilliCpu = MilliCpu(1000);
/// The least and most processor share one can ask for.
pub const CPU_BOUNDS: (MilliCpu, MilliCpu) = (MilliCpu(50), MilliCpu(16_000));

/// How visitors reach an app.
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
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Exposure {
    /// HTTP and WebSocket, by hostname.
    #[default]
    Http,
    /// Raw TCP on a public port of the edge.
    Tcp,
}

/// What a deployment is to the others of its project: requests to `/api` and beneath it at a front end's address are
/// answered by the project's back end.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ProjectPart {
    /// What browsers load.
    FrontEnd,
    /// What answers `/api`. A project has at most one.
    BackEnd,
}

/// Where the files come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SourceRequest {
    /// A Git repository.
    Git {
        /// `https://…`, without credentials.
        url: String,
        /// Branch or tag; the default branch when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<String>,
        /// Folder of the app within the repository.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        root_dir: Option<String>,
        /// Read token for a private repository. Kept sealed by the coordinator; no provider ever sees it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        token: Option<Secret<String>>,
    },
    /// An archive sent before to `POST /v1/uploads`.
    Upload {
        /// Which.
        upload: UploadId,
    },
}

/// `POST /v1/deployments`: one click.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDeployment {
    /// The first label of its address; unique on the platform.
    pub name: String,
    /// Project (id or name) to put it into; a project of the same name is made when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Where the files come from.
    pub source: SourceRequest,
    /// First environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvEntry>,
    /// HTTP (default) or raw TCP.
    #[serde(default)]
    pub exposure: Exposure,
    /// Where the app listens, when the detector should not decide. 1 to 65535.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<i64>,
    /// Memory limit in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Processor limit in thousandths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milli_cpu: Option<u32>,
    /// A path that must answer below 500 for the app to count as healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_path: Option<String>,
    /// It ends then, and is kept; without it, it runs until it is stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UnixMillis>,
    /// A Dockerfile to build it by instead of what is detected. At most 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<String>,
    /// Which part of its project it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<ProjectPart>,
}

/// `PUT /v1/deployments/{deployment}/size`: how much of a machine it gets. What is left out stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetSize {
    /// Memory limit in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Processor limit in thousandths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milli_cpu: Option<u32>,
}

/// `PUT /v1/deployments/{deployment}/part`: which part of its project it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPart {
    /// The part; without it, the deployment stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<ProjectPart>,
}

/// `PUT /v1/deployments/{deployment}/term`: when it ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetTerm {
    /// The new end; without it, it runs until it is stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UnixMillis>,
}

/// `POST /v1/deployments/{deployment}/redeploy`. Empty: the newest commit of the same source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redeploy {
    /// A new source from here on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceRequest>,
    /// Variables to set before; others stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvEntry>,
    /// A Dockerfile to build it by from here on; an empty text goes back to what is detected. Absent: as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<String>,
}

/// `POST /v1/deployments/{deployment}/rollback`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// Number of the release to go back to; the last good one before the current when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<u32>,
}

/// Where a deployment stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// Asked for; the source is being fetched and planned.
    Requested,
    /// A provider is chosen.
    Placed,
    /// The image is being made.
    Building,
    /// The container is being started.
    Starting,
    /// Waiting for the tunnel and the first healthy answer.
    Connecting,
    /// Visitors are served.
    Live,
    /// Was live; the app ended by itself and is started again.
    Crashed,
    /// Was live; its provider does not answer.
    Offline,
    /// Stopping with its grace.
    Draining,
    /// Not running, see `reason`.
    Ended,
}

/// Why a deployment ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Stopped by its owner.
    Stopped,
    /// Never became healthy.
    Failed,
    /// Deleted by its owner.
    Deleted,
    /// The money for it is used up; it comes back by itself after a top-up.
    Balance,
    /// Its end date was reached; it comes back with a later one.
    Term,
}

/// A rollout on its way: a new release that does not serve yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RolloutView {
    /// Number of the release.
    pub release: u32,
    /// The step of the deploy that is at work, such as `await_image`.
    pub step: String,
    /// How far, in one line: `step 4 of 7: npm ci`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// Since when.
    pub since: UnixMillis,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeploymentView {
    /// Its id.
    pub id: DeploymentId,
    /// The first label of its address.
    pub name: String,
    /// Its project.
    pub project: ProjectId,
    /// The project's name.
    pub project_name: String,
    /// Where visitors find it.
    pub url: String,
    /// HTTP or raw TCP.
    pub exposure: Exposure,
    /// The public port of a raw TCP app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_port: Option<PublicPort>,
    /// Port set by the tenant, when not left to the detector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<ContainerPort>,
    /// Repository address, without credentials; absent for an upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_url: Option<String>,
    /// Branch or tag asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Folder within the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_dir: Option<String>,
    /// First line of the message of the commit that serves or served last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// That commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether it is built by a Dockerfile that its owner wrote here, instead of what is detected.
    #[serde(default)]
    pub own_dockerfile: bool,
    /// Which part of its project it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<ProjectPart>,
    /// Memory limit.
    pub memory_bytes: Bytes,
    /// Processor limit.
    pub milli_cpu: MilliCpu,
    /// Where it stands.
    pub state: DeploymentState,
    /// Since when.
    pub since: UnixMillis,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<EndReason>,
    /// When it ends by itself; absent when it has no end date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UnixMillis>,
    /// The trouble it is in, or that the last rollout met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// Number of the release that serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<u32>,
    /// A new release on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutView>,
    /// The provider's agent that serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<AgentId>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
}

/// Answer to everything that starts a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeploymentAccepted {
    /// The deployment as it stands now.
    pub deployment: DeploymentView,
    /// The release that is on its way.
    pub release: ReleaseView,
}
