//! What the coordinator hears of money: the offer, the readings that are on disk, and closes.

use super::{Meter, Page};
use crate::logic::{effect::Effect, event::Now};
use ttalkak_protocol::{
    link::{Offer, READINGS_MAX, SignedClose},
    money::{ChainHash, Domain, Reading, Voucher},
    unit::{Millis, UnixMillis},
};

/// A close is told for so long; the coordinator hears it once and ignores the rest.
const CLOSES_TOLD_FOR: Millis = Millis(24 * 3600 * 1000);
/// The most closes in one report.
const CLOSES_MAX: usize = 50;

/// What a report says about money, before the readings are signed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MoneyNews {
    /// What is asked.
    pub offer: Option<Offer>,
    /// Oldest first within an agreement, each with where its signature counts.
    pub readings: Vec<(Domain, Reading)>,
    /// Totals that we are content with.
    pub closes: Vec<SignedClose>,
}

impl Meter {
    /// What to report now. Readings that are not on disk yet are not told: after a crash their numbers would be given
    /// to others.
    pub fn news(&self, now: UnixMillis) -> MoneyNews {
        let pages = || self.book.pages.values();
        let told = |page: &Page| page.close.filter(|_| now.since(page.touched) < CLOSES_TOLD_FOR);
        MoneyNews {
            offer: self.lending.offer,
            readings: self.readings(),
            closes: pages().filter_map(told).take(CLOSES_MAX).collect(),
        }
    }

    /// Each agreement gets an equal share of what fits, so that one with much to tell holds up no other.
    fn readings(&self) -> Vec<(Domain, Reading)> {
        let kept = self.desk.kept();
        let waiting = self.book.pages.values().filter(|page| !page.unvouched.is_empty());
        let share = READINGS_MAX / waiting.clone().count().clamp(1, READINGS_MAX);
        let told = waiting.flat_map(|page| {
            let on_disk = page.unvouched.iter().take_while(|metered| metered.version <= kept);
            on_disk.take(share).map(|metered| (page.domain, metered.reading.clone()))
        });
        told.take(READINGS_MAX).collect()
    }

    /// Closes that can be signed: the agreement is over, all our work is vouched for, and it is our own wallet that is
    /// paid. Where another one is paid the contract's notice time ends the agreement.
    pub fn closes(&mut self) -> Vec<Effect> {
        let Self { book, spans, paid, signing, lending, .. } = self;
        let done = |key: &ChainHash, page: &Page| {
            page.ending
                && page.unvouched.is_empty()
                && !spans.contains_key(key)
                && !paid.values().any(|paid| paid.key == *key)
                && lending.own_wallet == Some(page.terms.provider)
                && page.close.is_none_or(|close| close.total.cumulative != page.vouched())
        };
        let due: Vec<_> = book.pages.iter().filter(|(key, page)| done(key, page)).collect();
        let orders = due.into_iter().filter(|(key, _)| signing.insert(**key)).map(|(key, page)| {
            let total = Voucher { agreement: *key, cumulative: page.vouched() };
            Effect::SignClose { domain: page.domain, total }
        });
        orders.collect()
    }

    /// The wallet signed.
    pub fn closed(&mut self, close: SignedClose, now: Now) {
        let key = close.total.agreement;
        self.signing.remove(&key);
        if let Some(page) =
            self.book.pages.get_mut(&key).filter(|page| page.vouched() == close.total.cumulative)
        {
            page.close = Some(close);
            page.touched = now.wall;
            self.desk.change();
        }
    }

    /// What the book says now.
    pub fn book(&self) -> &super::MoneyBook {
        &self.book
    }

    /// Whether any lease is paid, so that its visitors' bytes count.
    pub fn paid_leases(&self) -> impl Iterator<Item = ttalkak_protocol::id::LeaseId> + '_ {
        self.paid.keys().copied()
    }
}
