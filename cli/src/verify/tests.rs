use super::*;
use ed25519_dalek::{Signer, SigningKey};
use ttalkak_escrow::Key;
use ttalkak_protocol::{
    api::billing::{AgreementState, AgreementView, CapLine},
    id::{AgentId, AgreementId, LeaseId},
    link::Countersigned,
    money::{ChainHash, Domain, Rates, Reading, Reserved, SignedReading, SignedVoucher, Terms, Voucher},
    unit::{Bytes, MilliCpu, UnixMillis},
};

const START: i64 = 1_760_000_000;

/// Two good readings of half a minute each, vouchered.
pub(crate) struct World {
    agent: SigningKey,
    meter: Key,
    pub(crate) evidence: Evidence,
}

impl World {
    pub(crate) fn new() -> Self {
        let (agent, meter) = (SigningKey::from_bytes(&[7; 32]), Key::from_hex(&"11".repeat(32)).unwrap());
        let rates =
            Rates { cpu_hour: Amount(1_000_003), memory_gib_hour: Amount(500_001), ..Rates::default() };
        let reserved = Reserved { cpu: MilliCpu(700), memory: Bytes::mib(512), disk: Bytes(0) };
        let terms = Terms {
            tenant: EvmAddress([1; 20]),
            provider: EvmAddress([2; 20]),
            token: EvmAddress([3; 20]),
            rate_per_hour: price::rate_per_hour(&rates, &reserved),
            start: u64::try_from(START).unwrap(),
            expiry: u64::try_from(START).unwrap() + 86_400,
            salt: 5,
        };
        let agreement = AgreementView {
            id: AgreementId::new(uuid::Uuid::nil()),
            key: agreement_key(&terms),
            provider: AgentId::new(uuid::Uuid::nil()),
            state: AgreementState::Open,
            terms,
            cap: Amount(24_000_000),
            vouchered: Amount::ZERO,
            settled: Amount::ZERO,
        };
        let evidence = Evidence {
            domain: Domain { chain_id: 31_337, contract: EvmAddress([9; 20]) },
            agreement,
            rates,
            reserved,
            agent_key: hex::encode(agent.verifying_key().as_bytes()),
            meter: meter.address(),
            meters: vec![meter.address()],
            caps: Vec::new(),
            readings: Vec::new(),
            voucher: None,
            settlements: Vec::new(),
        };
        let mut world = Self { agent, meter, evidence };
        world.charge(60_000, 90_001);
        world.charge(90_001, 120_777);
        world.vouch();
        world
    }

    /// Adds an honest reading: from and to in milliseconds after the agreement's start.
    fn charge(&mut self, from: i64, to: i64) {
        let seq = self.evidence.readings.len() as u64 + 1;
        let reading = Reading {
            agreement: self.evidence.agreement.key,
            seq,
            lease: LeaseId::new(uuid::Uuid::nil()),
            from: UnixMillis(START * 1000 + from),
            to: UnixMillis(START * 1000 + to),
            egress: Bytes(1_000),
        };
        self.evidence.readings.push(self.signed(reading, Amount::ZERO));
        self.total_up();
    }

    fn signed(&self, reading: Reading, cumulative: Amount) -> ChargedReading {
        let bytes = reading_bytes(&self.evidence.domain, &reading);
        let countersigned =
            Countersigned { seq: reading.seq, signature: self.meter.sign_message(&keccak(&bytes).0) };
        let agent_signature = hex::encode(self.agent.sign(&bytes).to_bytes());
        ChargedReading { signed: SignedReading { reading, agent_signature }, countersigned, cumulative }
    }

    /// Honest totals, from one cost over all spans: the split must not matter.
    fn total_up(&mut self) {
        let (mut total, mut carry) = (Amount::ZERO, price::Carry::ZERO);
        for charged in &mut self.evidence.readings {
            let reading = &charged.signed.reading;
            let span = reading.to.since(reading.from).0;
            let (rates, reserved) = (&self.evidence.rates, &self.evidence.reserved);
            let (cost, left) = price::cost(rates, reserved, span, reading.egress, carry).unwrap();
            (total, carry) = (total.checked_add(cost).unwrap(), left);
            charged.cumulative = total;
        }
    }

    fn vouch(&mut self) {
        let cumulative = self.evidence.readings.last().map_or(Amount::ZERO, |last| last.cumulative);
        let voucher = Voucher { agreement: self.evidence.agreement.key, cumulative };
        let signature = self.meter.sign(voucher.digest(&self.evidence.domain));
        self.evidence.voucher = Some(SignedVoucher { voucher, signature });
    }

    fn difference(&self) -> Option<String> {
        let chain = crate::money::tests::chain();
        first_difference(&evidence(&self.evidence, Coin::from(&chain)))
    }
}

#[track_caller]
fn refused(change: impl FnOnce(&mut World), why: &str) {
    let mut world = World::new();
    change(&mut world);
    let difference = world.difference().expect("it must be noticed");
    assert!(difference.contains(why), "{difference}");
}

#[test]
fn an_honest_invoice_follows_from_its_evidence() {
    assert_eq!(World::new().difference(), None);
    let mut empty = World::new();
    empty.evidence.readings.clear();
    empty.evidence.voucher = None;
    assert_eq!(empty.difference(), None);
}

