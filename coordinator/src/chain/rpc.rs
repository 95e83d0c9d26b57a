//! The client: one node or two. Each question goes to the first node that is fit; a node on another chain, or too far
//! behind, is left out until it is fit again. Deliberately absent: waiting and trying again, which callers do.

use super::{ChainError, Head, decode, endpoint::Endpoint, wire::Block, wire::RawLog};
use crate::{config::Payments, logic::chain::EscrowLog};
use futures_util::future::join_all;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{fmt, sync::atomic::Ordering, time::Duration};
use ttalkak_escrow::abi::{chain_hash, evm_address};
use ttalkak_protocol::money::{ChainHash, EvmAddress};
use url::Url;

/// Where nodes answer, and what they must be.
#[derive(Debug, Clone)]
pub struct RpcConfig {
    /// One node or two, the preferred one first.
    pub urls: Vec<Url>,
    /// EIP-155 id.
    pub chain_id: u64,
    /// The contract.
    pub escrow: EvmAddress,
    /// The token that is counted.
    pub token: EvmAddress,
    /// Whose key we hold; absent: not compared.
    pub meter: Option<EvmAddress>,
    /// So many blocks upon one make it final; absent: the node's own `finalized`.
    pub confirmations: Option<u64>,
    /// A node so many blocks behind the best is left out.
    pub lag_max: u64,
    /// For each answer.
    pub deadline: Duration,
}

impl RpcConfig {
    /// With usual bounds: 10 s for an answer, and three blocks of lag.
    pub fn new(urls: Vec<Url>, chain_id: u64, escrow: EvmAddress, token: EvmAddress) -> Self {
        let deadline = Duration::from_secs(10);
        Self { urls, chain_id, escrow, token, meter: None, confirmations: None, lag_max: 3, deadline }
    }

    /// As the operator configured it, with the address of the key that we hold. Errors: an endpoint is no address.
    pub fn of(payments: &Payments, meter: EvmAddress) -> Result<Self, url::ParseError> {
        let urls = payments.chain_rpc.iter().map(|url| url.parse()).collect::<Result<_, _>>()?;
        Ok(Self {
            meter: Some(meter),
            confirmations: payments.chain_confirmations,
            ..Self::new(urls, payments.chain_id, payments.escrow, payments.token)
        })
    }
}

/// A chain over JSON-RPC.
pub struct Rpc {
    pub(super) config: RpcConfig,
    endpoints: Vec<Endpoint>,
}

impl Rpc {
    /// Talks to nobody yet.
    pub fn new(config: RpcConfig) -> Self {
        let endpoints = config.urls.iter().map(|url| Endpoint::new(url, config.deadline)).collect();
        Self { config, endpoints }
    }

    /// Nodes in the order of preference, without those that lag (unless all do).
    fn fit(&self) -> Vec<&Endpoint> {
        let fit: Vec<_> =
            self.endpoints.iter().filter(|endpoint| !endpoint.lags.load(Ordering::Acquire)).collect();
        if fit.is_empty() { self.endpoints.iter().collect() } else { fit }
    }

