//! The shell's side of a desk: one connection to the daemon, made again whenever it is lost. Asks are numbered here and
//! find their answers; news are handed on as they come.
//! Deliberately absent: what news mean, and starting the daemon.

use futures_util::{SinkExt, StreamExt};
use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    net::UnixStream,
    sync::{mpsc, oneshot},
    time::sleep,
};
use tokio_util::{
    codec::{Framed, LinesCodec},
    sync::CancellationToken,
};
use ttalkak_protocol::{
    desk::{Ask, Call, MESSAGE_BYTES_MAX, Reply, Told},
    error::{ErrorCode, Problem},
    shell::{Heard, Refusal},
};

/// Asks that wait for the loop; a person makes few at a time.
const ASKS: usize = 64;
/// News that wait for whoever draws them. The daemon keeps only the newest of a section for a slow desk.
const NEWS: usize = 64;
/// The first try after a loss comes at once, as a daemon that was started again is there within a second.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// The daemon was not there to hear the ask, or went before it answered.
fn gone() -> Refusal {
    Problem::new(ErrorCode::DaemonGone, "The background service of Ttalkak does not answer.").into()
}

/// What became of an ask.
pub type Answer = Result<Reply, Refusal>;

struct Asked {
    call: Call,
    answer: oneshot::Sender<Answer>,
}

/// Asks the daemon. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Desk(mpsc::Sender<Asked>);

impl std::fmt::Debug for Asked {
    /// Without the call, which may hold what nobody should read.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asked")
    }
}

impl Desk {
    /// Asks and waits for the answer.
    pub async fn ask(&self, call: Call) -> Answer {
        let (answer, answered) = oneshot::channel();
        if self.0.send(Asked { call, answer }).await.is_err() {
            return Err(gone());
        }
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}

/// The loop of one desk.
#[derive(Debug)]
pub struct Connection {
    socket: PathBuf,
    asks: mpsc::Receiver<Asked>,
    heard: mpsc::Sender<Heard>,
}

/// A desk at the daemon's socket: who asks, what is heard, and the loop to run.
pub fn at(socket: &Path) -> (Desk, mpsc::Receiver<Heard>, Connection) {
    let ((ask, asks), (hear, heard)) = (mpsc::channel(ASKS), mpsc::channel(NEWS));
    (Desk(ask), heard, Connection { socket: socket.to_owned(), asks, heard: hear })
}

type Stream = Framed<UnixStream, LinesCodec>;

impl Connection {
    /// Runs until it is stopped or nobody listens.
    pub async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.connect_forever() => {}
        }
    }

    async fn connect_forever(&mut self) {
        let (mut wait, mut told) = (RETRY.0, false);
        while !self.heard.is_closed() {
            match UnixStream::connect(&self.socket).await {
                Ok(stream) => {
                    (wait, told) = (RETRY.0, false);
                    let mut stream = Framed::new(stream, LinesCodec::new_with_max_length(MESSAGE_BYTES_MAX));
                    if self.heard.send(Heard::Connected).await.is_err() {
                        return;
                    }
                    if let Err(error) = self.talk(&mut stream).await {
                        tracing::info!("the connection to the daemon is lost: {error}");
                    }
                }
                Err(error) => tracing::debug!("the daemon is not there: {error}"),
            }
            if !told {
                told = true;
                // A daemon that ended by wish takes its socket with it.
                let crashed = self.socket.exists();
                if self.heard.send(Heard::Lost { crashed }).await.is_err() {
                    return;
                }
            }
            self.refuse_for(wait).await;
            wait = (wait * 2).min(RETRY.1);
        }
    }

    /// While there is no connection, whoever asks hears so at once.
    async fn refuse_for(&mut self, wait: Duration) {
        let over = sleep(wait);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return,
                asked = self.asks.recv() => match asked {
                    Some(asked) => drop(asked.answer.send(Err(gone()))),
                    // Nobody can ask any more, but news still have their reader.
                    None => return over.await,
                },
            }
        }
    }

    async fn talk(&mut self, stream: &mut Stream) -> io::Result<()> {
        let mut waiting = HashMap::new();
        let mut n = 0;
        loop {
            tokio::select! {
                // A frame that was read in part stays in the codec, and a received ask is sent to its end below.
                line = stream.next() => {
                    let Some(line) = line else { return Err(io::ErrorKind::UnexpectedEof.into()) };
                    let line = line.map_err(io::Error::other)?;
                    if !self.handle(&line, &mut waiting).await {
                        return Ok(());
                    }
                }
                Some(asked) = self.asks.recv() => {
                    n += 1;
                    let text = serde_json::to_string(&Ask { n, call: asked.call })?;
                    waiting.insert(n, asked.answer);
                    stream.send(text).await.map_err(io::Error::other)?;
                }
            }
        }
    }

    /// Returns whether anybody still listens. What cannot be read is a message of a newer daemon.
    async fn handle(&self, line: &str, waiting: &mut HashMap<u64, oneshot::Sender<Answer>>) -> bool {
        let (n, answer) = match serde_json::from_str(line) {
            Ok(Told::Answer { n, reply }) => (n, Ok(reply)),
            Ok(Told::Refused { n, problem, faults }) => (n, Err(Refusal { problem, faults })),
            Ok(told @ (Told::News(_) | Told::Lines(_))) => {
                return self.heard.send(Heard::Told { told }).await.is_ok();
            }
            Err(error) => {
                tracing::warn!("a message of the daemon cannot be read: {error}");
                return true;
            }
        };
        // Whoever asked may not wait for it any more.
        if let Some(asked) = waiting.remove(&n) {
            let _ = asked.send(answer);
        }
        true
    }
}

#[cfg(test)]
mod tests;
