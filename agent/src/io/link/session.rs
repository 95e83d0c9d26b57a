//! A standing link: reports and logs out, assignments and acknowledgements in, and a watch on the peer's silence.
//! Deliberately absent: dialling and the handshake, which are over when this begins.

use super::{
    LinkError, LinkTimes, fit,
    handshake::kind,
    wire::{Heard, Wire},
};
use crate::link_event::{LinkEnd, LinkEvent, Session};
use std::collections::BTreeMap;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::link::{FromAgent, FromCoordinator, LogBatch, Refused, Welcome};

/// Reports whose acknowledgement is awaited. At one per 50 ms this is more than ten seconds without an answer; the
/// oldest is forgotten then, which only makes a lease look older than it is.
const AWAITED_MAX: usize = 256;

/// How a connection came to its end.
#[derive(Debug)]
pub(super) enum Ended {
    Shutdown,
    Refused(Refused),
    Lost(LinkError),
}

struct Standing<'a> {
    wire: Wire,
    end: &'a mut LinkEnd,
    session: Session,
    /// When each report that was not acknowledged yet was sent.
    awaited: BTreeMap<u64, Instant>,
}

/// Runs a connection to its end.
pub(super) async fn run(
    wire: Wire,
    end: &mut LinkEnd,
    session: Session,
    welcome: Welcome,
    times: &LinkTimes,
    shutdown: &CancellationToken,
) -> Ended {
    // What was meant for an older connection must not go out on this one: its log lines would overtake those that
    // are sent again from the marks of this Welcome.
    end.reports.mark_unchanged();
    let mut standing = Standing { wire, end, session, awaited: BTreeMap::new() };
    let ended = tokio::select! {
        ended = standing.live(welcome, times) => ended,
        () = shutdown.cancelled() => Ended::Shutdown,
    };
    match &ended {
        Ended::Shutdown => standing.leave(times).await,
        Ended::Lost(error) => standing.wire.close(error).await,
        Ended::Refused(_) => {}
    }
    ended
}

impl Standing<'_> {
    async fn live(&mut self, welcome: Welcome, times: &LinkTimes) -> Ended {
        let connected = LinkEvent::Connected { session: self.session, welcome };
        if self.end.events.send(connected).await.is_err() {
            return Ended::Lost(LinkError::DriverGone);
        }
        let mut ticks = interval(times.ping_after / 2);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut quiet = Quiet { bytes: self.wire.meter().read(), since: Instant::now() };
        loop {
            // Each arm is cancel-safe: `hear` takes whole messages, `changed`, `recv` and `tick` lose nothing.
            let done = tokio::select! {
                heard = self.wire.hear() => match heard {
                    Ok(heard) => self.take(heard).await,
                    Err(error) => Err(Ended::Lost(error)),
                },
                changed = self.end.reports.changed() => match changed {
                    Ok(()) => self.report().await,
                    Err(_) => Err(Ended::Lost(LinkError::DriverGone)),
                },
                Some((session, batch)) = self.end.logs.recv() => self.logs(session, batch).await,
                _ = ticks.tick() => self.watch(&mut quiet, times).await,
            };
            if let Err(ended) = done {
                return ended;
            }
        }
    }

    async fn take(&mut self, heard: Heard) -> Result<(), Ended> {
        let message = match heard {
            Heard::Message(message) => message,
            Heard::Nothing => return Ok(()),
            Heard::Unknown(unsupported) => {
                tracing::warn!(kind = unsupported.of, "the coordinator sent a kind that is not known here");
                return self.say(&FromAgent::Unsupported(unsupported)).await.map(drop);
            }
        };
        let event = match message {
            FromCoordinator::Assignment(assignment) => LinkEvent::Assignment(assignment),
            FromCoordinator::Renewed(renewed) => match self.acknowledged(renewed.report) {
                Some(sent) => LinkEvent::Renewed { report: renewed.report, sent },
                None => return Ok(()),
            },
            FromCoordinator::LogsStored(stored) => LinkEvent::LogsStored(stored.marks),
            FromCoordinator::Vouchers(vouchers) => LinkEvent::Vouchers(vouchers.items),
            FromCoordinator::Drain(plan) => LinkEvent::Drain(plan),
            FromCoordinator::Refused(refused) => return Err(Ended::Refused(refused)),
            FromCoordinator::Unsupported(unsupported) => {
                tracing::warn!(kind = unsupported.of, "the coordinator does not know this kind of message");
                return Ok(());
            }
            message @ (FromCoordinator::Challenge(_) | FromCoordinator::Welcome(_)) => {
                return Err(Ended::Lost(LinkError::OutOfOrder(kind(&message))));
            }
        };
        self.end.events.send(event).await.map_err(|_| Ended::Lost(LinkError::DriverGone))
    }

    /// When the report was sent; older ones are covered by it. `None` for a number that is not awaited.
    fn acknowledged(&mut self, report: u64) -> Option<Instant> {
        let sent = self.awaited.remove(&report);
        self.awaited = self.awaited.split_off(&report);
        sent
    }

    async fn report(&mut self) -> Result<(), Ended> {
        let newest = self.end.reports.borrow_and_update().clone();
        let Some(report) = newest else { return Ok(()) };
        // Taken before the send: a lease is good from when its report was made, not from when the line was free.
        let sent = Instant::now();
        let n = self.say(&FromAgent::Report(fit::report(report))).await?;
        self.awaited.insert(n, sent);
        if self.awaited.len() > AWAITED_MAX {
            self.awaited.pop_first();
        }
        Ok(())
    }

    async fn logs(&mut self, session: Session, batch: LogBatch) -> Result<(), Ended> {
        if session != self.session {
            return Ok(());
        }
        for batch in fit::logs(batch) {
            self.say(&FromAgent::Logs(batch)).await?;
        }
        Ok(())
    }

    async fn watch(&mut self, quiet: &mut Quiet, times: &LinkTimes) -> Result<(), Ended> {
        let bytes = self.wire.meter().read();
        if bytes != quiet.bytes {
            *quiet = Quiet { bytes, since: Instant::now() };
            return Ok(());
        }
        match quiet.since.elapsed() {
            silent if silent >= times.dead_after => Err(Ended::Lost(LinkError::Silent(times.dead_after))),
            silent if silent >= times.ping_after => self.wire.ping().await.map_err(Ended::Lost),
            _ => Ok(()),
        }
    }

    async fn say(&mut self, message: &FromAgent) -> Result<u64, Ended> {
        self.wire.say(message).await.map_err(Ended::Lost)
    }

    /// Sends what the driver has left behind, then says goodbye.
    async fn leave(&mut self, times: &LinkTimes) {
        let last_words = async {
            if self.end.reports.has_changed().unwrap_or(true) {
                self.report().await?;
            }
            while let Ok((session, batch)) = self.end.logs.try_recv() {
                self.logs(session, batch).await?;
            }
            Ok::<(), Ended>(())
        };
        if !matches!(timeout(times.goodbye, last_words).await, Ok(Ok(()))) {
            tracing::warn!("the last report did not reach the coordinator");
        }
        self.wire.close_with(CloseCode::Away, "the agent stops").await;
    }
}

/// Since when nothing came.
struct Quiet {
    bytes: u64,
    since: Instant,
}
