#![allow(clippy::wildcard_enum_match_arm, reason = "a test names what it expects, and all else is a failure")]

use super::*;
use crate::logic::policy::tests::lease;
use ttalkak_escrow::{Key, agreement_key, keccak, typed::Typed};
use ttalkak_protocol::{
    link::{Countersigned, Payment, SignedClose, VoucherNews},
    money::{Amount, Domain, EvmSignature, Rates, SignedVoucher, Terms, Voucher, reading_bytes},
    unit::{MilliCpu, UnixMillis},
};

/// The wall when the monotonic clock is at zero, ms.
const BEGIN: i64 = 1_700_000_000_000;

pub(crate) fn key(n: u8) -> Key {
    Key::from_hex(&format!("{n:064x}")).unwrap()
}

pub(crate) fn meter_key() -> Key {
    key(1)
}

pub(crate) fn own() -> Key {
    key(2)
}

pub(crate) const DOMAIN: Domain = Domain { chain_id: 31_337, contract: EvmAddress([7; 20]) };

/// Half a processor for 20,000 an hour each: an hour of a lease costs 10,000, a second 2.78.
pub(crate) fn rates() -> Rates {
    Rates { cpu_hour: Amount(20_000), ..Rates::default() }
}

pub(crate) fn payment(salt: u64) -> Payment {
    let reserved = Reserved { cpu: MilliCpu(500), memory: Bytes::mib(256), disk: Bytes(0) };
    let terms = Terms {
        tenant: EvmAddress([5; 20]),
        provider: own().address(),
        token: EvmAddress([6; 20]),
        rate_per_hour: Amount(10_000),
        start: u64::try_from(BEGIN / 1000).unwrap() - 60,
        expiry: u64::try_from(BEGIN / 1000).unwrap() + 1_000_000,
        salt,
    };
    let meter = meter_key().address();
    let charged_to = UnixMillis(BEGIN);
    Payment {
        domain: DOMAIN,
        meter,
        terms,
        rates: rates(),
        reserved,
        seq: 0,
        charged_to,
        voucher: None,
        secured: true,
    }
}

pub(crate) fn paid(n: u128, salt: u64) -> Lease {
    Lease { payment: Some(payment(salt)), ..lease(n) }
}

pub(crate) fn agreement(salt: u64) -> ChainHash {
    agreement_key(&payment(salt).terms)
}

pub(crate) fn lending() -> Lending {
    let offer = Some(Offer { payee: own().address(), rates: rates() });
    Lending { offer, own_wallet: Some(own().address()), ..Lending::default() }
}

pub(crate) fn sign(voucher: Voucher) -> SignedVoucher {
    SignedVoucher { voucher, signature: meter_key().sign(voucher.digest(&DOMAIN)) }
}

/// What an honest coordinator says to all readings up to a number.
pub(crate) fn vouch(page: &Page, seq: u64) -> VoucherNews {
    let (cumulative, _) = page.sum_to(seq).unwrap();
    let signed = sign(Voucher { agreement: agreement_key(&page.terms), cumulative });
    let covered = page.unvouched.iter().filter(|metered| metered.reading.seq <= seq);
    let countersigned = covered.map(|metered| {
        let digest = keccak(&reading_bytes(&page.domain, &metered.reading));
        Countersigned { seq: metered.reading.seq, signature: meter_key().sign_message(&digest.0) }
    });
    VoucherNews { signed, seq, countersigned: countersigned.collect(), ending: false }
}

pub(crate) fn book_with_an_hour_of_which_half_is_vouched() -> MoneyBook {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.lending.willing_to_lose = Duration::from_secs(7_200);
    lab.reboot();
    lab.work(1, 1_800);
    lab.vouch(1);
    lab.work(1, 1_800);
    lab.meter.book().clone()
}

