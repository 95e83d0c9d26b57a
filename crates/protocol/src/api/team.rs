//! Teams: who is in one, in which role, and who was asked to come. Everything that is deployed, lent and paid belongs
//! to a team; a person alone is a team of one.

use super::user::UserBrief;
use crate::{
    id::{AccountId, InvitationId},
    unit::UnixMillis,
};
use serde::{Deserialize, Serialize};

/// What a member may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything but secrets.
    Viewer,
    /// Also deploys.
    Developer,
    /// Also money, machines and the team itself.
    Owner,
}

impl Role {
    /// All, the least first.
    pub const ALL: [Role; 3] = [Self::Viewer, Self::Developer, Self::Owner];

    /// As it is written on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Owner => "owner",
        }
    }
}

/// How much a token may do at most, whatever its maker's role.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    /// Reads.
    Read,
    /// Also deploys.
    Deploy,
    /// Whatever its maker may do.
    #[default]
    Full,
}

impl TokenScope {
    /// All, the least first.
    pub const ALL: [TokenScope; 3] = [Self::Read, Self::Deploy, Self::Full];

    /// As it is written on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Deploy => "deploy",
            Self::Full => "full",
        }
    }
}

/// A team, as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TeamView {
    /// Its id.
    pub id: AccountId,
    /// What it is called.
    pub name: String,
    /// The team of one person alone.
    pub personal: bool,
    /// What the asker is in it.
    pub role: Role,
    /// When it was made.
    pub created_at: UnixMillis,
}

/// Somebody in a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MemberView {
    /// Who.
    pub user: UserBrief,
    /// What they may do.
    pub role: Role,
    /// Since when they are in.
    pub since: UnixMillis,
}

/// `GET /v1/team`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TeamDetail {
    /// The team.
    pub team: TeamView,
    /// Who is in it, owners first.
    pub members: Vec<MemberView>,
    /// Who was asked and has not come yet; told to owners alone.
    pub invitations: Vec<InvitationLine>,
}

/// `POST /v1/teams` and `PATCH /v1/team`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NameTeam {
    /// 1 to 64 characters.
    pub name: String,
}

/// `PATCH /v1/team/members/{user}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeMember {
    /// What they may do from now on.
    pub role: Role,
}

/// `POST /v1/team/invitations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// What they will be.
    pub role: Role,
    /// Where the link is sent as well; it is shown in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// An invitation that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InvitationLine {
    /// Its id.
    pub id: InvitationId,
    /// Where it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What they will be.
    pub role: Role,
    /// When it was made.
    pub created_at: UnixMillis,
    /// After this it is void.
    pub expires_at: UnixMillis,
    /// Who asks them in; absent when a token did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_by: Option<UserBrief>,
}

/// A new invitation; the only time that its link is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InvitationMade {
    /// As it is listed.
    pub invitation: InvitationLine,
    /// Whoever opens it, once, may come in.
    pub url: String,
}

/// `GET /v1/invitations/{code}`: what somebody is asked into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InvitationView {
    /// The team's name.
    pub team: String,
    /// What they will be.
    pub role: Role,
    /// Who asks them in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_by: Option<String>,
    /// After this it is void.
    pub expires_at: UnixMillis,
}
