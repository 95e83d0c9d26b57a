//! Tunnels of their own: a local service exposed by the same path, without the container engine.

use crate::{
    api::deployment::Exposure,
    id::TunnelId,
    secret::Secret,
    unit::{PublicPort, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// `POST /v1/tunnels`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTunnel {
    /// The first label of its address.
    pub name: String,
    /// HTTP (default) or raw TCP.
    #[serde(default)]
    pub exposure: Exposure,
}

/// A tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TunnelView {
    /// Its id; what the edge names in each stream.
    pub id: TunnelId,
    /// The first label of its address.
    pub name: String,
    /// Where visitors find it.
    pub url: String,
    /// HTTP or raw TCP.
    pub exposure: Exposure,
    /// The public port of raw TCP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_port: Option<PublicPort>,
    /// Whether somebody holds it open.
    pub connected: bool,
    /// When it was made.
    pub created_at: UnixMillis,
}

/// A new tunnel; the only time that its credential is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TunnelCreated {
    /// The tunnel.
    pub tunnel: TunnelView,
    /// Bearer token for the tunnel's Upgrade request.
    #[schema(value_type = String)]
    pub connect_token: Secret<String>,
}

/// All tunnels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TunnelList {
    /// By name.
    pub items: Vec<TunnelView>,
}
