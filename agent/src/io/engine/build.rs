//! One build: the context goes to the engine as a stream, its progress comes back as events. BuildKit where the engine
//! has it, the classic builder otherwise. The connection is our own and belongs to this future: dropping the future
//! closes it, and a closed connection is what makes an engine stop a build.

use super::{Engine, EngineError, session, socket::dial};
use crate::logic::{build_failure, build_progress::BuildProgress, policy::label};
use bollard::models::{BuildInfo, BuildInfoAux};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::TokioIo;
use std::{collections::BTreeMap, io, time::Duration};
use tokio::{sync::mpsc, task::JoinSet};
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    id::DeploymentId,
    link::ImageReport,
    secret::Secret,
};

/// One message of the engine is never longer; a longer one is not from an engine.
const MESSAGE_MAX: usize = 16 * 1024 * 1024;
const DOING: &str = "build an image";

/// What to build.
#[derive(Debug, Clone)]
pub struct BuildOrder {
    /// The name that the image gets, from [`image_tag`].
    pub tag: String,
    /// Label of the image; it is found again by it.
    pub build_key: String,
    /// Where the Dockerfile is in the context.
    pub dockerfile: String,
    /// Public arguments.
    pub args: BTreeMap<String, String>,
    /// Mounted for the steps that ask for them; needs BuildKit.
    pub secrets: BTreeMap<String, Secret<String>>,
    /// The build is stopped after so long.
    pub deadline: Duration,
}

/// Where a build stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildNews {
    /// Steps finished.
    pub step: u32,
    /// Steps known.
    pub total: u32,
    /// The step at work.
    pub doing: String,
    /// Lines of its log since the last news.
    pub lines: Vec<String>,
}

/// How a build that the engine carried out ended.
#[derive(Debug)]
pub enum BuildOutcome {
    /// There is an image.
    Built(ImageReport),
    /// There is none, and another try would end the same way.
    Failed(Problem),
}

/// The name of an image: the deployment, so that people can tell, and enough of the build key.
pub fn image_tag(deployment: DeploymentId, build_key: &str) -> String {
    let key: String = build_key.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    format!("ttalkak/{}:{}", deployment.short(), key.to_ascii_lowercase())
}

impl Engine {
    /// Whether the engine builds with BuildKit: found out by opening a session.
    /// Errors: the engine is away.
    pub async fn has_buildkit(&self) -> Result<bool, EngineError> {
        Ok(session::open(&self.address, session_id(), BTreeMap::new()).await?.is_some())
    }

    /// Builds an image from `context`, a tar. `classic`: the Dockerfile in it is for the classic builder.
    /// `news` gets the log and where the build stands; the build waits while nobody takes them.
    /// Errors: the engine went away in the middle; the build may be tried again.
    pub async fn build(
        &self,
        order: &BuildOrder,
        classic: bool,
        context: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        news: mpsc::Sender<BuildNews>,
    ) -> Result<BuildOutcome, EngineError> {
        let session = if classic {
            None
        } else {
            session::open(&self.address, session_id(), order.secrets.clone()).await?
        };
        if session.is_none() && !order.secrets.is_empty() {
            return Ok(BuildOutcome::Failed(no_secrets()));
        }
        let path = path(self, order, session.as_ref().map(|session| session.id.as_str()));
        let work = self.stream_build(&path, context, &news);
        let ended = match tokio::time::timeout(order.deadline, work).await {
            Ok(ended) => ended?,
            Err(_) => return Ok(BuildOutcome::Failed(timed_out(order.deadline))),
        };
        match ended {
            Some(problem) => Ok(BuildOutcome::Failed(problem)),
            None => match self.image(&order.tag, &order.build_key).await? {
                Some(image) => Ok(BuildOutcome::Built(image)),
                None => Err(EngineError::Unfinished("a build")),
            },
        }
    }

    /// Sends the request and reads to the end. `None`: no error was told.
    async fn stream_build(
        &self,
        path: &str,
        context: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        news: &mpsc::Sender<BuildNews>,
    ) -> Result<Option<Problem>, EngineError> {
        let wire = dial(&self.address).await.map_err(EngineError::broken(DOING))?;
        let (mut send, connection) = hyper::client::conn::http1::handshake(TokioIo::new(wire))
            .await
            .map_err(EngineError::broken(DOING))?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // Ends with the answer; its error is also the answer's.
            let _ = connection.await;
        });
        use futures_util::StreamExt;
        let body = StreamBody::new(Box::pin(context.map(|chunk| chunk.map(Frame::data))));
        let request = Request::post(path)
            .header(header::HOST, "engine")
            .header(header::CONTENT_TYPE, "application/x-tar")
            .body(body)
            .map_err(EngineError::broken(DOING))?;
        let answer = send.send_request(request).await.map_err(EngineError::broken(DOING))?;
        let status = answer.status();
        let mut body = answer.into_body();
        if status != StatusCode::OK {
            return refused(status, body).await;
        }
        let mut progress = BuildProgress::default();
        let mut error = None;
        let mut buffer = BytesMut::new();
        while let Some(message) = next_message(&mut body, &mut buffer).await? {
            let lines = on_message(message, &mut progress, &mut error);
            tell(news, &progress, lines).await;
        }
        let rest = progress.rest();
        tell(news, &progress, rest).await;
        match error {
            // An engine that is being stopped cancels its builds before it goes.
            Some(error) if error.contains("context canceled") && progress.failed().is_none() => {
                Err(EngineError::Unfinished("a build"))
            }
            Some(error) => Ok(Some(build_failure::classify(&error, &progress))),
            None => Ok(None),
        }
    }
}