#[test]
fn one_base_unit_more_is_noticed() {
    refused(|world| world.evidence.readings[1].cumulative.0 += 1, "what is earned in all");
}

#[test]
fn a_unit_less_than_follows_is_noticed_when_no_bound_explains_it() {
    refused(|world| world.evidence.readings[1].cumulative.0 -= 1, "follows");
}

#[test]
fn what_the_contract_would_not_pay_may_be_cut_off_and_its_remainder_with_it() {
    let mut world = World::new();
    world.evidence.agreement.cap = Amount(world.evidence.readings[1].cumulative.0 - 10);
    world.evidence.readings[1].cumulative = world.evidence.agreement.cap;
    world.vouch();
    assert_eq!(world.difference(), None);
    world.evidence.readings[1].cumulative.0 -= 1;
    world.vouch();
    assert!(world.difference().is_some(), "cut below the bound");
}

#[test]
fn a_reading_that_the_agent_did_not_sign_is_noticed() {
    refused(|world| world.evidence.readings[0].signed.reading.to.0 += 1, "the agent did not sign it");
    refused(|world| world.evidence.readings[0].signed.agent_signature = "00".into(), "signature is none");
    refused(|world| world.evidence.agent_key = "zz".into(), "the agent's key is none");
}

#[test]
fn a_reading_that_another_meter_countersigned_is_noticed() {
    refused(
        |world| {
            world.meter = Key::from_hex(&"22".repeat(32)).unwrap();
            let reading = world.evidence.readings[0].clone();
            world.evidence.readings[0] = world.signed(reading.signed.reading, reading.cumulative);
        },
        "the countersignature is signed by",
    );
}

/// Another key takes over, and says so.
fn rotate(world: &mut World) {
    world.meter = Key::from_hex(&"22".repeat(32)).unwrap();
    world.evidence.meter = world.meter.address();
    world.evidence.meters.push(world.meter.address());
}

#[test]
fn readings_of_two_meters_one_after_the_other_are_equal_and_an_old_key_does_not_come_back() {
    let mut world = World::new();
    let old = world.meter.clone();
    rotate(&mut world);
    world.charge(120_777, 150_000);
    world.vouch();
    assert_eq!(world.difference(), None);
    let again = Key::clone(&old);
    world.meter = again;
    world.charge(150_000, 160_000);
    assert!(world.difference().unwrap().contains("of that time"));
}

#[test]
fn a_voucher_of_a_meter_that_was_replaced_before_the_last_reading_is_noticed() {
    let mut world = World::new();
    let old = world.meter.clone();
    rotate(&mut world);
    world.charge(120_777, 150_000);
    world.meter = old;
    world.vouch();
    assert!(world.difference().unwrap().contains("it is signed by"));
}

#[test]
fn a_reading_cut_off_at_a_cap_that_was_topped_up_later_is_equal() {
    let mut world = World::new();
    let line = |cap, block| CapLine { cap: Amount(cap), transaction: ChainHash([5; 32]), block };
    let first = world.evidence.readings[1].cumulative.0 - 10;
    world.evidence.readings[1].cumulative = Amount(first);
    world.vouch();
    assert!(world.difference().is_some(), "nothing explains it");
    world.evidence.caps = vec![line(first, 3), line(24_000_000, 9)];
    assert_eq!(world.difference(), None);
    world.evidence.caps = vec![line(24_000_000, 3), line(first, 9)];
    assert!(world.difference().unwrap().contains("raised to less"));
}

#[test]
fn the_same_time_is_never_charged_twice() {
    refused(
        |world| {
            world.charge(120_000, 130_000);
            world.vouch();
        },
        "overlaps",
    );
    refused(
        |world| {
            let again = world.evidence.readings[1].clone();
            world.evidence.readings.push(again);
        },
        "its number is 2, 3 follows",
    );
}

#[test]
fn a_reading_left_out_is_noticed() {
    refused(|world| drop(world.evidence.readings.remove(0)), "its number is 2, 1 follows");
}

#[test]
fn a_voucher_for_more_or_by_another_is_noticed() {
    refused(|world| world.evidence.voucher.as_mut().unwrap().voucher.cumulative.0 += 1, "its total");
    refused(|world| world.evidence.voucher = None, "earned without one");
    refused(
        |world| {
            world.meter = Key::from_hex(&"22".repeat(32)).unwrap();
            world.vouch();
        },
        "it is signed by",
    );
}

#[test]
fn other_terms_than_those_on_chain_are_noticed() {
    refused(|world| world.evidence.agreement.terms.rate_per_hour.0 += 1, "the hash of its terms");
    refused(|world| world.evidence.rates.cpu_hour.0 *= 2, "an hour of the reserved size");
}

#[test]
fn evidence_of_another_contract_does_not_verify() {
    refused(|world| world.evidence.domain.contract = EvmAddress([8; 20]), "the agent did not sign it");
}

/// The program as a whole is tested with this file; it must be what the code here makes.
#[test]
fn the_evidence_of_the_other_tests_is_the_one_of_these() {
    let kept: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/end_to_end/evidence.json")).unwrap();
    let made = serde_json::to_value(World::new().evidence).unwrap();
    assert_eq!(kept, made, "it should be {made}");
}
