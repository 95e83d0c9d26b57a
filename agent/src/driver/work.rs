//! The work itself: each function uses one or two pieces of `io` and answers with facts. All of it may be dropped at
//! any await: what is left in the engine then is found by its label.

use crate::{
    io::{
        clock::{Clock, wall},
        engine::{BuildNews, BuildOrder, BuildOutcome, Engine, EngineError, Run, image_tag},
        logs::{LogCommand, Logs},
        source::{Sources, context, source_problem},
    },
    logic::{
        build_log::BuildLog,
        event::{Event, Exit, Fact, Observed, Ticket},
        line_gate::{LineGate, Passage},
        log_book::RawLine,
        policy::RunPolicy,
    },
};
use futures_util::StreamExt;
use std::{path::PathBuf, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    id::{DeploymentId, LeaseId},
    link::{BuildSpec, LogStream, SourceRef},
    unit::{Millis, UnixMillis},
};

/// News of a build that may wait to be logged; the engine is read no further while they do.
const NEWS_MAX: usize = 64;
/// After a container ended, the rest of its log is read for at most so long.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Between two tries to do what must be done in the end.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// Where the Dockerfile stands in each context.
const DOCKERFILE: &str = "Dockerfile";

/// Where a task sends its facts.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) lease: LeaseId,
    pub(super) ticket: Ticket,
    pub(super) facts: mpsc::Sender<Event>,
}

impl Answer {
    /// Nobody listens only when the agent ends.
    pub(super) async fn send(&self, fact: Fact) {
        let _ = self.facts.send(Event::Of { lease: self.lease, ticket: self.ticket, fact }).await;
    }
}

fn since(start: Instant) -> Millis {
    Millis(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX))
}

/// Logs a failure that the next look mends.
pub(super) fn told(result: Result<(), EngineError>, what: &str) {
    if let Err(error) = result {
        tracing::warn!(error = %error.told(), "{what}");
    }
}

pub(super) async fn fetch(sources: Sources, source: SourceRef, answer: Answer) {
    let start = Instant::now();
    let fact = match sources.fetch(&source).await {
        Ok(_) => Fact::SourceFetched { took: since(start) },
        Err(error) => {
            tracing::warn!(error = %crate::cause::Chain(&error), "fetch the source");
            Fact::SourceFailed { problem: error.problem(), again: error.again() }
        }
    };
    answer.send(fact).await;
}

pub(super) async fn build(
    engine: Engine,
    archive: PathBuf,
    deployment: DeploymentId,
    spec: BuildSpec,
    logs: Logs,
    answer: Answer,
) {
    let start = Instant::now();
    let classic = match engine.has_buildkit().await {
        Ok(has) => !has,
        Err(error) => return answer.send(Fact::EngineLost { problem: error.problem() }).await,
    };
    let text =
        if classic { ttalkak_planner::without_mounts(&spec.dockerfile) } else { spec.dockerfile.clone() };
    let mut injected: std::collections::BTreeMap<String, Vec<u8>> =
        spec.files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect();
    injected.insert(DOCKERFILE.to_owned(), text.into_bytes());
    let order = BuildOrder {
        tag: image_tag(deployment, &spec.build_key),
        build_key: spec.build_key,
        dockerfile: DOCKERFILE.to_owned(),
        args: spec.args,
        secrets: spec.secrets,
        deadline: Duration::from_millis(spec.deadline.0),
    };
    let context = context(archive, injected, DOCKERFILE.to_owned());
    let (news_in, news) = mpsc::channel(NEWS_MAX);
    let built = engine.build(&order, classic, context.stream, news_in);
    let (built, log) = tokio::join!(built, log_build(news, &logs, &answer));
    // The stream is gone, so packing ends at once; what it says goes before what the engine made of it.
    let source = context.packed.await.ok().and_then(Result::err).filter(|error| !is_cut_off(error));
    let fact = match (source, built) {
        (Some(error), _) => Fact::BuildFailed { problem: source_problem(&error), last_lines: Vec::new() },
        (None, Ok(BuildOutcome::Built(image))) => Fact::ImageBuilt { image, took: since(start) },
        (None, Ok(BuildOutcome::Failed(problem))) => {
            line(&logs, answer.lease, LogStream::System, wall(), problem.message.clone()).await;
            Fact::BuildFailed { problem, last_lines: log.last_lines() }
        }
        (None, Err(error)) if error.is_down() => Fact::EngineLost { problem: error.problem() },
        (None, Err(error)) => {
            let problem =
                Problem::new(ErrorCode::BuildFailed, format!("The engine refused: {}", error.told()));
            Fact::BuildFailed { problem, last_lines: log.last_lines() }
        }
    };
    answer.send(fact).await;
}

