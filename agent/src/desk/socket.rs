//! The desk's Unix socket: made with mode 0600 in a folder of ours, open to this user and root. A socket that a killed
//! daemon left is replaced; one that answers belongs to another daemon.

use super::{
    Asked, DESKS_MAX, Garbage, Hub, PlaceError,
    place::{make_folder, own_uid},
    serve,
};
use futures_util::{SinkExt, StreamExt};
use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::{Semaphore, mpsc},
    time::{sleep, timeout},
};
use tokio_util::{
    codec::{Framed, LinesCodec, LinesCodecError},
    sync::CancellationToken,
    task::TaskTracker,
};
use ttalkak_protocol::{
    desk::{MESSAGE_BYTES_MAX, Told},
    error::{ErrorCode, Problem},
};

/// After an accept that failed, as when all file descriptors are in use.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);
/// Telling a desk that there are too many takes at most so long.
const TURN_AWAY_WITHIN: Duration = Duration::from_secs(1);

/// Why the socket cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// Its folder.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Somebody answers there.
    #[error("another daemon answers at {0}")]
    Taken(PathBuf),
    /// The system said no.
    #[error("open the desk's socket {path}")]
    Bind {
        /// Which.
        path: PathBuf,
        #[source]
        /// What it said.
        cause: io::Error,
    },
}

/// The open socket; removed when it is dropped, so that a shell can tell an end from a crash.
#[derive(Debug)]
pub struct Door {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for Door {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = fs::remove_file(&self.path);
    }
}

impl Door {
    /// Opens the socket at `path`. The caller holds the lock of the data folder.
    /// Errors: [`DoorError`].
    pub async fn open(path: &Path) -> Result<Self, DoorError> {
        let failed = |cause| DoorError::Bind { path: path.to_owned(), cause };
        make_folder(path)?;
        match UnixStream::connect(path).await {
            Ok(_) => return Err(DoorError::Taken(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // A file that nobody listens behind.
            Err(_) => fs::remove_file(path).map_err(failed)?,
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        let door = Self { listener, path: path.to_owned() };
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(door)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Serves desks until `stop`.
    pub async fn run(self, hub: Hub, asks: mpsc::Sender<Asked>, stop: CancellationToken) {
        let desks = TaskTracker::new();
        let room = Arc::new(Semaphore::new(DESKS_MAX));
        loop {
            let stream = tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "no desk can come in for a moment");
                        sleep(ACCEPT_AGAIN).await;
                        continue;
                    }
                },
                () = stop.cancelled() => break,
            };
            if !is_ours(&stream) {
                continue;
            }
            let (hub, asks, stop) = (hub.clone(), asks.clone(), stop.clone());
            match room.clone().try_acquire_owned() {
                Ok(place) => drop(desks.spawn(async move {
                    let (outgoing, incoming) = framed(stream).split();
                    serve(incoming.map(read), outgoing, hub, asks, stop).await;
                    drop(place);
                })),
                // Not awaited here: whoever fills all places must not keep the listener busy, too.
                Err(_) => drop(desks.spawn(turn_away(stream))),
            }
        }
        desks.close();
        desks.wait().await;
    }
}

fn framed(stream: UnixStream) -> Framed<UnixStream, LinesCodec> {
    Framed::new(stream, LinesCodec::new_with_max_length(MESSAGE_BYTES_MAX))
}

fn read(line: Result<String, LinesCodecError>) -> Result<String, Garbage> {
    line.map_err(|error| match error {
        LinesCodecError::MaxLineLengthExceeded => Garbage::TooLong,
        LinesCodecError::Io(error) if error.kind() == io::ErrorKind::InvalidData => Garbage::NotText,
        LinesCodecError::Io(_) => Garbage::Gone,
    })
}

/// The mode of the socket and its folder keep others out already; this is the second lock.
fn is_ours(stream: &UnixStream) -> bool {
    match stream.peer_cred() {
        Ok(peer) if peer.uid() == own_uid() || peer.uid() == 0 => true,
        Ok(peer) => {
            tracing::warn!(uid = peer.uid(), "a desk of another user was turned away");
            false
        }
        Err(error) => {
            tracing::warn!(%error, "a desk that does not say whose it is was turned away");
            false
        }
    }
}

async fn turn_away(stream: UnixStream) {
    let told = Told::Refused {
        n: 0,
        problem: Problem::new(ErrorCode::DeskBusy, format!("{DESKS_MAX} windows are connected already.")),
        faults: Vec::new(),
    };
    if let Ok(text) = serde_json::to_string(&told) {
        let mut desk = framed(stream);
        // It is turned away in any case.
        let _ = timeout(TURN_AWAY_WITHIN, desk.send(text)).await;
    }
}
