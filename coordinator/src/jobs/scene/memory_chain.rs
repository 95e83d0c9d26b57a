//! A chain that remembers what it was told happened on it.

use crate::{
    chain::{Answer, Chain, ChainError},
    logic::chain::{AgreementState, ChainFacts, EscrowEvent, EscrowLog, Fees, Head, MandateState, Receipt},
};
use futures_util::FutureExt as _;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};
use ttalkak_protocol::money::{Amount, ChainHash, EvmAddress};

#[derive(Default)]
pub(in super::super) struct Memory {
    pub(in super::super) free: BTreeMap<EvmAddress, Amount>,
    pub(in super::super) agreements: BTreeMap<ChainHash, AgreementState>,
    payers: BTreeMap<ChainHash, EvmAddress>,
    pub(in super::super) credit: BTreeMap<EvmAddress, Amount>,
    pub(in super::super) mandate: MandateState,
    pub(in super::super) last_batch: u64,
    pub(in super::super) silent: bool,
    pub(in super::super) time: u64,
}

#[derive(Default)]
pub(in super::super) struct MemoryChain(Mutex<Memory>);

impl MemoryChain {
    pub(in super::super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap()
    }

    /// Follows an event, as far as the contract's views follow from it. What batches and claims move is set by the test.
    pub(super) fn hear(&self, log: &EscrowLog) {
        let mut memory = self.memory();
        match &log.event {
            EscrowEvent::Deposited { who, amount, .. } => memory.free.entry(*who).or_default().0 += amount.0,
            EscrowEvent::Withdrawn { who, amount, .. } => memory.free.entry(*who).or_default().0 -= amount.0,
            EscrowEvent::Opened { agreement, tenant, cap, .. } => {
                let state = memory.agreements.entry(*agreement).or_default();
                let grown = cap.0 - state.cap.0;
                state.cap = *cap;
                memory.payers.insert(*agreement, *tenant);
                memory.free.entry(*tenant).or_default().0 -= grown;
            }
            EscrowEvent::Closing { agreement, ended_at } => {
                memory.agreements.entry(*agreement).or_default().ended_at = Some(*ended_at);
            }
            EscrowEvent::Closed { agreement, refund } => {
                let payer = memory.payers[agreement];
                let state = memory.agreements.entry(*agreement).or_default();
                state.cap = state.claimed;
                memory.free.entry(payer).or_default().0 += refund.0;
            }
            EscrowEvent::Claimed { agreement, cumulative } => {
                memory.agreements.entry(*agreement).or_default().claimed = *cumulative;
            }
            EscrowEvent::ProviderPaid { provider, net, pushed: false, .. } => {
                memory.credit.entry(*provider).or_default().0 += net.0;
            }
            EscrowEvent::Paid { who, amount, .. } => {
                // The fees of claims are credit that no event tells of.
                let credit = memory.credit.entry(*who).or_default();
                *credit = credit.saturating_sub(*amount);
            }
            EscrowEvent::Settled { batch, fee, .. } => {
                memory.last_batch = *batch;
                memory.credit.entry(super::FEE_TO).or_default().0 += fee.0;
            }
            EscrowEvent::ProviderPaid { pushed: true, .. }
            | EscrowEvent::MandateRevoked { .. }
            | EscrowEvent::MeterProposed { .. }
            | EscrowEvent::MeterChanged { .. }
            | EscrowEvent::Paused { .. } => {}
        }
    }

    fn tell<T: Send + 'static>(&self, read: impl FnOnce(&Memory) -> T) -> Answer<'_, T> {
        let memory = self.memory();
        let answer = if memory.silent { Err(nothing()) } else { Ok(read(&memory)) };
        async move { answer }.boxed()
    }
}

fn nothing() -> ChainError {
    ChainError::NotFound { what: "an answer".into() }
}

fn never<T: Send + 'static>() -> Answer<'static, T> {
    async { Err(nothing()) }.boxed()
}

impl Chain for MemoryChain {
    fn head(&self) -> Answer<'_, Head> {
        self.tell(|memory| Head {
            number: 9,
            hash: ChainHash([9; 32]),
            timestamp_secs: memory.time,
            final_number: 9,
        })
    }
    fn check(&self) -> Answer<'_, ChainFacts> {
        never()
    }
    fn events(&self, _: u64, _: u64) -> Answer<'_, Vec<EscrowLog>> {
        never()
    }
    fn free(&self, tenant: EvmAddress, _: Option<u64>) -> Answer<'_, Amount> {
        self.tell(|memory| memory.free.get(&tenant).copied().unwrap_or_default())
    }
    fn agreement(&self, key: ChainHash, _: Option<u64>) -> Answer<'_, AgreementState> {
        self.tell(|memory| memory.agreements.get(&key).copied().unwrap_or_default())
    }
    fn credit(&self, payee: EvmAddress, _: Option<u64>) -> Answer<'_, Amount> {
        self.tell(|memory| memory.credit.get(&payee).copied().unwrap_or_default())
    }
    fn last_batch(&self, _: Option<u64>) -> Answer<'_, u64> {
        self.tell(|memory| memory.last_batch)
    }
    fn mandate_used(&self, _: ChainHash, _: Option<u64>) -> Answer<'_, MandateState> {
        self.tell(|memory| memory.mandate)
    }
    fn simulate<'a>(&'a self, _: EvmAddress, _: &'a [u8]) -> Answer<'a, u64> {
        never()
    }
    fn nonce(&self, _: EvmAddress, _: Option<u64>) -> Answer<'_, u64> {
        never()
    }
    fn fees(&self) -> Answer<'_, Fees> {
        never()
    }
    fn gas_balance(&self, _: EvmAddress) -> Answer<'_, u128> {
        never()
    }
    fn send_raw<'a>(&'a self, _: &'a [u8]) -> Answer<'a, ChainHash> {
        never()
    }
    fn receipt(&self, _: ChainHash) -> Answer<'_, Option<Receipt>> {
        never()
    }
    fn block_hash(&self, _: u64) -> Answer<'_, Option<ChainHash>> {
        never()
    }
}
