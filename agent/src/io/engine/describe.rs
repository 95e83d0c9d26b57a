//! What the engine says of itself, for the doctor. Deliberately absent: what of it is wrong.

use super::{Engine, EngineError, PING, session};
use crate::logic::doctor::{EngineInfo, Limits};
use bollard::models::{SystemInfo, SystemInfoCgroupVersionEnum};
use std::{collections::BTreeMap, future::Future};
use tokio::time::timeout;
use ttalkak_protocol::unit::Bytes;

impl Engine {
    /// Asks for everything that the doctor looks at.
    /// Errors: `Silent` when one answer takes too long, and whatever else an engine can refuse.
    pub async fn describe(&self) -> Result<EngineInfo, EngineError> {
        let of = EngineError::of;
        soon(async { self.docker.ping().await.map_err(of("ping the engine")) }).await?;
        let version =
            soon(async { self.docker.version().await.map_err(of("ask the engine for its version")) }).await?;
        let info =
            soon(async { self.docker.info().await.map_err(of("ask the engine what it can do")) }).await?;
        let parts = version.components.unwrap_or_default();
        let podman = parts.iter().any(|part| part.name.contains("Podman"));
        let number = version.version.or_else(|| info.server_version.clone()).unwrap_or_default();
        // A session is what a build begins with: whether one comes about is what counts.
        let builds = podman || self.opens_session().await?;
        Ok(told(self.address.to_string(), podman, number, builds, info))
    }

    async fn opens_session(&self) -> Result<bool, EngineError> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        soon(session::open(&self.address, id, BTreeMap::new())).await.map(|session| session.is_some())
    }
}

async fn soon<T>(ask: impl Future<Output = Result<T, EngineError>>) -> Result<T, EngineError> {
    timeout(PING, ask).await.map_err(|_| EngineError::Silent)?
}

fn told(address: String, podman: bool, version: String, builds: bool, info: SystemInfo) -> EngineInfo {
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let options = info.security_options.unwrap_or_default();
    let system =
        format!("{} {}", info.operating_system.unwrap_or_default(), info.kernel_version.unwrap_or_default());
    EngineInfo {
        address,
        podman,
        version,
        os: info.os_type.unwrap_or_default(),
        arch: info.architecture.unwrap_or_default(),
        cpus: u32::try_from(info.ncpu.unwrap_or(0)).unwrap_or(0),
        memory: Bytes(u64::try_from(info.mem_total.unwrap_or(0)).unwrap_or(0)),
        vm: ["Docker Desktop", "linuxkit", "microsoft"].iter().any(|sign| system.contains(sign))
            || cfg!(not(target_os = "linux")),
        rootless: options.iter().any(|option| option.contains("name=rootless")),
        // An engine that does not tell leaves it to the audit of each container.
        limits: Limits {
            memory: info.memory_limit.unwrap_or(true),
            swap: info.swap_limit.unwrap_or(true),
            cpu: info.cpu_cfs_quota.unwrap_or(true),
            pids: info.pids_limit.unwrap_or(true),
        },
        cgroups: match info.cgroup_version {
            Some(SystemInfoCgroupVersionEnum::_1) => Some(1),
            Some(SystemInfoCgroupVersionEnum::_2) => Some(2),
            Some(SystemInfoCgroupVersionEnum::EMPTY) | None => None,
        },
        storage: info.driver.unwrap_or_default(),
        data_dir: text(info.docker_root_dir),
        proxy: text(info.https_proxy).or_else(|| text(info.http_proxy)),
        builds,
    }
}
