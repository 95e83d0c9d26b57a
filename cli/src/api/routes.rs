//! The routes, in the order of the API description.

use super::{Api, call::Patience};
use crate::error::{CliError, CliResult};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest::{Body, Method, Response};
use serde::Serialize;
use std::{
    fs::File,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio_util::io::ReaderStream;
use ttalkak_protocol::{
    api::{
        HealthView,
        deployment::{
            CreateDeployment, DeploymentAccepted, DeploymentView, Redeploy, Rollback, SetPart, SetSize,
            SetTerm,
        },
        device::{AskDevice, DeviceAsked, DeviceState, PollDevice},
        env::{EnvList, SetEnv},
        log::{LogLines, LogQuery},
        machine::ApprovePairing,
        page::{ListQuery, Page},
        project::{CreateProject, ProjectView},
        provider::{EnrolmentList, EnrolmentView, LeaveProvider, ProviderList, ProviderView, RenameProvider},
        release::ReleaseView,
        session::SessionView,
        token::{CreateToken, TokenCreated, TokenList},
        upload::UploadView,
    },
    id::AgentId,
    id::TokenId,
    unit::UnixMillis,
};

/// Half an hour: 256 MiB at 1.2 Mbit/s.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(1800);

pub(super) const NO_BODY: Option<&()> = None;

/// An open event stream of log lines.
pub(crate) struct LogStreamOpen(Response);

impl LogStreamOpen {
    /// The next bytes; `None` when the stream has ended, an error when it was cut.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, reqwest::Error> {
        self.0.chunk().await
    }
}

impl Api {
    /// `GET /v1/health`, which needs no token.
    pub(crate) async fn health(&self) -> CliResult<HealthView> {
        self.call(Method::GET, self.url(&["health"]), NO_BODY, Patience::Some).await
    }

    /// `GET /v1/projects`.
    pub(crate) async fn projects(&self, query: &ListQuery) -> CliResult<Page<ProjectView>> {
        self.call(Method::GET, self.url_with(&["projects"], query), NO_BODY, Patience::Some).await
    }

    /// `POST /v1/projects`.
    pub(crate) async fn create_project(&self, body: &CreateProject) -> CliResult<ProjectView> {
        self.call(Method::POST, self.url(&["projects"]), Some(body), Patience::Some).await
    }

    /// `DELETE /v1/projects/{project}`.
    pub(crate) async fn delete_project(&self, project: &str) -> CliResult<()> {
        self.call_unit(Method::DELETE, self.url(&["projects", project]), NO_BODY).await
    }

    /// `GET /v1/deployments`.
    pub(crate) async fn deployments(&self, query: &ListQuery) -> CliResult<Page<DeploymentView>> {
        self.call(Method::GET, self.url_with(&["deployments"], query), NO_BODY, Patience::Some).await
    }

    /// `GET /v1/deployments/{deployment}`.
    pub(crate) async fn deployment(&self, name: &str) -> CliResult<DeploymentView> {
        self.call(Method::GET, self.url(&["deployments", name]), NO_BODY, Patience::Some).await
    }

