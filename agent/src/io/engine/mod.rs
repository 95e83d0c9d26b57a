//! The container engine, Docker or Podman, over its socket. Everything here does one request or one small sequence and
//! returns a fact; nothing is decided. Only objects that carry our own agent's label are listed or removed.
//! Deliberately absent: what is built and run, and when.

use crate::logic::{event::EngineFacts, policy::label};
use bollard::{API_DEFAULT_VERSION, Docker};
use std::{collections::HashMap, sync::Arc, time::Duration};
use ttalkak_protocol::id::AgentId;

mod build;
mod describe;
mod disk;
mod error;
mod look;
mod network;
mod run;
mod session;
mod socket;
mod watch;

pub use build::{BuildNews, BuildOrder, BuildOutcome, image_tag};
pub use error::EngineError;
pub use run::{Run, Running};
pub use socket::{EngineAddress, candidates};
pub use watch::{LAST_LINES, RunLine};

/// How long a request that answers at once may take. A busy engine on a slow disk takes seconds, never minutes.
const REQUEST: Duration = Duration::from_secs(60);
/// The engine is called away when it does not answer a ping for so long.
const PING: Duration = Duration::from_secs(5);

/// One engine, used for one agent. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    docker: Docker,
    address: EngineAddress,
    agent: AgentId,
    network: Arc<tokio::sync::Mutex<()>>,
}

impl Engine {
    /// Prepares to talk to the engine at `address`; nothing is sent yet.
    /// Errors: the address is of a kind that is not supported.
    pub fn new(address: EngineAddress, agent: AgentId) -> Result<Self, EngineError> {
        let seconds = REQUEST.as_secs();
        let docker = match &address {
            #[cfg(unix)]
            EngineAddress::Unix(path) => {
                Docker::connect_with_unix(&path.to_string_lossy(), seconds, API_DEFAULT_VERSION)
            }
            #[cfg(windows)]
            EngineAddress::Pipe(path) => Docker::connect_with_named_pipe(path, seconds, API_DEFAULT_VERSION),
            EngineAddress::Tcp(host) => {
                Docker::connect_with_http(&format!("tcp://{host}"), seconds, API_DEFAULT_VERSION)
            }
        }
        .map_err(EngineError::of("prepare the connection to the engine"))?;
        Ok(Self { docker, address, agent, network: Arc::default() })
    }

    /// Finds the first engine that answers: the one of `docker_host` when given, else Docker's and Podman's own sockets.
    /// Errors: the last one met; `Unreachable` when there is no socket at all.
    pub async fn find(
        docker_host: Option<&str>,
        runtime_dir: Option<&str>,
        agent: AgentId,
    ) -> Result<(Self, EngineFacts), EngineError> {
        let mut last = EngineError::Unreachable;
        for address in candidates(docker_host, runtime_dir)? {
            match Self::new(address, agent) {
                Ok(engine) => match engine.hello().await {
                    Ok(facts) => return Ok((engine, facts)),
                    Err(error) => last = error,
                },
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Where this engine is.
    pub fn address(&self) -> &EngineAddress {
        &self.address
    }

    /// Whether it answers, and what it is. Settles the API version when it does for the first time.
    pub async fn hello(&self) -> Result<EngineFacts, EngineError> {
        let of = EngineError::of;
        let ask = async {
            self.docker.ping().await.map_err(of("ping the engine"))?;
            let version = self.docker.version().await.map_err(of("ask the engine for its version"))?;
            let info = self.docker.info().await.map_err(of("ask the engine what it can do"))?;
            let parts = version.components.unwrap_or_default();
            let podman = parts.iter().any(|part| part.name.contains("Podman"));
            let number = version.version.unwrap_or_default();
            let number = number.split(['+', '-']).next().unwrap_or("").to_owned();
            let name = format!("{} {number}", if podman { "podman" } else { "docker" });
            Ok(EngineFacts { name, podman, swap_limit: info.swap_limit.unwrap_or(false) })
        };
        tokio::time::timeout(PING * 2, ask).await.map_err(|_| EngineError::Silent)?
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<(), EngineError> {
        let ping = tokio::time::timeout(PING, self.docker.ping());
        ping.await.map_err(|_| EngineError::Silent)?.map_err(EngineError::of("ping the engine"))?;
        Ok(())
    }

    /// Where the engine keeps its data, as it says.
    pub async fn data_root(&self) -> Option<std::path::PathBuf> {
        self.docker.info().await.ok()?.docker_root_dir.map(Into::into)
    }

    fn our_label(&self) -> String {
        format!("{}={}", label::AGENT, self.agent)
    }

    /// Filters that find only what is ours, and of that only what carries `more` as well.
    fn ours(&self, more: Option<String>) -> HashMap<String, Vec<String>> {
        let labels = std::iter::once(self.our_label()).chain(more).collect();
        HashMap::from([("label".to_owned(), labels)])
    }
}
