//! The most that the contract lets anybody take under an agreement at a time; the same arithmetic, so that nothing is
//! promised off chain that the chain would refuse.

use alloy_primitives::U256;
use ttalkak_protocol::money::{Amount, Terms};

/// `cap`: as it stands on chain. `now_secs`: the time of the block that would carry the claim, seconds since 1970; of the
/// newest known block when one wants to be sure. `ended_at`: when an end was asked for, since the bound freezes there.
/// The largest `cumulative` with `cumulative <= cap` and `cumulative * 3600 <= rate * elapsed`; zero before the start.
pub fn ceiling(terms: &Terms, cap: Amount, now_secs: u64, ended_at: Option<u64>) -> Amount {
    let until = now_secs.min(terms.expiry).min(ended_at.unwrap_or(u64::MAX));
    let elapsed = until.saturating_sub(terms.start);
    // 128 bits times 64 bits fit in 256.
    let earned = U256::from(terms.rate_per_hour.0) * U256::from(elapsed) / U256::from(3600);
    u128::try_from(earned).map_or(cap, |earned| cap.min(Amount(earned)))
}

#[cfg(test)]
mod tests;
