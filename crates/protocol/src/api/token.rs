//! API tokens.

use super::team::TokenScope;
use crate::{id::TokenId, secret::Secret, unit::UnixMillis};
use serde::{Deserialize, Serialize};

/// `POST /v1/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// What it is for, 1 to 64 characters.
    pub name: String,
    /// How much it may do at most.
    #[serde(default)]
    pub scope: TokenScope,
    /// After so many days it is void, 1 to 366; absent: it stays until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_days: Option<u32>,
}

/// A token as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenView {
    /// Its id.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// How much it may do at most.
    #[serde(default)]
    pub scope: TokenScope,
    /// Who made it; absent when nobody did in person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// After this it is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMillis>,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<UnixMillis>,
}

/// A new token; the only time that its secret is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenCreated {
    /// The token.
    pub token: TokenView,
    /// `ttk_…`, for `Authorization: Bearer`.
    #[schema(value_type = String)]
    pub secret: Secret<String>,
}

/// All tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenList {
    /// Newest first.
    pub items: Vec<TokenView>,
}