/// The engine stopped reading, which is not the source's fault.
fn is_cut_off(error: &ttalkak_source::SourceError) -> bool {
    matches!(error, ttalkak_source::SourceError::Io { cause, .. } if cause.kind() == std::io::ErrorKind::BrokenPipe)
}

async fn log_build(mut news: mpsc::Receiver<BuildNews>, logs: &Logs, answer: &Answer) -> BuildLog {
    let mut log = BuildLog::default();
    let mut told = (0, 0, String::new());
    while let Some(BuildNews { step, total, doing, lines }) = news.recv().await {
        for text in lines {
            if let Some(text) = log.on_line(text) {
                line(logs, answer.lease, LogStream::Build, wall(), text).await;
            }
        }
        let now = (step, total, doing);
        if now != told {
            told = now.clone();
            answer.send(Fact::BuildStepped { step: now.0, total: now.1, doing: now.2 }).await;
        }
    }
    if let Some((marker, last)) = log.finish() {
        line(logs, answer.lease, LogStream::System, wall(), marker).await;
        for text in last {
            line(logs, answer.lease, LogStream::Build, wall(), text).await;
        }
    }
    log
}

async fn line(logs: &Logs, lease: LeaseId, stream: LogStream, at: UnixMillis, text: String) {
    logs.tell(LogCommand::Line(lease, RawLine { stream, at, engine_nanos: 0, text })).await;
}

pub(super) async fn start(engine: Engine, policy: RunPolicy, answer: Answer) {
    let begun = Instant::now();
    let fact = match engine.start(answer.lease, &policy).await {
        Ok(Run::Running(running)) => Fact::Started {
            container: running.container,
            port: policy.host_port,
            took: since(begun),
            ran_for: running.ran_for,
        },
        Ok(Run::PortTaken) => Fact::PortTaken { port: policy.host_port },
        Ok(Run::ImageMissing) => Fact::ImageMissing,
        Ok(Run::Violates(violations)) => {
            let list: Vec<String> = violations.iter().map(ToString::to_string).collect();
            let told = format!("The engine did not apply the run policy: {}.", list.join("; "));
            Fact::StartFailed { problem: Problem::new(ErrorCode::PolicyViolation, told) }
        }
        Ok(Run::Refused(why)) => {
            let told = format!("The container could not be started: {why}");
            Fact::StartFailed { problem: Problem::new(ErrorCode::StartFailed, told) }
        }
        Ok(Run::NotRunning) => Fact::NotAdopted,
        Err(error) if error.is_down() => Fact::EngineLost { problem: error.problem() },
        Err(error) => Fact::StartFailed { problem: error.problem() },
    };
    answer.send(fact).await;
}

pub(super) async fn adopt(engine: Engine, container: String, policy: RunPolicy, answer: Answer) {
    let fact = match engine.adopt(&container, &policy).await {
        Ok(Run::Running(running)) => {
            tracing::info!(lease.id = %answer.lease, "adopted {container}");
            let ran_for = running.ran_for;
            Fact::Started { container, port: policy.host_port, took: Millis(0), ran_for }
        }
        Err(error) if error.is_down() => Fact::EngineLost { problem: error.problem() },
        other => {
            tracing::warn!(lease.id = %answer.lease, "not adopted: {other:?}");
            Fact::NotAdopted
        }
    };
    answer.send(fact).await;
}

