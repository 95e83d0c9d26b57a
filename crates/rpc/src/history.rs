//! What a contract reported since a block, asked for in spans that the endpoint is willing to answer: public endpoints
//! refuse long spans, each with a limit of its own.

use super::{Chain, ChainFault, Log};
use serde_json::json;
use ttalkak_protocol::money::{ChainHash, EvmAddress};

/// A span is halved when it is refused. One so short is not refused for its length any more.
const SPAN_LEAST: u64 = 64;

/// Which events.
#[derive(Debug, Clone)]
pub struct Past {
    /// Of which contract.
    pub contract: EvmAddress,
    /// What kind of event, then the indexed fields that must be so; `None` is any.
    pub topics: Vec<Option<ChainHash>>,
    /// The first block.
    pub from_block: u64,
    /// The last block.
    pub to_block: u64,
}

impl Chain {
    /// All events of a kind, in the order of the chain. `told`: hears after each span which block is reached.
    /// Errors: the endpoint refuses even short spans, or does not answer.
    pub async fn past(&self, past: &Past, mut told: impl FnMut(u64)) -> Result<Vec<Log>, ChainFault> {
        let mut logs = Vec::new();
        let mut from = past.from_block;
        let mut span = past.to_block.saturating_sub(from).saturating_add(1);
        while from <= past.to_block {
            let to = past.to_block.min(from.saturating_add(span - 1));
            match self.span(past, from, to).await {
                Ok(found) => {
                    logs.extend(found);
                    told(to);
                    let Some(next) = to.checked_add(1) else { break };
                    from = next;
                }
                // Too long, or too much in it.
                Err(ChainFault::Refused { .. } | ChainFault::Puzzling { .. }) if span > SPAN_LEAST => {
                    span /= 2;
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(logs)
    }

    async fn span(&self, past: &Past, from: u64, to: u64) -> Result<Vec<Log>, ChainFault> {
        let quantity = |number: u64| crate::wire::quantity(u128::from(number));
        let filter = json!({
            "address": past.contract, "topics": past.topics, "fromBlock": quantity(from), "toBlock": quantity(to),
        });
        let logs: Vec<Log> = self.ask("eth_getLogs", json!([filter])).await?;
        // What was not asked for is not believed to be an answer.
        let asked = |log: &Log| {
            let fits = |(wanted, got): (&Option<ChainHash>, &ChainHash)| wanted.is_none_or(|it| it == *got);
            log.address == past.contract && past.topics.iter().zip(&log.topics).all(fits)
        };
        Ok(logs.into_iter().filter(asked).collect())
    }
}
