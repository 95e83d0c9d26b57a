//! Prices as terms and locks need them: the most that an hour may cost, and what a span costs at most. Deliberately
//! absent: charging (`logic::metering`).

use super::placement::Need;
use ttalkak_escrow::price::rate_with_egress;
use ttalkak_protocol::{
    money::{Amount, Rates, Reserved},
    unit::{Bytes, Millis},
};

/// Terms have room for so much sent in an hour, on the average since their begin. What is sent beyond it is the
/// provider's gift: without a bound, a tenant's permission would mean nothing.
pub const EGRESS_ROOM: Bytes = Bytes(1 << 30);
/// Thirty days.
const MONTH_HOURS: u128 = 720;
const HOUR_MS: u128 = 3_600_000;

/// What a workload of this need is charged for.
pub fn reserved(need: &Need) -> Reserved {
    Reserved { cpu: need.cpu, memory: need.memory, disk: Bytes(0) }
}

/// The most that an hour may cost; zero at a provider that lends for nothing.
pub fn terms_rate(rates: &Rates, reserved: &Reserved) -> Amount {
    rate_with_egress(rates, reserved, EGRESS_ROOM)
}

/// What a span costs at a rate, rounded up; [`Amount::MAX`] when it is more than that.
pub fn cost_of(rate_per_hour: Amount, span: Millis) -> Amount {
    let cost = rate_per_hour.0.checked_mul(u128::from(span.0)).map(|cost| cost.div_ceil(HOUR_MS));
    cost.map_or(Amount::MAX, |cost| Amount(cost).min(Amount::MAX))
}

/// Thirty days at a rate.
pub fn per_month(rate_per_hour: Amount) -> Amount {
    Amount(rate_per_hour.0.saturating_mul(MONTH_HOURS)).min(Amount::MAX)
}

/// How many seconds so much money lasts at a rate; `None` when nothing is asked.
pub fn seconds_left(money: Amount, rate_per_hour: Amount) -> Option<u64> {
    let seconds = money.0.saturating_mul(3600).checked_div(rate_per_hour.0)?;
    Some(u64::try_from(seconds).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::unit::MilliCpu;

    #[test]
    fn terms_have_room_for_what_is_sent_and_nothing_asked_is_nothing() {
        let need = Need { memory: Bytes::mib(1024), cpu: MilliCpu(500), rate_max: None };
        let rates = Rates {
            cpu_hour: Amount(100),
            memory_gib_hour: Amount(10),
            egress_gib: Amount(7),
            ..Rates::default()
        };
        assert_eq!(terms_rate(&rates, &reserved(&need)), Amount(67));
        assert_eq!(terms_rate(&Rates::default(), &reserved(&need)), Amount::ZERO);
    }

    #[test]
    fn a_cost_is_rounded_up_and_a_runway_down() {
        assert_eq!(cost_of(Amount(10), Millis(1)), Amount(1));
        assert_eq!(cost_of(Amount(3600), Millis(60_000)), Amount(60));
        assert_eq!(cost_of(Amount::MAX, Millis(u64::MAX)), Amount::MAX);
        assert_eq!(seconds_left(Amount(59), Amount(3600)), Some(59));
        assert_eq!(seconds_left(Amount(1), Amount(3601)), Some(0));
        assert_eq!(seconds_left(Amount(1), Amount::ZERO), None);
        assert_eq!(per_month(Amount(2)), Amount(1440));
    }
}
