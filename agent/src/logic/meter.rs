//! Meters paid workloads and sees to it that the work is paid: a reading for every stretch in which a workload was
//! healthy, vouchers checked against those readings, and no more unvouched work than its owner is willing to lose.
//! One lease of an agreement is metered at a time, so spans of an agreement never overlap, also while one release takes
//! over from another. Leases without a payment are none of its business. Pure. Deliberately absent: signing and the disk.

use super::{effect::Effect, event::Now};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    id::LeaseId,
    link::{Lease, Offer, VoucherNews, short_key},
    money::{Amount, ChainHash, EvmAddress, Reading, Reserved},
    unit::Bytes,
};

mod book;
mod keep;
mod payment;
mod span;
mod tell;
mod voucher;
mod write_off;

pub use book::{BookEntry, Charged, Metered, MoneyBook, Page};
pub use tell::MoneyNews;
pub use voucher::VoucherFault;

use span::Span;

/// A free agreement can lose nothing and is never stopped; beyond so many unvouched readings it makes no more.
const FREE_READINGS_MAX: usize = 1_000;

/// What the owner of the machine has set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lending {
    /// What is asked and where it is paid; `None`: nothing, nowhere.
    pub offer: Option<Offer>,
    /// The wallet on this machine; closes are signed only when it is the one that is paid.
    pub own_wallet: Option<EvmAddress>,
    /// Where payments must be, when the owner has said so.
    pub trusted: Trusted,
    /// The most work without a voucher.
    pub willing_to_lose: Duration,
    /// A reading at least so often.
    pub reading_every: Duration,
}

impl Default for Lending {
    fn default() -> Self {
        Self {
            offer: None,
            own_wallet: None,
            trusted: Trusted::default(),
            willing_to_lose: Duration::from_secs(180),
            reading_every: Duration::from_secs(30),
        }
    }
}

/// Payments elsewhere are refused. `None`: as the coordinator says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trusted {
    /// EIP-155 id.
    pub chain_id: Option<u64>,
    /// The escrow contract.
    pub escrow: Option<EvmAddress>,
    /// The token.
    pub token: Option<EvmAddress>,
}

/// What is seen of a workload, as far as money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Soundness {
    /// It answers.
    Healthy {
        /// When it last did.
        seen: Duration,
        /// Whether a later question got no answer.
        doubted: bool,
    },
    /// It was asked to go, and not because of anything it did.
    Leaving,
    /// Anything else.
    Down,
}

/// Why a lease is not worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// As it is told.
    pub problem: Problem,
    /// Whether this lease will never do; otherwise it goes on with the next voucher.
    pub for_good: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Paid {
    key: ChainHash,
    reserved: Reserved,
}

/// What a lease has earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earned {
    /// By the book.
    pub earned: Amount,
    /// Of that the coordinator has vouched for.
    pub vouched: Amount,
}

/// The book, and what is being metered.
#[derive(Debug, Clone, PartialEq)]
pub struct Meter {
    lending: Lending,
    book: MoneyBook,
    paid: BTreeMap<LeaseId, Paid>,
    refused: BTreeMap<LeaseId, Problem>,
    spans: BTreeMap<ChainHash, Span>,
    /// Agreements with too much unvouched work, and since when.
    missing: BTreeMap<ChainHash, Duration>,
    /// Bytes sent to visitors since the process began, by lease.
    sent: BTreeMap<LeaseId, u64>,
    signing: BTreeSet<ChainHash>,
    desk: keep::Desk,
}

impl Meter {
    /// Goes on with a book that was kept.
    pub fn new(lending: Lending, book: MoneyBook) -> Self {
        Self {
            lending,
            book,
            paid: BTreeMap::new(),
            refused: BTreeMap::new(),
            spans: BTreeMap::new(),
            missing: BTreeMap::new(),
            sent: BTreeMap::new(),
            signing: BTreeSet::new(),
            desk: keep::Desk::default(),
        }
    }

    /// The owner asks for something else from now on. What was agreed on stays as it was agreed on.
    pub fn lend(&mut self, lending: Lending) {
        self.lending = lending;
    }

    /// What a lease has earned under its agreement; `None` where nothing is paid.
    pub fn earned(&self, lease: LeaseId) -> Option<Earned> {
        let page = self.book.pages.get(&self.paid.get(&lease)?.key)?;
        Some(Earned { earned: page.earned(), vouched: page.vouched() })
    }

    /// Whether there is nothing to meter and nothing to keep: on a machine that lends for nothing, always.
    pub fn is_idle(&self) -> bool {
        let over = |page: &Page| page.ending && page.close.is_none();
        self.paid.is_empty()
            && self.refused.is_empty()
            && self.spans.is_empty()
            && !self.desk.is_dirty()
            && !self.book.pages.values().any(over)
    }

