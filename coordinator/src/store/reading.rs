//! Readings: judged, charged, vouched for and countersigned in one transaction, and kept as evidence. Deliberately absent:
//! the rules (`logic::metering`).

use super::{
    RowExt, Store, StoreError, StoreResult, Tx,
    agreement::{self, AgreementRow},
    journal::journal_append,
    row::json,
};
use crate::{
    ledger::{EntryKey, write},
    logic::metering::{Leased, Metered, Verdict, judge},
};
use ed25519_dalek::{Signature, VerifyingKey};
use sqlx::sqlite::SqliteRow;
use ttalkak_escrow::{Close, Key, Typed, keccak, recover};
use ttalkak_protocol::{
    api::billing::{AgreementState, ChargedReading},
    id::{AgentId, AgreementId, LeaseId},
    link::{Countersigned, SignedClose, VoucherNews},
    money::{Amount, ChainHash, Domain, Reading, SignedReading, SignedVoucher, Voucher, reading_bytes},
    unit::UnixMillis,
};

/// The meter's key and where its signatures count.
#[derive(Clone, Copy)]
pub struct Seal<'a> {
    /// Signs vouchers and readings.
    pub key: &'a Key,
    /// Chain and contract.
    pub domain: Domain,
}

impl Seal<'_> {
    /// A voucher for a total.
    pub fn voucher(&self, agreement: ChainHash, cumulative: Amount) -> SignedVoucher {
        let voucher = Voucher { agreement, cumulative };
        SignedVoucher { voucher, signature: self.key.sign(voucher.digest(&self.domain)) }
    }

    fn countersign(&self, reading: &Reading) -> Countersigned {
        let digest = keccak(&reading_bytes(&self.domain, reading));
        Countersigned { seq: reading.seq, signature: self.key.sign_message(&digest.0) }
    }
}

/// A reading that was refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedReading {
    /// Its number.
    pub seq: u64,
    /// Why.
    pub why: String,
}

/// What became of the readings of one agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charging {
    /// For the agent; `None` when nothing was charged or known.
    pub news: Option<VoucherNews>,
    /// The first one that was refused; those after it were not looked at.
    pub refused: Option<RefusedReading>,
}

impl Store {
    /// Charges what an agent has read under one agreement, oldest first, until one that must wait or is refused.
    /// `None` when the agent has no such agreement.
    pub async fn charge_readings(
        &self,
        agent: (AgentId, &VerifyingKey),
        key: ChainHash,
        readings: &[SignedReading],
        seal: Seal<'_>,
        now: UnixMillis,
    ) -> StoreResult<Option<Charging>> {
        let mut tx = self.begin().await?;
        let found = agreement::find_by_key(&mut tx, key).await?.filter(|row| row.agent == agent.0);
        let Some(mut row) = found else { return Ok(None) };
        let mut charging = Charging { news: None, refused: None };
        let (mut countersigned, mut known) = (Vec::new(), false);
        for signed in readings {
            match charge(&mut tx, &mut row, agent.1, signed, seal, now).await? {
                Charged::Known => known = true,
                Charged::New(signature) => countersigned.push(signature),
                Charged::Later => break,
                Charged::Refused(why) => {
                    charging.refused = Some(RefusedReading { seq: signed.reading.seq, why });
                    break;
                }
            }
        }
        if !countersigned.is_empty() {
            row.voucher = Some(seal.voucher(key, row.charged));
            agreement::set_charged(&mut tx, &row).await?;
            tx.commit_unseen().await?;
        }
        if known || !countersigned.is_empty() {
            charging.news = Some(news(&row, countersigned, seal));
        }
        Ok(Some(charging))
    }

    /// Every charged reading of an agreement, in order.
    pub async fn readings(&self, agreement: AgreementId) -> StoreResult<Vec<ChargedReading>> {
        let rows = sqlx::query("SELECT * FROM reading WHERE agreement_id = ? ORDER BY seq")
            .bind(agreement.to_string())
            .fetch_all(self.read())
            .await?;
        rows.iter().map(read).collect()
    }

    /// News of agreements of an agent that are over and whose close nobody has signed: the newest voucher, with the word
    /// that it is the last. Empty totals are vouched for here.
    pub async fn ending_news(&self, agent: AgentId, seal: Seal<'_>) -> StoreResult<Vec<VoucherNews>> {
        let mut rows = self.agreements_of_agent(agent).await?;
        rows.retain(|row| row.state == AgreementState::Ending && row.close_signature.is_none());
        Ok(rows.iter().map(|row| news(row, Vec::new(), seal)).collect())
    }
}

impl Store {
    /// Keeps a provider's word that it wants no more than what is charged. Returns whether it is news and counts: the
    /// agreement is this agent's, over, and its payee signed for exactly its total.
    pub async fn accept_close(
        &self,
        agent: AgentId,
        close: &SignedClose,
        domain: &Domain,
    ) -> StoreResult<bool> {
        let row = self.agreement_by_key(close.total.agreement).await?;
        let Some(row) = row.filter(|row| row.agent == agent && row.close_signature.is_none()) else {
            return Ok(false);
        };
        let signed = Close { agreement: row.key, cumulative: close.total.cumulative };
        let content = recover(signed.digest(domain), &close.signature) == Ok(row.terms.provider);
        if row.state != AgreementState::Ending || close.total.cumulative != row.charged || !content {
            return Ok(false);
        }
        let mut tx = self.begin().await?;
        // Readings that were charged meanwhile would make it too little.
        let now = agreement::find(&mut tx, row.id).await?;
        if now.is_none_or(|now| now.charged != row.charged) {
            return Ok(false);
        }
        agreement::set_close_signature(&mut tx, row.id, &close.signature).await?;
        tx.commit_unseen().await.map(|()| true)
    }
}

