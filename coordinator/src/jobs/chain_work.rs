//! What the two workers of the chain share: their parts, their errors, who hears of what they find, and the proof that
//! this is the chain and the contract that the tables are about.

use crate::{
    chain::{Chain, ChainError, ChainFacts, EscrowLog},
    logic::outbox::Policy,
    nudge::Nudge,
    store::{Store, StoreError, StoreResult, Tx, outbox::OutboxRow},
};
use futures_util::future::{BoxFuture, FutureExt as _};
use std::{sync::Arc, time::Duration};
use ttalkak_escrow::Key;
use ttalkak_protocol::{error::Problem, unit::UnixMillis};

const PIN: &str = "chain_pin";

/// Hears of what happened for good. Each call is in the transaction that marks it as told, so it is told once; an error
/// undoes both, and it is told again.
pub trait OnChainEvent: Send + Sync {
    /// A final event of the contract. In order, none left out.
    fn event<'a>(
        &'a self,
        tx: &'a mut Tx,
        log: &'a EscrowLog,
        now: UnixMillis,
    ) -> BoxFuture<'a, StoreResult<()>>;

    /// A wanted call has ended: `problem` says why it failed, else it is final.
    fn ended<'a>(
        &'a self,
        tx: &'a mut Tx,
        row: &'a OutboxRow,
        problem: Option<&'a Problem>,
        now: UnixMillis,
    ) -> BoxFuture<'a, StoreResult<()>> {
        let _ = (tx, row, problem, now);
        async { Ok(()) }.boxed()
    }

    /// Whether the chain answered just now.
    fn health(&self, healthy: bool) {
        let _ = healthy;
    }
}

/// The workers' parts; a cheap handle.
#[derive(Clone)]
pub struct ChainWork {
    /// Tables.
    pub store: Store,
    /// The chain.
    pub chain: Arc<dyn Chain>,
    /// Of the meter: signs what is sent.
    pub key: Key,
    /// Bounds of the operator.
    pub policy: Policy,
    /// Time between looks.
    pub look: Duration,
    /// Nothing of the contract stands before this block.
    pub first_block: u64,
    /// Sagas wait for events.
    pub nudge: Nudge,
    /// Hears of it.
    pub ears: Arc<dyn OnChainEvent>,
}

/// A look at the chain that came to nothing; the next one may.
#[derive(Debug, thiserror::Error)]
pub enum ChainWorkError {
    /// The chain did not answer, or not as it should.
    #[error("ask the chain")]
    Chain(#[from] ChainError),
    /// The tables.
    #[error("use the store")]
    Store(#[from] StoreError),
    /// What was final is no more: a person must compare books and chain before anything is read again.
    #[error("block {block} was final and has another name now: {found}, not {known}")]
    Rewritten {
        /// Its number.
        block: u64,
        /// Its name now.
        found: String,
        /// Its name when it was read.
        known: String,
    },
}

impl ChainWorkError {
    /// Whether only a person can help.
    pub fn is_alarm(&self) -> bool {
        match self {
            Self::Rewritten { .. } => true,
            Self::Chain(error) => matches!(error, ChainError::Mismatch { .. } | ChainError::Disagree { .. }),
            Self::Store(_) => false,
        }
    }
}

impl ChainWork {
    /// Compares chain, contract and token with what this database was begun with; the first look begins it.
    /// Errors: `Mismatch`, when amounts and numbers of the tables would mean something else there.
    pub async fn prove(&self) -> Result<ChainFacts, ChainWorkError> {
        let facts = self.chain.check().await?;
        let ChainFacts { chain_id, escrow, code_hash, token, decimals, .. } = &facts;
        let found = format!("{escrow} on {chain_id}, code {code_hash}, token {token} of {decimals} decimals");
        let wanted = self.store.setting(PIN, &found).await?;
        if found == wanted {
            return Ok(facts);
        }
        Err(ChainError::Mismatch { what: "the contract that this database is about", found, wanted }.into())
    }
}

/// Says in the log what went wrong: aloud when a person must act, and again each minute.
pub(super) struct Complaints {
    who: &'static str,
    last: Option<(String, UnixMillis)>,
}

impl Complaints {
    pub(super) fn new(who: &'static str) -> Self {
        Self { who, last: None }
    }

    /// Tells of a failed look; the same words are repeated after a minute.
    pub(super) fn tell(&mut self, error: &ChainWorkError, now: UnixMillis) {
        use std::error::Error as _;
        let words = error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
        self.say(&words, error.is_alarm(), now);
    }

    pub(super) fn say(&mut self, words: &str, alarm: bool, now: UnixMillis) {
        let said = self.last.as_ref().is_some_and(|(last, at)| last == words && now.0 - at.0 < 60_000);
        if said {
            return;
        }
        self.last = Some((words.to_owned(), now));
        if alarm {
            tracing::error!(code = "chain_alarm", worker = self.who, "{}: {words}", self.who);
        } else {
            tracing::warn!(worker = self.who, "{}: {words}", self.who);
        }
    }

    /// All is well: what comes next is news again.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }
}
