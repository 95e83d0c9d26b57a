//! What the rooms share about money: the meter's key, what is paid with, whether the chain answers, and the bells that
//! wake the workers of settlement. There is none of it when payments are off. Deliberately absent: deciding, SQL, and
//! asking the chain.

use crate::{
    clock,
    config::Payments,
    logic::{chain::ChainFacts, rates},
    store::{Store, StoreResult},
};
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeSet,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::Notify;
use ttalkak_escrow::Key;
use ttalkak_protocol::{
    api::billing::{ChainView, DisplayRate},
    error::{ErrorCode, Problem},
    money::{Amount, Domain, EvmAddress},
    unit::UnixMillis,
};

/// Where the newest facts of the chain are kept, so that a coordinator starts also while the chain is away.
pub const FACTS_SETTING: &str = "chain_facts";

/// Money, for the rooms that know of it.
pub struct Money {
    /// As configured.
    pub config: Payments,
    /// Signs vouchers and what is sent to the chain.
    pub meter: Key,
    /// What the contract and the token are, as read on chain.
    pub facts: ChainFacts,
    healthy: AtomicBool,
    findings: Mutex<Vec<Problem>>,
    rates: Mutex<Vec<DisplayRate>>,
    claims: Mutex<BTreeSet<EvmAddress>>,
    claimed: Notify,
    ended: Notify,
}

impl Money {
    /// Money of these parts; the chain counts as healthy until it is said otherwise.
    pub fn new(config: Payments, meter: Key, facts: ChainFacts) -> Arc<Self> {
        let (healthy, findings, claims) = (AtomicBool::new(true), Mutex::default(), Mutex::default());
        let (claimed, ended) = (Notify::new(), Notify::new());
        let rates = Mutex::new(config.display_rates.clone());
        Arc::new(Self { config, meter, facts, healthy, findings, rates, claims, claimed, ended })
    }

    /// Where signatures count.
    pub fn domain(&self) -> Domain {
        self.config.domain()
    }

    /// The token that everything is counted in.
    pub fn token(&self) -> EvmAddress {
        self.config.token
    }

    /// Whether the chain answers now.
    pub fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    /// Notes whether the chain answers.
    pub fn note_health(&self, healthy: bool) {
        if self.healthy.swap(healthy, Ordering::Relaxed) != healthy {
            tracing::warn!(
                healthy,
                "the chain {}",
                if healthy { "answers again" } else { "does not answer" }
            );
        }
    }

    /// Notes what the newest comparison of books and chain found.
    pub fn note_findings(&self, findings: Vec<Problem>) {
        *self.findings.lock().unwrap_or_else(PoisonError::into_inner) = findings;
    }

    /// What does not work now: the chain, or the books.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.findings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !self.is_healthy() {
            problems.push(Problem::new(ErrorCode::ChainUnavailable, "The chain does not answer."));
        }
        problems
    }

    /// These payees are to be paid now, whatever their thresholds.
    pub fn claim_now(&self, payees: impl IntoIterator<Item = EvmAddress>) {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner).extend(payees);
        self.claimed.notify_one();
    }

    /// Waits for a [`Money::claim_now`]; one that came before is not lost. Returns all that asked since the last call.
    /// Cancel-safe, for one worker.
    pub async fn claims_wanted(&self) -> Vec<EvmAddress> {
        loop {
            self.claimed.notified().await;
            let claims = std::mem::take(&mut *self.claims.lock().unwrap_or_else(PoisonError::into_inner));
            if !claims.is_empty() {
                return claims.into_iter().collect();
            }
        }
    }

    /// An agreement ended, or its provider has signed the close.
    pub fn agreement_ended(&self) {
        self.ended.notify_one();
    }

    /// Waits for the next [`Money::agreement_ended`], as [`Money::claims_wanted`] does.
    pub async fn agreement_end_noted(&self) {
        self.ended.notified().await;
    }

    /// When the next settlement is due.
    pub fn next_settlement(&self) -> UnixMillis {
        let now = clock::now();
        self.config.settle_at.next_after(now).unwrap_or(now)
    }

    /// What a token is worth for people now, old rates marked.
    pub fn display(&self, now: UnixMillis) -> Vec<DisplayRate> {
        let rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.rates_of(rates, now)
    }

    /// The newest rate of a currency.
    pub fn rate(&self, currency: &str) -> Option<DisplayRate> {
        let rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        rates.iter().find(|rate| rate.currency == currency).cloned()
    }

    /// From now on this is the rate of its currency, unless a newer one is known.
    pub fn note_rate(&self, rate: DisplayRate) {
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        match rates.iter_mut().find(|known| known.currency == rate.currency) {
            Some(known) if known.at <= rate.at => *known = rate,
            Some(_) => {}
            None => rates.push(rate),
        }
    }

    /// Rates of another time for the currencies that are shown, old ones marked; where none was kept, the present one.
    pub fn rates_of(&self, kept: Vec<DisplayRate>, now: UnixMillis) -> Vec<DisplayRate> {
        let present = self.rates.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let of =
            |now: DisplayRate| kept.iter().find(|rate| rate.currency == now.currency).cloned().unwrap_or(now);
        let rates: Vec<_> = present.into_iter().map(of).collect();
        let asked = |currency: &str| self.config.asks_for(currency).then_some(self.config.rate_every);
        rates::marked(&rates, asked, now)
    }

    /// An amount as people read it.
    pub fn shown(&self, amount: Amount) -> String {
        format!("{} {}", amount.in_units(self.facts.decimals), self.facts.symbol)
    }

    /// What is paid with, for people and wallets.
    pub fn view(&self) -> ChainView {
        ChainView {
            domain: self.domain(),
            token: self.token(),
            symbol: self.facts.symbol.clone(),
            decimals: self.facts.decimals,
            meter: self.meter.address(),
            fee_bps: self.facts.fee_bps,
            rpc_url: self.config.public_rpc.clone(),
            healthy: self.is_healthy(),
        }
    }
}

/// Reads the meter's key. Errors: no such file, others can read it, or it is no key.
pub fn read_meter_key(path: &Path) -> Result<Key> {
    let open = || format!("read the meter's key from {}", path.display());
    let mode = std::fs::metadata(path).with_context(open)?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{} can be read by others; chmod 600 it", path.display());
    }
    let text = ttalkak_protocol::Secret::new(std::fs::read_to_string(path).with_context(open)?);
    Key::from_hex(text.reveal()).with_context(open)
}

/// The facts that were kept when the chain last answered, if they are about this chain, contract and token.
pub async fn kept_facts(store: &Store, config: &Payments) -> StoreResult<Option<ChainFacts>> {
    let text = store.find_setting(FACTS_SETTING).await?;
    let facts = text.and_then(|text| serde_json::from_str::<ChainFacts>(&text).ok());
    let same = |facts: &ChainFacts| {
        (facts.chain_id, facts.escrow, facts.token) == (config.chain_id, config.escrow, config.token)
    };
    Ok(facts.filter(same))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn key_file(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let key = Key::random();
        let text = key.to_hex().reveal().clone();
        assert!(read_meter_key(key_file(&text, 0o644).path()).is_err());
        let read = read_meter_key(key_file(&format!("{text}\n"), 0o600).path()).unwrap();
        assert_eq!(read.address(), key.address());
        let refused = format!("{:#}", read_meter_key(key_file("0x12", 0o600).path()).unwrap_err());
        assert!(!refused.contains("0x12"), "what the file holds is not repeated");
    }
}