/// A meter with its clocks and its disk, driven by hand.
pub(super) struct Lab {
    pub(super) meter: Meter,
    pub(super) lending: Lending,
    pub(super) leases: BTreeMap<LeaseId, Lease>,
    pub(super) mono: Duration,
    /// How far the wall has jumped, ms.
    pub(super) jumped: i64,
    pub(super) disk: MoneyBook,
    pub(super) records: Vec<Charged>,
    pub(super) warned: Vec<String>,
    pub(super) to_close: Vec<Voucher>,
}

impl Lab {
    pub(super) fn new(leases: &[Lease]) -> Self {
        let leases = leases.iter().map(|lease| (lease.lease, lease.clone())).collect();
        let mut lab = Self {
            meter: Meter::new(lending(), MoneyBook::default()),
            lending: lending(),
            leases,
            mono: Duration::ZERO,
            jumped: 0,
            disk: MoneyBook::default(),
            records: Vec::new(),
            warned: Vec::new(),
            to_close: Vec::new(),
        };
        lab.reboot();
        lab
    }

    pub(super) fn now(&self) -> Now {
        let wall = BEGIN + i64::try_from(self.mono.as_millis()).unwrap() + self.jumped;
        Now { mono: self.mono, wall: UnixMillis(wall) }
    }

    /// As after kill -9: only what is on disk is left.
    pub(super) fn reboot(&mut self) {
        self.meter = Meter::new(self.lending.clone(), self.disk.clone());
        self.assign();
    }

    pub(super) fn assign(&mut self) {
        let effects = self.meter.assigned(&self.leases, self.now());
        self.take(effects);
        self.write(true);
    }

    pub(super) fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Warn { text } => self.warned.push(text),
                Effect::SignClose { total, .. } => self.to_close.push(total),
                other => panic!("{other:?}"),
            }
        }
    }

    pub(super) fn write(&mut self, done: bool) {
        if let Some(Effect::KeepBook { entry, .. }) = self.meter.flush(self.now()) {
            if done {
                self.disk = entry.book.clone();
                let pages = self.disk.pages.values_mut();
                pages.flat_map(|page| &mut page.unvouched).for_each(|metered| metered.version = 0);
                self.records.extend(entry.charged);
            }
            self.meter.written(done, self.now());
        }
    }

    pub(super) fn see(&mut self, seen: &[(u128, Soundness)]) -> bool {
        let seen = seen.iter().map(|(n, soundness)| (lease(*n).lease, *soundness)).collect();
        let moved = self.meter.observe(&seen, self.now());
        let effects = self.meter.closes();
        self.take(effects);
        self.write(true);
        moved
    }

    pub(super) fn healthy(&mut self, n: u128) -> bool {
        self.see(&[(n, Soundness::Healthy { seen: self.mono, doubted: false })])
    }

    /// Healthy for so long, asked every five seconds, as long as it is let.
    pub(super) fn work(&mut self, n: u128, seconds: u64) {
        self.healthy(n);
        for _ in 0..seconds / 5 {
            self.mono += Duration::from_secs(5);
            self.healthy(n);
        }
    }

    /// An honest coordinator hears everything that is told and answers.
    pub(super) fn vouch(&mut self, salt: u64) {
        let page = &self.meter.book().pages[&agreement(salt)];
        let told = page.unvouched.last().map_or(page.vouched_seq, |metered| metered.reading.seq);
        let news = vouch(page, told);
        self.hear(news);
    }

    pub(super) fn hear(&mut self, news: VoucherNews) {
        let effects = self.meter.vouched(vec![news], self.now());
        self.take(effects);
        let effects = self.meter.closes();
        self.take(effects);
        self.write(true);
    }

    pub(super) fn spans(&self) -> Vec<(u64, i64, i64)> {
        let news = self.meter.news(self.now().wall);
        let span = |(_, r): &(Domain, Reading)| (r.seq, (r.from.0 - BEGIN) / 1000, (r.to.0 - BEGIN) / 1000);
        news.readings.iter().map(span).collect()
    }

    pub(super) fn page(&self, salt: u64) -> &Page {
        &self.meter.book().pages[&agreement(salt)]
    }
}

mod agreements;
mod metering;
mod vouchers;
