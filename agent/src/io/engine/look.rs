//! What of ours the engine has, and removing single pieces of it. Removing what is already gone is success.

use super::{Engine, EngineError};
use crate::logic::{
    event::{Observed, SeenContainer},
    gauges::{Counters, Traffic},
    policy::{Network, label},
};
use bollard::{
    models::{ContainerMemoryStats, ContainerSummary, ContainerSummaryStateEnum, ImageSummary},
    query_parameters::{
        ListContainersOptions, ListImagesOptions, ListNetworksOptions, RemoveContainerOptions,
        RemoveImageOptions, StatsOptions,
    },
};
use futures_util::{StreamExt, stream};
use std::collections::BTreeMap;
use ttalkak_protocol::{
    id::LeaseId,
    link::ImageReport,
    unit::{Bytes, HostPort},
};

/// Containers whose memory is read at the same time.
const STATS_AT_ONCE: usize = 4;

impl Engine {
    /// Lists everything that carries our label.
    pub async fn observe(&self) -> Result<Observed, EngineError> {
        let containers = self.containers(None).await?;
        let (images, stray_images) = self.images().await?;
        let stray_networks = self.stray_networks().await?;
        let memory = self.memory(&containers).await;
        let containers = containers.into_iter().filter_map(seen).collect();
        Ok(Observed { containers, images, stray_images, stray_networks, memory })
    }

    pub(super) async fn containers(
        &self,
        lease: Option<LeaseId>,
    ) -> Result<Vec<ContainerSummary>, EngineError> {
        let filters = self.ours(lease.map(|lease| format!("{}={lease}", label::LEASE)));
        let options = ListContainersOptions { all: true, filters: Some(filters), ..Default::default() };
        self.docker.list_containers(Some(options)).await.map_err(EngineError::of("list containers"))
    }

    /// Images by name, and the ids of those that have none: leftovers of builds, or replaced by a newer build.
    async fn images(&self) -> Result<(Vec<ImageReport>, Vec<String>), EngineError> {
        let options = ListImagesOptions { filters: Some(self.ours(None)), ..Default::default() };
        let images = self.docker.list_images(Some(options)).await.map_err(EngineError::of("list images"))?;
        let named = |image: &ImageSummary| image.repo_tags.iter().any(|name| name != "<none>:<none>");
        let (named, stray): (Vec<_>, Vec<_>) = images.into_iter().partition(named);
        Ok((
            named.into_iter().filter_map(image_report).collect(),
            stray.into_iter().map(|image| image.id).collect(),
        ))
    }

