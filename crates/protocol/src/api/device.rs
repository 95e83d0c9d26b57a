//! A program without a browser that asks to be signed in, as the command line does (after RFC 8628): it shows a code,
//! its owner reads the code into the console and says yes.

use super::team::TokenScope;
use crate::{
    secret::Secret,
    unit::{Millis, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// `POST /v1/devices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskDevice {
    /// What it calls itself, 1 to 64 characters: `ttalkak on laptop`.
    pub device: String,
    /// How much it wants to do.
    #[serde(default)]
    pub scope: TokenScope,
}

/// The answer: what to show, and how to ask again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeviceAsked {
    /// For asking again; shown to nobody.
    #[schema(value_type = String)]
    pub device_code: Secret<String>,
    /// For its owner: eight letters, a hyphen in the middle.
    pub user_code: String,
    /// Where its owner types it.
    pub verification_url: String,
    /// How often to ask at most.
    pub every_ms: Millis,
    /// After this it is over.
    pub expires_at: UnixMillis,
}

/// `POST /v1/devices/poll`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PollDevice {
    /// As it was given.
    #[schema(value_type = String)]
    pub device_code: Secret<String>,
}

/// How a device stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeviceState {
    /// Its owner has not answered.
    Waiting,
    /// Its owner said no.
    Denied,
    /// Its owner said yes; the token is given this once.
    Approved {
        /// `ttk_…`.
        #[schema(value_type = String)]
        token: Secret<String>,
    },
}

/// `GET /v1/devices/{user_code}`: what its owner should know before saying yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeviceView {
    /// What it calls itself.
    pub device: String,
    /// Where it asks from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// When it asked.
    pub asked_at: UnixMillis,
    /// After this it is over.
    pub expires_at: UnixMillis,
    /// How much it wants to do.
    pub scope: TokenScope,
}

/// `POST /v1/devices/{user_code}/approve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveDevice {
    /// How much it may do.
    pub scope: TokenScope,
}
