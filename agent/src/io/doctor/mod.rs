//! Looks at the machine for the doctor: everything is looked at side by side, each with a deadline, and comes back as
//! [`Facts`]. Deliberately absent: what is wrong with it (`logic::doctor`).

mod engine;
mod folder;
mod network;
pub mod run;
mod system;

pub use system::System;

use super::{clock, disk_room::room_of, key_store, listeners};
use crate::{
    address::Coordinator,
    logic::{
        doctor::{EngineLook, Facts, FolderLook, ProxyFacts, Role, SystemFacts, Taken, Wanted},
        port_scan::others,
    },
};
use std::{collections::BTreeSet, path::PathBuf, time::Duration};
use tokio::task::spawn_blocking;
use ttalkak_protocol::desk::KeyStore;

/// One look at one thing takes no longer.
const WITHIN: Duration = Duration::from_secs(6);

/// Where to look, and what is expected there.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The engine's address, when it was said.
    pub engine: Option<String>,
    /// `XDG_RUNTIME_DIR`, where rootless engines have their sockets.
    pub runtime_dir: Option<String>,
    /// The data folder.
    pub data_dir: PathBuf,
    /// Who looks; whoever is not the folder's daemon looks whether another one is.
    pub role: Role,
    /// The coordinator, when one is known.
    pub coordinator: Option<Coordinator>,
    /// What the settings want.
    pub wanted: Wanted,
    /// Ports that our own workloads have.
    pub ours: BTreeSet<u16>,
    /// Proxies of this program's environment.
    pub proxy: ProxyFacts,
    /// The wallet's key is in the system's key store.
    pub wallet_in_key_store: bool,
    /// The system as it is; tests make one up.
    pub system: System,
}

/// Looks at everything. Takes as long as the slowest look, and never longer than its deadline.
pub async fn survey(scope: &Scope) -> Facts {
    let (engine, coordinator, key_store, local) = tokio::join!(
        engine::look(scope.engine.as_deref(), scope.runtime_dir.as_deref(), &scope.system),
        network::look(scope.coordinator.as_ref(), WITHIN),
        blocking(key_store::probe, KeyStore::Unknown),
        local(scope.clone()),
    );
    let (folder, other_daemon, taken, system) = local;
    let engine_disk = match &engine {
        EngineLook::Answers(info) if !info.vm => {
            let dir = info.data_dir.clone().map(PathBuf::from);
            blocking(move || dir.and_then(|dir| room_of(&dir)), None).await
        }
        EngineLook::Answers(_)
        | EngineLook::NoSocket
        | EngineLook::Refused { .. }
        | EngineLook::Denied { .. }
        | EngineLook::Silent { .. }
        | EngineLook::Garbled { .. }
        | EngineLook::BadAddress { .. } => None,
    };
    Facts {
        at: clock::wall(),
        wanted: scope.wanted.clone(),
        system,
        engine,
        engine_disk,
        folder,
        coordinator,
        proxy: scope.proxy.clone(),
        key_store,
        wallet_in_key_store: scope.wallet_in_key_store,
        taken,
        other_daemon,
        role: scope.role,
    }
}

/// Files, sockets and the like: quick, but a disk that hangs must hold up nothing else.
async fn local(scope: Scope) -> (FolderLook, Option<Option<u32>>, Option<Vec<Taken>>, SystemFacts) {
    let path = scope.data_dir.display().to_string();
    let hung = (folder::hung(path), None, None, SystemFacts::default());
    let look = move || {
        let other = if scope.role == Role::Daemon { None } else { folder::other_daemon(&scope.data_dir) };
        let taken = listeners::listening().map(|all| {
            let taken = others(&scope.wanted.ports, &scope.ours, &all).into_iter();
            taken.map(|one| Taken { port: one.port, program: one.program, pid: one.pid }).collect()
        });
        (folder::look(&scope.data_dir), other, taken, scope.system.look())
    };
    blocking(look, hung).await
}

/// Runs what blocks; `otherwise` when it does not come back in time, or dies.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static, otherwise: T) -> T {
    match tokio::time::timeout(WITHIN, spawn_blocking(work)).await {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => {
            tracing::error!(%error, "a look at the machine failed");
            otherwise
        }
        Err(_) => otherwise,
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
