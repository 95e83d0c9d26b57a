use super::*;
use crate::ceiling::ceiling;
use proptest::prelude::*;
use ttalkak_protocol::{
    money::{EvmAddress, Terms},
    unit::MilliCpu,
};

fn rates(cpu: u128, memory: u128, disk: u128, egress: u128) -> Rates {
    let [cpu_hour, memory_gib_hour, disk_gib_hour, egress_gib] = [cpu, memory, disk, egress].map(Amount);
    Rates { cpu_hour, memory_gib_hour, disk_gib_hour, egress_gib }
}

fn reserved(cpu: u32, memory: u64, disk: u64) -> Reserved {
    Reserved { cpu: MilliCpu(cpu), memory: Bytes(memory), disk: Bytes(disk) }
}

fn any_rates() -> impl Strategy<Value = Rates> {
    let rate = || prop_oneof![Just(0), Just(1), 0..10_000_000_u128, 0..1_u128 << 60];
    (rate(), rate(), rate(), rate()).prop_map(|(cpu, memory, disk, egress)| rates(cpu, memory, disk, egress))
}

fn any_reserved() -> impl Strategy<Value = Reserved> {
    (0..256_000_u32, 0..1_u64 << 40, 0..1_u64 << 45)
        .prop_map(|(cpu, memory, disk)| reserved(cpu, memory, disk))
}

const HOUR: u64 = 3_600_000;

#[test]
fn an_hour_of_whole_units_costs_their_rates() {
    let (rates, reserved) = (rates(4_000, 1_000, 10, 50_000), reserved(2_000, 3 * GIB, 5 * GIB));
    let charged = cost(&rates, &reserved, HOUR, Bytes(2 * GIB), Carry::ZERO);
    assert_eq!(charged, Some((Amount(2 * 4_000 + 3 * 1_000 + 5 * 10 + 2 * 50_000), Carry::ZERO)));
    assert_eq!(rate_per_hour(&rates, &reserved), Amount(11_050));
    assert_eq!(rate_with_egress(&rates, &reserved, Bytes(2 * GIB)), Amount(111_050));
}

#[test]
fn what_is_less_than_a_unit_is_carried_until_it_is_one() {
    let (rates, reserved) = (rates(1, 0, 0, 0), reserved(1_000, 0, 0));
    let (nothing, carry) = cost(&rates, &reserved, HOUR - 1, Bytes(0), Carry::ZERO).unwrap();
    assert_eq!(nothing, Amount::ZERO);
    assert_eq!(cost(&rates, &reserved, 1, Bytes(0), carry), Some((Amount(1), Carry::ZERO)));
}

#[test]
fn the_hourly_bound_is_rounded_up() {
    assert_eq!(rate_per_hour(&rates(1, 0, 0, 0), &reserved(1, 0, 0)), Amount(1));
    assert_eq!(rate_per_hour(&rates(1, 0, 0, 0), &reserved(1_001, 0, 0)), Amount(2));
    assert_eq!(rate_per_hour(&rates(0, 0, 0, 9), &reserved(1_000, GIB, GIB)), Amount::ZERO);
}

#[test]
fn a_cost_beyond_any_amount_is_none_and_never_wraps() {
    let most = rates(u128::MAX, u128::MAX, u128::MAX, u128::MAX);
    let all = reserved(u32::MAX, u64::MAX, u64::MAX);
    assert_eq!(cost(&most, &all, u64::MAX, Bytes(u64::MAX), Carry::ZERO), None);
    assert_eq!(rate_per_hour(&most, &all), Amount::MAX);
    let whole = rates(Amount::MAX.0, 0, 0, 0);
    assert_eq!(
        cost(&whole, &reserved(1_000, 0, 0), HOUR, Bytes(0), Carry::ZERO),
        Some((Amount::MAX, Carry::ZERO))
    );
    assert_eq!(cost(&whole, &reserved(1_000, 0, 0), HOUR + 1, Bytes(0), Carry::ZERO), None);
}

#[test]
fn a_carry_is_a_decimal_string_below_one_unit() {
    let carry: Carry = serde_json::from_str("\"42\"").unwrap();
    assert_eq!(serde_json::to_string(&carry).unwrap(), "\"42\"");
    assert!((PARTS - 1).to_string().parse::<Carry>().is_ok());
    for text in ["", "-1", "+1", " 1", "1.5", &PARTS.to_string(), "99999999999999999999999"] {
        assert_eq!(text.parse::<Carry>(), Err(ParseCarryError), "{text}");
    }
}

proptest! {
    #[test]
    fn the_parts_of_a_span_cost_what_the_span_costs(
        rates in any_rates(),
        reserved in any_reserved(),
        parts in prop::collection::vec((0..HOUR, 0..1_u64 << 36), 1..20),
        carry in 0..PARTS,
    ) {
        let span = parts.iter().map(|part| part.0).sum();
        let egress = parts.iter().map(|part| part.1).sum();
        let whole = cost(&rates, &reserved, span, Bytes(egress), Carry(carry));
        let mut pieces = Some((Amount::ZERO, Carry(carry)));
        for (span, egress) in parts {
            pieces = pieces.and_then(|(sum, carry)| {
                let (more, carry) = cost(&rates, &reserved, span, Bytes(egress), carry)?;
                Some((sum.checked_add(more)?, carry))
            });
        }
        prop_assert_eq!(pieces, whole);
    }

    #[test]
    fn a_cost_is_exact(rates in any_rates(), reserved in any_reserved(), span in 0..HOUR * 1000, egress in 0..1_u64 << 45) {
        let time = U256::from(rates.cpu_hour.0) * U256::from(reserved.cpu.0) * U256::from(GIB)
            + U256::from(rates.memory_gib_hour.0) * U256::from(reserved.memory.0) * U256::from(1000)
            + U256::from(rates.disk_gib_hour.0) * U256::from(reserved.disk.0) * U256::from(1000);
        let sent = U256::from(rates.egress_gib.0) * U256::from(egress) * U256::from(HOUR) * U256::from(1000);
        let exact = time * U256::from(span) + sent;
        if let Some((units, carry)) = cost(&rates, &reserved, span, Bytes(egress), Carry::ZERO) {
            prop_assert_eq!(U256::from(units.0) * U256::from(PARTS) + U256::from(carry.0), exact);
        } else {
            prop_assert!(exact / U256::from(PARTS) > U256::from(Amount::MAX.0));
        }
    }

    /// Time alone never costs more than the contract would allow under terms made from the same rates.
    #[test]
    fn time_stays_below_the_contracts_ceiling(rates in any_rates(), reserved in any_reserved(), seconds in 0_u64..1_000_000) {
        let nobody = EvmAddress::ZERO;
        let rate_per_hour = rate_per_hour(&rates, &reserved);
        let terms = Terms { tenant: nobody, provider: nobody, token: nobody, rate_per_hour, start: 5, expiry: 1 << 39, salt: 0 };
        if let Some((charged, _)) = cost(&rates, &reserved, seconds * 1000, Bytes(0), Carry::ZERO) {
            prop_assert!(charged <= ceiling(&terms, Amount::MAX, 5 + seconds, None));
        }
    }
}
