//! The run recipe: how the container of an untrusted app must be, as a value ([`RunPolicy`]), as the request that makes
//! it ([`create_body`]) and as the check that the engine really did ([`audit`]). Pure; bollard's types are plain data here.
//! Deliberately absent: confined builds and the network guard, which will be another [`Network`].
//!
//! Numbers are those that held against the attacks they name; see the comment at each.

use super::event::EngineFacts;
use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigLogConfig, PortBinding, ResourcesUlimits, RestartPolicy,
    RestartPolicyNameEnum,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use ttalkak_protocol::{
    id::{AgentId, LeaseId},
    link::Lease,
    secret::Secret,
    unit::{Bytes, ContainerPort, HostPort, MilliCpu, Millis},
};

mod audit;
pub use audit::{Violation, audit};

/// Stops a fork bomb; the host stays responsive.
pub const PIDS_MAX: i64 = 256;
/// Shared memory counts against the memory limit, but 64 MiB of it by default is more than a web app needs.
pub const SHM_BYTES: i64 = 16 * 1024 * 1024;
/// Room for temporary files, as the root is read-only. Charged to the container's memory.
const TMP: &str = "size=64m,nr_inodes=8192,mode=1777,noexec,nosuid,nodev";
/// Pid files and sockets.
const RUN: &str = "size=4m,nr_inodes=1024,mode=1777,noexec,nosuid,nodev";
/// Weight against the owner's own programs, whose weight is 1024.
const CPU_SHARES: i64 = 128;
/// Killed for memory before the owner's programs.
const OOM_SCORE: i64 = 500;
/// First of the uids that no account of a usual machine has.
const FIRST_UID: u32 = 20_000;
/// How many such uids there are.
const UIDS: u32 = 10_000;

/// The labels on everything that is ours.
pub mod label {
    /// Whose object it is; only objects with our own id are ever touched.
    pub const AGENT: &str = "ttalkak.agent";
    /// The lease of a container.
    pub const LEASE: &str = "ttalkak.lease";
    /// The deployment of a container.
    pub const DEPLOYMENT: &str = "ttalkak.deployment";
    /// The release of a container.
    pub const RELEASE: &str = "ttalkak.release";
    /// What an image, or the image of a container, was built from.
    pub const BUILD_KEY: &str = "ttalkak.build_key";
}

/// The network that a workload is in. The guard of a later version is another variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// The agent's own bridge, on which workloads cannot reach each other.
    Bridge(String),
}

impl Network {
    /// The one network of an agent.
    pub fn of(agent: AgentId) -> Self {
        Self::Bridge(format!("ttalkak-{}", agent.short()))
    }

    /// The engine's name for it.
    pub fn name(&self) -> &str {
        match self {
            Self::Bridge(name) => name,
        }
    }
}

/// Exactly how one container must be.
#[derive(Debug, Clone, PartialEq)]
pub struct RunPolicy {
    /// Container name.
    pub name: String,
    /// Image id or tag.
    pub image: String,
    /// All labels.
    pub labels: BTreeMap<String, String>,
    /// The app's environment, ours included.
    pub env: BTreeMap<String, Secret<String>>,
    /// User and group of the app, distinct per workload.
    pub uid: u32,
    /// Where the app listens inside.
    pub container_port: ContainerPort,
    /// Where it is published, on loopback only.
    pub host_port: HostPort,
    /// Memory, swap included.
    pub memory: Bytes,
    /// Processor quota.
    pub cpu: MilliCpu,
    /// Folders that the image declares as volumes; each becomes a tmpfs, so that nothing is written to the disk.
    pub volumes: BTreeSet<String>,
    /// Where it may talk to.
    pub network: Network,
    /// From SIGTERM to SIGKILL.
    pub stop_grace: Millis,
    /// Podman has other log drivers.
    pub podman: bool,
    /// Whether the kernel can limit swap at all.
    pub swap_limit: bool,
}

/// What a policy is made of besides the lease.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Whose container it will be.
    pub agent: AgentId,
    /// The image's digest.
    pub image: &'a str,
    /// The chosen port.
    pub host_port: HostPort,
    /// The chosen uid, from [`choose_uid`].
    pub uid: u32,
    /// What the engine can do.
    pub engine: &'a EngineFacts,
}

impl RunPolicy {
    /// The recipe for one lease.
    pub fn new(lease: &Lease, place: Place<'_>) -> Self {
        let text = |value: &dyn std::fmt::Display| value.to_string();
        let labels = BTreeMap::from([
            (label::AGENT.to_owned(), text(&place.agent)),
            (label::LEASE.to_owned(), text(&lease.lease)),
            (label::DEPLOYMENT.to_owned(), text(&lease.deployment)),
            (label::RELEASE.to_owned(), text(&lease.release)),
            (label::BUILD_KEY.to_owned(), lease.build.build_key.clone()),
        ]);
        Self {
            name: container_name(&lease.name, lease.lease),
            image: place.image.to_owned(),
            labels,
            env: environment(lease),
            uid: place.uid,
            container_port: lease.run.port,
            host_port: place.host_port,
            memory: lease.run.memory,
            cpu: lease.run.cpu,
            volumes: BTreeSet::new(),
            network: Network::of(place.agent),
            stop_grace: lease.run.stop_grace,
            podman: place.engine.podman,
            swap_limit: place.engine.swap_limit,
        }
    }