fn news(row: &AgreementRow, countersigned: Vec<Countersigned>, seal: Seal<'_>) -> VoucherNews {
    let signed = row.voucher.unwrap_or_else(|| seal.voucher(row.key, row.charged));
    VoucherNews { signed, seq: row.seq, countersigned, ending: row.state == AgreementState::Ending }
}

enum Charged {
    Known,
    Later,
    New(Countersigned),
    Refused(String),
}

async fn charge(
    tx: &mut Tx,
    row: &mut AgreementRow,
    agent: &VerifyingKey,
    signed: &SignedReading,
    seal: Seal<'_>,
    now: UnixMillis,
) -> StoreResult<Charged> {
    let reading = &signed.reading;
    let leased = leased(tx, row, reading.lease).await?;
    let leased = match leased {
        Whose::Ours(leased) => Some(leased),
        Whose::Gone => None,
        Whose::Another => return Ok(Charged::Refused("its lease is not of this agreement".to_owned())),
    };
    let (charge, charged, carry) = match judge(&metered(row), leased.as_ref(), reading, now) {
        Verdict::Known => return Ok(Charged::Known),
        Verdict::Later => return Ok(Charged::Later),
        Verdict::Refused(refusal) => return Ok(Charged::Refused(refusal.to_string())),
        Verdict::Charge { charge, charged, carry } => (charge, charged, carry),
    };
    if !is_signed(agent, &reading_bytes(&seal.domain, reading), &signed.agent_signature) {
        return Ok(Charged::Refused("the agent did not sign it".to_owned()));
    }
    if charge > Amount::ZERO {
        let key = EntryKey::Charge { agreement: row.id, seq: reading.seq };
        match journal_append(tx, &write::charge(row.id, charge)?, key, now).await {
            Ok(_) => {}
            // The books know less than the chain: what is charged must be in them first.
            Err(StoreError::Ledger(error)) => return Ok(Charged::Refused(error.to_string())),
            Err(error) => return Err(error),
        }
    }
    let countersigned = seal.countersign(reading);
    (row.charged, row.carry, row.seq, row.charged_to) = (charged, carry, reading.seq, reading.to);
    insert(tx, row, signed, &countersigned, charge, now).await?;
    Ok(Charged::New(countersigned))
}

fn metered(row: &AgreementRow) -> Metered {
    Metered {
        terms: row.terms,
        rates: row.rates,
        reserved: row.reserved,
        cap: row.cap,
        charged: row.charged,
        carry: row.carry,
        seq: row.seq,
        charged_to: row.charged_to,
        stands: row.opened_at.is_some() && matches!(row.state, AgreementState::Open | AgreementState::Ending),
        ended_at: row.ended_at,
    }
}

fn is_signed(agent: &VerifyingKey, bytes: &[u8], signature: &str) -> bool {
    let signature = hex::decode(signature).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
    signature.is_some_and(|signature| agent.verify_strict(bytes, &signature).is_ok())
}

enum Whose {
    Ours(Leased),
    Another,
    /// Erased with its deployment.
    Gone,
}

async fn leased(tx: &mut Tx, agreement: &AgreementRow, lease: LeaseId) -> StoreResult<Whose> {
    let row = sqlx::query("SELECT agreement_id, healthy_at, ended_at FROM lease WHERE id = ?")
        .bind(lease.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    // Leases go with their deployment, whose agreements have ended then.
    let Some(row) = row else {
        return Ok(if agreement.ended_at.is_some() { Whose::Gone } else { Whose::Another });
    };
    if row.parsed_opt("agreement_id")? != Some(agreement.id) {
        return Ok(Whose::Another);
    }
    Ok(Whose::Ours(Leased {
        lease,
        healthy_at: row.time_opt("healthy_at")?,
        ended_at: row.time_opt("ended_at")?,
    }))
}

async fn insert(
    tx: &mut Tx,
    row: &AgreementRow,
    signed: &SignedReading,
    countersigned: &Countersigned,
    charge: Amount,
    now: UnixMillis,
) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO reading (agreement_id, seq, body, agent_signature, meter_signature, charge, cumulative, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(row.id.to_string())
    .bind(signed.reading.seq.cast_signed())
    .bind(json(&signed.reading))
    .bind(&signed.agent_signature)
    .bind(countersigned.signature.to_string())
    .bind(charge.to_string())
    .bind(row.charged.to_string())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn read(row: &SqliteRow) -> StoreResult<ChargedReading> {
    let reading = row.json_opt("body")?.ok_or_else(|| StoreError::corrupt("body"))?;
    let signed = SignedReading { reading, agent_signature: row.text("agent_signature")? };
    let countersigned = Countersigned { seq: row.number("seq")?, signature: row.parsed("meter_signature")? };
    Ok(ChargedReading { signed, countersigned, cumulative: row.parsed("cumulative")? })
}
