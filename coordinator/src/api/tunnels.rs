//! Tunnels of their own.

use super::{
    ApiState,
    audit::AuditSlot,
    caller::{Caller, can},
    error::ApiError,
    extract::{Answer, Json, Key, Reply, ok},
    validate,
};
use crate::{clock, fresh, store::tunnel::TunnelRow};
use http::StatusCode;
use sha2::{Digest, Sha256};
use ttalkak_protocol::{
    Secret,
    api::tunnel::{CreateTunnel, TunnelCreated, TunnelList, TunnelView},
    id::TunnelId,
};

/// What a connect token starts with.
const TOKEN_PREFIX: &str = "ttt_";

impl ApiState {
    fn tunnel_view(&self, row: &TunnelRow) -> TunnelView {
        TunnelView {
            id: row.id,
            url: self.url(&row.name, row.public_port),
            name: row.name.clone(),
            exposure: row.exposure,
            public_port: row.public_port,
            connected: self.edge.is_open(row.id),
            created_at: row.created_at,
        }
    }
}

/// Makes a tunnel; its connect token is shown this once.
#[utoipa::path(post, path = "/v1/tunnels", tag = "tunnels", security(("token" = ["deploy"])), request_body = CreateTunnel,
    responses((status = 201, description = "Made.", body = TunnelCreated)))]
pub(super) async fn create(
    caller: Caller<can::Deploy>,
    about: AuditSlot,
    Json(wish): Json<CreateTunnel>,
) -> Reply<TunnelCreated> {
    about.is(&*wish.name);
    validate::hostname(&wish.name)?;
    let token = fresh::secret(TOKEN_PREFIX);
    let hash = Sha256::digest(&token).into();
    let id = fresh::id(TunnelId::new);
    let (label, ports) = ((wish.name.as_str(), wish.exposure), &caller.port_pool(wish.exposure));
    let row = caller.store.create_tunnel(caller.account, (id, &hash), label, ports, clock::now()).await?;
    caller.edge.made(&row);
    let created = TunnelCreated { tunnel: caller.tunnel_view(&row), connect_token: Secret::new(token) };
    Ok(Answer(StatusCode::CREATED, created))
}

/// Your tunnels, by name.
#[utoipa::path(get, path = "/v1/tunnels", tag = "tunnels", security(("token" = ["read"])),
    responses((status = 200, description = "All.", body = TunnelList)))]
pub(super) async fn list(caller: Caller<can::Read>) -> Reply<TunnelList> {
    let rows = caller.store.list_tunnels(caller.account).await?;
    Ok(ok(TunnelList { items: rows.iter().map(|row| caller.tunnel_view(row)).collect() }))
}

/// Deletes a tunnel, by id or name; its address is free again.
#[utoipa::path(delete, path = "/v1/tunnels/{tunnel}", tag = "tunnels", security(("token" = ["deploy"])),
    params(("tunnel" = String, Path, description = "Its id or name.")),
    responses((status = 204, description = "Deleted.")))]
pub(super) async fn delete(caller: Caller<can::Deploy>, Key(key): Key) -> Result<StatusCode, ApiError> {
    let row = caller.store.delete_tunnel(caller.account, &key).await?;
    caller.edge.deleted(&row);
    Ok(StatusCode::NO_CONTENT)
}
