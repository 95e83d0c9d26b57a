//! One desk from its first message to its last. One task: what is written is awaited with a deadline, and while it is
//! written nothing is read, so a desk that does not read is not served. Cut anywhere, it leaves nothing behind.

use super::{Answer, Asked, DeskHandle, DeskId, Hub, LINES_MAX, Refusal};
use futures_util::{Sink, SinkExt, Stream, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::{
    desk::{Ask, Call, LogNews, MESSAGE_BYTES_MAX, Reply, Section, Told},
    error::ErrorCode,
};

/// Asks of one desk that wait for their answer.
const IN_FLIGHT_MAX: usize = 16;
/// A desk that takes no byte for so long is given up.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// A desk that sends so many messages that nobody can read is none of ours.
const GARBAGE_MAX: u32 = 10;

/// Why a desk's connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Garbage {
    /// A message beyond [`MESSAGE_BYTES_MAX`].
    TooLong,
    /// Bytes that are no text.
    NotText,
    /// It is gone.
    Gone,
}

/// Serves one desk until it or the daemon ends.
pub async fn serve<I, O>(
    incoming: I,
    outgoing: O,
    hub: Hub,
    asks: mpsc::Sender<Asked>,
    stop: CancellationToken,
) where
    I: Stream<Item = Result<String, Garbage>> + Unpin,
    O: Sink<String> + Unpin,
{
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = DeskId(NEXT.fetch_add(1, Ordering::Relaxed));
    let (lines, told_lines) = mpsc::channel(LINES_MAX);
    let desk = Desk {
        me: DeskHandle { id, lines },
        outgoing,
        hub: hub.clone(),
        asks,
        seen: BTreeMap::new(),
        waiting: FuturesUnordered::new(),
        garbage: 0,
    };
    tracing::debug!(desk = id.0, "a desk came");
    tokio::select! {
        () = desk.run(incoming, told_lines) => {}
        () = stop.cancelled() => {}
    }
    hub.forget(id);
    tracing::debug!(desk = id.0, "a desk went");
}

/// The desk is gone, or is given up.
struct Over;

struct Desk<O> {
    me: DeskHandle,
    outgoing: O,
    hub: Hub,
    asks: mpsc::Sender<Asked>,
    seen: BTreeMap<Section, u64>,
    waiting: FuturesUnordered<BoxFuture<'static, (u64, Answer)>>,
    garbage: u32,
}

impl<O: Sink<String> + Unpin> Desk<O> {
    async fn run<I>(mut self, mut incoming: I, mut lines: mpsc::Receiver<LogNews>)
    where
        I: Stream<Item = Result<String, Garbage>> + Unpin,
    {
        let mut changes = self.hub.changes();
        // The first round tells all there is.
        let mut ended = self.tell_news().await;
        while ended.is_ok() {
            ended = tokio::select! {
                message = incoming.next() => self.on_message(message).await,
                Some((n, answer)) = self.waiting.next() => self.answer(n, answer).await,
                Some(news) = lines.recv() => self.tell(&Told::Lines(news)).await,
                changed = changes.changed() => match changed {
                    Ok(()) => self.tell_news().await,
                    Err(_) => Err(Over),
                },
            };
        }
    }

    async fn on_message(&mut self, message: Option<Result<String, Garbage>>) -> Result<(), Over> {
        match message {
            Some(Ok(text)) => self.on_text(&text).await,
            None | Some(Err(Garbage::Gone)) => Err(Over),
            Some(Err(Garbage::TooLong)) => {
                let told = format!("A message has more than {MESSAGE_BYTES_MAX} bytes.");
                self.refuse(0, Refusal::new(ErrorCode::CallInvalid, told)).await?;
                Err(Over)
            }
            Some(Err(Garbage::NotText)) => {
                self.refuse(0, Refusal::new(ErrorCode::CallInvalid, "A message is no text.")).await?;
                Err(Over)
            }
        }
    }

    async fn on_text(&mut self, text: &str) -> Result<(), Over> {
        let ask = match serde_json::from_str::<Ask>(text) {
            Ok(ask) => ask,
            Err(error) => {
                #[derive(Deserialize)]
                struct Head {
                    n: u64,
                }
                let n = serde_json::from_str::<Head>(text).map_or(0, |head| head.n);
                // The error names places and kinds; of the values only those that are no secret by their type.
                let told = format!("The daemon does not understand this call ({}).", kind_of(&error));
                self.refuse(n, Refusal::new(ErrorCode::CallInvalid, told)).await?;
                self.garbage += 1;
                return if self.garbage < GARBAGE_MAX { Ok(()) } else { Err(Over) };
            }
        };
        if let Call::Look { at } = ask.call {
            self.hub.look(self.me.id, at.into_iter().collect::<BTreeSet<_>>());
            self.answer(ask.n, Ok(Reply::Done)).await?;
            return self.tell_news().await;
        }
        if self.waiting.len() >= IN_FLIGHT_MAX {
            let told = format!("{IN_FLIGHT_MAX} calls of this window wait for their answers.");
            return self.refuse(ask.n, Refusal::new(ErrorCode::DeskBusy, told)).await;
        }
        let (answer, answered) = oneshot::channel();
        let asked = Asked { desk: self.me.clone(), call: ask.call, answer };
        if self.asks.try_send(asked).is_err() {
            return self.refuse(ask.n, Refusal::new(ErrorCode::DeskBusy, "The daemon has much to do.")).await;
        }
        self.waiting.push(Box::pin(async move {
            let gone = || Err(Refusal::new(ErrorCode::Unavailable, "The daemon is ending."));
            (ask.n, answered.await.unwrap_or_else(|_| gone()))
        }));
        Ok(())
    }

    async fn answer(&mut self, n: u64, answer: Answer) -> Result<(), Over> {
        match answer {
            Ok(reply) => self.tell(&Told::Answer { n, reply }).await,
            Err(refusal) => self.refuse(n, refusal).await,
        }
    }

    async fn refuse(&mut self, n: u64, refusal: Refusal) -> Result<(), Over> {
        let Refusal { problem, faults } = refusal;
        self.tell(&Told::Refused { n, problem, faults }).await
    }

    /// Tells the newest of each section that this desk has not seen. While it is written, more may come; they are found
    /// in the next round.
    async fn tell_news(&mut self) -> Result<(), Over> {
        for (section, version, text) in self.hub.unseen(self.me.id, &self.seen) {
            self.write(text.to_string()).await?;
            self.seen.insert(section, version);
        }
        Ok(())
    }

    async fn tell(&mut self, told: &Told) -> Result<(), Over> {
        match serde_json::to_string(told) {
            Ok(text) if text.len() <= MESSAGE_BYTES_MAX => self.write(text).await,
            Ok(text) => {
                tracing::error!(bytes = text.len(), "an answer is too long to be told");
                Err(Over)
            }
            Err(error) => {
                tracing::error!(%error, "an answer has no JSON form");
                Err(Over)
            }
        }
    }

    async fn write(&mut self, text: String) -> Result<(), Over> {
        match timeout(WRITE_WITHIN, self.outgoing.send(text)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over),
        }
    }
}

/// What is wrong with a message, without anything out of it.
fn kind_of(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "a call or field that it does not know",
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof => "not JSON",
        serde_json::error::Category::Io => "not readable",
    }
}
