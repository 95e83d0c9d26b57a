//! Money on the links: how a lease is paid on the way down; offers, readings and closes on the way up, and vouchers for
//! them. Deliberately absent: whether a reading counts (`logic::metering`).

use super::Facts;
use crate::{
    clock,
    flows::FlowError,
    money::Money,
    store::{lease::LeaseRow, reading::Seal},
};
use ed25519_dalek::VerifyingKey;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};
use ttalkak_protocol::{
    id::AgentId,
    link::{MoneyReport, Payment, SignedClose, VoucherNews, short_key},
    money::{ChainHash, SignedReading},
    unit::{Millis, UnixMillis},
};

/// The word that an agreement is over is said again after this, in case it was lost.
const TELL_AGAIN: Millis = Millis(60_000);

/// Refused readings that are remembered; an agent can make up as many as it likes.
const REFUSED_MAX: usize = 10_000;

/// What was said before, so that it is not said with every report.
#[derive(Default)]
pub(super) struct Said {
    inner: Mutex<Words>,
}

#[derive(Default)]
struct Words {
    ending: BTreeMap<ChainHash, UnixMillis>,
    refused: BTreeSet<(ChainHash, u64)>,
}

impl Said {
    /// Whether the end of an agreement is to be told now.
    fn tells_end(&self, agreement: ChainHash, now: UnixMillis) -> bool {
        let mut words = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        words.ending.retain(|_, at| now.since(*at) < TELL_AGAIN);
        words.ending.insert(agreement, now).is_none()
    }

    /// Whether the refusal of a reading is news. Returns how many were refused so far when it is.
    fn refuses(&self, agreement: ChainHash, seq: u64) -> Option<usize> {
        let mut words = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if words.refused.len() >= REFUSED_MAX {
            words.refused.clear();
        }
        words.refused.insert((agreement, seq)).then_some(words.refused.len())
    }
}

impl Facts {
    /// How a lease is paid; `None` where nothing is charged for it.
    pub(super) async fn payment(&self, row: &LeaseRow) -> Result<Option<Payment>, FlowError> {
        let (Some(money), Some(id)) = (&self.world.money, row.agreement) else { return Ok(None) };
        let agreement = self.world.store.agreement(id).await?;
        let agreement = agreement.ok_or(FlowError::Corrupt("the agreement of a lease"))?;
        Ok(Some(Payment {
            domain: money.domain(),
            meter: money.meter.address(),
            terms: agreement.terms,
            rates: agreement.rates,
            reserved: agreement.reserved,
            seq: agreement.seq,
            charged_to: agreement.charged_to,
            voucher: agreement.voucher,
            secured: agreement.opened_at.is_some(),
        }))
    }

    /// Takes in what a report says about money. Returns what its agent is to hear.
    pub(super) async fn take_money(
        &self,
        agent: AgentId,
        report: &MoneyReport,
    ) -> Result<Vec<VoucherNews>, FlowError> {
        let Some(money) = &self.world.money else { return Ok(Vec::new()) };
        let store = &self.world.store;
        store.note_offer(agent, report.offer.as_ref()).await?;
        let now = clock::now();
        let seal = Seal { key: &money.meter, domain: money.domain() };
        let mut news = Vec::new();
        if !report.readings.is_empty() {
            news = self.charge(agent, &report.readings, seal, now).await?;
        }
        for close in &report.closes {
            self.take_close(agent, close, money).await?;
        }
        let told: BTreeSet<_> =
            news.iter().filter(|one| one.ending).map(|one| one.signed.voucher.agreement).collect();
        let ends = store.ending_news(agent, seal).await?.into_iter();
        news.extend(ends.filter(|end| {
            let key = end.signed.voucher.agreement;
            !told.contains(&key) && self.said.tells_end(key, now)
        }));
        Ok(news)
    }

    async fn charge(
        &self,
        agent: AgentId,
        readings: &[SignedReading],
        seal: Seal<'_>,
        now: UnixMillis,
    ) -> Result<Vec<VoucherNews>, FlowError> {
        let Some(key) = self.world.store.agent_key(agent).await? else { return Ok(Vec::new()) };
        let key =
            key.public_key.as_slice().try_into().ok().and_then(|bytes| VerifyingKey::from_bytes(bytes).ok());
        let key = key.ok_or(FlowError::Corrupt("the public key of an agent"))?;
        let mut by_agreement: BTreeMap<ChainHash, Vec<SignedReading>> = BTreeMap::new();
        for signed in readings {
            by_agreement.entry(signed.reading.agreement).or_default().push(signed.clone());
        }
        let mut news = Vec::new();
        for (agreement, readings) in by_agreement {
            let charged =
                self.world.store.charge_readings((agent, &key), agreement, &readings, seal, now).await?;
            let short = short_key(agreement);
            let Some(charging) = charged else {
                self.refuse(agent, (agreement, 0), &format!("there is no agreement {short} with this agent"));
                continue;
            };
            if let Some(refused) = &charging.refused {
                self.refuse(agent, (agreement, refused.seq), &refused.why);
            }
            news.extend(charging.news);
        }
        Ok(news)
    }

    /// Said aloud once: the agent sends it again with every report.
    fn refuse(&self, agent: AgentId, (agreement, seq): (ChainHash, u64), why: &str) {
        if let Some(count) = self.said.refuses(agreement, seq) {
            let short = short_key(agreement);
            tracing::warn!(agent.id = %agent, agreement = %agreement, seq, count, "reading {seq} of agreement {short} is refused: {why}");
        }
    }

    async fn take_close(&self, agent: AgentId, close: &SignedClose, money: &Money) -> Result<(), FlowError> {
        if self.world.store.accept_close(agent, close, &money.domain()).await? {
            let short = short_key(close.total.agreement);
            tracing::info!(agent.id = %agent, agreement = %close.total.agreement, "the provider is content with the total of agreement {short}");
            money.agreement_ended();
        }
        Ok(())
    }
}
