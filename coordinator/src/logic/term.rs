//! From when until when an agreement counts. Pure. Deliberately absent: prices (`logic::price`).

use std::ops::Range;
use ttalkak_protocol::money::Mandate;

/// Terms begin so long before they are made, since clocks and blocks differ. The contract allows an hour.
const BACKDATE_SECS: u64 = 60;
/// Terms end after a year at the latest; a redeploy then makes new ones.
const YEAR_SECS: u64 = 365 * 24 * 3600;
/// Terms that end sooner than this are not used again.
const ENDS_SOON_SECS: u64 = 7 * 24 * 3600;

/// The time of new terms under a mandate that is in force, seconds since 1970. Never outside the mandate: the contract
/// opens nothing that begins before it or ends after it.
pub fn span(now_secs: u64, mandate: &Mandate) -> Range<u64> {
    let start = now_secs.saturating_sub(BACKDATE_SECS).max(mandate.start);
    start..now_secs.saturating_add(YEAR_SECS).min(mandate.expiry)
}

/// Whether terms last long enough for another release.
pub fn lasts(expiry: u64, now_secs: u64) -> bool {
    expiry > now_secs.saturating_add(ENDS_SOON_SECS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::money::{Amount, EvmAddress};

    fn mandate(start: u64, expiry: u64) -> Mandate {
        let (tenant, token, salt) = (EvmAddress::ZERO, EvmAddress::ZERO, 0);
        Mandate {
            tenant,
            token,
            rate_per_hour_max: Amount(1),
            cap: Amount(1),
            period: 0,
            start,
            expiry,
            salt,
        }
    }

    #[test]
    fn terms_stay_within_a_mandate_that_was_signed_a_moment_ago_or_ends_soon() {
        let now = 1_800_000_000;
        assert_eq!(span(now, &mandate(0, u64::MAX)), now - 60..now + YEAR_SECS);
        assert_eq!(span(now, &mandate(now, now + 90)), now..now + 90);
        assert_eq!(span(now, &mandate(now - 30, u64::MAX)).start, now - 30);
    }

    #[test]
    fn terms_of_a_last_week_are_not_used_again() {
        assert!(lasts(ENDS_SOON_SECS + 11, 10) && !lasts(ENDS_SOON_SECS + 10, 10));
    }
}
