//! Finds the engine and tells when it comes and goes. Once found, it is this one: with Docker away for a moment, an
//! agent must not move to a Podman that happens to run beside it.

use super::EngineNews;
use crate::io::engine::Engine;
use std::time::Duration;
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::id::AgentId;

/// Between two pings of an engine that answers.
const WHILE_UP: Duration = Duration::from_secs(2);
/// Between two tries when it does not.
const WHILE_DOWN: Duration = Duration::from_secs(1);

/// Runs until `shutdown`.
pub(super) async fn run(
    (agent, address, runtime_dir): (AgentId, Option<String>, Option<String>),
    news: mpsc::Sender<EngineNews>,
    shutdown: CancellationToken,
) {
    let watch = async {
        let mut engine: Option<Engine> = None;
        let mut up = None;
        loop {
            let answer = match (&engine, up) {
                (None, _) => Engine::find(address.as_deref(), runtime_dir.as_deref(), agent).await.map(Some),
                (Some(engine), Some(true)) => engine.ping().await.map(|()| None),
                (Some(engine), _) => engine.hello().await.map(|facts| Some((engine.clone(), facts))),
            };
            let told = match answer {
                Ok(found) => {
                    up = Some(true);
                    found.map(|(found, facts)| {
                        engine = Some(found.clone());
                        EngineNews::Up(found, facts)
                    })
                }
                Err(error) => {
                    let first = up.replace(false) != Some(false);
                    tracing::debug!(error = %error.told(), "the engine does not answer");
                    first.then(|| EngineNews::Down(error.problem()))
                }
            };
            if let Some(told) = told
                && news.send(told).await.is_err()
            {
                return;
            }
            sleep(if up == Some(true) { WHILE_UP } else { WHILE_DOWN }).await;
        }
    };
    tokio::select! {
        () = watch => {}
        () = shutdown.cancelled() => {}
    }
}
