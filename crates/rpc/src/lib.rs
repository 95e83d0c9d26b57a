//! The chain as wallets need it, for the command line and the agent: a handful of JSON-RPC questions to one endpoint, what
//! a contract reported in the past (`history.rs`), and a transaction that is sent and waited for (`send.rs`). Deliberately
//! absent: keys, which sign in `ttalkak-escrow`, offline; an endpoint never sees more than a signed transaction.

pub mod calls;
mod fault;
mod history;
mod send;
mod wire;

pub use fault::ChainFault;
pub use history::Past;
pub use send::{Intent, Prepared};
use wire::{Fees, Head, Quantity};
pub use wire::{Log, Receipt, Transaction, in_coin};

use alloy_sol_types::SolCall;
use calls::Question;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;
use ttalkak_protocol::money::{ChainHash, EvmAddress};
use url::Url;

/// Whether an address means this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Public endpoints answer within a second or two; a question that takes longer will not fare better.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// Reads an endpoint's address. Errors: it is no http or https address.
pub fn endpoint(text: &str) -> Result<Url, ChainFault> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| ChainFault::Address { text: text.to_owned() })
}

/// The longest answer that is read: some ten thousand events.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// One endpoint of a chain.
#[derive(Debug, Clone)]
pub struct Chain {
    http: reqwest::Client,
    url: Url,
}

impl Chain {
    /// Prepares questions to the endpoint at `url`; opens no connection. Errors: it is no http or https address.
    pub fn new(url: &str) -> Result<Self, ChainFault> {
        let url = endpoint(url)?;
        // A second install is an error that means: there is one already.
        drop(rustls::crypto::ring::default_provider().install_default());
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

    /// Where the endpoint is.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The chain's EIP-155 id.
    pub async fn chain_id(&self) -> Result<u64, ChainFault> {
        self.ask::<Quantity>("eth_chainId", json!([])).await?.small()
    }

    /// The newest block's number and time, seconds since 1970.
    pub async fn now(&self) -> Result<(u64, u64), ChainFault> {
        let head: Head = self.ask("eth_getBlockByNumber", json!(["latest", false])).await?;
        Ok((head.number.small()?, head.timestamp.small()?))
    }

    /// Whether there is a contract at an address.
    pub async fn has_code(&self, at: EvmAddress) -> Result<bool, ChainFault> {
        let code: String = self.ask("eth_getCode", json!([at, "latest"])).await?;
        Ok(code.len() > 2)
    }

    /// What a read-only call returns. Errors: `Reverted` when the contract refuses.
    pub async fn read<C: SolCall, T>(
        &self,
        of: EvmAddress,
        question: Question<C, T>,
    ) -> Result<T, ChainFault> {
        let call = json!({ "to": of, "input": wire::hex(&question.input) });
        let answer: String = self.ask("eth_call", json!([call, "latest"])).await?;
        question.read(&wire::bytes(&answer)?)
    }

    /// The chain's own coin at an address, which pays for transactions.
    pub async fn balance(&self, of: EvmAddress) -> Result<u128, ChainFault> {
        Ok(self.ask::<Quantity>("eth_getBalance", json!([of, "latest"])).await?.0)
    }

    /// A receipt; `None` while the transaction waits.
    pub async fn receipt(&self, hash: ChainHash) -> Result<Option<Receipt>, ChainFault> {
        self.ask("eth_getTransactionReceipt", json!([hash])).await
    }

    /// A transaction; `None` when the endpoint knows none of that hash.
    pub async fn transaction(&self, hash: ChainHash) -> Result<Option<Transaction>, ChainFault> {
        self.ask("eth_getTransactionByHash", json!([hash])).await
    }

    /// Gives an account coins of a development node, which only such a node does.
    pub async fn set_development_balance(&self, of: EvmAddress, wei: u128) -> Result<(), ChainFault> {
        self.ask::<Value>("anvil_setBalance", json!([of, wire::quantity(wei)])).await.map(drop)
    }

    /// Asks one question. Errors: no answer, one that is none of JSON-RPC's, or a refusal.
    async fn ask<T: DeserializeOwned>(&self, method: &'static str, params: Value) -> Result<T, ChainFault> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let unreachable = |cause: reqwest::Error| ChainFault::Unreachable { cause: cause.without_url() };
        let response = self.http.post(self.url.clone()).json(&body).send().await.map_err(unreachable)?;
        let bytes = bounded(response).await.map_err(unreachable)?.ok_or(ChainFault::Puzzling { method })?;
        let puzzling = |_| ChainFault::Puzzling { method };
        let mut answer: Value = serde_json::from_slice(&bytes).map_err(puzzling)?;
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            return Err(ChainFault::refusal(error));
        }
        serde_json::from_value(answer["result"].take()).map_err(puzzling)
    }
}

/// The body; `None` when it is longer than any answer of a chain.
async fn bounded(mut response: reqwest::Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes))
}
