//! Browsers that are signed in: beginning, looking, moving to another team, ending.

use super::{
    ApiState, Room,
    caller::{Asker, COOKIE_PREFIX, Caller, can, csrf_of},
    error::ApiError,
    extract::{Answer, Json, Reply, ok},
    providers::Origin,
};
use crate::{
    clock, fresh,
    logic::{audit, authorize::Actor},
    store::{
        audit::AuditLine,
        credential::{Credential, Owner},
        session::NewSession,
    },
};
use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use sha2::{Digest, Sha256};
use ttalkak_protocol::{
    api::{
        audit::AuditVia,
        session::{ChooseTeam, SESSION_COOKIE, SessionView},
        team::TokenScope,
    },
    id::{AccountId, SessionId, TokenId, UserId},
    unit::{Millis, UnixMillis},
};

/// After so long one signs in again.
const GOOD_FOR: Millis = Millis(30 * 24 * 3600 * 1000);
/// A cookie is replaced when it is older than this and the console is opened.
const CHANGE_AFTER_MS: i64 = 24 * 3600 * 1000;
/// What is kept of what a browser calls itself, in characters.
const BROWSER_CHARS_MAX: usize = 160;

/// Where a browser is, and what it calls itself.
pub(super) struct Browser {
    name: Option<String>,
    address: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Browser {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Origin(address) = Origin::from_request_parts(parts, state).await?;
        let name = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self {
            name: name.map(|name| name.chars().take(BROWSER_CHARS_MAX).collect()),
            address: address.map(|address| address.ip().to_string()),
        })
    }
}

/// Who signs in, into which team, and how much they may do there.
pub(super) struct Entry {
    pub(super) account: AccountId,
    pub(super) user: Option<UserId>,
    pub(super) token: Option<TokenId>,
    pub(super) scope: TokenScope,
    /// What they came by ends then, and the session with it.
    pub(super) until: Option<UnixMillis>,
}

/// An answer that sets a cookie.
pub(super) struct WithCookie<T>(pub(super) HeaderValue, pub(super) T);

impl<T: IntoResponse> IntoResponse for WithCookie<T> {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        response.headers_mut().append(header::SET_COOKIE, self.0);
        response
    }
}

/// Nobody else reads it: not a script, not another site, not a host below ours.
fn cookie(secret: &str, good_for: Millis) -> Result<HeaderValue, ApiError> {
    let seconds = good_for.0 / 1000;
    let text =
        format!("{SESSION_COOKIE}={secret}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&text).map_err(|error| ApiError::broken("write a cookie", error))
}

/// Signs a browser in: its cookie, and whom it now speaks for.
pub(super) async fn begin(
    room: &Room,
    entry: Entry,
    browser: Browser,
) -> Result<(HeaderValue, Owner), ApiError> {
    let (now, secret) = (clock::now(), fresh::secret(COOKIE_PREFIX));
    let hash: [u8; 32] = Sha256::digest(&secret).into();
    let expires_at = entry.until.map_or(now.after(GOOD_FOR), |until| until.min(now.after(GOOD_FOR)));
    let new = NewSession {
        id: fresh::id(SessionId::new),
        hash,
        account: entry.account,
        user: entry.user,
        token: entry.token,
        scope: entry.scope,
        browser: browser.name,
        address: browser.address,
        expires_at,
    };
    room.state.store.begin_session(&new, now).await?;
    let owner = room.state.store.session_owner(&hash, now).await?;
    let owner = owner.ok_or_else(|| ApiError::broken("begin a session", "it is not there"))?;
    let line = AuditLine {
        account: owner.actor.account,
        actor: owner.name.clone(),
        user: owner.actor.user,
        via: AuditVia::Session,
        action: audit::SESSION_BEGIN,
        subject: None,
        detail: new.address,
    };
    room.state.store.add_audit(&line, now).await?;
    Ok((cookie(&secret, expires_at.since(now))?, owner))
}

/// Who this is, for the console.
pub(super) async fn view(state: &ApiState, owner: &Owner) -> Result<SessionView, ApiError> {
    let Actor { account, user, scope, .. } = owner.actor;
    let person = match user {
        Some(user) => Some(state.store.user(user).await?),
        None => None,
    };
    let team = state.store.team(account, user).await?;
    let teams = match user {
        Some(user) => state.store.teams_of(user).await?,
        None => vec![team.clone()],
    };
    let csrf = match owner.credential {
        Credential::Session(session) => Some(csrf_of(&state.sealer, session)),
        Credential::Token(_) => None,
    };
    Ok(SessionView { user: person, team, teams, scope, csrf, expires_at: owner.expires_at })
}

/// Who asks, and for which team. A browser that comes with an old cookie gets a new one.
#[utoipa::path(get, path = "/v1/session", tag = "session", security(("token" = ["read"])),
    responses((status = 200, description = "You.", body = SessionView)))]
