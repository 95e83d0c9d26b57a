//! What the sender does next with one wanted call, given its row and what the chain says. All attempts of a row share a
//! nonce and their call data, so at most one of them can ever count. Deliberately absent: asking, signing, sending.

use crate::logic::chain::{Fees, Head, Receipt};
use serde::{Deserialize, Serialize};
use ttalkak_protocol::{
    money::ChainHash,
    unit::{Millis, UnixMillis},
};

mod refusal;
pub use refusal::{Refusal, Verdict, refused, verdict};

/// What a wanted call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxKind {
    /// Opens agreements or raises their caps.
    Open,
    /// Settles a batch.
    Settle,
    /// Gives rests back.
    Close,
}

/// How far a wanted call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// Wanted; has no nonce.
    Planned,
    /// Its bytes are kept; nobody has seen them, as far as we know.
    Signed,
    /// A node has taken them.
    Broadcast,
    /// In a block that may still go away.
    Mined,
    /// In a block that stays, and did what it should.
    Final,
    /// Will not be tried again.
    Failed,
}

/// What is offered for a unit of gas, wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// In all.
    pub max_fee: u128,
    /// Of it for the block's maker.
    pub tip: u128,
}

/// One signed form of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// 1, 2, 3 …
    pub n: u32,
    /// Its name on chain.
    pub hash: ChainHash,
    /// What it offers.
    pub offer: Offer,
    /// When it was signed.
    pub at: UnixMillis,
}

/// Where it was last seen in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mined {
    /// Height.
    pub block: u64,
    /// The block's name then.
    pub hash: ChainHash,
}

/// What of a row counts here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it does.
    pub kind: OutboxKind,
    /// How far it is.
    pub state: OutboxState,
    /// Shared by all attempts of this state.
    pub nonce: Option<u64>,
    /// Oldest first.
    pub attempts: Vec<Attempt>,
    /// The block it was last seen in.
    pub mined: Option<Mined>,
}

/// What the chain says about a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The newest block.
    pub head: Head,
    /// Which attempt is in a block.
    pub receipt: Option<(ChainHash, Receipt)>,
    /// The present name of the block it was last seen in.
    pub mined_hash: Option<ChainHash>,
    /// How many transactions of the sender are final.
    pub final_nonce: u64,
    /// Which transaction settled this row's batch, once that is final.
    pub settled_by: Option<ChainHash>,
    /// What gas costs now.
    pub fees: Fees,
    /// When the newest attempt was last handed to a node by this program.
    pub sent_at: Option<UnixMillis>,
    /// Why no node took it then.
    pub refusal: Option<Refusal>,
}

/// The operator's bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// A unit of gas never costs more, wei.
    pub max_fee: u128,
    /// Below this much coin somebody is told, wei.
    pub low_water: u128,
    /// The same bytes are sent again after so long: pools forget.
    pub resend_after: Millis,
    /// More is offered after so long, while blocks are made.
    pub replace_after: Millis,
}

impl Default for Policy {
    fn default() -> Self {
        // 300 gwei: what a unit cost in the worst hours of 2021 and 2022. A settlement of 1000 agreements takes 8.4 M gas.
        let max_fee = 300_000_000_000;
        Self {
            max_fee,
            low_water: 50_000_000_000_000_000,
            resend_after: Millis(15_000),
            replace_after: Millis(60_000),
        }
    }
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Nothing now.
    Await,
    /// Hand the newest attempt's bytes to the nodes (again).
    Send,
    /// Sign the same call with the same nonce for a higher price, then send that.
    Replace(Offer),
    /// Note the block.
    Mined(Receipt),
    /// The block is gone: forget it and send again.
    Unmined,
    /// Its nonce is used up by something else: it needs another.
    Renonce,
    /// Done for good.
    Final,
    /// Over.
    Fail(Failure),
}

/// Why a row is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It is in a final block, and was undone there.
    Undone,
    /// Its batch was settled by a transaction that is not ours.
    Foreign,
}

/// Decides. `now`: by our clock; blocks have their own.
pub fn decide(row: &Row, seen: &Seen, policy: &Policy, now: UnixMillis) -> Act {
    match row.state {
        OutboxState::Planned | OutboxState::Final | OutboxState::Failed => Act::Await,
        OutboxState::Signed | OutboxState::Broadcast => in_flight(row, seen, policy, now),
        OutboxState::Mined => in_block(row, seen),
    }
}

