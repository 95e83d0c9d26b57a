//! Sends the wanted calls, one after the other, with the meter's key. What it does next with each is decided by
//! `logic::outbox`; all that must survive a crash is in the table before the chain hears of it. Deliberately absent:
//! wanting calls.

mod plan;

use super::chain_work::{ChainWork, ChainWorkError, Complaints};
use crate::{
    chain::{ChainError, Head, Receipt},
    clock,
    logic::outbox::{Act, Failure, Mined, Offer, OutboxState, Refusal, Seen, decide},
    store::outbox::{OutboxRow, Signed, outbox_end_from},
};
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;
use ttalkak_escrow::tx::Eip1559;
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    money::{ChainHash, EvmAddress},
    unit::UnixMillis,
};

/// Coin for gas is counted after so many looks without work.
const COUNT_COIN_EVERY: u32 = 200;

/// Runs until shutdown.
pub async fn run(work: ChainWork, shutdown: CancellationToken) {
    let (look, mut changes) = (work.look, work.store.changes());
    let mut sender = Sender::new(work);
    let endless = async {
        loop {
            changes.mark_unchanged();
            if sender.turn().await {
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(look) => {}
                // A new call, or an event that one waits for; not more often than the chain can answer.
                () = async {
                    let _ = changes.changed().await;
                    tokio::time::sleep(look / 10).await;
                } => {}
            }
        }
    };
    tokio::select! {
        // What is cut off here goes on from the table.
        () = shutdown.cancelled() => {}
        () = endless => {}
    }
}

/// The worker, for whoever wants to take its turns one by one.
pub struct Sender {
    work: ChainWork,
    me: EvmAddress,
    facts: Option<Domain>,
    /// When an attempt was handed to a node by this program, and why it was not taken.
    sent: BTreeMap<ChainHash, (UnixMillis, Option<Refusal>)>,
    idle: u32,
    complaints: Complaints,
}

/// Where calls go to.
#[derive(Debug, Clone, Copy)]
struct Domain {
    chain_id: u64,
    escrow: EvmAddress,
}

impl Sender {
    /// Has sent nothing yet.
    pub fn new(work: ChainWork) -> Self {
        let (me, complaints) = (work.key.address(), Complaints::new("sender to the chain"));
        Self { work, me, facts: None, sent: BTreeMap::new(), idle: 0, complaints }
    }

    /// One look, with its complaints. True: something changed, so the next look should come at once.
    pub async fn turn(&mut self) -> bool {
        match self.look().await {
            Ok(changed) => changed,
            Err(error) => {
                // What answers next may be another chain.
                self.facts = None;
                self.complaints.tell(&error, clock::now());
                false
            }
        }
    }

    /// Does the next act for every row at work. True: some row is further than before.
    pub async fn look(&mut self) -> Result<bool, ChainWorkError> {
        let rows = self.work.store.outbox_at_work().await?;
        if rows.is_empty() {
            self.sent.clear();
            self.count_coin_sometimes().await?;
            return Ok(false);
        }
        let domain = self.domain().await?;
        let head = self.work.chain.head().await?;
        let (mut changed, mut in_flight) = (false, false);
        for row in rows {
            if row.row.state == OutboxState::Planned {
                // One at a time: what is tried before it is signed meets the chain as it will be.
                changed |= !in_flight && self.begin(domain, &row).await?;
                continue;
            }
            changed |= self.advance(domain, &row, head).await?;
            in_flight |= matches!(row.row.state, OutboxState::Signed | OutboxState::Broadcast);
        }
        Ok(changed)
    }

    async fn domain(&mut self) -> Result<Domain, ChainWorkError> {
        if let Some(domain) = self.facts {
            return Ok(domain);
        }
        let facts = self.work.prove().await?;
        let domain = Domain { chain_id: facts.chain_id, escrow: facts.escrow };
        self.facts = Some(domain);
        Ok(domain)
    }

    async fn advance(&mut self, domain: Domain, row: &OutboxRow, head: Head) -> Result<bool, ChainWorkError> {
        let seen = self.see(row, head).await?;
        let (now, store) = (clock::now(), &self.work.store);
        match decide(&row.row, &seen, &self.work.policy, now) {
            Act::Await => Ok(false),
            Act::Send => self.send_newest(row).await.map(|()| false),
            Act::Replace(offer) => self.replace(domain, row, offer).await,
            Act::Mined(receipt) => {
                let Receipt { block, block_hash, gas_used, .. } = receipt;
                store.outbox_mined(row.id, Mined { block, hash: block_hash }, gas_used, now).await?;
                tracing::info!(outbox.id = %row.id, block, gas_used, "{} is in block {block}", row.id);
                Ok(true)
            }
            Act::Unmined => {
                tracing::warn!(outbox.id = %row.id, "the block of {} is gone; sending it again", row.id);
                store.outbox_unmined(row.id, now).await?;
                self.send_newest(row).await.map(|()| true)
            }
            Act::Renonce => {
                let nonce = row.row.nonce.unwrap_or_default();
                let words = format!("nonce {nonce} of {} was used by a transaction that is not ours", row.id);
                self.complaints.say(&words, true, now);
                self.work.store.outbox_renonce(row.id, now).await?;
                Ok(true)
            }
            Act::Final => self.end(row, None).await,
            Act::Fail(failure) => self.end(row, Some(failed(row, failure))).await,
        }
    }