pub(super) async fn read(caller: Caller<can::Read>) -> Result<Response, ApiError> {
    let answer = ok(view(&caller, &caller.owner).await?);
    match renewed(&caller).await? {
        Some(cookie) => Ok(WithCookie(cookie, answer).into_response()),
        None => Ok(answer.into_response()),
    }
}

async fn renewed(asker: &Asker) -> Result<Option<HeaderValue>, ApiError> {
    let (now, owner) = (clock::now(), &asker.owner);
    let old = |changed: UnixMillis| changed.0 + CHANGE_AFTER_MS < now.0;
    let (Credential::Session(session), true) = (owner.credential, owner.changed_at.is_some_and(old)) else {
        return Ok(None);
    };
    let secret = fresh::secret(COOKIE_PREFIX);
    asker.store.change_cookie(session, &Sha256::digest(&secret).into(), now).await?;
    asker.forget(|owner| owner.credential == Credential::Session(session));
    let left = owner.expires_at.map_or(0, |at| at.0 - now.0);
    cookie(&secret, Millis(left.max(0).unsigned_abs())).map(Some)
}

/// Moves this browser into another of one's teams.
#[utoipa::path(put, path = "/v1/session/team", tag = "session", security(("token" = ["personal"])),
    request_body = ChooseTeam, responses((status = 200, description = "You, there.", body = SessionView)))]
pub(super) async fn choose_team(
    caller: Caller<can::Personal>,
    headers: HeaderMap,
    Json(wish): Json<ChooseTeam>,
) -> Reply<SessionView> {
    move_into(&caller, wish.team).await?;
    let owner = caller.again(&headers).await?;
    Ok(ok(view(&caller, &owner).await?))
}

/// Moves the browser that asks into a team. Errors: `NotFound`, `StateConflict` for a token, which stays in its team.
pub(super) async fn move_into(asker: &Asker, team: AccountId) -> Result<(), ApiError> {
    let user = asker.person()?;
    let Credential::Session(session) = asker.owner.credential else {
        let text = "A token stays in the team that it was made for.";
        return Err(ApiError::new(ttalkak_protocol::ErrorCode::StateConflict, text));
    };
    asker.store.move_session(session, user, team).await?;
    asker.forget(|owner| owner.credential == Credential::Session(session));
    Ok(())
}

/// Signs this browser out.
#[utoipa::path(delete, path = "/v1/session", tag = "session", security(("token" = ["read"])),
    responses((status = 204, description = "Signed out.")))]
pub(super) async fn end(caller: Caller<can::Read>) -> Result<Response, ApiError> {
    if let Credential::Session(session) = caller.owner.credential {
        caller.store.end_session(session).await?;
        caller.forget(|owner| owner.credential == Credential::Session(session));
    }
    Ok(WithCookie(cookie("", Millis(0))?, StatusCode::NO_CONTENT).into_response())
}

/// The first answer to a browser that signed in.
pub(super) async fn entered(
    room: &Room,
    entry: Entry,
    browser: Browser,
) -> Result<WithCookie<Answer<SessionView>>, ApiError> {
    let (cookie, owner) = begin(room, entry, browser).await?;
    Ok(WithCookie(cookie, ok(view(&room.state, &owner).await?)))
}
