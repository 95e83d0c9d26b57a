//! From when until when an agreement counts. Pure. Deliberately absent: prices (`logic::price`).

use std::ops::Range;
use ttalkak_protocol::{money::Mandate, unit::UnixMillis};

/// Terms begin so long before they are made, since clocks and blocks differ. The contract allows an hour.
const BACKDATE_SECS: u64 = 60;
/// Terms end after a year at the latest; a redeploy then makes new ones.
const YEAR_SECS: u64 = 365 * 24 * 3600;
/// Terms that end sooner than this are not used again.
const ENDS_SOON_SECS: u64 = 7 * 24 * 3600;

/// Terms of a deployment with an end date count so long beyond it, since it ends with a grace that is paid for too.
const ENDING_SECS: u64 = 120;

/// The time of new terms under a mandate that is in force, seconds since 1970. Never outside the mandate: the contract
/// opens nothing that begins before it or ends after it. `until`: the deployment's end date, when it has one.
pub fn span(now_secs: u64, mandate: &Mandate, until: Option<UnixMillis>) -> Range<u64> {
    let start = now_secs.saturating_sub(BACKDATE_SECS).max(mandate.start);
    let end = now_secs.saturating_add(YEAR_SECS).min(mandate.expiry);
    start..until.map_or(end, |until| end.min(ending(until)))
}

/// Whether terms last long enough: until the end date, else for another week; and what lies beyond a year is nobody's
/// fault.
pub fn reaches(expiry: u64, now_secs: u64, until: Option<UnixMillis>) -> bool {
    let far = now_secs.saturating_add(YEAR_SECS - ENDS_SOON_SECS);
    match until {
        Some(until) => expiry >= ending(until).min(far),
        None => expiry > now_secs.saturating_add(ENDS_SOON_SECS),
    }
}

/// Whether an agreement that stands is as good as what would be agreed on now, as far as time goes. An open end that its
/// mandate cuts short is agreed on anew at each rollout, as the mandate may be another one.
pub fn serves(expiry: u64, now_secs: u64, mandate: &Mandate, until: Option<UnixMillis>) -> bool {
    reaches(expiry, now_secs, until) || (until.is_some() && expiry >= span(now_secs, mandate, until).end)
}

fn ending(until: UnixMillis) -> u64 {
    let millis = u64::try_from(until.0).unwrap_or(0);
    millis.div_ceil(1000).saturating_add(ENDING_SECS)
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
        assert_eq!(span(now, &mandate(0, u64::MAX), None), now - 60..now + YEAR_SECS);
        assert_eq!(span(now, &mandate(now, now + 90), None), now..now + 90);
        assert_eq!(span(now, &mandate(now - 30, u64::MAX), None).start, now - 30);
    }

    fn until(seconds: u64) -> Option<UnixMillis> {
        Some(UnixMillis(i64::try_from(seconds * 1000).unwrap()))
    }

    #[test]
    fn terms_of_a_last_week_are_not_used_again() {
        assert!(reaches(ENDS_SOON_SECS + 11, 10, None) && !reaches(ENDS_SOON_SECS + 10, 10, None));
    }

    #[test]
    fn the_terms_of_an_end_date_end_with_it_and_its_grace() {
        let now = 1_800_000_000;
        let end = span(now, &mandate(0, u64::MAX), until(now + 3600)).end;
        assert_eq!(end, now + 3600 + ENDING_SECS);
        assert!(reaches(end, now, until(now + 3600)) && !reaches(end, now, until(now + 3601)));
        assert!(!reaches(end, now, None), "an end that was taken away needs other terms");
        let far = span(now, &mandate(0, u64::MAX), until(now + 2 * YEAR_SECS)).end;
        assert!(far == now + YEAR_SECS && reaches(far, now + 3600, until(now + 2 * YEAR_SECS)));
    }

    #[test]
    fn what_the_mandate_cannot_give_is_not_asked_for_again_and_again() {
        let now = 1_800_000_000;
        let short = mandate(0, now + 600);
        let end = span(now, &short, until(now + 3600)).end;
        assert!(!reaches(end, now, until(now + 3600)));
        assert!(serves(end, now + 10, &short, until(now + 3600)));
        assert!(!serves(end, now + 10, &mandate(0, u64::MAX), until(now + 3600)));
    }
}
