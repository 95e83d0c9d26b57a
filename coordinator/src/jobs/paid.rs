//! All workers of money, and what they hear from the chain. None of them runs where payments are off.

use super::{
    chain_work::{ChainWork, OnChainEvent},
    fund, ladder,
    on_chain::OnChain,
    reconcile, send, settle, watch_chain,
};
use crate::{
    chain::{Chain, EscrowLog},
    flows::world::World,
    logic::outbox::Policy,
    money::Money,
    store::{StoreResult, Tx},
};
use futures_util::future::{BoxFuture, FutureExt as _};
use std::{sync::Arc, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ttalkak_protocol::unit::UnixMillis;

/// Blocks come every second or two at best; asking more often brings nothing.
const LOOK: Duration = Duration::from_secs(1);

/// Hears of the chain and writes the books.
struct Bookkeeper(Arc<Money>);

impl OnChainEvent for Bookkeeper {
    fn event<'a>(
        &'a self,
        tx: &'a mut Tx,
        log: &'a EscrowLog,
        now: UnixMillis,
    ) -> BoxFuture<'a, StoreResult<()>> {
        let books =
            OnChain { token: self.0.token(), fee_to: self.0.facts.fee_to, fee_bps: self.0.facts.fee_bps };
        async move { books.apply(tx, log, now).await }.boxed()
    }

    fn health(&self, healthy: bool) {
        self.0.note_health(healthy);
    }
}

/// Starts them; each ends at `shutdown`.
pub fn start(
    workers: &TaskTracker,
    world: &World,
    (money, chain): (&Arc<Money>, &Arc<dyn Chain>),
    shutdown: &CancellationToken,
) {
    let work = ChainWork {
        store: world.store.clone(),
        chain: chain.clone(),
        key: money.meter.clone(),
        policy: Policy {
            max_fee: u128::from(money.config.gas_max_gwei) * 1_000_000_000,
            ..Policy::default()
        },
        look: LOOK,
        first_block: money.config.escrow_block,
        nudge: world.nudge.clone(),
        ears: Arc::new(Bookkeeper(money.clone())),
    };
    let store = || world.store.clone();
    workers.spawn(watch_chain::run(work.clone(), shutdown.clone()));
    workers.spawn(send::run(work, shutdown.clone()));
    workers.spawn(settle::run(store(), money.clone(), chain.clone(), shutdown.clone()));
    workers.spawn(fund::run(store(), money.clone(), chain.clone(), shutdown.clone()));
    workers.spawn(ladder::run(world.clone(), money.clone(), shutdown.clone()));
    workers.spawn(reconcile::run(store(), money.clone(), chain.clone(), shutdown.clone()));
}
