//! Whether a container is as the policy wants. Total: any answer of the engine gives a list, an empty one only when
//! everything was seen to be right; what is missing from the answer counts as wrong.

use super::{PIDS_MAX, RunPolicy, SHM_BYTES};
use bollard::models::{ContainerInspectResponse, HostConfig};
use std::collections::BTreeSet;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The engine's name for the setting.
    pub field: &'static str,
    /// What must be.
    pub wanted: String,
    /// What is.
    pub found: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is {}, must be {}", self.field, self.found, self.wanted)
    }
}

/// The default capabilities of an engine. Podman lists what was dropped one by one in place of `ALL`.
const DEFAULT_CAPS: [&str; 11] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// All differences between a container and its policy.
pub fn audit(inspect: &ContainerInspectResponse, policy: &RunPolicy) -> Vec<Violation> {
    let mut found = Findings(Vec::new());
    let empty = HostConfig::default();
    let host = inspect.host_config.as_ref().unwrap_or(&empty);
    if inspect.host_config.is_none() {
        found.add("HostConfig", "present", "absent");
    }
    privileges(&mut found, host);
    namespaces(&mut found, host, policy);
    limits(&mut found, host, policy);
    disk(&mut found, host, inspect, policy);
    ports(&mut found, host, policy);
    identity(&mut found, inspect, policy);
    found.0
}

struct Findings(Vec<Violation>);

impl Findings {
    fn add(&mut self, field: &'static str, wanted: impl Into<String>, found: impl Into<String>) {
        self.0.push(Violation { field, wanted: wanted.into(), found: found.into() });
    }

    fn same<T: PartialEq + std::fmt::Debug>(&mut self, field: &'static str, found: &Option<T>, wanted: &T) {
        if found.as_ref() != Some(wanted) {
            self.add(field, format!("{wanted:?}"), format!("{found:?}"));
        }
    }

    /// A list that must be empty or absent.
    fn none<T: std::fmt::Debug>(&mut self, field: &'static str, found: &Option<Vec<T>>) {
        if found.as_ref().is_some_and(|list| !list.is_empty()) {
            self.add(field, "nothing", format!("{found:?}"));
        }
    }

    /// A mode whose text must be one of `allowed`; absent reads as empty.
    fn one_of(&mut self, field: &'static str, found: &Option<String>, allowed: &[&str]) {
        let text = found.as_deref().unwrap_or("");
        if !allowed.contains(&text) {
            self.add(field, format!("{allowed:?}"), text);
        }
    }
}

fn privileges(found: &mut Findings, host: &HostConfig) {
    if host.privileged.unwrap_or(false) {
        found.add("Privileged", "false", "true");
    }
    found.none("CapAdd", &host.cap_add);
    found.none("Devices", &host.devices);
    found.none("DeviceRequests", &host.device_requests);
    found.none("DeviceCgroupRules", &host.device_cgroup_rules);
    found.none("GroupAdd", &host.group_add);
    let dropped: BTreeSet<String> = host.cap_drop.iter().flatten().map(|cap| plain_cap(cap)).collect();
    if !dropped.contains("ALL") && !DEFAULT_CAPS.iter().all(|cap| dropped.contains(*cap)) {
        found.add("CapDrop", "ALL", format!("{dropped:?}"));
    }
    let options: Vec<&str> = host.security_opt.iter().flatten().map(String::as_str).collect();
    if !options
        .iter()
        .any(|o| ["no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"].contains(o))
    {
        found.add("SecurityOpt", "no-new-privileges", format!("{options:?}"));
    }
    let lifted = |option: &&&str| {
        option.contains("unconfined") || option.contains("disable") || option.starts_with("systempaths")
    };
    if let Some(option) = options.iter().find(lifted) {
        found.add("SecurityOpt", "no lifted confinement", *option);
    }
    // Absent means the engine's own list; an empty list means that `/proc` and `/sys` are laid bare.
    if host.masked_paths.as_ref().is_some_and(Vec::is_empty) {
        found.add("MaskedPaths", "the engine's list", "empty");
    }
    if host.readonly_paths.as_ref().is_some_and(Vec::is_empty) {
        found.add("ReadonlyPaths", "the engine's list", "empty");
    }
}

fn plain_cap(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
}

fn namespaces(found: &mut Findings, host: &HostConfig, policy: &RunPolicy) {
    found.one_of("NetworkMode", &host.network_mode, &[policy.network.name()]);
    found.one_of("IpcMode", &host.ipc_mode, &["private"]);
    found.one_of("PidMode", &host.pid_mode, &["", "private"]);
    found.one_of("UTSMode", &host.uts_mode, &["", "private"]);
    // Rootless Podman says `private` or names its own mapping; only the host's own namespace is refused.
    if host.userns_mode.as_deref() == Some("host") {
        found.add("UsernsMode", "not host", "host");
    }
    found.none("Links", &host.links);
    found.none("ExtraHosts", &host.extra_hosts);
    let allowed = "net.ipv4.ip_unprivileged_port_start";
    if let Some(key) = host.sysctls.iter().flatten().map(|(key, _)| key).find(|key| *key != allowed) {
        found.add("Sysctls", allowed, key.as_str());
    }
    if host.cgroup_parent.as_ref().is_some_and(|parent| !parent.is_empty()) && !policy.podman {
        found.add("CgroupParent", "the engine's own", format!("{:?}", host.cgroup_parent));
    }
}

