//! Asking somebody into a team by a link, and coming in by it.

use super::{
    audit::AuditSlot,
    caller::{Anyone, Caller, can},
    error::ApiError,
    extract::{Answer, Json, Key, Reply, ok},
    me::not_sent,
    session,
};
use crate::{
    clock, fresh,
    mail::is_address,
    store::{credential::Credential, invitation::NewInvitation},
};
use http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};
use ttalkak_protocol::{
    ErrorCode,
    api::{
        session::SessionView,
        team::{InvitationLine, InvitationMade, InvitationView, Invite},
    },
    id::InvitationId,
    unit::Millis,
};

const CODE_PREFIX: &str = "tti_";
/// The time that somebody may be on holiday.
const GOOD_FOR: Millis = Millis(14 * 24 * 3600 * 1000);

/// A link by which one person may come into the team; it is shown this once.
#[utoipa::path(post, path = "/v1/team/invitations", tag = "invitations", security(("token" = ["administer"])),
    request_body = Invite, responses((status = 201, description = "Made.", body = InvitationMade)))]
pub(super) async fn create(
    caller: Caller<can::Administer>,
    about: AuditSlot,
    Json(wish): Json<Invite>,
) -> Reply<InvitationMade> {
    about.detail(wish.role.as_str());
    let email = wish.email.map(|email| email.trim().to_owned()).filter(|email| !email.is_empty());
    if email.as_deref().is_some_and(|email| !is_address(email)) {
        return Err(ApiError::new(ErrorCode::EmailInvalid, "Mail cannot be sent to this address."));
    }
    let (now, code, store) = (clock::now(), fresh::secret(CODE_PREFIX), &caller.store);
    let new = NewInvitation {
        id: fresh::id(InvitationId::new),
        account: caller.account,
        hash: hash(&code),
        role: wish.role,
        email,
        invited_by: caller.actor().user,
        expires_at: now.after(GOOD_FOR),
    };
    if !store.invite(&new, now).await? {
        return Err(ApiError::new(ErrorCode::RateLimited, "Too many invitations wait in this team."));
    }
    let url = format!("{}/invitations/{code}", caller.config.console_url());
    let made: Option<InvitationLine> =
        store.invitations(caller.account, now).await?.into_iter().find(|line| line.id == new.id);
    let invitation = made.ok_or_else(|| ApiError::broken("read an invitation", "it is not there"))?;
    if let Some(email) = &new.email {
        let team = store.team(caller.account, None).await?.name;
        let text = format!(
            "You are asked into the team {team} on Ttalkak. Come in here, within 14 days:\n\
             딸깍의 {team} 팀에 초대됐어요. 14일 안에 아래 주소로 들어오세요.\n\n{url}\n"
        );
        let sent = caller.mail.send(email, &format!("{team} – Ttalkak 딸깍"), text).await;
        if let Err(error) = sent {
            store.revoke_invitation(caller.account, new.id, now).await?;
            return Err(not_sent(error));
        }
    }
    Ok(Answer(StatusCode::CREATED, InvitationMade { invitation, url }))
}

/// Takes an invitation back.
#[utoipa::path(delete, path = "/v1/team/invitations/{invitation}", tag = "invitations",
    security(("token" = ["administer"])),
    params(("invitation" = InvitationId, Path, description = "Its id.")),
    responses((status = 204, description = "Void.")))]
pub(super) async fn revoke(caller: Caller<can::Administer>, Key(key): Key) -> Result<StatusCode, ApiError> {
    let unknown = |_| ApiError::new(ErrorCode::NotFound, "There is no invitation of that id.");
    let id: InvitationId = key.parse().map_err(unknown)?;
    caller.store.revoke_invitation(caller.account, id, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What one is asked into.
#[utoipa::path(get, path = "/v1/invitations/{code}", tag = "invitations", security(()),
    params(("code" = String, Path, description = "The link's code.")),
    responses((status = 200, description = "This.", body = InvitationView)))]
pub(super) async fn read(anyone: Anyone, code: Result<Code, ApiError>) -> Reply<InvitationView> {
    Ok(ok(anyone.store.invitation(&code?.0, clock::now()).await?))
}

/// Comes in; a browser that asks moves into the team.
#[utoipa::path(post, path = "/v1/invitations/{code}/accept", tag = "invitations", security(("token" = ["personal"])),
    params(("code" = String, Path, description = "The link's code.")),
    responses((status = 200, description = "You, there.", body = SessionView)))]
pub(super) async fn accept(
    caller: Caller<can::Personal>,
    about: AuditSlot,
    headers: HeaderMap,
    code: Result<Code, ApiError>,
) -> Reply<SessionView> {
    let team = caller.store.accept_invitation(&code?.0, caller.person()?, clock::now()).await?;
    about.within(team);
    if matches!(caller.owner.credential, Credential::Session(_)) {
        session::move_into(&caller, team).await?;
    }
    let owner = caller.again(&headers).await?;
    Ok(ok(session::view(&caller, &owner).await?))
}

/// The SHA-256 of a link's code.
pub(super) struct Code([u8; 32]);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Code {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut http::request::Parts, _: &S) -> Result<Self, ApiError> {
        let path = parts.uri.path();
        let code = path.split('/').find(|part| part.starts_with(CODE_PREFIX)).unwrap_or_default();
        Ok(Self(hash(code)))
    }
}

fn hash(code: &str) -> [u8; 32] {
    Sha256::digest(code).into()
}
