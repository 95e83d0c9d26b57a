//! Signing in with a browser, and what it then may do.

use super::{
    team::{TeamView, TokenScope},
    user::UserView,
};
use crate::{id::AccountId, secret::Secret, unit::UnixMillis};
use serde::{Deserialize, Serialize};

/// The header that carries [`SessionView::csrf`] with every request of a session that changes something.
pub const CSRF_HEADER: &str = "x-ttalkak-csrf";
/// The cookie of a session.
pub const SESSION_COOKIE: &str = "__Host-ttalkak";

/// `GET /v1/sign-in`: which ways in there are, beside an API token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SignInWays {
    /// With GitHub.
    pub github: bool,
    /// By a name alone; a coordinator for development.
    pub development: bool,
}

/// `POST /v1/sign-in/development`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInByName {
    /// Whose name; 1 to 39 letters, digits and single hyphens.
    pub login: String,
}

/// `POST /v1/sign-in/token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInByToken {
    /// `ttk_…`.
    #[schema(value_type = String)]
    pub token: Secret<String>,
}

/// Who asks, and for which team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionView {
    /// The person; absent for a token that nobody made in person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserView>,
    /// The team that everything is asked for.
    pub team: TeamView,
    /// All teams that the person is in.
    pub teams: Vec<TeamView>,
    /// How much may be done at most, whatever the role.
    pub scope: TokenScope,
    /// For the header [`CSRF_HEADER`]; absent for a token, which needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csrf: Option<String>,
    /// When one has to sign in again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMillis>,
}

/// `PUT /v1/session/team`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseTeam {
    /// One that the person is in.
    pub team: AccountId,
}
