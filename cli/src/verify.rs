//! Recomputes an invoice's line from its evidence: who stands for each reading, what it costs, what the meter signed, and
//! (`verify/on_chain.rs`) what the batch on chain says. Pure: nothing here trusts the coordinator, and nothing asks it.

pub(crate) mod on_chain;

use crate::{human, money::Coin};
use ed25519_dalek::{Signature, VerifyingKey};
use ttalkak_escrow::{Typed, agreement_key, ceiling::ceiling, keccak, price, recover, recover_message};
use ttalkak_protocol::{
    api::billing::{ChargedReading, Evidence},
    money::{Amount, EvmAddress, reading_bytes},
    unit::Millis,
};

/// A bound may have been taken so much before a reading's end: the agent's clock may be ahead.
const SKEW_SECONDS: u64 = 5;

/// One thing that was recomputed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Check {
    /// What was looked at.
    pub(crate) what: String,
    /// How the claim differs from what follows; absent when they are equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) difference: Option<String>,
}

impl Check {
    pub(crate) fn new(what: impl Into<String>, outcome: Result<(), String>) -> Self {
        Self { what: what.into(), difference: outcome.err() }
    }
}

/// The first difference of a row of checks.
pub(crate) fn first_difference(checks: &[Check]) -> Option<String> {
    checks.iter().find_map(|check| check.difference.as_ref().map(|how| format!("{}: {how}", check.what)))
}

/// Everything that can be checked without asking anybody, in the order in which it builds on itself.
pub(crate) fn evidence(evidence: &Evidence, coin: Coin<'_>) -> Vec<Check> {
    let view = &evidence.agreement;
    let mut checks = vec![
        Check::new(
            format!("agreement {}", view.key),
            same("the hash of its terms", &agreement_key(&view.terms), &view.key),
        ),
        Check::new(
            format!("price {}", coin.per_hour(price::rate_per_hour(&evidence.rates, &evidence.reserved))),
            at_most(
                "an hour of the reserved size",
                price::rate_per_hour(&evidence.rates, &evidence.reserved),
                view.terms.rate_per_hour,
            ),
        ),
    ];
    let mut meter = Recount::new(evidence);
    checks.extend(evidence.readings.iter().map(|reading| meter.reading(reading, coin)));
    checks.push(voucher(evidence, &meter, coin));
    let cap = highest_cap(evidence);
    let outcome = caps(evidence).and_then(|()| at_most("all that was charged", meter.total, cap));
    checks.push(Check::new(format!("cap {}", coin.show(cap)), outcome));
    checks
}

/// Whose signatures may stand in the evidence, oldest first. Whether they were the meter, the chain says.
pub(crate) fn meters(evidence: &Evidence) -> Vec<EvmAddress> {
    // Evidence of a coordinator from before rotations were told knows one.
    if evidence.meters.is_empty() { vec![evidence.meter] } else { evidence.meters.clone() }
}

/// The most that the agreement ever held: a closed one holds no more than what was claimed.
fn highest_cap(evidence: &Evidence) -> Amount {
    let caps = evidence.caps.iter().map(|line| line.cap);
    caps.chain([evidence.agreement.cap]).max().unwrap_or_default()
}

/// Caps only ever grow.
fn caps(evidence: &Evidence) -> Result<(), String> {
    let grow = evidence.caps.is_sorted_by(|before, after| before.cap < after.cap);
    if grow { Ok(()) } else { Err("a cap is told to be raised to less than it was".into()) }
}

/// What was counted so far.
struct Recount<'a> {
    evidence: &'a Evidence,
    agent: Option<VerifyingKey>,
    meters: Vec<EvmAddress>,
    /// Which of them signed last: an older one does not come back.
    signing: usize,
    seq: u64,
    to: i64,
    total: Amount,
    carry: price::Carry,
}

