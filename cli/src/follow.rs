//! Follows a log stream through cuts: connects again from behind the last line that was seen, with growing pauses.

use crate::{
    api::Api,
    error::{CliError, CliResult},
    sse::{Event, Parser},
};
use std::time::Duration;
use tokio::{sync::mpsc, time::Instant};
use ttalkak_protocol::api::log::{LogLineView, LogQuery};

/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// The first pause, unless the coordinator asks for another.
const PAUSE_FIRST: Duration = Duration::from_millis(250);

/// How a stream that was open went on.
enum Cut {
    /// Nothing more can come, or nobody listens any more.
    Over,
    /// Connect again.
    Again,
}

/// Sends lines until the stream ends or the receiver is dropped. `give_up`: how long to go without the coordinator.
/// Errors: an error answer such as 404, or `Unreachable` after `give_up`.
pub(crate) async fn follow(
    api: &Api,
    name: &str,
    query: LogQuery,
    give_up: Duration,
    lines: mpsc::Sender<LogLineView>,
) -> CliResult<()> {
    let query = LogQuery { follow: true, ..query };
    let mut parser = Parser::default();
    let mut seen = None;
    let mut pause = PAUSE_FIRST;
    let mut lost_at = None;
    loop {
        match api.follow_logs(name, &query, parser.last_id()).await {
            Ok(mut stream) => {
                lost_at = None;
                let before = seen;
                loop {
                    let Ok(Some(bytes)) = stream.chunk().await else { break };
                    if let Cut::Over = deliver(&mut parser, &bytes, &mut seen, &lines).await {
                        return Ok(());
                    }
                }
                // A stream that gave something was a good one: the next try may come soon.
                pause = if seen == before { pause } else { PAUSE_FIRST };
            }
            Err(error) if !passes(&error) => return Err(error),
            Err(error) => {
                let since = *lost_at.get_or_insert_with(Instant::now);
                if since.elapsed() >= give_up {
                    return Err(error);
                }
            }
        }
        parser.reconnect();
        let wish = parser.retry_ms().map(Duration::from_millis).unwrap_or_default();
        tokio::select! {
            () = tokio::time::sleep(pause.max(wish).min(PAUSE_MAX)) => {}
            () = lines.closed() => return Ok(()),
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Whether trying again may help: no connection, or a server in trouble.
fn passes(error: &CliError) -> bool {
    match error {
        CliError::Unreachable { .. } => true,
        CliError::Answer { status, .. } | CliError::Puzzling { status, .. } => {
            *status == 429 || (502..=504).contains(status)
        }
        CliError::NotSignedIn { .. }
        | CliError::Usage(_)
        | CliError::Rollout(_)
        | CliError::Source(_)
        | CliError::Plan(_)
        | CliError::Chain(_)
        | CliError::NotEqual { .. }
        | CliError::File { .. }
        | CliError::Output(_)
        | CliError::Interrupted { .. }
        | CliError::Bug(_) => false,
    }
}

async fn deliver(
    parser: &mut Parser,
    bytes: &[u8],
    seen: &mut Option<i64>,
    lines: &mpsc::Sender<LogLineView>,
) -> Cut {
    let Ok(events) = parser.push(bytes) else { return Cut::Over };
    for Event { kind, data } in events {
        match kind.as_str() {
            "end" => return Cut::Over,
            "line" => {
                // A line that cannot be read belongs to a newer coordinator; the next one may be plain.
                let Ok(line) = serde_json::from_str::<LogLineView>(&data) else { continue };
                if seen.is_some_and(|last| line.id <= last) {
                    continue;
                }
                *seen = Some(line.id);
                if lines.send(line).await.is_err() {
                    return Cut::Over;
                }
            }
            _ => {}
        }
    }
    Cut::Again
}