    fn user(&self) -> String {
        format!("{0}:{0}", self.uid)
    }

    fn port_key(&self) -> String {
        format!("{}/tcp", self.container_port)
    }

    fn nano_cpus(&self) -> i64 {
        i64::from(self.cpu.0) * 1_000_000
    }

    fn memory_bytes(&self) -> i64 {
        i64::try_from(self.memory.0).unwrap_or(i64::MAX)
    }

    fn tmpfs(&self) -> BTreeMap<String, String> {
        let volumes = self.volumes.iter().map(|path| (path.clone(), TMP.to_owned()));
        let ours = [("/tmp".to_owned(), TMP.to_owned()), ("/run".to_owned(), RUN.to_owned())];
        volumes.chain(ours).collect()
    }

    fn log_driver(&self) -> (&'static str, BTreeMap<&'static str, &'static str>) {
        // A flood of 300 MB left 4 to 7 MB with these; non-blocking, so that a slow disk does not stop the app.
        if self.podman {
            return ("k8s-file", BTreeMap::from([("max-size", "8m")]));
        }
        let options = [
            ("max-size", "4m"),
            ("max-file", "2"),
            ("compress", "false"),
            ("mode", "non-blocking"),
            ("max-buffer-size", "1m"),
        ];
        ("local", BTreeMap::from(options))
    }
}

fn container_name(deployment: &str, lease: LeaseId) -> String {
    let plain: String =
        deployment.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(24).collect();
    format!("ttalkak-{plain}-{}", lease.short())
}

/// The app's own variables win over ours, except `PORT`, which the tunnel relies on.
fn environment(lease: &Lease) -> BTreeMap<String, Secret<String>> {
    let port = lease.run.port.to_string();
    let mut env = BTreeMap::from([
        ("HOME".to_owned(), Secret::new("/tmp".to_owned())),
        ("SERVER_PORT".to_owned(), Secret::new(port.clone())),
    ]);
    env.extend(lease.run.env.clone());
    env.insert("PORT".to_owned(), Secret::new(port));
    env
}

/// A uid for a lease that none of `used` has; the same lease gets the same one when nothing is in its way.
pub fn choose_uid(lease: LeaseId, used: &BTreeSet<u32>) -> u32 {
    let random_part = u32::try_from(lease.uuid().as_u128() & 0xffff_ffff).unwrap_or(0);
    let uids = (0..UIDS).map(|step| FIRST_UID + (random_part.wrapping_add(step)) % UIDS);
    uids.into_iter().find(|uid| !used.contains(uid)).unwrap_or(FIRST_UID)
}

/// The request that makes the container.
pub fn create_body(policy: &RunPolicy) -> ContainerCreateBody {
    let own = |map: &BTreeMap<String, String>| map.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    ContainerCreateBody {
        image: Some(policy.image.clone()),
        user: Some(policy.user()),
        env: Some(policy.env.iter().map(|(key, value)| format!("{key}={}", value.reveal())).collect()),
        exposed_ports: Some(vec![policy.port_key()]),
        labels: Some(own(&policy.labels)),
        stop_timeout: Some(i64::try_from(policy.stop_grace.0.div_ceil(1000)).unwrap_or(10)),
        host_config: Some(host_config(policy)),
        ..ContainerCreateBody::default()
    }
}

fn host_config(policy: &RunPolicy) -> HostConfig {
    let binding =
        PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(policy.host_port.to_string()) };
    let (driver, options) = policy.log_driver();
    let ulimit = |name: &str, most: i64| ResourcesUlimits {
        name: Some(name.to_owned()),
        soft: Some(most),
        hard: Some(most),
    };
    HostConfig {
        memory: Some(policy.memory_bytes()),
        memory_swap: Some(policy.memory_bytes()),
        shm_size: Some(SHM_BYTES),
        nano_cpus: Some(policy.nano_cpus()),
        cpu_shares: Some(CPU_SHARES),
        pids_limit: Some(PIDS_MAX),
        oom_score_adj: Some(OOM_SCORE),
        // nproc counts per uid over the whole machine, which is why each workload has its own.
        ulimits: Some(vec![ulimit("nofile", 4096), ulimit("core", 0), ulimit("nproc", 512)]),
        readonly_rootfs: Some(true),
        tmpfs: Some(policy.tmpfs().into_iter().collect()),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        // Port 80 without root, on engines that do not set it themselves.
        sysctls: Some(HashMap::from([("net.ipv4.ip_unprivileged_port_start".to_owned(), "0".to_owned())])),
        init: Some(true),
        ipc_mode: Some("private".to_owned()),
        network_mode: Some(policy.network.name().to_owned()),
        port_bindings: Some(HashMap::from([(policy.port_key(), Some(vec![binding]))])),
        // The agent restarts, with back-off and a report; the engine never does.
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::NO),
            maximum_retry_count: None,
        }),
        log_config: Some(HostConfigLogConfig {
            typ: Some(driver.to_owned()),
            config: Some(options.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect()),
        }),
        ..HostConfig::default()
    }
}

#[cfg(test)]
pub(crate) mod tests;
