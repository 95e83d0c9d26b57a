//! Opens money at the start: the meter's key, the chain behind its endpoints, and what contract and token are there.

use crate::{
    chain::{Chain, ChainError, Rpc, RpcConfig},
    config::Payments,
    logic::chain::ChainFacts,
    money::{FACTS_SETTING, Money, kept_facts, read_meter_key},
    store::Store,
};
use anyhow::{Context, Result};
use std::sync::Arc;

/// Money and the chain that it is on.
pub(super) type Opened = (Arc<Money>, Arc<dyn Chain>);

/// `None` where payments are off. A chain that does not answer now is no reason not to start, once it has answered.
/// Errors: no key, another chain, contract, token or meter than configured, or nothing known of them yet.
pub(super) async fn open(config: &Payments, store: &Store) -> Result<Option<Opened>> {
    if !config.on {
        return Ok(None);
    }
    let meter = read_meter_key(&config.meter_key_file)?;
    let rpc = RpcConfig::of(config, meter.address()).context("read chain_rpc")?;
    let chain: Arc<dyn Chain> = Arc::new(Rpc::new(rpc));
    let (facts, healthy) = facts(&*chain, config, store).await?;
    tracing::info!(
        chain.id = facts.chain_id, escrow = %facts.escrow, meter = %facts.meter,
        "deployments are paid for in {} on chain {}", facts.symbol, facts.chain_id
    );
    let money = Money::new(config.clone(), meter, facts);
    money.note_health(healthy);
    Ok(Some((money, chain)))
}

async fn facts(chain: &dyn Chain, config: &Payments, store: &Store) -> Result<(ChainFacts, bool)> {
    match chain.check().await {
        Ok(facts) => {
            let text = serde_json::to_string(&facts).context("write down what the chain is")?;
            store.set_setting(FACTS_SETTING, &text).await?;
            Ok((facts, true))
        }
        Err(error @ ChainError::Mismatch { .. }) => Err(error).context("compare the chain with the settings"),
        Err(error) => match kept_facts(store, config).await? {
            Some(facts) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the chain does not answer; going on without"
                );
                Ok((facts, false))
            }
            None => Err(error).context("ask the chain what contract and token are; it must answer once"),
        },
    }
}
