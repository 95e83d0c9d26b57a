//! What happens in a team, as it happens: an event stream that begins with all that is there and goes on with what
//! changed. A commit only wakes it; what is sent is the difference between what the tables say and what was sent before, so
//! nothing can be lost and a burst is one event. Deliberately absent: a history. Whoever comes back begins anew.

use super::{
    caller::{Caller, can},
    error::ApiError,
};
use crate::store::list::ListSpec;
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};
use ttalkak_protocol::{
    ErrorCode,
    api::{
        deployment::DeploymentView,
        event::DeploymentsEvent,
        page::{LIMIT_MAX, ListQuery},
    },
    id::{AccountId, DeploymentId},
};

/// Streams that one team may have open: some windows of each of its people.
const STREAMS_MAX: usize = 32;
/// At most four events a second.
const APART: Duration = Duration::from_millis(250);
/// Proxies cut what is silent for long, and a browser that was signed out meanwhile is told nothing more.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Streams that are open, by team.
#[derive(Clone, Default)]
pub(super) struct Streams(Arc<Mutex<BTreeMap<AccountId, usize>>>);

impl Streams {
    /// `None`: there are as many as there may be.
    fn enter(&self, account: AccountId) -> Option<Open> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(account).or_default();
        if *count >= STREAMS_MAX {
            return None;
        }
        *count += 1;
        Some(Open { streams: self.clone(), account })
    }
}

/// One stream; leaves when it is dropped.
struct Open {
    streams: Streams,
    account: AccountId,
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut all = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.account);
            }
        }
    }
}

/// Deployments, projects and money of the team, as they change: `deployments` events, first with all (the 200 that changed
/// last), then with what changed; `projects` and `billing` events say that something did there.
#[utoipa::path(get, path = "/v1/events", tag = "events", security(("token" = ["read"])),
    responses((status = 200, description = "Events.", content((DeploymentsEvent = "text/event-stream")))))]
pub(super) async fn read(caller: Caller<can::Read>, headers: HeaderMap) -> Result<Response, ApiError> {
    let open = caller.room().streams.enter(caller.account);
    let open = open.ok_or_else(|| {
        ApiError::new(ErrorCode::RateLimited, "This team has too many windows open at once.")
    })?;
    let watcher = Watcher {
        wake: caller.store.changes(),
        caller,
        headers,
        _open: open,
        sent: None,
        marks: None,
        ready: VecDeque::new(),
        next: Instant::now(),
    };
    let events =
        Sse::new(watcher.events()).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("heartbeat"));
    // Tells reverse proxies to hand events on at once.
    Ok(([(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"))], events)
        .into_response())
}

struct Watcher {
    caller: Caller<can::Read>,
    headers: HeaderMap,
    _open: Open,
    wake: watch::Receiver<u64>,
    /// What was told of each; `None` before the first event.
    sent: Option<BTreeMap<DeploymentId, DeploymentView>>,
    /// How projects and money stood.
    marks: Option<(String, String)>,
    ready: VecDeque<Event>,
    next: Instant,
}

impl Watcher {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut watcher| async move {
            let event = watcher.next().await?;
            Some((Ok(event), watcher))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.sent.is_some() {
                self.wait().await?;
            }
            self.wake.borrow_and_update();
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "an event stream ended");
                return None;
            }
            self.next = Instant::now() + APART;
        }
    }

    /// Until something was committed, and the last event is long enough ago; `None` at a shutdown, and when whoever
    /// listens is not known any more. Cancel-safe: nothing is taken before the end.
    async fn wait(&mut self) -> Option<()> {
        loop {
            let shutdown = self.caller.shutdown.clone();
            tokio::select! {
                changed = self.wake.changed() => {
                    changed.ok()?;
                    tokio::select! {
                        () = tokio::time::sleep_until(self.next) => {}
                        () = shutdown.cancelled() => return None,
                    }
                    return self.is_known().await.then_some(());
                }
                () = tokio::time::sleep(HEARTBEAT) => {
                    if !self.is_known().await {
                        return None;
                    }
                }
                () = shutdown.cancelled() => return None,
            }
        }
    }

    /// Whether the caller may still listen: signed in, and in this team.
    async fn is_known(&self) -> bool {
        let owner = self.caller.again(&self.headers).await;
        owner.is_ok_and(|owner| owner.actor.account == self.caller.account)
    }

    async fn look(&mut self) -> Result<(), ApiError> {
        let (store, account) = (&self.caller.store, self.caller.account);
        let query = ListQuery {
            sort: Some("-updated_at".to_owned()),
            limit: Some(LIMIT_MAX),
            ..ListQuery::default()
        };
        let page = store.list_deployments(account, &ListSpec::new(&query, true)?).await?;
        let all = page.total <= page.items.len() as u64;
        let now: Vec<DeploymentView> =
            page.items.into_iter().map(|stored| self.caller.view(stored)).collect();
        let marks = (store.projects_mark(account).await?, store.billing_mark(account).await?);
        let before = self.sent.take();
        let first = before.is_none();
        let mut sent = before.unwrap_or_default();
        let mut gone = Vec::new();
        for id in sent.keys().filter(|id| !now.iter().any(|view| view.id == **id)) {
            // One that is not among the newest any more may still be there.
            if all || store.deployment(account, &id.to_string()).await.is_err() {
                gone.push(*id);
            }
        }
        sent.retain(|id, _| !gone.contains(id));
        let items: Vec<DeploymentView> =
            now.into_iter().filter(|view| sent.get(&view.id) != Some(view)).collect();
        sent.extend(items.iter().map(|view| (view.id, view.clone())));
        self.sent = Some(sent);
        if first || !items.is_empty() || !gone.is_empty() {
            self.ready.push_back(event("deployments", &DeploymentsEvent { items, gone }));
        }
        if let Some((projects, billing)) = self.marks.replace(marks.clone()) {
            let nothing = serde_json::json!({});
            if projects != marks.0 {
                self.ready.push_back(event("projects", &nothing));
            }
            if billing != marks.1 {
                self.ready.push_back(event("billing", &nothing));
            }
        }
        Ok(())
    }
}

fn event(name: &str, body: &impl serde::Serialize) -> Event {
    let text = serde_json::to_string(body).expect("events have string keys");
    Event::default().event(name).data(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_has_so_many_streams_and_one_that_ends_makes_room() {
        let streams = Streams::default();
        let account = AccountId::new(uuid::Uuid::from_u128(1));
        let mut open: Vec<Open> = (0..STREAMS_MAX).map(|_| streams.enter(account).unwrap()).collect();
        assert!(streams.enter(account).is_none());
        assert!(streams.enter(AccountId::new(uuid::Uuid::from_u128(2))).is_some());
        open.pop();
        assert!(streams.enter(account).is_some());
    }
}
