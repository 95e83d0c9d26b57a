//! Logs: a page of lines, or an event stream that goes on until nothing more can come.
//!
//! A follower holds only the id of the last line that it sent. It subscribes first and asks the store after each
//! wake, so nothing is lost, and a reader that comes back with `Last-Event-ID` gets exactly the rest.

use super::{
    ApiState,
    caller::{Caller, can},
    error::ApiError,
    extract::{Key, Query, ok},
};
use crate::store::log::LogScope;
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::{collections::VecDeque, convert::Infallible, time::Duration};
use tokio::{sync::watch, time::Instant};
use ttalkak_protocol::{
    ErrorCode,
    api::log::{LogKind, LogLineView, LogLines, LogQuery},
};

const TAIL_DEFAULT: u32 = 200;
const TAIL_MAX: u32 = 5_000;
/// Lines asked of the store at a time: bounds what a slow reader holds in memory.
const BATCH: u32 = 500;
/// Proxies cut what is silent for longer than some tens of seconds.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How often a follower looks whether its release has ended; nothing is asked while nothing was committed.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Lines come a little after the fact that ends a release.
const LAST_LINES_WITHIN: Duration = Duration::from_secs(1);
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Build and run log of a release; with `follow=true` an event stream (`line` events, then `end`).
#[utoipa::path(get, path = "/v1/deployments/{deployment}/logs", tag = "logs", security(("token" = ["read"])),
    params(("deployment" = String, Path, description = "The deployment's id or name."), LogQuery,
        ("Last-Event-ID" = Option<i64>, Header, description = "Continue after this line; wins over `after`.")),
    responses((status = 200, description = "Lines, oldest first.",
        content((LogLines = "application/json"), (LogLineView = "text/event-stream")))))]
pub(super) async fn read(
    caller: Caller<can::Read>,
    Key(key): Key,
    headers: HeaderMap,
    Query(query): Query<LogQuery>,
) -> Result<Response, ApiError> {
    let after = after(&headers, &query)?;
    let (deployment, newest) = caller.store.log_target(caller.account, &key).await?;
    let scope = LogScope { deployment, release: query.release.unwrap_or(newest), kind: query.kind };
    if caller.store.release_progress(deployment, scope.release).await?.is_none() {
        return Err(ApiError::new(ErrorCode::NotFound, format!("There is no release {}.", scope.release)));
    }
    let wake = caller.logs.follow(deployment);
    let tail = query.tail.unwrap_or(TAIL_DEFAULT).min(TAIL_MAX);
    let first = match after {
        Some(after) if query.follow => caller.store.log_after(scope, after, BATCH).await?,
        Some(after) => caller.store.log_after(scope, after, TAIL_MAX).await?,
        None => caller.store.log_tail(scope, tail).await?,
    };
    if !query.follow {
        return Ok(ok(LogLines { items: first }).into_response());
    }
    let wake = wake.map_err(|error| ApiError::new(ErrorCode::Unavailable, format!("{error}.")))?;
    let follower = Follower {
        state: ApiState::clone(&caller),
        scope,
        last: first.last().map_or(after.unwrap_or(0), |line| line.id),
        ready: first.into(),
        wake,
        seen_version: None,
        over: false,
        quiet_until: None,
        ended: false,
    };
    let events =
        Sse::new(follower.events()).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("heartbeat"));
    // Tells reverse proxies to hand lines on at once.
    Ok(([("x-accel-buffering", HeaderValue::from_static("no"))], events).into_response())
}

/// Where to continue. Errors: `InvalidQuery`.
fn after(headers: &HeaderMap, query: &LogQuery) -> Result<Option<i64>, ApiError> {
    let header =
        headers.get(LAST_EVENT_ID).map(|value| value.to_str().ok().and_then(|text| text.parse().ok()));
    let after = match header {
        Some(None) => Some(-1),
        Some(id) => id,
        None => query.after,
    };
    if after.is_some_and(|after| after < 0) {
        return Err(ApiError::new(
            ErrorCode::InvalidQuery,
            "Last-Event-ID and after must be the id of a line.",
        ));
    }
    Ok(after)
}

struct Follower {
    state: ApiState,
    scope: LogScope,
    /// Id of the last line that was read.
    last: i64,
    ready: VecDeque<LogLineView>,
    wake: watch::Receiver<u64>,
    /// The data version at which `over` was read.
    seen_version: Option<u64>,
    over: bool,
    /// When the release is over: lines are awaited until then.
    quiet_until: Option<Instant>,
    ended: bool,
}

impl Follower {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut follower| async move {
            let event = follower.next().await?;
            Some((Ok(event), follower))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line_event(&line));
            }
            if self.ended {
                return None;
            }
            self.wake.borrow_and_update();
            // Whether it is over is read before the lines: none that came before the end is missed.
            if let Err(error) = self.look().await {
                tracing::warn!(deployment.id = %self.scope.deployment, %error, "a follower lost its log");
                return None;
            }
            if !self.ready.is_empty() {
                continue;
            }
            if self.over && self.quiet_until.is_some_and(|at| at <= Instant::now()) {
                self.ended = true;
                return Some(Event::default().event("end").data("{}"));
            }
            self.wait().await?;
        }
    }

    async fn look(&mut self) -> crate::store::StoreResult<()> {
        let version = self.state.store.data_version();
        if self.seen_version != Some(version) {
            let LogScope { deployment, release, kind } = self.scope;
            let progress = self.state.store.release_progress(deployment, release).await?;
            // An erased deployment writes no more.
            self.over = progress.is_none_or(|at| match kind {
                Some(LogKind::Build) => at.built || at.over,
                Some(LogKind::Run) | None => at.over,
            });
            self.seen_version = Some(version);
        }
        let lines = self.state.store.log_after(self.scope, self.last, BATCH).await?;
        if let Some(line) = lines.last() {
            self.last = line.id;
            self.quiet_until = None;
        }
        self.ready = lines.into();
        if self.over && self.ready.is_empty() && self.quiet_until.is_none() {
            self.quiet_until = Some(Instant::now() + LAST_LINES_WITHIN);
        }
        if !self.over {
            self.quiet_until = None;
        }
        Ok(())
    }

    /// Until there may be something new; `None` when the process shuts down. Cancel-safe in each arm.
    async fn wait(&mut self) -> Option<()> {
        let until = self.quiet_until;
        loop {
            tokio::select! {
                changed = self.wake.changed() => return changed.ok(),
                () = self.state.shutdown.cancelled() => return None,
                () = tokio::time::sleep_until(until.unwrap_or_else(|| Instant::now() + LOOK_EVERY)) => {
                    if until.is_some() || self.seen_version != Some(self.state.store.data_version()) {
                        return Some(());
                    }
                }
            }
        }
    }
}

fn line_event(line: &LogLineView) -> Event {
    let text = serde_json::to_string(line).expect("lines have string keys");
    Event::default().event("line").id(line.id.to_string()).data(text)
}
