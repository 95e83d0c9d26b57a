//! The bridge that an agent's workloads are on. An engine lets two networks have one name when they are asked for at the
//! same time, and refuses every container on that name afterwards: so one is made at a time, and twins are removed.

use super::{Engine, EngineError};
use crate::logic::policy::{Network, label};
use bollard::{
    models::NetworkCreateRequest,
    query_parameters::{ListNetworksOptions, ListNetworksOptionsBuilder},
};
use std::collections::HashMap;

impl Engine {
    /// The agent's bridge, made when it is not there. Workloads on it do not reach each other.
    pub(super) async fn ensure_network(&self, network: &Network) -> Result<(), EngineError> {
        // Held across the requests on purpose: looking and making must not be parted by another start.
        let _alone = self.network.lock().await;
        let mut found = self.networks(network.name()).await?;
        found.sort();
        match found.split_first() {
            None => self.make_network(network).await,
            Some((_, twins)) => self.remove_twins(twins).await,
        }
    }

    /// The ids of all networks of exactly this name that are ours, oldest first.
    async fn networks(&self, name: &str) -> Result<Vec<(String, String)>, EngineError> {
        let options: ListNetworksOptions =
            ListNetworksOptionsBuilder::default().filters(&self.ours(None)).build();
        let listed =
            self.docker.list_networks(Some(options)).await.map_err(EngineError::of("list the networks"))?;
        let exact = listed.into_iter().filter(|one| one.name.as_deref() == Some(name));
        Ok(exact
            .filter_map(|one| Some((one.created.map(|at| at.to_string()).unwrap_or_default(), one.id?)))
            .collect())
    }

    async fn make_network(&self, network: &Network) -> Result<(), EngineError> {
        let request = NetworkCreateRequest {
            name: network.name().to_owned(),
            driver: Some("bridge".to_owned()),
            options: Some(HashMap::from([(
                "com.docker.network.bridge.enable_icc".to_owned(),
                "false".to_owned(),
            )])),
            labels: Some(HashMap::from([(label::AGENT.to_owned(), self.agent.to_string())])),
            ..NetworkCreateRequest::default()
        };
        match self.docker.create_network(request).await.map_err(EngineError::of("make the network")) {
            // 409: a request of an earlier process of this agent was still on its way.
            Err(error) if error.status() != Some(409) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// One that has containers stays: the engine says no, and the containers on it work.
    async fn remove_twins(&self, twins: &[(String, String)]) -> Result<(), EngineError> {
        for (_, id) in twins {
            match self.docker.remove_network(id).await.map_err(EngineError::of("remove a network")) {
                Err(error) if error.is_down() => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}
