//! People: who they are, and the address that mail reaches them at.

use crate::{
    id::{SessionId, UserId},
    unit::UnixMillis,
};
use serde::{Deserialize, Serialize};

/// The longest name of a person or team, in characters.
pub const NAME_CHARS_MAX: usize = 64;

/// A person, as they see themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UserView {
    /// Their id.
    pub id: UserId,
    /// The name that they sign in with, as the place that they come from has it.
    pub login: String,
    /// What they are called.
    pub name: String,
    /// Where mail reaches them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address was shown to be theirs.
    pub email_verified: bool,
    /// A picture, at the place that they come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// When they first came.
    pub created_at: UnixMillis,
}

/// A person, as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UserBrief {
    /// Their id.
    pub id: UserId,
    /// The name that they sign in with.
    pub login: String,
    /// What they are called.
    pub name: String,
    /// A picture, at the place that they come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}

/// `PATCH /v1/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeMe {
    /// What to be called, 1 to 64 characters.
    pub name: String,
}

/// `POST /v1/me/email`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskEmailCode {
    /// The address that a code is sent to.
    pub email: String,
}

/// A code is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EmailCodeSent {
    /// Where to.
    pub email: String,
    /// After this it is void.
    pub expires_at: UnixMillis,
}

/// `POST /v1/me/email/verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyEmail {
    /// Six digits.
    pub code: String,
}

/// A browser that one is signed in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionLine {
    /// Its id.
    pub id: SessionId,
    /// When one signed in.
    pub created_at: UnixMillis,
    /// When it was last used, to the minute.
    pub seen_at: UnixMillis,
    /// What it calls itself, cut short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
    /// Where it signed in from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// All browsers that one is signed in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionList {
    /// Last used first.
    pub items: Vec<SessionLine>,
}