    /// Removes an image of ours that has no name; one that is in use stays.
    pub async fn remove_stray_image(&self, id: &str) -> Result<(), EngineError> {
        let removed = self.docker.remove_image(id, None::<RemoveImageOptions>, None).await;
        match removed.map_err(EngineError::of("remove an image")) {
            Err(error) if !matches!(error.status(), Some(404 | 409)) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn stray_networks(&self) -> Result<Vec<String>, EngineError> {
        let own = Network::of(self.agent);
        let options = ListNetworksOptions { filters: Some(self.ours(None)) };
        let networks =
            self.docker.list_networks(Some(options)).await.map_err(EngineError::of("list networks"))?;
        let stray = networks.into_iter().filter(|network| network.name.as_deref() != Some(own.name()));
        Ok(stray.filter_map(|network| network.id).collect())
    }

    /// Memory in use as the kernel counts it, less what it would give back at once. What cannot be read is left out.
    async fn memory(&self, containers: &[ContainerSummary]) -> BTreeMap<LeaseId, Bytes> {
        let running = containers.iter().filter(|container| is_running(container));
        let asked = running.filter_map(|container| Some((lease_of(container)?, container.id.clone()?)));
        stream::iter(asked.collect::<Vec<_>>())
            .map(|(lease, id)| async move { Some((lease, self.memory_of(&id).await?)) })
            .buffer_unordered(STATS_AT_ONCE)
            .filter_map(|read| async move { read })
            .collect()
            .await
    }

    async fn memory_of(&self, id: &str) -> Option<Bytes> {
        let options = StatsOptions { stream: false, one_shot: true };
        let mut stats = std::pin::pin!(self.docker.stats(id, Some(options)));
        memory_in_use(stats.next().await?.ok()?.memory_stats?)
    }

    /// Our running containers, by lease.
    pub async fn running(&self) -> Result<BTreeMap<LeaseId, String>, EngineError> {
        let containers = self.containers(None).await?;
        let running = containers.into_iter().filter(is_running);
        Ok(running.filter_map(|container| Some((lease_of(&container)?, container.id?))).collect())
    }

    /// What a container has used since its start; `None` when the engine does not tell.
    pub async fn counters(&self, id: &str) -> Option<(Counters, Traffic)> {
        let options = StatsOptions { stream: false, one_shot: true };
        let mut stats = std::pin::pin!(self.docker.stats(id, Some(options)));
        let stats = tokio::time::timeout(super::PING, stats.next()).await.ok()??.ok()?;
        let nanos = stats.cpu_stats.and_then(|cpu| cpu.cpu_usage?.total_usage);
        let memory = memory_in_use(stats.memory_stats?)?;
        let networks = stats.networks.unwrap_or_default();
        let traffic = networks.values().fold(Traffic::default(), |sum, network| Traffic {
            received: sum.received.saturating_add(network.rx_bytes.unwrap_or(0)),
            sent: sum.sent.saturating_add(network.tx_bytes.unwrap_or(0)),
        });
        Some((Counters { cpu_us: nanos.unwrap_or(0) / 1000, memory }, traffic))
    }

    /// The image of a name and build key; `None` when there is none of ours.
    pub async fn image(&self, tag: &str, build_key: &str) -> Result<Option<ImageReport>, EngineError> {
        let image = match self.docker.inspect_image(tag).await {
            Ok(image) => image,
            Err(cause) => {
                let error = EngineError::of("inspect an image")(cause);
                return if error.is_missing() { Ok(None) } else { Err(error) };
            }
        };
        let labels = image.config.and_then(|config| config.labels).unwrap_or_default();
        let ours = labels.get(label::AGENT) == Some(&self.agent.to_string())
            && labels.get(label::BUILD_KEY).map(String::as_str) == Some(build_key);
        let bytes = Bytes(u64::try_from(image.size.unwrap_or(0)).unwrap_or(0));
        let report = image.id.map(|digest| ImageReport { build_key: build_key.to_owned(), digest, bytes });
        Ok(report.filter(|_| ours))
    }

    /// Kills and removes a container of ours.
    pub async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        let options = RemoveContainerOptions { force: true, v: true, ..Default::default() };
        let removed = self.docker.remove_container(id, Some(options)).await;
        match removed.map_err(EngineError::of("remove a container")) {
            // 409: its removal is already under way.
            Err(error) if !matches!(error.status(), Some(404 | 409)) => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Removes the images of a build key; one that a container still uses stays until the next look.
    pub async fn remove_image(&self, build_key: &str) -> Result<(), EngineError> {
        let filters = self.ours(Some(format!("{}={build_key}", label::BUILD_KEY)));
        let options = ListImagesOptions { filters: Some(filters), ..Default::default() };
        let images = self.docker.list_images(Some(options)).await.map_err(EngineError::of("list images"))?;
        for image in images {
            // By name, so that a name another agent gave to the same content stays.
            let mut names = image.repo_tags;
            names.retain(|name| name.starts_with("ttalkak/") || name.starts_with("localhost/ttalkak/"));
            if names.is_empty() {
                names.push(image.id);
            }
            for name in names {
                let removed = self.docker.remove_image(&name, None::<RemoveImageOptions>, None).await;
                if let Err(cause) = removed {
                    let error = EngineError::of("remove an image")(cause);
                    if !matches!(error.status(), Some(404 | 409)) {
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    /// Removes a network of ours; one that is in use stays.
    pub async fn remove_network(&self, id: &str) -> Result<(), EngineError> {
        match self.docker.remove_network(id).await.map_err(EngineError::of("remove a network")) {
            Err(error) if !matches!(error.status(), Some(403 | 404 | 409)) => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Removes the agent's own network, at the very end.
    pub async fn remove_own_network(&self) -> Result<(), EngineError> {
        self.remove_network(Network::of(self.agent).name()).await
    }
}

/// As the kernel counts it, less what it would give back at once.
fn memory_in_use(memory: ContainerMemoryStats) -> Option<Bytes> {
    let inactive = memory
        .stats
        .as_ref()
        .and_then(|stats| stats.get("inactive_file").or_else(|| stats.get("total_inactive_file")).copied());
    Some(Bytes(memory.usage?.saturating_sub(inactive.unwrap_or(0))))
}

fn lease_of(container: &ContainerSummary) -> Option<LeaseId> {
    container.labels.as_ref()?.get(label::LEASE)?.parse().ok()
}

fn is_running(container: &ContainerSummary) -> bool {
    container.state == Some(ContainerSummaryStateEnum::RUNNING)
}

fn seen(container: ContainerSummary) -> Option<SeenContainer> {
    let public = container.ports.iter().flatten().find_map(|port| port.public_port);
    Some(SeenContainer {
        lease: lease_of(&container),
        running: is_running(&container),
        host_port: public.and_then(|port| HostPort::try_from(i64::from(port)).ok()),
        id: container.id?,
    })
}

fn image_report(image: ImageSummary) -> Option<ImageReport> {
    let build_key = image.labels.get(label::BUILD_KEY)?.clone();
    Some(ImageReport { build_key, digest: image.id, bytes: Bytes(u64::try_from(image.size).unwrap_or(0)) })
}