    /// The leases that are wanted now.
    pub fn assigned(&mut self, leases: &BTreeMap<LeaseId, Lease>, now: Now) -> Vec<Effect> {
        (self.paid, self.refused) = Default::default();
        let mut effects = Vec::new();
        for (id, lease) in leases {
            effects.extend(self.look_at(*id, lease, now));
        }
        let assigned: BTreeSet<ChainHash> = self.paid.values().map(|paid| paid.key).collect();
        self.missing.retain(|key, _| assigned.contains(key));
        if self.desk.set_aside(&mut self.book, &assigned, now.wall) {
            self.desk.change();
        }
        effects
    }

    fn look_at(&mut self, id: LeaseId, lease: &Lease, now: Now) -> Option<Effect> {
        let payment = lease.payment.as_ref()?;
        let key = payment::key(payment);
        if let Err(problem) =
            payment::check(lease, payment, &self.lending, self.book.pages.get(&key), now.wall)
        {
            let text = format!("a lease of {} is refused: {}", lease.name, problem.message);
            self.refused.insert(id, problem);
            return Some(Effect::Warn { text });
        }
        self.paid.insert(id, Paid { key, reserved: payment.reserved });
        let Some(page) = self.book.pages.get_mut(&key) else {
            self.book.pages.insert(key, Page::new(&lease.name, payment, now.wall));
            self.desk.change();
            return None;
        };
        // The coordinator may rotate its key; what it signs is checked against the one that it names.
        if (page.meter, page.seq.max(payment.seq)) != (payment.meter, page.seq) {
            page.meter = payment.meter;
            page.seq = page.seq.max(payment.seq);
            self.desk.change();
        }
        if page.made_to < payment.charged_to {
            page.made_to = payment.charged_to;
            self.spans.entry(key).and_modify(|span| span.not_before(payment.charged_to, now));
        }
        // A message with a voucher was lost, and here it is again.
        let signed = payment.voucher.filter(|_| payment.seq > page.vouched_seq)?;
        self.take(VoucherNews { signed, seq: payment.seq, countersigned: Vec::new(), ending: false }, now)
    }

    /// Vouchers came.
    pub fn vouched(&mut self, items: Vec<VoucherNews>, now: Now) -> Vec<Effect> {
        items.into_iter().filter_map(|news| self.take(news, now)).collect()
    }

    fn take(&mut self, news: VoucherNews, now: Now) -> Option<Effect> {
        let key = news.signed.voucher.agreement;
        let short = short_key(key);
        let Some(page) = self.book.pages.get_mut(&key) else {
            return Some(Effect::Warn { text: format!("a voucher for {short}, which is not in the book") });
        };
        let before = (page.vouched_seq, page.voucher, page.best, page.ending);
        let accepted = voucher::accept(key, page, &news, now.wall);
        page.ending |= news.ending && accepted.is_ok();
        if before != (page.vouched_seq, page.voucher, page.best, page.ending) {
            self.desk.change();
        }
        match accepted {
            Ok(charged) => {
                self.desk.record(charged);
                None
            }
            Err(fault) => {
                let text = format!("a voucher for {short} ({}) is refused: {fault}", page.name);
                Some(Effect::Warn { text })
            }
        }
    }

    /// The counters of bytes sent to visitors.
    pub fn count(&mut self, sent: BTreeMap<LeaseId, u64>) {
        self.sent = sent;
    }

    /// Takes in how the workloads are. Returns whether other leases are barred now than before.
    pub fn observe(&mut self, seen: &BTreeMap<LeaseId, Soundness>, now: Now) -> bool {
        self.close_spans(seen, now);
        let bars_moved = self.weigh(now);
        self.open_spans(seen, now);
        self.cut_due(now);
        bars_moved
    }

    /// The program ends and workloads may run on: what is proven until now becomes readings.
    pub fn pause(&mut self, now: Now) {
        self.close_spans(&BTreeMap::new(), now);
        self.desk.hurry();
    }

    fn close_spans(&mut self, seen: &BTreeMap<LeaseId, Soundness>, now: Now) {
        let mut over = Vec::new();
        for (key, span) in &mut self.spans {
            match seen.get(&span.lease).copied().unwrap_or(Soundness::Down) {
                Soundness::Healthy { seen, doubted } => {
                    (span.sound, span.doubted) = (seen.max(span.sound), doubted);
                }
                // It answered until it was asked to go, and nothing says otherwise.
                Soundness::Leaving if !span.doubted => over.push((*key, now.mono)),
                Soundness::Leaving | Soundness::Down => over.push((*key, span.sound)),
            }
        }
        for (key, end) in over {
            self.cut(key, end, now);
            self.spans.remove(&key);
        }
    }

