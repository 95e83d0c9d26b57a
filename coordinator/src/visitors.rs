//! What the flows decide about addresses, told to the edge.

use crate::{
    edge::{
        cause::Cause,
        routes::{RouteEntry, RouteTable, Serving, Target},
        tunnels::{Owner, Tunnels},
    },
    flows::world::Visitors,
    store::route::{AddressRow, TunnelAddressRow},
};
use std::collections::BTreeMap;
use ttalkak_protocol::{
    api::deployment::{DeploymentState, EndReason},
    id::{AgentId, LeaseId},
};

/// The edge as flows see it.
pub struct EdgeVisitors {
    /// Names and where they lead.
    pub routes: RouteTable,
    /// Whose bytes can be carried.
    pub tunnels: Tunnels,
}

impl Visitors for EdgeVisitors {
    fn set(&self, address: &AddressRow) {
        self.routes.set(address.name.clone(), entry(address));
    }

    fn remove(&self, address: &AddressRow) {
        self.routes.remove(&address.name);
    }

    fn reachable(&self, agent: AgentId) -> bool {
        self.tunnels.is_open(Owner::Agent(agent))
    }

    fn streams(&self, lease: LeaseId) -> u64 {
        self.routes.streams(lease)
    }
}

/// The edge's row for a deployment.
pub fn entry(address: &AddressRow) -> RouteEntry {
    let serving = match address.target {
        Some((lease, agent)) if leads(address.state) => Serving::By(Target::Lease { lease, agent }),
        Some(_) | None => Serving::Nobody { cause: cause(address), detail: String::new() },
    };
    let place = address.part.map(|part| (address.project, part));
    RouteEntry { exposure: address.exposure, public_port: address.public_port, place, serving }
}

/// Visitors are led to a workload as long as one may answer, also one that was seen crashed a moment ago: it may be
/// back before the next report, and when it is not the edge says so.
fn leads(state: DeploymentState) -> bool {
    match state {
        DeploymentState::Live | DeploymentState::Crashed | DeploymentState::Offline => true,
        // The route of an older release may stand while a stopped deployment starts again; nobody is behind it.
        DeploymentState::Requested
        | DeploymentState::Placed
        | DeploymentState::Building
        | DeploymentState::Starting
        | DeploymentState::Connecting
        | DeploymentState::Draining
        | DeploymentState::Ended => false,
    }
}

/// Why an address leads nowhere.
fn cause(address: &AddressRow) -> Cause {
    match address.state {
        DeploymentState::Requested | DeploymentState::Placed | DeploymentState::Building => Cause::Building,
        DeploymentState::Starting | DeploymentState::Connecting => Cause::Waking,
        DeploymentState::Live | DeploymentState::Crashed => Cause::Crashed,
        DeploymentState::Offline => Cause::ProviderOffline,
        DeploymentState::Draining | DeploymentState::Ended => match address.reason {
            Some(EndReason::Failed) => Cause::Crashed,
            Some(EndReason::Balance) => Cause::Balance,
            Some(EndReason::Term) => Cause::Term,
            Some(EndReason::Stopped | EndReason::Deleted) | None => Cause::Stopped,
        },
    }
}

/// The edge's row for a tunnel of its own.
pub fn tunnel_entry(tunnel: &TunnelAddressRow) -> RouteEntry {
    RouteEntry {
        exposure: tunnel.exposure,
        public_port: tunnel.public_port,
        place: None,
        serving: Serving::By(Target::Tunnel(tunnel.tunnel)),
    }
}

/// The whole table, for a coordinator that starts.
pub fn table(addresses: &[AddressRow], tunnels: &[TunnelAddressRow]) -> BTreeMap<String, RouteEntry> {
    let deployments = addresses.iter().map(|address| (address.name.clone(), entry(address)));
    deployments.chain(tunnels.iter().map(|tunnel| (tunnel.name.clone(), tunnel_entry(tunnel)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::{
        api::deployment::Exposure,
        id::{DeploymentId, ProjectId},
    };
    use uuid::Uuid;

    fn address(state: DeploymentState, reason: Option<EndReason>) -> AddressRow {
        AddressRow {
            deployment: DeploymentId::new(Uuid::nil()),
            name: "shop".into(),
            exposure: Exposure::Http,
            public_port: None,
            state,
            reason,
            project: ProjectId::new(Uuid::nil()),
            part: None,
            target: Some((LeaseId::new(Uuid::nil()), AgentId::new(Uuid::nil()))),
        }
    }

    fn shown(state: DeploymentState, reason: Option<EndReason>) -> &'static str {
        match entry(&address(state, reason)).serving {
            Serving::By(_) => "app",
            Serving::Nobody { cause, .. } => cause.as_str(),
        }
    }

    #[test]
    fn visitors_are_led_to_a_live_app_and_told_why_there_is_none() {
        assert_eq!(shown(DeploymentState::Live, None), "app");
        assert_eq!(shown(DeploymentState::Building, None), "building");
        assert_eq!(shown(DeploymentState::Connecting, None), "waking");
        assert_eq!(shown(DeploymentState::Ended, Some(EndReason::Stopped)), "stopped");
        assert_eq!(shown(DeploymentState::Ended, Some(EndReason::Failed)), "crashed");
        assert_eq!(shown(DeploymentState::Ended, Some(EndReason::Balance)), "balance");
        assert_eq!(shown(DeploymentState::Draining, Some(EndReason::Balance)), "balance");
        assert_eq!(shown(DeploymentState::Ended, Some(EndReason::Term)), "term");
        assert_eq!(shown(DeploymentState::Draining, None), "stopped");
    }

    #[test]
    fn an_address_without_a_route_never_claims_to_serve() {
        let unrouted = AddressRow { target: None, ..address(DeploymentState::Live, None) };
        assert!(matches!(entry(&unrouted).serving, Serving::Nobody { cause: Cause::Crashed, .. }));
    }
}
