//! Tunnels of their own and parts of projects, between the API (which changes them), the store (which keeps them) and the
//! edge (which lets their visitors in).

use crate::{
    api::EdgeDoor,
    edge::{
        routes::RouteTable,
        tunnels::{NamedTunnels, Owner, Tunnels},
    },
    online::TokenHash,
    store::{
        Store,
        route::{AddressRow, TunnelAddressRow},
        tunnel::TunnelRow,
    },
    visitors::{entry, tunnel_entry},
};
use futures_util::future::BoxFuture;
use std::{
    collections::BTreeSet,
    net::{IpAddr, TcpListener},
    ops::RangeInclusive,
};
use ttalkak_protocol::id::TunnelId;

/// The edge as the API sees it.
pub struct OpenDoor {
    /// Names and where they lead.
    pub routes: RouteTable,
    /// Who holds a tunnel open.
    pub tunnels: Tunnels,
    /// Where public ports are opened.
    pub ports_address: IpAddr,
}

impl EdgeDoor for OpenDoor {
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

    fn changed(&self, address: &AddressRow) {
        self.routes.set(address.name.clone(), entry(address));
    }

    fn busy(&self, ports: RangeInclusive<u16>) -> BTreeSet<u16> {
        busy(self.ports_address, ports)
    }
}

/// Those of `ports` that cannot be opened at `address` now.
fn busy(address: IpAddr, ports: RangeInclusive<u16>) -> BTreeSet<u16> {
    ports.filter(|port| TcpListener::bind((address, *port)).is_err()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_somebody_listens_on_is_busy() {
        let address = IpAddr::from([127, 0, 0, 1]);
        let held = TcpListener::bind((address, 0)).unwrap();
        let port = held.local_addr().unwrap().port();
        assert_eq!(busy(address, port..=port), BTreeSet::from([port]));
    }
}
