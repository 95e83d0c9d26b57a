//! What the provider's newest vouchers are worth on chain at this moment, when it claims them without the coordinator.
//! The contract refuses a whole claim for one voucher that is beyond its bound, so each is judged before. Pure.

use ttalkak_escrow::ceiling::ceiling;
use ttalkak_protocol::money::{Amount, SignedVoucher, Terms};

/// What the chain says of an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Locked in all.
    pub cap: Amount,
    /// Paid already.
    pub claimed: Amount,
    /// When an end was asked for, seconds since 1970.
    pub ended_at: Option<u64>,
}

/// What to do with one voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Claim it; it is worth so much more than was paid.
    Claim {
        /// Before the platform's share.
        gain: Amount,
    },
    /// All of it was paid, or the agreement is closed.
    Paid,
    /// The contract would refuse it: it pays `bound` at most now.
    Beyond {
        /// By cap, rate and time.
        bound: Amount,
    },
    /// There is no voucher yet.
    Unvouched,
}

/// `now`: the newest block's time, seconds since 1970; a later block's bound is never lower.
pub fn judge(terms: &Terms, best: Option<SignedVoucher>, seen: Seen, now: u64) -> Verdict {
    let Some(signed) = best else { return Verdict::Unvouched };
    let cumulative = signed.voucher.cumulative;
    if cumulative <= seen.claimed {
        return Verdict::Paid;
    }
    let bound = ceiling(terms, seen.cap, now, seen.ended_at);
    if cumulative > bound {
        // After a close the cap is what was claimed: too late, and nothing to wait for.
        let closed = seen.cap == seen.claimed && seen.ended_at.is_some();
        return if closed { Verdict::Paid } else { Verdict::Beyond { bound } };
    }
    Verdict::Claim { gain: cumulative.saturating_sub(seen.claimed) }
}

/// Earnings less the platform's share, as the contract counts it.
pub fn net(gross: Amount, fee_bps: u16) -> Amount {
    Amount(gross.0 - gross.0 * u128::from(fee_bps) / 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::money::{ChainHash, EvmAddress, EvmSignature, Voucher};

    const HOUR: u64 = 3600;

    fn terms() -> Terms {
        let address = |byte| EvmAddress([byte; 20]);
        Terms {
            tenant: address(1),
            provider: address(2),
            token: address(3),
            rate_per_hour: Amount(1000),
            start: 0,
            expiry: 100 * HOUR,
            salt: 1,
        }
    }

    fn voucher(cumulative: u128) -> Option<SignedVoucher> {
        let voucher = Voucher { agreement: ChainHash([9; 32]), cumulative: Amount(cumulative) };
        Some(SignedVoucher { voucher, signature: EvmSignature([7; 65]) })
    }

    fn seen(cap: u128, claimed: u128, ended_at: Option<u64>) -> Seen {
        Seen { cap: Amount(cap), claimed: Amount(claimed), ended_at }
    }

    #[test]
    fn a_voucher_within_its_bound_is_claimed_for_what_was_not_paid() {
        let verdict = judge(&terms(), voucher(900), seen(5000, 400, None), HOUR);
        assert_eq!(verdict, Verdict::Claim { gain: Amount(500) });
        assert_eq!(judge(&terms(), voucher(400), seen(5000, 400, None), HOUR), Verdict::Paid);
        assert_eq!(judge(&terms(), None, seen(5000, 0, None), HOUR), Verdict::Unvouched);
    }

    #[test]
    fn what_the_contract_would_refuse_is_left_out_and_told() {
        let early = judge(&terms(), voucher(900), seen(5000, 0, None), HOUR / 2);
        assert_eq!(early, Verdict::Beyond { bound: Amount(500) });
        let ended = judge(&terms(), voucher(900), seen(5000, 0, Some(HOUR / 2)), 50 * HOUR);
        assert_eq!(ended, Verdict::Beyond { bound: Amount(500) });
        let capped = judge(&terms(), voucher(900), seen(800, 0, None), HOUR);
        assert_eq!(capped, Verdict::Beyond { bound: Amount(800) });
    }

    #[test]
    fn a_closed_agreement_pays_nothing_more() {
        assert_eq!(judge(&terms(), voucher(900), seen(400, 400, Some(HOUR)), 9 * HOUR), Verdict::Paid);
    }

    #[test]
    fn the_share_is_floored_as_the_contract_floors_it() {
        assert_eq!(net(Amount(999), 500), Amount(950));
        assert_eq!(net(Amount(19), 500), Amount(19));
    }
}