async fn tell(news: &mpsc::Sender<BuildNews>, progress: &BuildProgress, lines: Vec<String>) {
    let (step, total, doing) = progress.steps();
    // Whoever does not listen any more does not stop the build.
    let _ = news.send(BuildNews { step, total, doing: doing.to_owned(), lines }).await;
}

/// Takes in one message; returns whole lines of log.
fn on_message(message: BuildInfo, progress: &mut BuildProgress, error: &mut Option<String>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(BuildInfoAux::BuildKit(status)) = &message.aux {
        lines = progress.on_status(status);
    }
    if let Some(text) = &message.stream {
        lines.extend(progress.on_stream(text));
    }
    if let Some(text) = &message.status {
        // Layers of a base image on their way; the bar itself is left out.
        let id = message.id.map(|id| format!("{id}: ")).unwrap_or_default();
        if message.progress_detail.is_none_or(|detail| detail.total.is_none()) {
            lines.push(format!("{id}{text}"));
        }
    }
    if let Some(detail) = message.error_detail {
        let told = detail.message.unwrap_or_default();
        progress.on_classic_error(&told);
        *error = Some(told);
    }
    lines
}

/// The engine's answers are JSON values one after the other, mostly one a line.
async fn next_message(body: &mut Incoming, buffer: &mut BytesMut) -> Result<Option<BuildInfo>, EngineError> {
    loop {
        if let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            let line = buffer.split_to(end + 1);
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return Ok(Some(read(&line)));
        }
        if buffer.len() > MESSAGE_MAX {
            return Err(EngineError::Unfinished("a build: its answer makes no sense"));
        }
        match body.frame().await {
            Some(frame) => {
                if let Ok(chunk) = frame.map_err(EngineError::broken(DOING))?.into_data() {
                    buffer.extend_from_slice(&chunk);
                }
            }
            None if buffer.is_empty() => return Ok(None),
            None => return Ok(Some(read(&buffer.split()))),
        }
    }
}

/// A message that is not understood says nothing: newer engines may add kinds.
fn read(line: &[u8]) -> BuildInfo {
    serde_json::from_slice(line).unwrap_or_default()
}

async fn refused(status: StatusCode, body: Incoming) -> Result<Option<Problem>, EngineError> {
    let body = body.collect().await.map_err(EngineError::broken(DOING))?.to_bytes();
    let message = serde_json::from_slice::<serde_json::Value>(&body)
        .ok()
        .and_then(|value| Some(value.get("message")?.as_str()?.to_owned()))
        .unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return Err(EngineError::Unfinished("a build"));
    }
    Ok(Some(build_failure::classify(&message, &BuildProgress::default())))
}

fn path(engine: &Engine, order: &BuildOrder, session: Option<&str>) -> String {
    let json = |map: &BTreeMap<&str, String>| serde_json::to_string(map).expect("strings have a JSON form");
    let labels = BTreeMap::from([
        (label::AGENT, engine.agent.to_string()),
        (label::BUILD_KEY, order.build_key.clone()),
    ]);
    let args = order.args.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("t", &order.tag)
        .append_pair("dockerfile", &order.dockerfile)
        .append_pair("labels", &json(&labels))
        .append_pair("buildargs", &json(&args))
        // Containers of steps, also of failed ones, do not stay behind in the classic builder.
        .append_pair("rm", "1")
        .append_pair("forcerm", "1");
    match session {
        Some(id) => query.append_pair("version", "2").append_pair("session", id).append_pair("buildid", id),
        None => query.append_pair("version", "1"),
    };
    format!("/build?{}", query.finish())
}

fn session_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn no_secrets() -> Problem {
    Problem::new(
        ErrorCode::PlanUnsupported,
        "The provider's engine has no BuildKit, so a build secret could not be kept out of the image.",
    )
    .with_next("Remove the build secrets, or deploy to a provider with Docker and BuildKit.")
}

fn timed_out(deadline: Duration) -> Problem {
    Problem::new(ErrorCode::BuildTimeout, format!("The build took longer than {} s.", deadline.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn an_image_is_named_after_its_deployment_and_key() {
        let deployment = DeploymentId::new(Uuid::from_u128(0xab));
        assert_eq!(image_tag(deployment, &"F0".repeat(32)), format!("ttalkak/000000ab:{}", "f0".repeat(12)));
        assert_eq!(image_tag(deployment, "../x y"), "ttalkak/000000ab:xy");
    }

    #[test]
    fn both_kinds_of_answers_are_read_and_strangers_are_skipped() {
        assert_eq!(read(br#"{"stream":"Step 1/2"}"#).stream.as_deref(), Some("Step 1/2"));
        assert!(matches!(read(br#"{"aux":{"ID":"sha256:1"}}"#).aux, Some(BuildInfoAux::Default(_))));
        let trace = br#"{"id":"moby.buildkit.trace","aux":"CgMKAWE="}"#;
        assert!(matches!(read(trace).aux, Some(BuildInfoAux::BuildKit(_))));
        assert_eq!(read(b"nonsense"), BuildInfo::default());
    }
}
