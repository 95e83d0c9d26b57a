//! Tunnels of their own, between the API (which makes and deletes them), the store (which keeps them) and the edge
//! (which lets their visitors in).

use crate::{
    api::TunnelDoor,
    edge::{
        routes::RouteTable,
        tunnels::{NamedTunnels, Owner, Tunnels},
    },
    online::TokenHash,
    store::{Store, route::TunnelAddressRow, tunnel::TunnelRow},
    visitors::tunnel_entry,
};
use futures_util::future::BoxFuture;
use ttalkak_protocol::id::TunnelId;

/// The edge as the API sees it.
pub struct EdgeDoor {
    /// Names and where they lead.
    pub routes: RouteTable,
    /// Who holds a tunnel open.
    pub tunnels: Tunnels,
}

impl TunnelDoor for EdgeDoor {
    fn is_open(&self, tunnel: TunnelId) -> bool {
        self.tunnels.is_open(Owner::Named(tunnel))
    }

    fn made(&self, tunnel: &TunnelRow) {
        let address = TunnelAddressRow {
            tunnel: tunnel.id,
            name: tunnel.name.clone(),
            exposure: tunnel.exposure,
            public_port: tunnel.public_port,
        };
        self.routes.set(tunnel.name.clone(), tunnel_entry(&address));
    }

    fn deleted(&self, tunnel: &TunnelRow) {
        self.routes.remove(&tunnel.name);
        self.tunnels.close(Owner::Named(tunnel.id));
    }
}

/// Connect tokens, looked up in the store.
pub struct ConnectTokens(pub Store);

impl NamedTunnels for ConnectTokens {
    fn named_tunnel<'a>(
        &'a self,
        hash: &'a TokenHash,
    ) -> BoxFuture<'a, Result<Option<TunnelId>, Box<dyn std::error::Error + Send + Sync>>> {
        Box::pin(async move { Ok(self.0.tunnel_of_token(hash).await?.map(|tunnel| tunnel.id)) })
    }
}
