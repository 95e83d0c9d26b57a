//! The chain as this program needs it: a handful of JSON-RPC questions to one endpoint, and a transaction that is sent
//! and waited for (`chain/send.rs`). Deliberately absent: keys; signing is `ttalkak-escrow`'s, offline, and an endpoint
//! never sees more than a signed transaction.

pub(crate) mod calls;
mod fault;
mod send;
mod wire;

pub(crate) use fault::ChainFault;
pub(crate) use send::Intent;
#[cfg(test)]
pub(crate) use wire::hex;
use wire::{Fees, Quantity};
pub(crate) use wire::{Log, Receipt, Transaction, in_coin};

use crate::credentials::is_loopback;
use alloy_sol_types::SolCall;
use calls::Question;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;
use ttalkak_protocol::money::{ChainHash, EvmAddress};
use url::Url;

/// Public endpoints answer within a second or two; a question that takes longer will not fare better.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// One endpoint of a chain.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    http: reqwest::Client,
    url: Url,
}

impl Chain {
    /// Prepares questions to the endpoint at `url`; opens no connection. Errors: it is no http or https address.
    pub(crate) fn new(url: &str) -> Result<Self, ChainFault> {
        let wrong = || ChainFault::Address { text: url.to_owned() };
        let url = Url::parse(url).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong());
        }
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("ttalkak/", env!("CARGO_PKG_VERSION")))
            .timeout(ANSWER_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        if is_loopback(&url) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|cause| ChainFault::Unreachable { cause })?;
        Ok(Self { http, url })
    }

    /// The chain's EIP-155 id.
    pub(crate) async fn chain_id(&self) -> Result<u64, ChainFault> {
        self.ask::<Quantity>("eth_chainId", json!([])).await?.small()
    }

    /// Whether there is a contract at an address.
    pub(crate) async fn has_code(&self, at: EvmAddress) -> Result<bool, ChainFault> {
        let code: String = self.ask("eth_getCode", json!([at, "latest"])).await?;
        Ok(code.len() > 2)
    }

    /// What a read-only call returns. Errors: `Reverted` when the contract refuses.
    pub(crate) async fn read<C: SolCall, T>(
        &self,
        of: EvmAddress,
        question: Question<C, T>,
    ) -> Result<T, ChainFault> {
        let call = json!({ "to": of, "input": wire::hex(&question.input) });
        let answer: String = self.ask("eth_call", json!([call, "latest"])).await?;
        question.read(&wire::bytes(&answer)?)
    }

    /// The chain's own coin at an address, which pays for transactions.
    pub(crate) async fn balance(&self, of: EvmAddress) -> Result<u128, ChainFault> {
        Ok(self.ask::<Quantity>("eth_getBalance", json!([of, "latest"])).await?.0)
    }

    /// A receipt; `None` while the transaction waits.
    pub(crate) async fn receipt(&self, hash: ChainHash) -> Result<Option<Receipt>, ChainFault> {
        self.ask("eth_getTransactionReceipt", json!([hash])).await
    }

    /// A transaction; `None` when the endpoint knows none of that hash.
    pub(crate) async fn transaction(&self, hash: ChainHash) -> Result<Option<Transaction>, ChainFault> {
        self.ask("eth_getTransactionByHash", json!([hash])).await
    }

    /// Gives an account coins of a development node, which only such a node does.
    pub(crate) async fn set_development_balance(&self, of: EvmAddress, wei: u128) -> Result<(), ChainFault> {
        self.ask::<Value>("anvil_setBalance", json!([of, wire::quantity(wei)])).await.map(drop)
    }

    /// Asks one question. Errors: no answer, one that is none of JSON-RPC's, or a refusal.
    async fn ask<T: DeserializeOwned>(&self, method: &'static str, params: Value) -> Result<T, ChainFault> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let unreachable = |cause: reqwest::Error| ChainFault::Unreachable { cause: cause.without_url() };
        let response = self.http.post(self.url.clone()).json(&body).send().await.map_err(unreachable)?;
        let bytes = response.bytes().await.map_err(unreachable)?;
        let puzzling = |_| ChainFault::Puzzling { method };
        let mut answer: Value = serde_json::from_slice(&bytes).map_err(puzzling)?;
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            return Err(ChainFault::refusal(error));
        }
        serde_json::from_value(answer["result"].take()).map_err(puzzling)
    }
}