fn limits(found: &mut Findings, host: &HostConfig, policy: &RunPolicy) {
    found.same("Memory", &host.memory, &policy.memory_bytes());
    // Without swap accounting the engine drops the swap limit and says -1 or 0: there is nothing to limit.
    if policy.swap_limit {
        found.same("MemorySwap", &host.memory_swap, &policy.memory_bytes());
    }
    found.same("PidsLimit", &host.pids_limit, &PIDS_MAX);
    if !same_cpu(host, policy.nano_cpus()) {
        let seen = format!("{:?} or {:?}/{:?}", host.nano_cpus, host.cpu_quota, host.cpu_period);
        found.add("NanoCpus", policy.nano_cpus().to_string(), seen);
    }
    if host.shm_size.is_none_or(|bytes| bytes > SHM_BYTES) {
        found.add("ShmSize", format!("at most {SHM_BYTES}"), format!("{:?}", host.shm_size));
    }
    if host.oom_kill_disable.unwrap_or(false) {
        found.add("OomKillDisable", "false", "true");
    }
    if host.oom_score_adj.unwrap_or(0) < 0 {
        found.add("OomScoreAdj", "0 or more", format!("{:?}", host.oom_score_adj));
    }
    for (name, most) in [("nofile", 4096), ("core", 0), ("nproc", 512)] {
        let hard = host
            .ulimits
            .iter()
            .flatten()
            .find(|u| plain_ulimit(u.name.as_deref()) == name)
            .and_then(|u| u.hard);
        if hard.is_none_or(|hard| hard > most || hard < 0) {
            found.add("Ulimits", format!("{name} {most}"), format!("{hard:?}"));
        }
    }
    let (driver, options) = policy.log_driver();
    let log = host.log_config.clone().unwrap_or_default();
    found.one_of("LogConfig", &log.typ, &[driver]);
    for (key, value) in options {
        let seen = log.config.as_ref().and_then(|config| config.get(key)).map(String::as_str);
        // Podman keeps the size but reports it apart from the other options.
        if seen != Some(value) && !(policy.podman && seen.is_none()) {
            found.add("LogConfig", format!("{key}={value}"), format!("{seen:?}"));
        }
    }
}

/// Podman says `RLIMIT_NOFILE` where Docker says `nofile`.
fn plain_ulimit(name: Option<&str>) -> String {
    let lower = name.unwrap_or("").to_ascii_lowercase();
    lower.strip_prefix("rlimit_").unwrap_or(&lower).to_owned()
}

/// The quota may come back as billionths of a processor or as quota and period; rounding to whole microseconds is fine.
fn same_cpu(host: &HostConfig, nano: i64) -> bool {
    if host.nano_cpus == Some(nano) {
        return true;
    }
    match (host.nano_cpus.unwrap_or(0), host.cpu_quota, host.cpu_period) {
        (0, Some(quota), Some(period)) if quota > 0 && period > 0 => {
            let seen = i128::from(quota) * 1_000_000_000 / i128::from(period);
            (seen - i128::from(nano)).abs() <= 10_000_000
        }
        _ => false,
    }
}

fn disk(found: &mut Findings, host: &HostConfig, inspect: &ContainerInspectResponse, policy: &RunPolicy) {
    found.same("ReadonlyRootfs", &host.readonly_rootfs, &true);
    found.none("Binds", &host.binds);
    found.none("VolumesFrom", &host.volumes_from);
    found.none("Mounts", &host.mounts);
    for mount in inspect.mounts.iter().flatten() {
        if mount.typ.as_deref() != Some("tmpfs") {
            found.add("Mounts", "tmpfs only", format!("{:?} at {:?}", mount.typ, mount.destination));
        }
    }
    let wanted = policy.tmpfs();
    let seen = host.tmpfs.clone().unwrap_or_default();
    for (path, options) in &wanted {
        let has = seen.get(path).map(String::as_str).unwrap_or("");
        let missing = options.split(',').find(|option| !has.split(',').any(|h| h == *option));
        // Podman adds options of its own and leaves out some of ours that it applies by default.
        if has.is_empty() || (missing.is_some() && !policy.podman) {
            found.add("Tmpfs", format!("{path} {options}"), has);
        }
    }
    if let Some(path) = seen.keys().find(|path| !wanted.contains_key(*path)) {
        found.add("Tmpfs", "none but ours", path.as_str());
    }
}

fn ports(found: &mut Findings, host: &HostConfig, policy: &RunPolicy) {
    if host.publish_all_ports.unwrap_or(false) {
        found.add("PublishAllPorts", "false", "true");
    }
    let bindings = host.port_bindings.clone().unwrap_or_default();
    let ours = bindings.get(&policy.port_key()).cloned().flatten().unwrap_or_default();
    let right = |b: &bollard::models::PortBinding| {
        b.host_ip.as_deref() == Some("127.0.0.1")
            && b.host_port.as_deref() == Some(&policy.host_port.to_string())
    };
    if bindings.len() != 1 || ours.len() != 1 || !ours.iter().all(right) {
        let wanted = format!("127.0.0.1:{} to {}", policy.host_port, policy.port_key());
        found.add("PortBindings", wanted, format!("{bindings:?}"));
    }
}

fn identity(found: &mut Findings, inspect: &ContainerInspectResponse, policy: &RunPolicy) {
    let config = inspect.config.clone().unwrap_or_default();
    found.same("User", &config.user, &policy.user());
    let labels = config.labels.unwrap_or_default();
    for (key, value) in &policy.labels {
        if labels.get(key) != Some(value) {
            found.add("Labels", format!("{key}={value}"), format!("{:?}", labels.get(key)));
        }
    }
    let host = inspect.host_config.clone().unwrap_or_default();
    let restart =
        host.restart_policy.and_then(|policy| policy.name).map(|name| name.to_string()).unwrap_or_default();
    if !["", "no"].contains(&restart.as_str()) {
        found.add("RestartPolicy", "no", restart);
    }
    if host.auto_remove.unwrap_or(false) {
        found.add("AutoRemove", "false", "true");
    }
}
