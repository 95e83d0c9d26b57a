//! What use costs: exact whole-number arithmetic. A cost is floored to base units, and what was cut off is carried into
//! the next reading, so that a long span and its many parts come to the same. Deliberately absent: floats, discounts.

use alloy_primitives::U256;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use ttalkak_protocol::{
    money::{Amount, Rates, Reserved},
    unit::Bytes,
};

const MS_PER_HOUR: u64 = 3_600_000;
const MILLI: u64 = 1_000;
const GIB: u64 = 1 << 30;
/// Parts of a base unit that everything is counted in: the product of all divisors, so no division is needed before the
/// last. 3.9e18, below 2^64.
const PARTS: u64 = MS_PER_HOUR * MILLI * GIB;

/// The part of a base unit that earlier readings of an agreement have used and nobody was charged for yet.
/// A decimal string in tables and JSON; below one base unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Carry(u64);

/// A text that is not a carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a carry: a whole number below {PARTS}")]
pub struct ParseCarryError;

impl Carry {
    /// Nothing left over, as at the begin of an agreement.
    pub const ZERO: Self = Self(0);
}

impl fmt::Display for Carry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Carry {
    type Err = ParseCarryError;

    fn from_str(text: &str) -> Result<Self, ParseCarryError> {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let parts = text.parse().ok().filter(|parts| plain && *parts < PARTS);
        parts.map(Self).ok_or(ParseCarryError)
    }
}

impl From<Carry> for String {
    fn from(carry: Carry) -> String {
        carry.to_string()
    }
}

impl TryFrom<String> for Carry {
    type Error = ParseCarryError;

    fn try_from(text: String) -> Result<Self, ParseCarryError> {
        text.parse()
    }
}

/// What a span costs, with what was left over before it: whole base units, and what is left over now.
/// `None` when the cost is beyond [`Amount::MAX`].
pub fn cost(
    rates: &Rates,
    reserved: &Reserved,
    span_ms: u64,
    egress: Bytes,
    carry: Carry,
) -> Option<(Amount, Carry)> {
    let time = parts_per_ms(rates, reserved)?.checked_mul(U256::from(span_ms))?;
    let sent = parts_sent(rates, egress)?;
    let (units, left) = time.checked_add(sent)?.checked_add(U256::from(carry.0))?.div_rem(U256::from(PARTS));
    Some((amount(units)?, Carry(left.to())))
}

/// The most that an hour of these resources costs, without what is sent; rounded up, so that no charge for time is ever
/// above the bound. [`Amount::MAX`] when it is more than that.
pub fn rate_per_hour(rates: &Rates, reserved: &Reserved) -> Amount {
    rate_with_egress(rates, reserved, Bytes(0))
}

/// As [`rate_per_hour`], with room for so many bytes sent in an hour. Terms that are to pay for egress need a rate of this
/// kind, since the contract bounds everything by it.
pub fn rate_with_egress(rates: &Rates, reserved: &Reserved, egress_per_hour: Bytes) -> Amount {
    let hour = || {
        let time = parts_per_ms(rates, reserved)?.checked_mul(U256::from(MS_PER_HOUR))?;
        let parts = time.checked_add(parts_sent(rates, egress_per_hour)?)?;
        amount(parts.div_ceil(U256::from(PARTS)))
    };
    hour().unwrap_or(Amount::MAX)
}

/// A processor is 1000 shares, a GiB is 2^30 bytes: each product is brought to the common divisor.
fn parts_per_ms(rates: &Rates, reserved: &Reserved) -> Option<U256> {
    let cpu = product(rates.cpu_hour, u64::from(reserved.cpu.0), GIB)?;
    let memory = product(rates.memory_gib_hour, reserved.memory.0, MILLI)?;
    let disk = product(rates.disk_gib_hour, reserved.disk.0, MILLI)?;
    cpu.checked_add(memory)?.checked_add(disk)
}

fn parts_sent(rates: &Rates, egress: Bytes) -> Option<U256> {
    product(rates.egress_gib, egress.0, MS_PER_HOUR * MILLI)
}

fn product(rate: Amount, count: u64, scale: u64) -> Option<U256> {
    U256::from(rate.0).checked_mul(U256::from(count))?.checked_mul(U256::from(scale))
}

fn amount(units: U256) -> Option<Amount> {
    u128::try_from(units).ok().map(Amount).filter(|amount| *amount <= Amount::MAX)
}

#[cfg(test)]
mod tests;
