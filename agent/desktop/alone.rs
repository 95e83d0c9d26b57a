//! One tray and one window per person: a lock that the system frees with the process, and a socket beside it by which a
//! second start tells the first what it was started for. Works without a session bus.
//! Deliberately absent: what the wishes mean.

use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::mpsc,
    time::timeout,
};

/// A wish is one short line.
const WISH_BYTES_MAX: u64 = 1024;
/// The first holds the lock a moment before its socket listens, and may be busy; then it is told to be stuck.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Wishes wait here while the loop is at work; a person makes few.
const WISHES: usize = 16;

/// What a second start, the window or the tray wants of the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wish", rename_all = "snake_case")]
pub enum Wish {
    /// Show the window, at this page when one is named.
    Open {
        /// The page, such as `earnings`.
        page: Option<String>,
    },
    /// Only to know whether somebody is there.
    Ping,
    /// Start the daemon after it ended by wish.
    StartDaemon,
    /// End, after asking the person when something runs.
    Quit,
    /// End at once; from the tray to its window.
    Close,
}

/// Who may exist once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The tray.
    Tray,
    /// The window.
    Window,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Tray => "tray",
            Self::Window => "window",
        }
    }

    fn socket(self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.sock", self.name()))
    }
}

/// Being the only one, for as long as this lives.
#[derive(Debug)]
pub struct Alone {
    #[allow(dead_code, reason = "holding the file is holding the lock")]
    lock: File,
    listener: UnixListener,
    socket: PathBuf,
}

/// Tries to be the only one of its role. `None`: another one is.
/// Errors: the folder cannot be used.
pub fn be(role: Role, folder: &Path) -> io::Result<Option<Alone>> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let path = folder.join(format!("{}.lock", role.name()));
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let socket = role.socket(folder);
    // With the lock in hand, a socket that lies there is one of a process that is gone.
    match fs::remove_file(&socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&socket)?;
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600))?;
    Ok(Some(Alone { lock, listener, socket }))
}

/// Tells the only one of a role.
/// Errors: none is there, or it does not answer.
pub async fn tell(role: Role, folder: &Path, wish: &Wish) -> io::Result<()> {
    let socket = role.socket(folder);
    let talk = async {
        let mut stream = UnixStream::connect(&socket).await?;
        let mut line = serde_json::to_vec(wish)?;
        line.push(b'\n');
        stream.write_all(&line).await?;
        // The answer is the end of the stream after one byte: it was read and understood.
        let mut heard = [0; 1];
        stream.read_exact(&mut heard).await.map(drop)
    };
    timeout(ANSWER_WITHIN, talk).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

impl Alone {
    /// The wishes that come in. `send` is done when nobody listens any more.
    pub async fn hear(self, wishes: mpsc::Sender<Wish>) {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else { continue };
            // One after the other: each is one line, and a silent one is given up.
            if let Ok(Ok(wish)) = timeout(ANSWER_WITHIN, read(stream)).await
                && wishes.send(wish).await.is_err()
            {
                return;
            }
        }
    }

    /// A channel for [`Alone::hear`].
    pub fn channel() -> (mpsc::Sender<Wish>, mpsc::Receiver<Wish>) {
        mpsc::channel(WISHES)
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // Whoever finds it nonetheless is refused; there is nothing to do about a disk that does not let go.
        let _ = fs::remove_file(&self.socket);
    }
}

async fn read(stream: UnixStream) -> io::Result<Wish> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    (&mut stream).take(WISH_BYTES_MAX).read_line(&mut line).await?;
    let wish = serde_json::from_str(&line)?;
    stream.get_mut().write_all(b"!").await?;
    Ok(wish)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_one_is_refused_and_its_wish_is_heard_by_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("run");
        let first = be(Role::Window, &place).unwrap().expect("the first");
        assert!(be(Role::Window, &place).unwrap().is_none());
        assert!(be(Role::Tray, &place).unwrap().is_some(), "another role is another lock");
        let (sender, mut wishes) = Alone::channel();
        let hearing = first.hear(sender);
        let telling = async {
            let wish = Wish::Open { page: Some("earnings".to_owned()) };
            tell(Role::Window, &place, &wish).await.unwrap();
            assert_eq!(wishes.recv().await, Some(wish));
        };
        tokio::select! {
            () = hearing => panic!("it goes on hearing"),
            () = telling => {}
        }
        assert!(be(Role::Window, &place).unwrap().is_some(), "free again, its socket too");
    }

    #[tokio::test]
    async fn what_is_no_wish_is_not_answered_and_disturbs_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let first = be(Role::Tray, folder.path()).unwrap().expect("the first");
        let (sender, mut wishes) = Alone::channel();
        let talking = async {
            let mut garbage = UnixStream::connect(Role::Tray.socket(folder.path())).await.unwrap();
            garbage.write_all(&[b'x'; 4096]).await.unwrap();
            tell(Role::Tray, folder.path(), &Wish::Quit).await.unwrap();
            assert_eq!(wishes.recv().await, Some(Wish::Quit));
        };
        tokio::select! {
            () = first.hear(sender) => panic!("it goes on hearing"),
            () = talking => {}
        }
    }
}
