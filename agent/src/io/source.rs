//! Source archives on disk: downloaded once, checked against their digest before they count as there, deleted when no
//! lease needs them. And the build context made of one, as a stream that never holds more than a few chunks.

use crate::address::Coordinator;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};
use tokio::{io::AsyncWriteExt, sync::mpsc, task::JoinHandle};
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    link::SourceRef,
};
use ttalkak_source::{ContextRecipe, ContextSummary, Limits, SourceError, build_context};

/// Chunks of a context that wait for the engine: 8 of 64 KiB, so that packing and sending overlap.
const CHUNKS_MAX: usize = 8;
const CHUNK_BYTES: usize = 64 * 1024;
/// A download that moves nothing for so long has ended.
const STALLED: Duration = Duration::from_secs(30);

/// Why there is no archive.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address cannot be made.
    #[error("the path of the source archive is not one")]
    Path,
    /// The coordinator did not answer, or stopped in the middle.
    #[error("download the source archive")]
    Http(#[source] reqwest::Error),
    /// Nothing came any more.
    #[error("the download of the source archive stalled")]
    Stalled,
    /// The coordinator said no.
    #[error("the coordinator answered {0} instead of the source archive")]
    Status(u16),
    /// More or other bytes than were promised.
    #[error("the source archive is not what was promised")]
    Corrupt,
    /// Longer than any archive may be.
    #[error("the source archive is too large")]
    TooLarge,
    /// Our disk said no.
    #[error("keep the source archive")]
    Disk(#[source] io::Error),
}

impl FetchError {
    /// Whether another try may help.
    pub fn again(&self) -> bool {
        match self {
            Self::Http(_) | Self::Stalled | Self::Corrupt => true,
            Self::Status(status) => *status >= 500 || *status == 429,
            Self::Path | Self::TooLarge | Self::Disk(_) => false,
        }
    }

    /// For reports.
    pub fn problem(&self) -> Problem {
        let code = match self {
            Self::Http(_) | Self::Stalled | Self::Status(_) => ErrorCode::Unavailable,
            Self::Corrupt | Self::Path => ErrorCode::SourceCorrupt,
            Self::TooLarge => ErrorCode::SourceTooLarge,
            Self::Disk(cause) if cause.kind() == io::ErrorKind::StorageFull => ErrorCode::DiskFull,
            Self::Disk(_) => ErrorCode::Internal,
        };
        let text = self.to_string();
        let mut sentence = text.chars();
        let first = sentence.next().map(|c| c.to_ascii_uppercase()).unwrap_or_default();
        Problem::new(code, format!("{first}{}.", sentence.as_str()))
    }
}

/// The client for [`Sources`]: without a limit on the whole, since archives may be large, but none may stall.
/// Errors: the machine's certificates cannot be read.
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    // Whoever set one first has set the same.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(STALLED)
        .user_agent(concat!("ttalkak-agent/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// The folder of archives.
#[derive(Debug, Clone)]
pub struct Sources {
    folder: PathBuf,
    coordinator: Coordinator,
    http: reqwest::Client,
    at_work: Arc<Mutex<BTreeMap<PathBuf, Weak<tokio::sync::Mutex<()>>>>>,
}

impl Sources {
    /// Archives under `data_dir`, downloaded from `coordinator`. The folder is made at the first download.
    pub fn new(data_dir: &Path, coordinator: Coordinator, http: reqwest::Client) -> Self {
        Self { folder: data_dir.join("sources"), coordinator, http, at_work: Arc::default() }
    }

    /// One download per archive at a time: leases that start together may share a source, and each other's parts.
    fn turn(&self, path: &Path) -> Arc<tokio::sync::Mutex<()>> {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        at_work.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = at_work.get(path).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        at_work.insert(path.to_owned(), Arc::downgrade(&turn));
        turn
    }

    /// Where the archive of a digest is, or would be. A digest that is not one names a file that never exists.
    pub fn path(&self, digest: &str) -> PathBuf {
        let plain: String = digest.chars().filter(char::is_ascii_hexdigit).take(64).collect();
        self.folder.join(format!("{plain}.tar.gz"))
    }

    /// Has the archive on disk. What is there under this name was checked before it got the name.
    pub async fn fetch(&self, source: &SourceRef) -> Result<PathBuf, FetchError> {
        let path = self.path(&source.digest);
        let turn = self.turn(&path);
        // Held across the download on purpose: whoever comes second finds the archive there.
        let _alone = turn.lock().await;
        if tokio::fs::try_exists(&path).await.unwrap_or(false) {
            return Ok(path);
        }
        if source.bytes.0 > Limits::default().max_archive_bytes {
            return Err(FetchError::TooLarge);
        }
        tokio::fs::create_dir_all(&self.folder).await.map_err(FetchError::Disk)?;
        let part = path.with_extension("gz.part");
        let downloaded = self.download(source, &part).await;
        if downloaded.is_err() {
            // It is of no use to anybody; a failure to delete it is met again at the next download.
            let _ = tokio::fs::remove_file(&part).await;
        }
        downloaded?;
        tokio::fs::rename(&part, &path).await.map_err(FetchError::Disk)?;
        Ok(path)
    }

    async fn download(&self, source: &SourceRef, part: &Path) -> Result<(), FetchError> {
        if !source.path.starts_with('/') {
            return Err(FetchError::Path);
        }
        let url = self.coordinator.http(&source.path);
        let request = self.http.get(url).bearer_auth(source.token.reveal()).send();
        let answer = tokio::time::timeout(STALLED, request).await.map_err(|_| FetchError::Stalled)?;
        let answer = answer.map_err(FetchError::Http)?;
        if !answer.status().is_success() {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        let mut file = tokio::fs::File::create(part).await.map_err(FetchError::Disk)?;
        let mut body = answer.bytes_stream();
        let (mut hash, mut bytes) = (Sha256::new(), 0_u64);
        while let Some(chunk) =
            tokio::time::timeout(STALLED, body.next()).await.map_err(|_| FetchError::Stalled)?
        {
            let chunk = chunk.map_err(FetchError::Http)?;
            bytes += chunk.len() as u64;
            if bytes > source.bytes.0 {
                return Err(FetchError::Corrupt);
            }
            hash.update(&chunk);
            file.write_all(&chunk).await.map_err(FetchError::Disk)?;
        }
        if bytes != source.bytes.0 || hex::encode(hash.finalize()) != source.digest.to_ascii_lowercase() {
            return Err(FetchError::Corrupt);
        }
        file.flush().await.map_err(FetchError::Disk)?;
        file.sync_all().await.map_err(FetchError::Disk)
    }

    /// Deletes all archives but those of `digests`.
    pub async fn keep(&self, digests: &BTreeSet<String>) -> io::Result<()> {
        let keep: BTreeSet<PathBuf> = digests.iter().map(|digest| self.path(digest)).collect();
        let mut entries = match tokio::fs::read_dir(&self.folder).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        while let Some(entry) = entries.next_entry().await? {
            let path = entry.path();
            // A part belongs to the archive whose name it will get.
            let whole = if path.extension().is_some_and(|end| end == "part") {
                path.with_extension("")
            } else {
                path.clone()
            };
            if !keep.contains(&whole) {
                tokio::fs::remove_file(&path).await?;
            }
        }
        Ok(())
    }
}

/// A build context on its way to the engine.
pub struct Context {
    /// The tar, in chunks.
    pub stream: futures_util::stream::BoxStream<'static, io::Result<Bytes>>,
    /// How packing it ended; an error of the source explains a build that broke off.
    pub packed: JoinHandle<Result<ContextSummary, SourceError>>,
}

/// Starts to pack a context: the archive with `.dockerignore` applied, and `injected` put in, the Dockerfile among it.
/// Packing ends by itself when the stream is dropped.
pub fn context(archive: PathBuf, injected: BTreeMap<String, Vec<u8>>, dockerfile: String) -> Context {
    let (chunks, mut out) = mpsc::channel(CHUNKS_MAX);
    let packed = tokio::task::spawn_blocking(move || {
        let recipe = ContextRecipe { injected: &injected, dockerfile: &dockerfile };
        let open = || std::fs::File::open(&archive);
        let result = build_context(open, &recipe, &Limits::default(), ChunkWriter::new(chunks.clone()));
        if result.is_err() {
            // So that the engine does not take what came until here for the whole. Nobody may be reading any more.
            let _ = chunks.blocking_send(Err(io::Error::other("the source cannot be packed")));
        }
        result
    });
    let stream = futures_util::stream::poll_fn(move |cx| out.poll_recv(cx));
    Context { stream: stream.boxed(), packed }
}

/// What the source is blamed for when a context could not be packed.
pub fn source_problem(error: &SourceError) -> Problem {
    let code = match error {
        SourceError::LfsPointer { .. } => ErrorCode::GitLfsPointer,
        SourceError::Digest { .. } | SourceError::Changed { .. } => ErrorCode::SourceCorrupt,
        SourceError::IgnorePattern { .. } => ErrorCode::SourceInvalid,
        SourceError::Io { .. } => ErrorCode::Internal,
        SourceError::TooLarge { .. }
        | SourceError::ArchiveTooLarge { .. }
        | SourceError::TooManyFiles { .. }
        | SourceError::PathUnsafe { .. }
        | SourceError::LinkEscapes { .. }
        | SourceError::SpecialFile { .. }
        | SourceError::Bomb { .. }
        | SourceError::Corrupt { .. }
        | SourceError::Empty => error.code().parse().unwrap_or(ErrorCode::Unknown),
    };
    Problem::new(code, error.to_string()).with_next(error.next_move())
}

/// A blocking writer that hands chunks over to async code.
struct ChunkWriter {
    chunks: mpsc::Sender<io::Result<Bytes>>,
    buffer: BytesMut,
}

impl ChunkWriter {
    fn new(chunks: mpsc::Sender<io::Result<Bytes>>) -> Self {
        Self { chunks, buffer: BytesMut::with_capacity(CHUNK_BYTES) }
    }
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody wants the context any more");
        self.chunks.blocking_send(Ok(self.buffer.split().freeze())).map_err(gone)
    }
}

#[cfg(test)]
mod tests;
