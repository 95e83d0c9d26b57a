//! Reads the contract's events up to the newest final block, keeps each once and in order, and tells whoever makes
//! entries of them in the same transaction. Deliberately absent: what is not final, and what events mean.

use super::chain_work::{ChainWork, ChainWorkError, Complaints};
use crate::{
    chain::ChainError,
    clock,
    logic::chain::booking_order,
    store::chain_event::{ChainMark, add_chain_event, move_chain_mark},
};
use tokio_util::sync::CancellationToken;

/// Blocks of one question; nodes refuse larger ones.
const CHUNK: u64 = 2_000;

/// Runs until shutdown.
pub async fn run(work: ChainWork, shutdown: CancellationToken) {
    let mut watcher = Watcher::new(work);
    let look = watcher.work.look;
    let endless = async {
        loop {
            if !watcher.turn().await {
                tokio::time::sleep(look).await;
            }
        }
    };
    tokio::select! {
        // What is cut off here is either committed or not begun.
        () = shutdown.cancelled() => {}
        () = endless => {}
    }
}

/// The worker, for whoever wants to take its turns one by one.
pub struct Watcher {
    work: ChainWork,
    proved: bool,
    complaints: Complaints,
}

impl Watcher {
    /// Has looked at nothing yet.
    pub fn new(work: ChainWork) -> Self {
        Self { work, proved: false, complaints: Complaints::new("watcher of the chain") }
    }

    /// One look, with its complaints. True: there is more to read at once.
    pub async fn turn(&mut self) -> bool {
        let looked = self.look().await;
        self.work.ears.health(looked.is_ok());
        match looked {
            Ok(more) => {
                self.complaints.forget();
                more
            }
            Err(error) => {
                self.proved = false;
                self.complaints.tell(&error, clock::now());
                false
            }
        }
    }

    /// Reads one chunk. True: there is more. Errors: nothing was changed.
    pub async fn look(&mut self) -> Result<bool, ChainWorkError> {
        if !self.proved {
            self.work.prove().await?;
            self.proved = true;
        }
        let head = self.work.chain.head().await?;
        let mark = self.work.store.chain_mark().await?;
        if let Some(mark) = mark {
            self.same_chain(mark).await?;
        }
        let from = mark.map_or(self.work.first_block, |mark| mark.block + 1);
        if from > head.final_number {
            return Ok(false);
        }
        let to = head.final_number.min(from + CHUNK - 1);
        self.read(mark, from, to).await?;
        Ok(to < head.final_number)
    }

    async fn same_chain(&self, mark: ChainMark) -> Result<(), ChainWorkError> {
        let found = self.name(mark.block).await?;
        if found == mark {
            return Ok(());
        }
        let (found, known) = (found.hash.to_string(), mark.hash.to_string());
        Err(ChainWorkError::Rewritten { block: mark.block, found, known })
    }

    async fn name(&self, block: u64) -> Result<ChainMark, ChainError> {
        let hash = self.work.chain.block_hash(block).await?;
        let hash = hash.ok_or_else(|| ChainError::NotFound { what: format!("block {block}") })?;
        Ok(ChainMark { block, hash })
    }

    async fn read(&self, mark: Option<ChainMark>, from: u64, to: u64) -> Result<(), ChainWorkError> {
        let events = self.work.chain.events(from, to).await?;
        let next = self.name(to).await?;
        let (mut tx, now) = (self.work.store.begin().await?, clock::now());
        if !move_chain_mark(&mut tx, mark, next).await? {
            return Ok(());
        }
        for log in &events {
            add_chain_event(&mut tx, log).await?;
        }
        for log in booking_order(&events) {
            self.work.ears.event(&mut tx, log, now).await?;
            tracing::debug!(block = log.block, tx = %log.tx, "read an event of the contract: {:?}", log.event);
        }
        if events.is_empty() {
            tx.commit_unseen().await?;
        } else {
            tx.commit().await?;
            self.work.nudge.sagas();
        }
        Ok(())
    }
}
