//! The machine as a whole: its size, what it is, and how busy it is.
//! Deliberately absent: single workloads, which the engine knows, and what is lent, which config.rs says.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use sysinfo::{DiskRefreshKind, Disks, Networks, System};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::{
    link::{Capacity, MachineReading},
    unit::{Bytes, MilliCpu},
};

/// How often the machine is read.
const READ_EVERY: Duration = Duration::from_secs(5);
/// Interfaces whose bytes are counted again on a real one, or never leave the machine.
const INNER_INTERFACES: &[&str] = &["lo", "veth", "docker", "br-", "virbr", "podman", "cni", "tun", "tap"];

/// How large a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachineSize {
    /// Processors, at least one.
    pub cpus: u32,
    /// Memory.
    pub memory: Bytes,
}

impl MachineSize {
    /// Reads the size of this machine. Blocks for about a millisecond.
    pub fn read() -> Self {
        let cpus = std::thread::available_parallelism().map_or(1, |count| count.get());
        let memory = System::new().map(|mut system| {
            system.refresh_memory();
            system.total_memory()
        });
        // A machine that cannot be read is taken for a small one: too little is lent, never too much.
        let memory = memory.ok().filter(|bytes| *bytes > 0).map_or(Bytes::mib(1024), Bytes);
        Self { cpus: u32::try_from(cpus).unwrap_or(u32::MAX), memory }
    }
}

/// What this machine is and what is lent of it; the engine is not known yet.
pub fn capacity(cpu: MilliCpu, memory: Bytes, workloads_max: u32) -> Capacity {
    Capacity {
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cpu,
        memory,
        workloads_max,
        engine: None,
    }
}

/// The host's name, for a name of the agent when its owner gave none.
pub fn host_name() -> Option<String> {
    System::host_name().ok().filter(|name| !name.is_empty())
}

/// Size of the disk that holds `path`; nothing when it cannot be told. Blocks for about a millisecond.
pub fn disk_total(path: &Path) -> Bytes {
    MachineMeter::new().map_or(Bytes(0), |meter| meter.disk_of(path).1)
}

/// Reads the machine every five seconds until `shutdown`. `engine_data` tells which disk matters.
pub async fn run(engine_data: PathBuf, readings: watch::Sender<MachineReading>, shutdown: CancellationToken) {
    let mut meter = None;
    let mut ticks = interval(READ_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = shutdown.cancelled() => return,
        }
        let (taken, path) = (meter.take(), engine_data.clone());
        // A network disk that hangs must hold up neither the runtime nor the shutdown.
        let read = tokio::task::spawn_blocking(move || {
            let mut meter = taken.map_or_else(MachineMeter::new, Ok)?;
            let reading = meter.read(&path);
            Ok::<_, sysinfo::Error>((meter, reading))
        });
        let read = tokio::select! {
            read = read => read,
            () = shutdown.cancelled() => return,
        };
        match read {
            Ok(Ok((back, reading))) => {
                meter = Some(back);
                readings.send_replace(reading);
            }
            Ok(Err(error)) => tracing::debug!(%error, "the machine cannot be read"),
            Err(error) => tracing::error!(%error, "reading the machine failed"),
        }
    }
}

/// Rates need the reading before.
#[derive(Debug)]
pub(crate) struct MachineMeter {
    system: System,
    disks: Disks,
    networks: Networks,
    read_at: Option<Instant>,
}

impl MachineMeter {
    pub(crate) fn new() -> Result<Self, sysinfo::Error> {
        let storage = DiskRefreshKind::nothing().with_storage();
        Ok(Self {
            system: System::new()?,
            disks: Disks::new_with_refreshed_list_specifics(storage)?,
            networks: Networks::new_with_refreshed_list()?,
            read_at: None,
        })
    }

    pub(crate) fn read(&mut self, engine_data: &Path) -> MachineReading {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        self.disks.refresh_specifics(true, DiskRefreshKind::nothing().with_storage());
        self.networks.refresh(true);
        let since = self.read_at.replace(Instant::now()).map(|before| before.elapsed());
        let (received, sent) = self.traffic();
        let (disk_free, disk_total) = self.disk_of(engine_data);
        MachineReading {
            cpu_percent: self.system.global_cpu_usage(),
            memory_used: Bytes(self.system.used_memory()),
            memory_total: Bytes(self.system.total_memory()),
            disk_free,
            disk_total,
            received_per_second: per_second(received, since),
            sent_per_second: per_second(sent, since),
        }
    }

    /// Bytes in and out since the last refresh.
    fn traffic(&self) -> (u64, u64) {
        let inner = |name: &std::ffi::OsStr| {
            INNER_INTERFACES.iter().any(|start| name.to_string_lossy().starts_with(start))
        };
        self.networks
            .iter()
            .filter(|(name, _)| !inner(name))
            .fold((0, 0), |(received, sent), (_, network)| {
                (received + network.received(), sent + network.transmitted())
            })
    }

    fn disk_of(&self, path: &Path) -> (Bytes, Bytes) {
        let holds = self.disks.iter().filter(|disk| path.starts_with(disk.mount_point()));
        let nearest = holds.max_by_key(|disk| disk.mount_point().as_os_str().len());
        nearest
            .map_or((Bytes(0), Bytes(0)), |disk| (Bytes(disk.available_space()), Bytes(disk.total_space())))
    }
}

fn per_second(bytes: u64, since: Option<Duration>) -> Bytes {
    let millis = since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    Bytes(bytes.saturating_mul(1000).checked_div(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_needs_a_reading_before() {
        assert_eq!(per_second(5000, None), Bytes(0));
        assert_eq!(per_second(5000, Some(Duration::ZERO)), Bytes(0));
        assert_eq!(per_second(5000, Some(Duration::from_millis(2500))), Bytes(2000));
    }

    #[test]
    fn this_machine_has_a_size_and_a_disk_under_every_path() {
        let size = MachineSize::read();
        assert!(size.cpus >= 1 && size.memory > Bytes(0));
        let reading = MachineMeter::new().unwrap().read(Path::new("/"));
        assert!(reading.memory_total > Bytes(0) && reading.memory_used <= reading.memory_total);
        assert!(reading.disk_free <= reading.disk_total);
    }
}