    /// All that the decision needs, and no question more.
    async fn see(&self, row: &OutboxRow, head: Head) -> Result<Seen, ChainWorkError> {
        let (chain, newest) = (&self.work.chain, row.row.attempts.last().map(|attempt| attempt.hash));
        let mut receipt = None;
        for attempt in row.row.attempts.iter().rev() {
            receipt = chain.receipt(attempt.hash).await?.map(|receipt| (attempt.hash, receipt));
            if receipt.is_some() {
                break;
            }
        }
        let (mut final_nonce, mut fees) = (0, crate::chain::Fees::default());
        if receipt.is_none() {
            fees = chain.fees().await?;
            // Old state is asked for only when the nonce is known to be used: many nodes have none.
            let used = chain.nonce(self.me, None).await?;
            if row.row.nonce.is_some_and(|nonce| nonce < used) {
                final_nonce = chain.nonce(self.me, Some(head.final_number)).await?;
            }
        }
        let mined_hash = match row.row.mined {
            Some(mined) => chain.block_hash(mined.block).await?,
            None => None,
        };
        let settled_by = match row.batch {
            Some(batch) => self.work.store.settled_by(batch).await?,
            None => None,
        };
        let sent = newest.and_then(|hash| self.sent.get(&hash).copied());
        let (sent_at, refusal) = (sent.map(|(at, _)| at), sent.and_then(|(_, refusal)| refusal));
        Ok(Seen { head, receipt, mined_hash, final_nonce, settled_by, fees, sent_at, refusal })
    }

    async fn send_newest(&mut self, row: &OutboxRow) -> Result<(), ChainWorkError> {
        match &row.newest {
            Some(signed) => self.send(row, signed).await,
            None => Ok(()),
        }
    }

    /// Hands bytes to the nodes. An answer that was lost is no matter: the same bytes are sent again.
    async fn send(&mut self, row: &OutboxRow, signed: &Signed) -> Result<(), ChainWorkError> {
        let answer = self.work.chain.send_raw(&signed.raw).await;
        let now = clock::now();
        let refusal = match answer {
            Ok(_) => None,
            Err(ChainError::Refused { message, .. }) => {
                let refusal = Refusal::of(&message);
                if matches!(refusal, Refusal::NoFunds | Refusal::Other) {
                    self.complaints.say(&format!("{} is not taken: {message}", row.id), true, now);
                }
                Some(refusal)
            }
            Err(error) => return Err(error.into()),
        };
        self.sent.insert(signed.hash, (now, refusal));
        if matches!(refusal, None | Some(Refusal::Known)) {
            self.work.store.outbox_taken(row.id, now).await?;
            tracing::debug!(outbox.id = %row.id, tx = %signed.hash, "sent {} as {}", row.id, signed.hash);
        }
        Ok(())
    }

    /// The same call with the same nonce for a higher price.
    async fn replace(
        &mut self,
        domain: Domain,
        row: &OutboxRow,
        offer: Offer,
    ) -> Result<bool, ChainWorkError> {
        let (Some(nonce), Some(newest), Some(old)) = (row.row.nonce, row.row.attempts.last(), &row.newest)
        else {
            return Ok(false);
        };
        let signed = self.sign(domain, &row.input, nonce, old.gas_limit, offer);
        tracing::warn!(
            outbox.id = %row.id, nonce, max_fee = offer.max_fee, "{} is stuck; offering more for it", row.id
        );
        if self.work.store.outbox_replace(row.id, newest.n, &signed, clock::now()).await? {
            self.send(row, &signed).await?;
        }
        Ok(true)
    }

    fn sign(&self, domain: Domain, input: &[u8], nonce: u64, gas_limit: u64, offer: Offer) -> Signed {
        let tx = Eip1559 {
            chain_id: domain.chain_id,
            nonce,
            gas_limit,
            max_fee: offer.max_fee,
            tip: offer.tip,
            to: Some(domain.escrow),
            value: 0,
            input: input.to_vec(),
        };
        let signed = tx.sign(&self.work.key);
        Signed { raw: signed.raw, hash: signed.hash, offer, gas_limit }
    }

    async fn end(&mut self, row: &OutboxRow, problem: Option<Problem>) -> Result<bool, ChainWorkError> {
        let (mut tx, now) = (self.work.store.begin().await?, clock::now());
        // Of two workers the slower one may have tried a call that the faster one has sent already.
        if !outbox_end_from(&mut tx, (row.id, row.row.state), problem.as_ref(), now).await? {
            return Ok(false);
        }
        self.work.ears.ended(&mut tx, row, problem.as_ref(), now).await?;
        tx.commit().await?;
        self.work.nudge.sagas();
        for attempt in &row.row.attempts {
            self.sent.remove(&attempt.hash);
        }
        match problem {
            None => tracing::info!(outbox.id = %row.id, "{} is final", row.id),
            Some(problem) => tracing::error!(
                code = "chain_call_failed", outbox.id = %row.id, "{} failed: {}", row.id, problem.message
            ),
        }
        Ok(true)
    }
}

fn failed(row: &OutboxRow, failure: Failure) -> Problem {
    let words = match failure {
        Failure::Undone => "The chain undid it.".to_owned(),
        Failure::Foreign => {
            format!("Batch {} was settled by a transaction of somebody else.", row.batch.unwrap_or_default())
        }
    };
    Problem::new(ErrorCode::Internal, words)
}
