//! Finds the engine and how it meets us, socket by socket.

use super::System;
use crate::{
    io::engine::{Engine, EngineAddress, EngineError, candidates},
    logic::doctor::EngineLook,
};
use std::{io, time::Duration};
use tokio::time::timeout;
use ttalkak_protocol::id::AgentId;

/// A socket on this machine opens at once or not at all.
const CONNECT: Duration = Duration::from_secs(2);

/// The first engine that answers; when none does, what says most of why.
pub(super) async fn look(host: Option<&str>, runtime_dir: Option<&str>, system: &System) -> EngineLook {
    let Ok(addresses) = candidates(host, runtime_dir) else {
        return EngineLook::BadAddress { address: host.unwrap_or_default().to_owned() };
    };
    let mut found = EngineLook::NoSocket;
    for address in addresses {
        let seen = look_at(address, system).await;
        if weight(&seen) > weight(&found) {
            found = seen;
        }
        if matches!(found, EngineLook::Answers(_)) {
            break;
        }
    }
    found
}

/// A socket that we may not open says more than one at which nobody listens.
fn weight(look: &EngineLook) -> u8 {
    match look {
        EngineLook::NoSocket | EngineLook::BadAddress { .. } => 0,
        EngineLook::Refused { .. } => 1,
        EngineLook::Garbled { .. } => 2,
        EngineLook::Silent { .. } => 3,
        EngineLook::Denied { .. } => 4,
        EngineLook::Answers(_) => 5,
    }
}

async fn look_at(address: EngineAddress, system: &System) -> EngineLook {
    let shown = address.to_string();
    match timeout(CONNECT, open(&address)).await {
        Err(_) => return EngineLook::Silent { address: shown },
        Ok(Err(error)) => return unopened(&address, &error, system),
        Ok(Ok(())) => {}
    }
    // No id is needed to ask what an engine is.
    let told = match Engine::new(address, AgentId::new(uuid::Uuid::nil())) {
        Ok(engine) => engine.describe().await,
        Err(error) => Err(error),
    };
    match told {
        Ok(info) => EngineLook::Answers(Box::new(info)),
        Err(EngineError::Silent) => EngineLook::Silent { address: shown },
        Err(error) => EngineLook::Garbled { address: shown, said: shorten(&error.told()) },
    }
}

async fn open(address: &EngineAddress) -> io::Result<()> {
    match address {
        #[cfg(unix)]
        EngineAddress::Unix(path) => tokio::net::UnixStream::connect(path).await.map(drop),
        #[cfg(windows)]
        EngineAddress::Pipe(path) => {
            tokio::net::windows::named_pipe::ClientOptions::new().open(path).map(drop)
        }
        EngineAddress::Tcp(host) => tokio::net::TcpStream::connect(host).await.map(drop),
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the system's list of errors is open")]
fn unopened(address: &EngineAddress, error: &io::Error, system: &System) -> EngineLook {
    let shown = address.to_string();
    match error.kind() {
        io::ErrorKind::NotFound => EngineLook::NoSocket,
        io::ErrorKind::PermissionDenied => {
            let socket = shown.split_once("://").map_or(shown.as_str(), |(_, path)| path).to_owned();
            let (group, joined) = system.group_of(std::path::Path::new(&socket));
            EngineLook::Denied { socket, group, joined }
        }
        _ => EngineLook::Refused { address: shown },
    }
}

/// An answer that is no engine's can be a whole web page.
fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|char| !char.is_control()).take(160).collect()
}
