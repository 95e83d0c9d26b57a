//! The team that is asked for, and making another.

use super::{
    audit::AuditSlot,
    caller::{Caller, can},
    error::ApiError,
    extract::{Answer, Json, Key, Reply, ok},
    session, validate,
};
use crate::{clock, fresh, logic::authorize::Action, store::credential::Credential};
use http::StatusCode;
use ttalkak_protocol::{
    ErrorCode,
    api::team::{ChangeMember, NameTeam, Role, TeamDetail, TeamView},
    id::{AccountId, UserId},
};

/// Makes a team that you own; a browser that asks moves into it.
#[utoipa::path(post, path = "/v1/teams", tag = "team", security(("token" = ["personal"])),
    request_body = NameTeam, responses((status = 201, description = "Made.", body = TeamView)))]
pub(super) async fn create(caller: Caller<can::Personal>, Json(wish): Json<NameTeam>) -> Reply<TeamView> {
    let (name, user) = (validate::person_name(&wish.name)?, caller.person()?);
    let team = fresh::id(AccountId::new);
    caller.store.create_team(team, user, name, clock::now()).await?;
    if matches!(caller.owner.credential, Credential::Session(_)) {
        session::move_into(&caller, team).await?;
    }
    Ok(Answer(StatusCode::CREATED, caller.store.team(team, Some(user)).await?))
}

/// The team, who is in it, and, for its owners, who was asked to come.
#[utoipa::path(get, path = "/v1/team", tag = "team", security(("token" = ["read"])),
    responses((status = 200, description = "It.", body = TeamDetail)))]
pub(super) async fn read(caller: Caller<can::Read>) -> Reply<TeamDetail> {
    let (account, store) = (caller.account, &caller.store);
    let invitations = match caller.actor().role {
        Role::Owner => store.invitations(account, clock::now()).await?,
        Role::Developer | Role::Viewer => Vec::new(),
    };
    let team = store.team(account, caller.actor().user).await?;
    Ok(ok(TeamDetail { team, members: store.members(account).await?, invitations }))
}

/// Gives the team another name.
#[utoipa::path(patch, path = "/v1/team", tag = "team", security(("token" = ["administer"])),
    request_body = NameTeam, responses((status = 200, description = "It.", body = TeamView)))]
pub(super) async fn rename(caller: Caller<can::Administer>, Json(wish): Json<NameTeam>) -> Reply<TeamView> {
    caller.store.rename_team(caller.account, validate::person_name(&wish.name)?).await?;
    Ok(ok(caller.store.team(caller.account, caller.actor().user).await?))
}

/// Gives a member another role, at once.
#[utoipa::path(patch, path = "/v1/team/members/{user}", tag = "team", security(("token" = ["administer"])),
    params(("user" = UserId, Path, description = "Who.")), request_body = ChangeMember,
    responses((status = 204, description = "Changed.")))]
pub(super) async fn change_member(
    caller: Caller<can::Administer>,
    about: AuditSlot,
    Key(key): Key,
    Json(wish): Json<ChangeMember>,
) -> Result<StatusCode, ApiError> {
    let (account, user) = (caller.account, member(&key)?);
    about.detail(wish.role.as_str());
    caller.store.change_member(account, user, wish.role).await?;
    caller.forget(|owner| owner.actor.user == Some(user));
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a member out, at once; oneself, which everybody may: one leaves.
#[utoipa::path(delete, path = "/v1/team/members/{user}", tag = "team", security(("token" = ["personal"])),
    params(("user" = UserId, Path, description = "Who.")),
    responses((status = 204, description = "Out.")))]
pub(super) async fn remove_member(
    caller: Caller<can::Personal>,
    Key(key): Key,
) -> Result<StatusCode, ApiError> {
    let user = member(&key)?;
    if caller.actor().user != Some(user) {
        caller.must(Action::Administer)?;
    }
    caller.store.remove_member(caller.account, user, clock::now()).await?;
    caller.forget(|owner| owner.actor.user == Some(user));
    Ok(StatusCode::NO_CONTENT)
}

fn member(key: &str) -> Result<UserId, ApiError> {
    key.parse().map_err(|_| ApiError::new(ErrorCode::NotFound, "There is no member of that id."))
}
