//! Whether a voucher is right: the meter's own, never less than before, and at least what our own readings come to.
//! A voucher that is not is refused: work goes on unvouched then, and not for long.

use super::book::{Charged, Page};
use std::collections::BTreeMap;
use ttalkak_escrow::{ceiling::ceiling, price::Carry, recover, recover_message, typed::Typed};
use ttalkak_protocol::{
    link::{Countersigned, VoucherNews},
    money::{Amount, ChainHash, SignedVoucher, reading_bytes},
    unit::UnixMillis,
};

/// The coordinator's clock may be so far behind ours when it asks what the contract allows.
const SKEW_SECONDS: u64 = 10;

/// Why a voucher is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VoucherFault {
    /// For another agreement than it came with.
    #[error("it is for another agreement")]
    Other,
    /// Nobody's signature, or somebody else's.
    #[error("it is not signed by the meter")]
    Forged,
    /// Readings that were never made.
    #[error("it covers readings up to {covered}, and only {made} were made")]
    Ahead {
        /// What it says.
        covered: u64,
        /// What there is.
        made: u64,
    },
    /// Less than an older one.
    #[error("it says {now}, and an older one said {before}")]
    Shrinks {
        /// What it says.
        now: Amount,
        /// The older one.
        before: Amount,
    },
    /// Less than was earned.
    #[error("it says {says}, and the readings it covers come to {least}")]
    Short {
        /// What it says.
        says: Amount,
        /// What it should say at least.
        least: Amount,
    },
}

/// Takes a voucher over when it is right; returns the readings that it made money of.
/// A voucher that covers no more than what is covered already changes nothing, as messages may come twice.
pub(super) fn accept(
    key: ChainHash,
    page: &mut Page,
    news: &VoucherNews,
    now: UnixMillis,
) -> Result<Vec<Charged>, VoucherFault> {
    let SignedVoucher { voucher, signature } = news.signed;
    if voucher.agreement != key {
        return Err(VoucherFault::Other);
    }
    if recover(voucher.digest(&page.domain), &signature) != Ok(page.meter) {
        return Err(VoucherFault::Forged);
    }
    if page.best.is_none_or(|best| best.voucher.cumulative < voucher.cumulative) {
        page.best = Some(news.signed);
    }
    if news.seq < page.vouched_seq {
        return Ok(Vec::new());
    }
    if news.seq > page.seq {
        return Err(VoucherFault::Ahead { covered: news.seq, made: page.seq });
    }
    if voucher.cumulative < page.vouched() {
        return Err(VoucherFault::Shrinks { now: voucher.cumulative, before: page.vouched() });
    }
    let (sum, carry) = page.sum_to(news.seq).unwrap_or((Amount::MAX, Carry::ZERO));
    let least = sum.min(allowed(page, news.seq).max(page.vouched()));
    if voucher.cumulative < least {
        return Err(VoucherFault::Short { says: voucher.cumulative, least });
    }
    // What is left over is known only while both sides count alike.
    page.carry = if voucher.cumulative == sum { carry } else { Carry::ZERO };
    page.voucher = Some(news.signed);
    page.vouched_seq = news.seq;
    page.touched = now;
    let covered = page.unvouched.partition_point(|metered| metered.reading.seq <= news.seq);
    let mut signatures: BTreeMap<u64, Countersigned> =
        news.countersigned.iter().map(|signed| (signed.seq, *signed)).collect();
    let readings: Vec<_> = page.unvouched.drain(..covered).map(|metered| metered.reading).collect();
    let charged = readings.into_iter().map(|reading| {
        let digest = ttalkak_escrow::keccak(&reading_bytes(&page.domain, &reading));
        let signed = signatures.remove(&reading.seq);
        // A record with a false signature would prove nothing; it is kept without.
        let countersigned =
            signed.filter(|signed| recover_message(&digest.0, &signed.signature) == Ok(page.meter));
        Charged { reading, countersigned }
    });
    Ok(charged.collect())
}

/// What the contract lets be earned until the end of the newest covered reading. What is sent beyond that is lost to the
/// provider by the terms themselves, and no fault of the voucher.
fn allowed(page: &Page, seq: u64) -> Amount {
    let covered = page.unvouched.iter().take_while(|metered| metered.reading.seq <= seq);
    let to = covered.last().map_or(page.made_to, |metered| metered.reading.to);
    let seconds = u64::try_from(to.0 / 1000).unwrap_or(0).saturating_sub(SKEW_SECONDS);
    ceiling(&page.terms, Amount::MAX, seconds, None)
}
