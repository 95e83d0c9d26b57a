//! The driver's side of money: signs readings for the report, writes the book, has closes signed. Deliberately absent:
//! what to meter and what to believe, which is `logic::meter`.

use crate::{
    cause::Chain,
    identity::Identity,
    io::{egress::Egress, money_book::MoneyBookFile, wallet::Wallet},
    logic::{
        event::Event,
        meter::{BookEntry, Lending, MoneyBook, MoneyNews},
    },
};
use std::{collections::BTreeMap, sync::Arc};
use tokio::{sync::mpsc, task::spawn_blocking};
use ttalkak_escrow::{Close, typed::Typed};
use ttalkak_protocol::{
    link::{MoneyReport, SignedClose},
    money::{ChainHash, Domain, SignedReading, Voucher},
};

/// What lending for money needs from its surroundings.
#[derive(Debug)]
pub struct Money {
    /// What the owner has set.
    pub lending: Lending,
    /// Signs readings.
    pub identity: Arc<Identity>,
    /// Signs closes.
    pub wallet: Wallet,
    /// Counts what is sent to visitors; the tunnel has the same.
    pub egress: Egress,
}

/// The same at work.
pub(super) struct Till {
    identity: Arc<Identity>,
    wallet: Wallet,
    pub(super) egress: Egress,
    book: Arc<MoneyBookFile>,
    /// Signatures of readings that wait for a voucher, so that each is made once and not with every report.
    signed: BTreeMap<(ChainHash, u64), String>,
}

impl Till {
    /// Opens the book; one that cannot be read is told aloud, and the coordinator's numbers are taken on.
    pub(super) async fn open(money: Money, data: &std::path::Path) -> (Self, Lending, MoneyBook) {
        let Money { lending, identity, wallet, egress } = money;
        let book = Arc::new(MoneyBookFile::new(data));
        let file = book.clone();
        let kept = match spawn_blocking(move || file.load()).await {
            Ok(Ok(kept)) => kept,
            Ok(Err(error)) => {
                tracing::error!("the book of money cannot be read: {}", Chain(&error));
                MoneyBook::default()
            }
            Err(error) => {
                tracing::error!(%error, "reading the book of money ended in a bug");
                MoneyBook::default()
            }
        };
        (Self { identity, wallet, egress, book, signed: BTreeMap::new() }, lending, kept)
    }

    /// What goes into the next report.
    pub(super) fn report(&mut self, news: MoneyNews) -> MoneyReport {
        let MoneyNews { offer, readings, closes } = news;
        let mut kept = BTreeMap::new();
        let mut told = Vec::with_capacity(readings.len());
        for (domain, reading) in readings {
            let key = (reading.agreement, reading.seq);
            let old = self.signed.remove(&key);
            let agent_signature = old.unwrap_or_else(|| self.identity.sign_reading(&domain, &reading));
            kept.insert(key, agent_signature.clone());
            told.push(SignedReading { reading, agent_signature });
        }
        self.signed = kept;
        MoneyReport { offer, readings: told, closes }
    }

    /// Writes the book; returns whether it is on disk.
    pub(super) fn write(&self, version: u64, entry: Box<BookEntry>) -> impl Future<Output = bool> + use<> {
        let book = self.book.clone();
        async move {
            match spawn_blocking(move || book.write(version, &entry)).await {
                Ok(Ok(())) => true,
                Ok(Err(error)) => {
                    tracing::error!("no reading is told before the book is kept: {}", Chain(&error));
                    false
                }
                Err(error) => {
                    tracing::error!(%error, "writing the book of money ended in a bug");
                    false
                }
            }
        }
    }

    /// Has the wallet sign that we want no more than this.
    pub(super) fn close(
        &self,
        domain: Domain,
        total: Voucher,
        facts: mpsc::Sender<Event>,
    ) -> impl Future<Output = ()> + use<> {
        let wallet = self.wallet.clone();
        let sign = move || {
            let close = Close { agreement: total.agreement, cumulative: total.cumulative };
            wallet.key().map(|key| key.sign(close.digest(&domain)))
        };
        async move {
            match spawn_blocking(sign).await {
                Ok(Ok(signature)) => {
                    // Nobody listens only when the agent ends; the next run signs again.
                    let _ = facts.send(Event::CloseSigned(SignedClose { total, signature })).await;
                }
                Ok(Err(error)) => {
                    tracing::warn!(
                        "a close is not signed, and ends by itself a day later: {}",
                        Chain(&error)
                    );
                }
                Err(error) => tracing::error!(%error, "signing a close ended in a bug"),
            }
        }
    }
}