    /// The first answer of a fit node. A refusal is an answer, too.
    pub(super) async fn any<R>(&self, method: &'static str, params: Value) -> Result<R, ChainError>
    where
        R: DeserializeOwned + fmt::Debug + Send + Sync + Unpin + 'static,
    {
        let mut last = no_node();
        for endpoint in self.fit() {
            match endpoint.ask(self.config.chain_id, method, params.clone()).await {
                Err(error) if error.is_the_nodes_own() => last = error,
                answer => return answer,
            }
        }
        Err(last)
    }

    /// Asks every fit node, since each keeps its own pool; the first acceptance, else the first refusal, else silence.
    pub(super) async fn tell_all(&self, raw: &[u8]) -> Result<ChainHash, ChainError> {
        let params = json!([format!("0x{}", hex::encode(raw))]);
        let tell = |endpoint| {
            Endpoint::ask::<alloy::primitives::B256>(
                endpoint,
                self.config.chain_id,
                "eth_sendRawTransaction",
                params.clone(),
            )
        };
        let mut worst = no_node();
        for answer in join_all(self.fit().into_iter().map(tell)).await {
            match answer {
                Ok(hash) => return Ok(chain_hash(hash)),
                Err(error) if worst.is_the_nodes_own() => worst = error,
                Err(_) => {}
            }
        }
        Err(worst)
    }

    /// The newest block of the best node, and what all fit nodes hold to be final.
    pub(super) async fn heads(&self) -> Result<Head, ChainError> {
        let looks = join_all(self.endpoints.iter().map(|endpoint| self.look(endpoint))).await;
        let best = looks.iter().filter_map(|look| look.as_ref().ok()).map(|(block, _)| block.number).max();
        let Some(best) = best else {
            return Err(looks.into_iter().find_map(Result::err).unwrap_or_else(no_node));
        };
        let (mut newest, mut final_number) = (None, u64::MAX);
        for (endpoint, look) in self.endpoints.iter().zip(&looks) {
            let fit = look
                .as_ref()
                .ok()
                .filter(|(block, _)| block.number.to::<u64>() + self.config.lag_max >= best.to::<u64>());
            endpoint.lags.store(fit.is_none(), Ordering::Release);
            let Some((block, at)) = fit else { continue };
            final_number = final_number.min(*at);
            if block.number == best {
                newest = Some(block.clone());
            }
        }
        let newest = newest.expect("the best node is not behind itself");
        self.agree_on(final_number).await?;
        Ok(Head {
            number: newest.number.to(),
            hash: chain_hash(newest.hash),
            timestamp_secs: newest.timestamp.to(),
            final_number,
        })
    }

    async fn look(&self, endpoint: &Endpoint) -> Result<(Block, u64), ChainError> {
        let chain = self.config.chain_id;
        let head = endpoint.block(chain, json!("latest")).await?.ok_or_else(|| not_found("newest block"))?;
        let number: u64 = head.number.to();
        let settled = match self.config.confirmations {
            Some(count) => number.saturating_sub(count),
            None => {
                let block = endpoint.block(chain, json!("finalized")).await?;
                block.ok_or_else(|| not_found("final block; set chain_confirmations"))?.number.to()
            }
        };
        Ok((head, settled))
    }

    /// Two nodes that name a final block differently are on two chains, whatever their ids.
    async fn agree_on(&self, number: u64) -> Result<(), ChainError> {
        let fit = self.fit();
        if fit.len() < 2 {
            return Ok(());
        }
        let names = fit.iter().map(|endpoint| endpoint.block(self.config.chain_id, quantity(number)));
        let names: Vec<_> =
            join_all(names).await.into_iter().flatten().flatten().map(|block| block.hash).collect();
        let agree = names.iter().all(|name| Some(name) == names.first());
        if agree { Ok(()) } else { Err(ChainError::Disagree { what: format!("block {number}") }) }
    }

    /// The contract's events of `from..=to`, all from one node that has `to` before and after.
    pub(super) async fn logs(&self, from: u64, to: u64) -> Result<Vec<EscrowLog>, ChainError> {
        let mut last = no_node();
        for endpoint in self.fit() {
            match self.logs_of(endpoint, from, to).await {
                Err(error) if error.is_the_nodes_own() => last = error,
                answer => return answer,
            }
        }
        Err(last)
    }

    async fn logs_of(&self, endpoint: &Endpoint, from: u64, to: u64) -> Result<Vec<EscrowLog>, ChainError> {
        // A node that has not got the block yet answers with what it has, and would make us skip the rest.
        let name = async || -> Result<_, ChainError> {
            let block = endpoint.block(self.config.chain_id, quantity(to)).await?;
            Ok(block.ok_or_else(|| not_found(&format!("block {to}")))?.hash)
        };
        let before = name().await?;
        let filter =
            json!({"address": self.config.escrow, "fromBlock": quantity(from), "toBlock": quantity(to)});
        let raw: Vec<RawLog> = endpoint.ask(self.config.chain_id, "eth_getLogs", json!([filter])).await?;
        if name().await? != before {
            return Err(ChainError::Disagree { what: format!("block {to}") });
        }
        let ours = |log: &&RawLog| {
            let block: u64 = log.block_number.to();
            evm_address(log.address) == self.config.escrow && (from..=to).contains(&block)
        };
        let mut events = Vec::new();
        for log in raw.iter().filter(ours) {
            events.extend(decode::event(log)?);
        }
        events.sort_by_key(|event: &EscrowLog| (event.block, event.log_index));
        Ok(events)
    }
}

/// A block's number as questions write it.
pub(super) fn quantity(number: u64) -> Value {
    json!(format!("{number:#x}"))
}

pub(super) fn not_found(what: &str) -> ChainError {
    ChainError::NotFound { what: what.to_owned() }
}

fn no_node() -> ChainError {
    ChainError::Unreachable { node: "none".into(), reason: "no node is configured".into() }
}
