//! What the provider's own book of money says: one page for each agreement, with the newest voucher and the readings that
//! none covers yet. Written to disk before a reading is told to anybody. Deliberately absent: the disk.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ttalkak_escrow::price::{self, Carry};
use ttalkak_protocol::{
    link::{Countersigned, Payment, SignedClose},
    money::{Amount, ChainHash, Domain, EvmAddress, Rates, Reading, Reserved, SignedVoucher, Terms},
    unit::UnixMillis,
};

/// All agreements that this machine has worked under, until they are long over and set aside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MoneyBook {
    /// By the agreement's key.
    #[serde(default)]
    pub pages: BTreeMap<ChainHash, Page>,
}

/// One agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The deployment's name, for people.
    pub name: String,
    /// Chain and contract.
    pub domain: Domain,
    /// Whose signature makes a voucher.
    pub meter: EvmAddress,
    /// What stands on chain.
    pub terms: Terms,
    /// The rates that were agreed; later changes of the owner's offer do not touch them.
    pub rates: Rates,
    /// The newest reading's number; 0 before the first.
    pub seq: u64,
    /// The next reading begins at this or later.
    pub made_to: UnixMillis,
    /// Readings that no voucher covers yet, oldest first.
    pub unvouched: Vec<Metered>,
    /// Readings up to this are covered.
    pub vouched_seq: u64,
    /// The newest voucher that was right.
    pub voucher: Option<SignedVoucher>,
    /// The voucher that is worth most. It may pay for less than was worked, and is money all the same.
    #[serde(default)]
    pub best: Option<SignedVoucher>,
    /// What the readings under that voucher have left over.
    pub carry: Carry,
    /// The coordinator says that the agreement is over.
    pub ending: bool,
    /// Our word that we want no more than the newest voucher says.
    pub close: Option<SignedClose>,
    /// When something last changed.
    pub touched: UnixMillis,
}

/// A reading and what its lease had reserved, which its price needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metered {
    /// What was metered.
    pub reading: Reading,
    /// Of the lease that ran.
    pub reserved: Reserved,
    /// The state of the book that first had it; only what is on disk is told. Everything that was read from disk is.
    #[serde(skip)]
    pub version: u64,
}

/// A reading that became money, for the provider's records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charged {
    /// What was metered.
    #[serde(flatten)]
    pub reading: Reading,
    /// The meter's signature on it; absent when the message with it was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub countersigned: Option<Countersigned>,
}

/// What is to be written at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BookEntry {
    /// The whole book.
    pub book: MoneyBook,
    /// Readings that became charged since the last entry.
    pub charged: Vec<Charged>,
    /// Pages that left the book because they are long over.
    pub ended: Vec<Page>,
}

impl Page {
    /// The first time that an agreement is seen; what was charged before is taken from the coordinator.
    pub fn new(name: &str, payment: &Payment, now: UnixMillis) -> Self {
        Self {
            name: name.to_owned(),
            domain: payment.domain,
            meter: payment.meter,
            terms: payment.terms,
            rates: payment.rates,
            seq: payment.seq,
            made_to: payment.charged_to,
            unvouched: Vec::new(),
            vouched_seq: payment.seq,
            voucher: payment.voucher,
            best: payment.voucher,
            carry: Carry::ZERO,
            ending: false,
            close: None,
            touched: now,
        }
    }

    /// Secured by a signature of the meter.
    pub fn vouched(&self) -> Amount {
        self.voucher.map_or(Amount::ZERO, |signed| signed.voucher.cumulative)
    }

    /// Earned by our own readings at the agreed rates, vouched for or not.
    pub fn earned(&self) -> Amount {
        self.sum_to(u64::MAX).map_or(Amount::MAX, |(sum, _)| sum)
    }

    /// What the readings up to a number come to, with what they leave over. `None` beyond [`Amount::MAX`].
    pub fn sum_to(&self, seq: u64) -> Option<(Amount, Carry)> {
        let covered = self.unvouched.iter().take_while(|metered| metered.reading.seq <= seq);
        covered.into_iter().try_fold((self.vouched(), self.carry), |(sum, carry), metered| {
            let Metered { reading, reserved, .. } = metered;
            let span = reading.to.since(reading.from).0;
            let (cost, carry) = price::cost(&self.rates, reserved, span, reading.egress, carry)?;
            Some((sum.checked_add(cost)?, carry))
        })
    }

    /// How long was worked without a voucher, by readings that are made.
    pub fn unvouched_ms(&self) -> u64 {
        self.unvouched.iter().map(|metered| metered.reading.to.since(metered.reading.from).0).sum()
    }

    /// Whether nothing is asked, so that nothing can be lost.
    pub fn is_free(&self) -> bool {
        self.rates == Rates::default()
    }
}