fn in_flight(row: &Row, seen: &Seen, policy: &Policy, now: UnixMillis) -> Act {
    if let Some((_, receipt)) = seen.receipt {
        return Act::Mined(receipt);
    }
    if let Some(failed) = foreign(row, seen) {
        return failed;
    }
    // Only what is final counts: before that the other transaction may go away, and ours come in its place.
    if row.nonce.is_some_and(|nonce| nonce < seen.final_nonce) {
        return Act::Renonce;
    }
    let Some(newest) = row.attempts.last() else { return Act::Renonce };
    let Some(sent_at) = seen.sent_at else { return Act::Send };
    let too_low = matches!(seen.refusal, Some(Refusal::TooLow));
    if (too_low || is_stuck(newest, seen, policy, now))
        && let Some(offer) = raise(newest.offer, &seen.fees, policy)
    {
        return Act::Replace(offer);
    }
    if since(sent_at, now) >= policy.resend_after.0 { Act::Send } else { Act::Await }
}

/// Blocks were made without it for a while. By both clocks: a chain that stands still takes nobody's offer.
fn is_stuck(newest: &Attempt, seen: &Seen, policy: &Policy, now: UnixMillis) -> bool {
    let block_time = i64::try_from(seen.head.timestamp_secs.saturating_mul(1000)).unwrap_or(i64::MAX);
    since(newest.at, now).min(since(newest.at, UnixMillis(block_time))) >= policy.replace_after.0
}

fn in_block(row: &Row, seen: &Seen) -> Act {
    let Some(mined) = row.mined else { return Act::Unmined };
    if seen.mined_hash != Some(mined.hash) {
        return seen.receipt.map_or(Act::Unmined, |(_, receipt)| Act::Mined(receipt));
    }
    let Some((_, receipt)) = seen.receipt else { return Act::Await };
    if (receipt.block, receipt.block_hash) != (mined.block, mined.hash) {
        return Act::Mined(receipt);
    }
    if seen.head.final_number < mined.block {
        return Act::Await;
    }
    if !receipt.succeeded {
        return Act::Fail(Failure::Undone);
    }
    match row.kind {
        OutboxKind::Open | OutboxKind::Close => Act::Final,
        // The batch's own event says that money moved; a receipt alone does not.
        OutboxKind::Settle if seen.settled_by.is_some() => foreign(row, seen).unwrap_or(Act::Final),
        OutboxKind::Settle => Act::Await,
    }
}

fn foreign(row: &Row, seen: &Seen) -> Option<Act> {
    let tx = seen.settled_by?;
    let ours = row.attempts.iter().any(|attempt| attempt.hash == tx);
    (!ours).then_some(Act::Fail(Failure::Foreign))
}

/// The nonce of the next row: after all of ours and all that the chain knows of. Never from the pool, whose gaps would
/// become ours. `newest`: the highest in the table for this sender.
pub fn next_nonce(newest: Option<u64>, latest: u64) -> u64 {
    newest.map_or(latest, |newest| latest.max(newest + 1))
}

/// The number of the next settlement.
pub fn next_batch(newest: Option<u64>, on_chain: u64) -> u64 {
    newest.unwrap_or(0).max(on_chain) + 1
}

/// Room for two full blocks in a row: the base fee grows by an eighth at most in each.
pub fn max_fee(fees: &Fees) -> u128 {
    fees.base.saturating_mul(2).saturating_add(fees.tip)
}

/// The first offer. Errors with what the next block asks for, when that is more than the operator permits.
pub fn first_offer(fees: &Fees, policy: &Policy) -> Result<Offer, u128> {
    let needed = fees.base.saturating_add(fees.tip);
    if needed > policy.max_fee {
        return Err(needed);
    }
    Ok(Offer { max_fee: max_fee(fees).min(policy.max_fee), tip: fees.tip })
}

/// An offer that replaces another: nodes want a tenth more in both parts, we give an eighth, and at least what is usual
/// now. `None` when the operator does not permit it.
pub fn raise(old: Offer, fees: &Fees, policy: &Policy) -> Option<Offer> {
    let more = |wei: u128| wei.saturating_add(wei / 8).saturating_add(1);
    let tip = more(old.tip).max(fees.tip);
    let max_fee = more(old.max_fee).max(max_fee(fees).min(policy.max_fee)).max(tip);
    (max_fee <= policy.max_fee).then_some(Offer { max_fee, tip })
}

/// A fifth more than a call took when it was tried: what it meets may have changed by then.
pub fn gas_limit(simulated: u64) -> u64 {
    simulated.saturating_add(simulated / 5)
}

/// What a call may cost at most, wei.
pub fn worst_cost(gas_limit: u64, offer: &Offer) -> u128 {
    u128::from(gas_limit).saturating_mul(offer.max_fee)
}

fn since(then: UnixMillis, now: UnixMillis) -> u64 {
    u64::try_from(now.0.saturating_sub(then.0)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