impl<'a> Recount<'a> {
    fn new(evidence: &'a Evidence) -> Self {
        let bytes = hex::decode(evidence.agent_key.trim_start_matches("0x")).ok();
        let agent = bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok());
        let meters = meters(evidence);
        Self {
            evidence,
            agent,
            meters,
            signing: 0,
            seq: 0,
            to: 0,
            total: Amount::ZERO,
            carry: price::Carry::ZERO,
        }
    }

    fn reading(&mut self, charged: &ChargedReading, coin: Coin<'_>) -> Check {
        let reading = &charged.signed.reading;
        let span = Millis(reading.to.since(reading.from).0);
        let outcome = self.recount(charged);
        let what = format!(
            "reading {} · {} · {} sent · {} in all",
            reading.seq,
            human::took(span),
            human::size(reading.egress),
            coin.show(charged.cumulative)
        );
        (self.seq, self.to, self.total) = (reading.seq, reading.to.0, charged.cumulative);
        Check::new(what, outcome)
    }

    fn recount(&mut self, charged: &ChargedReading) -> Result<(), String> {
        let (evidence, reading) = (self.evidence, &charged.signed.reading);
        same("its agreement", &reading.agreement, &evidence.agreement.key)?;
        same("its number", &reading.seq, &(self.seq + 1))?;
        if reading.from.0 < self.to || reading.to <= reading.from {
            return Err("its span overlaps the one before or is none".into());
        }
        let terms = &evidence.agreement.terms;
        if reading.from.0 / 1000 < i64::try_from(terms.start).unwrap_or(i64::MAX) {
            return Err("it begins before the agreement".into());
        }
        let bytes = reading_bytes(&evidence.domain, reading);
        self.agent_signed(&bytes, &charged.signed.agent_signature)?;
        same("the reading that the meter countersigned", &charged.countersigned.seq, &reading.seq)?;
        let meter = recover_message(&keccak(&bytes).0, &charged.countersigned.signature);
        self.signing = self.signed_by("the countersignature", meter)?;
        self.priced(charged)
    }

    /// Which meter signed, none that was replaced before.
    fn signed_by<E: std::fmt::Display>(
        &self,
        what: &str,
        signer: Result<EvmAddress, E>,
    ) -> Result<usize, String> {
        let signer = signer.map_err(|error| format!("{what} has no good signature: {error}"))?;
        let at = self.meters.iter().enumerate().skip(self.signing).find(|(_, meter)| **meter == signer);
        at.map(|(at, _)| at).ok_or_else(|| {
            let meters = self.meters.iter().map(EvmAddress::to_string).collect::<Vec<_>>().join(", ");
            format!("{what} is signed by {signer}, not by the meter {meters} of that time")
        })
    }

    fn agent_signed(&self, bytes: &[u8], signature: &str) -> Result<(), String> {
        let agent = self.agent.ok_or("the agent's key is none")?;
        let signature = hex::decode(signature.trim_start_matches("0x")).ok();
        let signature = signature.and_then(|bytes| Signature::from_slice(&bytes).ok());
        let signature = signature.ok_or("the agent's signature is none")?;
        agent.verify_strict(bytes, &signature).map_err(|_| "the agent did not sign it".to_owned())
    }

    fn priced(&mut self, charged: &ChargedReading) -> Result<(), String> {
        let (evidence, reading) = (self.evidence, &charged.signed.reading);
        let span = reading.to.since(reading.from).0;
        let (cost, carry) =
            price::cost(&evidence.rates, &evidence.reserved, span, reading.egress, self.carry)
                .ok_or("its cost is beyond all measure")?;
        self.carry = carry;
        let full = self.total.checked_add(cost).ok_or("its cost is beyond all measure")?;
        if charged.cumulative < full {
            return self.bounded(charged, full);
        }
        same("what is earned in all", &charged.cumulative, &full)
    }

    /// The contract pays no more than the cap of the time and the rate allow; what is beyond, remainder and all, is the
    /// provider's loss and not the tenant's.
    fn bounded(&mut self, charged: &ChargedReading, full: Amount) -> Result<(), String> {
        let (terms, cap) = (&self.evidence.agreement.terms, highest_cap(self.evidence));
        let to = u64::try_from(charged.signed.reading.to.0 / 1000).unwrap_or(0);
        let at_a_cap = self.evidence.caps.iter().any(|line| line.cap == charged.cumulative);
        if !at_a_cap && charged.cumulative < ceiling(terms, cap, to.saturating_sub(SKEW_SECONDS), None) {
            return Err(format!("what is earned in all is {}, {full} follows", charged.cumulative));
        }
        self.carry = price::Carry::ZERO;
        Ok(())
    }
}

fn voucher(evidence: &Evidence, recount: &Recount<'_>, coin: Coin<'_>) -> Check {
    let Some(signed) = &evidence.voucher else {
        return Check::new("voucher", same("earned without one", &recount.total, &Amount::ZERO));
    };
    let outcome = || {
        same("its agreement", &signed.voucher.agreement, &evidence.agreement.key)?;
        same("its total", &signed.voucher.cumulative, &recount.total)?;
        recount.signed_by("it", recover(signed.voucher.digest(&evidence.domain), &signed.signature)).map(drop)
    };
    Check::new(format!("voucher · {}", coin.show(signed.voucher.cumulative)), outcome())
}

/// Whether a claim is what follows.
fn same<T: PartialEq + std::fmt::Display>(what: &str, claimed: &T, follows: &T) -> Result<(), String> {
    if claimed == follows { Ok(()) } else { Err(format!("{what} is {claimed}, {follows} follows")) }
}

fn at_most(what: &str, claimed: Amount, limit: Amount) -> Result<(), String> {
    if claimed <= limit { Ok(()) } else { Err(format!("{what} comes to {claimed}, above {limit}")) }
}

#[cfg(test)]
pub(crate) mod tests;
