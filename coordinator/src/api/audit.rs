//! The audit log: written here for every route that changes something, so that none can forget it; read by owners.
//! Deliberately absent: what was refused, which changes nothing.

use super::{
    caller::{Caller, Door, can},
    extract::{Query, Reply, ok},
};
use crate::{
    clock,
    logic::audit,
    store::{audit::AuditLine, credential::Owner},
};
use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::request::Parts;
use std::sync::{Arc, Mutex, PoisonError};
use ttalkak_protocol::{
    api::{
        audit::{AuditPage, AuditQuery},
        page::{LIMIT_DEFAULT, LIMIT_MAX},
    },
    id::AccountId,
};

/// The longest text of a line, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// Where the caller of a request and what it is about are noted, for the line that is written afterwards.
#[derive(Clone, Default)]
pub(super) struct AuditSlot(Arc<Mutex<Noted>>);

#[derive(Default)]
struct Noted {
    owner: Option<Arc<Owner>>,
    team: Option<AccountId>,
    subject: Option<String>,
    detail: Option<String>,
}

impl AuditSlot {
    pub(super) fn asked_by(&self, owner: &Arc<Owner>) {
        self.lock().owner = Some(owner.clone());
    }

    /// The team that it is about, when that is not the one that was asked for.
    pub(super) fn within(&self, team: AccountId) {
        self.lock().team = Some(team);
    }

    /// What it is about, when the path does not say it.
    pub(super) fn is(&self, subject: impl Into<String>) {
        self.lock().subject = Some(subject.into());
    }

    /// What more there is to say.
    pub(super) fn detail(&self, detail: impl Into<String>) {
        self.lock().detail = Some(detail.into());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AuditSlot {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// Writes a line for each change that was made.
pub(super) async fn note(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let Some(route) = route else { return next.run(request).await };
    let Some(action) = audit::action(request.method(), &route) else { return next.run(request).await };
    let named = audit::subject(&route, request.uri().path()).map(str::to_owned);
    let slot = AuditSlot::default();
    request.extensions_mut().insert(slot.clone());
    let response = next.run(request).await;
    let noted = std::mem::take(&mut *slot.lock());
    if let Some(owner) = noted.owner.filter(|_| response.status().is_success()) {
        let cut = |text: String| text.chars().take(TEXT_CHARS_MAX).collect();
        let line = AuditLine {
            account: noted.team.unwrap_or(owner.actor.account),
            actor: owner.name.clone(),
            user: owner.actor.user,
            via: owner.credential.via(),
            action,
            subject: noted.subject.or(named).map(cut),
            detail: noted.detail.map(cut),
        };
        // What was done is done: a line that could not be written is no reason to say that it failed.
        if let Err(error) = door.room_state().store.add_audit(&line, clock::now()).await {
            tracing::error!(%error, ?line, "a change was not written to the audit log");
        }
    }
    response
}

/// What was done in the team, newest first.
#[utoipa::path(get, path = "/v1/team/audit", tag = "audit", params(AuditQuery),
    security(("token" = ["administer"])),
    responses((status = 200, description = "A page.", body = AuditPage)))]
pub(super) async fn read(
    caller: Caller<can::Administer>,
    Query(query): Query<AuditQuery>,
) -> Reply<AuditPage> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    Ok(ok(caller.store.audit(caller.account, limit, query.before).await?))
}