    /// The same; `None` when there is none of that name.
    pub(crate) async fn find_deployment(&self, name: &str) -> CliResult<Option<DeploymentView>> {
        match self.deployment(name).await {
            Ok(found) => Ok(Some(found)),
            Err(CliError::Answer { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `POST /v1/deployments`.
    pub(crate) async fn create_deployment(&self, body: &CreateDeployment) -> CliResult<DeploymentAccepted> {
        self.call(Method::POST, self.url(&["deployments"]), Some(body), Patience::Some).await
    }

    /// `POST /v1/deployments/{deployment}/redeploy`.
    pub(crate) async fn redeploy(&self, name: &str, body: &Redeploy) -> CliResult<DeploymentAccepted> {
        self.act(name, "redeploy", body).await
    }

    /// `POST /v1/deployments/{deployment}/rollback`.
    pub(crate) async fn rollback(&self, name: &str, body: &Rollback) -> CliResult<DeploymentAccepted> {
        self.act(name, "rollback", body).await
    }

    /// `POST /v1/deployments/{deployment}/start`.
    pub(crate) async fn start(&self, name: &str) -> CliResult<DeploymentAccepted> {
        self.call(Method::POST, self.url(&["deployments", name, "start"]), NO_BODY, Patience::Some).await
    }

    /// `POST /v1/deployments/{deployment}/restart`.
    pub(crate) async fn restart(&self, name: &str) -> CliResult<DeploymentAccepted> {
        self.call(Method::POST, self.url(&["deployments", name, "restart"]), NO_BODY, Patience::Some).await
    }

    /// `PUT /v1/deployments/{deployment}/term`.
    pub(crate) async fn set_term(&self, name: &str, body: &SetTerm) -> CliResult<DeploymentView> {
        self.call(Method::PUT, self.url(&["deployments", name, "term"]), Some(body), Patience::Some).await
    }

    /// `PUT /v1/deployments/{deployment}/size`.
    pub(crate) async fn set_size(&self, name: &str, body: &SetSize) -> CliResult<DeploymentView> {
        self.call(Method::PUT, self.url(&["deployments", name, "size"]), Some(body), Patience::Some).await
    }

    /// `PUT /v1/deployments/{deployment}/part`.
    pub(crate) async fn set_part(&self, name: &str, body: &SetPart) -> CliResult<DeploymentView> {
        self.call(Method::PUT, self.url(&["deployments", name, "part"]), Some(body), Patience::Some).await
    }

    /// `POST /v1/deployments/{deployment}/stop`.
    pub(crate) async fn stop(&self, name: &str) -> CliResult<()> {
        self.call_unit(Method::POST, self.url(&["deployments", name, "stop"]), NO_BODY).await
    }

    /// `POST /v1/deployments/{deployment}/cancel`.
    pub(crate) async fn cancel(&self, name: &str) -> CliResult<DeploymentView> {
        self.call(Method::POST, self.url(&["deployments", name, "cancel"]), NO_BODY, Patience::Some).await
    }

    /// `DELETE /v1/deployments/{deployment}`.
    pub(crate) async fn delete_deployment(&self, name: &str) -> CliResult<()> {
        self.call_unit(Method::DELETE, self.url(&["deployments", name]), NO_BODY).await
    }

    /// `GET /v1/deployments/{deployment}/releases`.
    pub(crate) async fn releases(&self, name: &str, query: &ListQuery) -> CliResult<Page<ReleaseView>> {
        let url = self.url_with(&["deployments", name, "releases"], query);
        self.call(Method::GET, url, NO_BODY, Patience::Some).await
    }

    /// `GET /v1/deployments/{deployment}/releases/{number}`.
    pub(crate) async fn release(&self, name: &str, number: u32) -> CliResult<ReleaseView> {
        let url = self.url(&["deployments", name, "releases", &number.to_string()]);
        self.call(Method::GET, url, NO_BODY, Patience::Some).await
    }

    /// `GET /v1/deployments/{deployment}/env`.
    pub(crate) async fn env(&self, name: &str) -> CliResult<EnvList> {
        self.call(Method::GET, self.url(&["deployments", name, "env"]), NO_BODY, Patience::Some).await
    }

    /// `PATCH /v1/deployments/{deployment}/env`.
    pub(crate) async fn change_env(&self, name: &str, body: &SetEnv) -> CliResult<EnvList> {
        self.call(Method::PATCH, self.url(&["deployments", name, "env"]), Some(body), Patience::Some).await
    }

    /// `PUT /v1/deployments/{deployment}/env`.
    pub(crate) async fn replace_env(&self, name: &str, body: &SetEnv) -> CliResult<EnvList> {
        self.call(Method::PUT, self.url(&["deployments", name, "env"]), Some(body), Patience::Some).await
    }

    /// `GET /v1/deployments/{deployment}/logs` without following.
    pub(crate) async fn logs(&self, name: &str, query: &LogQuery) -> CliResult<LogLines> {
        let url = self.url_with(&["deployments", name, "logs"], query);
        self.call(Method::GET, url, NO_BODY, Patience::Some).await
    }

    /// The same as an event stream, from behind `last_id` on. Makes one try: who follows has its own patience.
    pub(crate) async fn follow_logs(
        &self,
        name: &str,
        query: &LogQuery,
        last_id: Option<&str>,
    ) -> CliResult<LogStreamOpen> {
        let url = self.url_with(&["deployments", name, "logs"], query);
        let response = self
            .send(Method::GET, url, Patience::None, |request| {
                let request = request.header("accept", "text/event-stream");
                std::future::ready(Ok(match last_id {
                    Some(id) => request.header("last-event-id", id),
                    None => request,
                }))
            })
            .await?;
        Ok(LogStreamOpen(response))
    }

    /// `POST /v1/uploads`. `archive`: the gzipped tar, `length` bytes; `sent` counts what is on its way.
    pub(crate) async fn upload(
        &self,
        archive: &File,
        length: u64,
        sent: &Arc<AtomicU64>,
    ) -> CliResult<UploadView> {
        let response = self
            .send(Method::POST, self.url(&["uploads"]), Patience::Some, async |request| {
                let stream = counted(rewound(archive)?, sent.clone());
                Ok(request
                    .timeout(UPLOAD_TIMEOUT)
                    .header("content-type", "application/gzip")
                    .header("content-length", length)
                    .body(Body::wrap_stream(stream)))
            })
            .await?;
        self.read(response).await
    }

    /// `POST /v1/devices`.
    pub(crate) async fn ask_device(&self, body: &AskDevice) -> CliResult<DeviceAsked> {
        self.call(Method::POST, self.url(&["devices"]), Some(body), Patience::Some).await
    }

    /// `POST /v1/devices/poll`; asked again anyway, so a call that fails is not repeated here.
    pub(crate) async fn poll_device(&self, body: &PollDevice) -> CliResult<DeviceState> {
        self.call(Method::POST, self.url(&["devices", "poll"]), Some(body), Patience::None).await
    }

    /// `GET /v1/session`.
    pub(crate) async fn session(&self) -> CliResult<SessionView> {
        self.call(Method::GET, self.url(&["session"]), NO_BODY, Patience::Some).await
    }

    /// `GET /v1/tokens`.
    pub(crate) async fn tokens(&self) -> CliResult<TokenList> {
        self.call(Method::GET, self.url(&["tokens"]), NO_BODY, Patience::Some).await
    }

    /// `POST /v1/tokens`.
    pub(crate) async fn create_token(&self, body: &CreateToken) -> CliResult<TokenCreated> {
        self.call(Method::POST, self.url(&["tokens"]), Some(body), Patience::Some).await
    }

    /// `DELETE /v1/tokens/{token}`.
    pub(crate) async fn revoke_token(&self, token: TokenId) -> CliResult<()> {
        self.call_unit(Method::DELETE, self.url(&["tokens", &token.to_string()]), NO_BODY).await
    }

    /// `GET /v1/providers`.
    pub(crate) async fn providers(&self) -> CliResult<ProviderList> {
        self.call(Method::GET, self.url(&["providers"]), NO_BODY, Patience::Some).await
    }

    /// `DELETE /v1/providers/{agent}`.
    pub(crate) async fn revoke_provider(&self, agent: AgentId) -> CliResult<()> {
        self.call_unit(Method::DELETE, self.url(&["providers", &agent.to_string()]), NO_BODY).await
    }

    /// `PATCH /v1/providers/{agent}`.
    pub(crate) async fn rename_provider(&self, agent: AgentId, name: String) -> CliResult<ProviderView> {
        let url = self.url(&["providers", &agent.to_string()]);
        self.call(Method::PATCH, url, Some(&RenameProvider { name }), Patience::Some).await
    }

    /// `PUT /v1/providers/{agent}/leave`.
    pub(crate) async fn empty_provider(
        &self,
        agent: AgentId,
        by: Option<UnixMillis>,
    ) -> CliResult<ProviderView> {
        let url = self.url(&["providers", &agent.to_string(), "leave"]);
        self.call(Method::PUT, url, Some(&LeaveProvider { by }), Patience::Some).await
    }

    /// `POST /v1/providers/approve`.
    pub(crate) async fn approve_provider(&self, code: String) -> CliResult<ProviderView> {
        let url = self.url(&["providers", "approve"]);
        self.call(Method::POST, url, Some(&ApprovePairing { code }), Patience::Some).await
    }

    /// `GET /v1/enrolments`.
    pub(crate) async fn enrolments(&self) -> CliResult<EnrolmentList> {
        self.call(Method::GET, self.url(&["enrolments"]), NO_BODY, Patience::Some).await
    }

    /// `DELETE /v1/enrolments/{id}`.
    pub(crate) async fn revoke_enrolment(&self, id: &str) -> CliResult<()> {
        self.call_unit(Method::DELETE, self.url(&["enrolments", id]), NO_BODY).await
    }

    /// `POST /v1/enrolments`.
    pub(crate) async fn enrol(&self) -> CliResult<EnrolmentView> {
        self.call(Method::POST, self.url(&["enrolments"]), NO_BODY, Patience::Some).await
    }

    async fn act(
        &self,
        name: &str,
        verb: &str,
        body: &(impl Serialize + Sync),
    ) -> CliResult<DeploymentAccepted> {
        self.call(Method::POST, self.url(&["deployments", name, verb]), Some(body), Patience::Some).await
    }
}

fn rewound(archive: &File) -> CliResult<tokio::fs::File> {
    let again = |cause| CliError::file("read the packed folder", cause);
    let mut file = archive.try_clone().map_err(again)?;
    io::Seek::rewind(&mut file).map_err(again)?;
    Ok(tokio::fs::File::from_std(file))
}

fn counted(file: tokio::fs::File, sent: Arc<AtomicU64>) -> impl Stream<Item = io::Result<Bytes>> {
    sent.store(0, Ordering::Relaxed);
    ReaderStream::with_capacity(file, 64 * 1024).inspect(move |chunk| {
        if let Ok(chunk) = chunk {
            sent.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        }
    })
}
