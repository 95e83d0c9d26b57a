//! One way to the coordinator for link and tunnel: resolve, connect, TLS, each step with its own error.
//! Deliberately absent: what is said afterwards, and proxies.

use crate::address::Coordinator;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, rustls};

/// A way to the coordinator, with or without TLS.
pub type Dialled = Metered<Box<dyn Stream>>;

/// What a byte stream is.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Why the coordinator was not reached.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// No such name, or no way to ask.
    #[error("find the address of {host}")]
    Resolve {
        /// The name.
        host: String,
        #[source]
        /// What the resolver said.
        cause: io::Error,
    },
    /// Refused or unreachable.
    #[error("connect to {to}")]
    Connect {
        /// Host and port.
        to: String,
        #[source]
        /// What the last address tried said.
        cause: io::Error,
    },
    /// The certificate does not fit, or no TLS is spoken there.
    #[error("open a TLS connection to {to}")]
    Tls {
        /// Host and port.
        to: String,
        #[source]
        /// What TLS said.
        cause: io::Error,
    },
    /// This machine trusts nobody.
    #[error("find this machine's trusted certificates; install the package ca-certificates")]
    NoRoots,
    /// Too slow.
    #[error("no answer from {to} within {within:?}")]
    Deadline {
        /// Host and port.
        to: String,
        /// How long was waited.
        within: Duration,
    },
}

/// Connects; all of it together takes at most `within`.
pub async fn dial(coordinator: &Coordinator, within: Duration) -> Result<Dialled, DialError> {
    match timeout(within, connect(coordinator)).await {
        Ok(result) => result,
        Err(_) => Err(DialError::Deadline { to: coordinator.authority().to_owned(), within }),
    }
}

async fn connect(coordinator: &Coordinator) -> Result<Dialled, DialError> {
    let to = coordinator.authority().to_owned();
    let addresses = tokio::net::lookup_host((coordinator.host(), coordinator.port()))
        .await
        .map_err(|cause| DialError::Resolve { host: coordinator.host().to_owned(), cause })?;
    let tcp = connect_first(addresses).await.map_err(|cause| DialError::Connect { to: to.clone(), cause })?;
    // Frames are small and each one waits for the one before it otherwise.
    tcp.set_nodelay(true).map_err(|cause| DialError::Connect { to: to.clone(), cause })?;
    if !coordinator.tls() {
        return Ok(Metered::new(Box::new(tcp)));
    }
    let name = rustls::pki_types::ServerName::try_from(coordinator.host().to_owned())
        .map_err(|error| DialError::Tls { to: to.clone(), cause: io::Error::other(error) })?;
    let tls = tls_config()?.connect(name, tcp).await.map_err(|cause| DialError::Tls { to, cause })?;
    Ok(Metered::new(Box::new(tls)))
}

async fn connect_first(addresses: impl Iterator<Item = std::net::SocketAddr>) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The system's trusted certificates take a megabyte and some milliseconds, so they are read once and only for TLS.
fn tls_config() -> Result<TlsConnector, DialError> {
    static CONFIG: OnceLock<Arc<rustls::ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(TlsConnector::from(config.clone()));
    }
    let mut roots = rustls::RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        return Err(DialError::NoRoots);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(CONFIG.get_or_init(|| Arc::new(config)).clone()))
}

/// Counts the bytes that pass, so that silence and a stuck peer are told apart from a large message on a slow line.
#[derive(Debug)]
pub struct Metered<S> {
    inner: S,
    meter: Meter,
}

/// The counts of one [`Metered`] stream, shared with whoever watches it.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    read: AtomicU64,
    written: AtomicU64,
}

impl Meter {
    /// Bytes read so far.
    pub fn read(&self) -> u64 {
        self.0.read.load(Ordering::Relaxed)
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.0.written.load(Ordering::Relaxed)
    }
}

impl<S> Metered<S> {
    /// Counts from zero.
    pub fn new(inner: S) -> Self {
        Self { inner, meter: Meter::default() }
    }

    /// A view of the counts.
    pub fn meter(&self) -> Meter {
        self.meter.clone()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.meter.0.read.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        result
    }
}

impl<S: AsyncWrite + Unpin> Metered<S> {
    fn count(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(count)) = result {
            self.meter.0.written.fetch_add(count as u64, Ordering::Relaxed);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.count(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.count(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const SOON: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn bytes_are_counted_both_ways() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let (ours, theirs) = tokio::join!(dial(&address, SOON), listener.accept());
        let (mut ours, (mut theirs, _)) = (ours.unwrap(), theirs.unwrap());
        let meter = ours.meter();
        ours.write_all(b"hello").await.unwrap();
        theirs.write_all(b"hi").await.unwrap();
        ours.read_exact(&mut [0; 2]).await.unwrap();
        assert_eq!((meter.written(), meter.read()), (5, 2));
    }

    #[tokio::test]
    async fn each_step_fails_with_its_own_error() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let address = format!("http://{nobody}").parse().unwrap();
        assert!(matches!(dial(&address, SOON).await, Err(DialError::Connect { .. })));

        let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}", plain.local_addr().unwrap()).parse().unwrap();
        let speaks_no_tls = async {
            let (mut socket, _) = plain.accept().await.unwrap();
            socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        };
        let (dialled, ()) = tokio::join!(dial(&address, SOON), speaks_no_tls);
        assert!(matches!(dialled, Err(DialError::Tls { .. } | DialError::NoRoots)));

        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}", silent.local_addr().unwrap()).parse().unwrap();
        let dialled = dial(&address, Duration::from_millis(100)).await;
        assert!(matches!(dialled, Err(DialError::Deadline { .. } | DialError::NoRoots)));
    }
}
