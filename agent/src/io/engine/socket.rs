//! Where engines are found, and raw connections to them for what bollard does not offer: builds whose session serves
//! secrets. Deliberately absent: TLS and SSH addresses; an agent runs beside its engine.

use super::EngineError;
use std::path::PathBuf;
use tokio::io::{AsyncRead, AsyncWrite};

/// The address of one engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineAddress {
    /// A socket file.
    #[cfg(unix)]
    Unix(PathBuf),
    /// A named pipe.
    #[cfg(windows)]
    Pipe(String),
    /// Host and port, plain.
    Tcp(String),
}

impl std::fmt::Display for EngineAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            #[cfg(unix)]
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            #[cfg(windows)]
            Self::Pipe(path) => write!(f, "npipe://{path}"),
            Self::Tcp(host) => write!(f, "tcp://{host}"),
        }
    }
}

/// Addresses to try, best first. `docker_host` is the variable of that name and rules alone when it is set;
/// `runtime_dir` is `XDG_RUNTIME_DIR`, where rootless engines have their sockets.
/// Errors: `docker_host` is of a kind that is not supported.
pub fn candidates(
    docker_host: Option<&str>,
    runtime_dir: Option<&str>,
) -> Result<Vec<EngineAddress>, EngineError> {
    if let Some(host) = docker_host.filter(|host| !host.is_empty()) {
        return Ok(vec![parse(host)?]);
    }
    Ok(defaults(runtime_dir))
}

fn parse(host: &str) -> Result<EngineAddress, EngineError> {
    match host.split_once("://") {
        #[cfg(unix)]
        Some(("unix", path)) => Ok(EngineAddress::Unix(path.into())),
        #[cfg(windows)]
        Some(("npipe", path)) => Ok(EngineAddress::Pipe(path.to_owned())),
        Some(("tcp" | "http", rest)) => Ok(EngineAddress::Tcp(rest.trim_end_matches('/').to_owned())),
        Some(_) | None => Err(EngineError::Address(host.to_owned())),
    }
}

#[cfg(unix)]
fn defaults(runtime_dir: Option<&str>) -> Vec<EngineAddress> {
    let own = |name: &str| runtime_dir.map(|dir| PathBuf::from(dir).join(name));
    let paths = [
        Some(PathBuf::from("/var/run/docker.sock")),
        own("docker.sock"),
        own("podman/podman.sock"),
        Some(PathBuf::from("/run/podman/podman.sock")),
    ];
    paths.into_iter().flatten().map(EngineAddress::Unix).collect()
}

#[cfg(windows)]
fn defaults(_: Option<&str>) -> Vec<EngineAddress> {
    ["//./pipe/docker_engine", "//./pipe/podman-machine-default"]
        .map(|p| EngineAddress::Pipe(p.to_owned()))
        .to_vec()
}

/// A connection whatever its kind.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Wire for T {}

/// Opens a connection to the engine.
pub(super) async fn dial(address: &EngineAddress) -> std::io::Result<Box<dyn Wire>> {
    match address {
        #[cfg(unix)]
        EngineAddress::Unix(path) => Ok(Box::new(tokio::net::UnixStream::connect(path).await?)),
        #[cfg(windows)]
        EngineAddress::Pipe(path) => {
            Ok(Box::new(tokio::net::windows::named_pipe::ClientOptions::new().open(path)?))
        }
        EngineAddress::Tcp(host) => Ok(Box::new(tokio::net::TcpStream::connect(host).await?)),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn found(host: Option<&str>, dir: Option<&str>) -> Vec<String> {
        candidates(host, dir).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn docker_host_rules_alone() {
        assert_eq!(found(Some("unix:///x.sock"), Some("/run/user/1")), ["unix:///x.sock"]);
        assert_eq!(found(Some("tcp://127.0.0.1:2375/"), None), ["tcp://127.0.0.1:2375"]);
    }

    #[test]
    fn without_it_docker_goes_before_podman() {
        assert_eq!(found(None, None), ["unix:///var/run/docker.sock", "unix:///run/podman/podman.sock"]);
        assert_eq!(found(Some(""), Some("/run/user/1")).len(), 4);
    }

    #[test]
    fn an_address_that_cannot_be_used_is_named() {
        let error = candidates(Some("ssh://me@host"), None).unwrap_err();
        assert_eq!(error.to_string(), "the engine address ssh://me@host is of a kind that is not supported");
        assert!(!error.is_down());
    }
}