pub(super) async fn give_up(engine: Engine, container: String, grace: Millis, answer: Answer) {
    let last_lines = engine.last_lines(&container).await;
    told(engine.stop(&container, grace).await, "a container that was given up could not be stopped");
    told(engine.remove_container(&container).await, "a container stays until the next look");
    answer.send(Fact::GaveUp { last_lines }).await;
}

/// Ends only when nothing of the lease is left: an engine that is away comes back, and then it is done.
pub(super) async fn retire(engine: Option<Engine>, lease: LeaseId, grace: Millis) {
    let Some(engine) = engine else { return };
    while let Err(error) = engine.retire(lease, grace).await {
        tracing::warn!(error = %error.told(), "stopping {lease} is tried again");
        sleep(TRY_AGAIN).await;
    }
}

pub(super) async fn observe(engine: Engine, round: u64, facts: mpsc::Sender<Event>) {
    let seen: Observed = loop {
        match engine.observe().await {
            Ok(seen) => break seen,
            Err(error) => {
                tracing::debug!(error = %error.told(), "looking at the engine is tried again");
                sleep(TRY_AGAIN).await;
            }
        }
    };
    // Nobody listens only when the agent ends.
    let _ = facts.send(Event::Observed { round, seen }).await;
}

pub(super) async fn watch(engine: Engine, container: String, logs: Logs, clock: Clock, answer: Answer) {
    let mut follow = std::pin::pin!(follow(&engine, &container, &logs, clock, answer.lease));
    let ended = tokio::select! {
        ended = engine.wait(&container) => ended,
        () = &mut follow => unreachable!("following goes on until it is dropped"),
    };
    // The container is gone; its last lines may still be on their way.
    let _ = timeout(LAST_WORDS, follow_to_end(&engine, &container, &logs, &answer)).await;
    let fact = match ended {
        Ok(Some(exit)) => Fact::Exited(exit),
        Ok(None) => Fact::Exited(Exit { code: -1, out_of_memory: false, last_lines: Vec::new() }),
        Err(error) => {
            tracing::debug!(error = %error.told(), "watching broke off");
            Fact::WatchLost
        }
    };
    answer.send(fact).await;
}

/// Follows the log for as long as it is polled; a stream that breaks is taken up again where it broke.
async fn follow(engine: &Engine, container: &str, logs: &Logs, clock: Clock, lease: LeaseId) {
    let mut gate = LineGate::default();
    loop {
        let after = logs.last_nanos(lease).await;
        let mut lines = std::pin::pin!(engine.follow(container, after));
        while let Some(read) = lines.next().await {
            let Passage::Passed { dropped_before } = gate.on_line(clock.now().mono) else { continue };
            let at = UnixMillis(read.engine_nanos / 1_000_000);
            if dropped_before > 0 {
                let told =
                    format!("… {dropped_before} lines were dropped: the app writes more than 200 a second.");
                line(logs, lease, LogStream::System, at, told).await;
            }
            let raw = RawLine { stream: read.stream, at, engine_nanos: read.engine_nanos, text: read.text };
            logs.tell(LogCommand::Line(lease, raw)).await;
        }
        sleep(TRY_AGAIN).await;
    }
}

/// What a container that ended wrote last and was not read yet; of a flood only what the gate lets through.
async fn follow_to_end(engine: &Engine, container: &str, logs: &Logs, answer: &Answer) {
    let after = logs.last_nanos(answer.lease).await;
    let mut gate = LineGate::default();
    let mut lines = std::pin::pin!(engine.follow(container, after));
    while let Some(read) = lines.next().await {
        if gate.on_line(Duration::ZERO) == Passage::Dropped {
            continue;
        }
        let at = UnixMillis(read.engine_nanos / 1_000_000);
        let raw = RawLine { stream: read.stream, at, engine_nanos: read.engine_nanos, text: read.text };
        logs.tell(LogCommand::Line(answer.lease, raw)).await;
    }
}