    fn open_spans(&mut self, seen: &BTreeMap<LeaseId, Soundness>, now: Now) {
        for (lease, Paid { key, reserved }) in &self.paid {
            let healthy = matches!(seen.get(lease), Some(Soundness::Healthy { doubted: false, .. }));
            let Some(page) = self.book.pages.get(key) else { continue };
            if healthy && !self.missing.contains_key(key) && !self.spans.contains_key(key) {
                let sent = self.sent.get(lease).copied().unwrap_or(0);
                self.spans.insert(*key, Span::open(*lease, *reserved, page.made_to, sent, now));
            }
        }
    }

    /// When one reading is due, those that soon would be are made as well: the book is written once for all.
    fn cut_due(&mut self, now: Now) {
        let every = self.lending.reading_every;
        let longer = |than: Duration| move |span: &Span| span.length(span.sound) >= than;
        if self.spans.values().any(longer(every)) {
            let soon = self.spans.iter().filter(|(_, span)| longer(every / 2)(span));
            let due: Vec<_> = soon.map(|(key, span)| (*key, span.sound)).collect();
            for (key, end) in due {
                self.cut(key, end, now);
            }
        }
    }

    fn cut(&mut self, key: ChainHash, end: Duration, now: Now) {
        let (Some(span), Some(page)) = (self.spans.get_mut(&key), self.book.pages.get_mut(&key)) else {
            return;
        };
        let sent = self.sent.get(&span.lease).copied().unwrap_or(0);
        let Some((from, to)) = span.cut(end, now) else { return };
        let egress = Bytes(sent.saturating_sub(std::mem::replace(&mut span.sent, sent)));
        if page.is_free() && page.unvouched.len() >= FREE_READINGS_MAX {
            return;
        }
        let version = self.desk.change();
        page.seq += 1;
        page.made_to = to;
        page.touched = now.wall;
        let reading = Reading { agreement: key, seq: page.seq, lease: span.lease, from, to, egress };
        page.unvouched.push(Metered { reading, reserved: span.reserved, version });
    }

    /// How long was worked under an agreement and is not vouched for.
    fn exposure(&self, key: ChainHash, now: Now) -> Duration {
        let made = self.book.pages.get(&key).filter(|page| !page.is_free());
        let open = self.spans.get(&key).map_or(Duration::ZERO, |span| span.length(now.mono));
        made.map_or(Duration::ZERO, |page| Duration::from_millis(page.unvouched_ms()) + open)
    }

    /// Bars what is not vouched for any more, and lets go on what is again.
    fn weigh(&mut self, now: Now) -> bool {
        let most = self.lending.willing_to_lose;
        let keys: BTreeSet<ChainHash> = self.paid.values().map(|paid| paid.key).collect();
        let mut moved = false;
        for key in keys {
            let exposed = self.exposure(key, now);
            if exposed >= most {
                moved |= !self.missing.contains_key(&key);
                self.missing.entry(key).or_insert(now.mono);
            } else if exposed < most / 2 {
                // Going on takes room for more than a moment, or it would start and stop in turns.
                moved |= self.missing.remove(&key).is_some();
            }
        }
        moved
    }

    /// Why a lease is not worked on, if it is not.
    pub fn bar(&self, lease: LeaseId) -> Option<Bar> {
        if let Some(problem) = self.refused.get(&lease) {
            return Some(Bar { problem: problem.clone(), for_good: true });
        }
        let paid = self.paid.get(&lease).filter(|paid| self.missing.contains_key(&paid.key));
        paid.map(|_| {
            let told = format!("{} s of work are not vouched for.", self.lending.willing_to_lose.as_secs());
            Bar { problem: Problem::new(ErrorCode::PaymentMissing, told), for_good: false }
        })
    }

    /// When something is to be done although nothing happens.
    pub fn next_wake(&self, now: Now) -> Option<Duration> {
        let paid_until = self.spans.iter().filter(|(key, _)| !self.missing.contains_key(*key)).filter_map(
            |(key, span)| {
                let page = self.book.pages.get(key).filter(|page| !page.is_free())?;
                let made = Duration::from_millis(page.unvouched_ms());
                Some(span.began() + self.lending.willing_to_lose.saturating_sub(made))
            },
        );
        paid_until.chain(self.desk.retry_at()).filter(|wake| *wake > now.mono).min()
    }
}

#[cfg(test)]
mod property;
#[cfg(test)]
pub(crate) mod tests;
