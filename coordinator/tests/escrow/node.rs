//! A node as tests use it: transactions of any key, blocks at a chosen time, and what came of them.

use crate::anvil::Anvil;
use alloy::{
    primitives::{B256, U64},
    rpc::client::RpcClient,
    transports::http::{Http, reqwest},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt};
use ttalkak_escrow::{
    Key,
    tx::{Eip1559, created_address},
};
use ttalkak_protocol::money::{ChainHash, EvmAddress};

/// What one transaction may take since Osaka (EIP-7825).
pub(crate) const GAS_MAX: u64 = 16_777_216;
/// Enough for a call about a few agreements.
const GAS_FEW: u64 = 2_000_000;

/// A chain of its own for one test.
pub(crate) struct Node {
    anvil: Anvil,
    client: RpcClient,
    /// EIP-155 id.
    pub(crate) chain_id: u64,
    /// Time of the newest block, seconds since 1970.
    pub(crate) now: u64,
    nonces: BTreeMap<EvmAddress, u64>,
}

/// A transaction in a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mined {
    pub(crate) succeeded: bool,
    /// All that it took, call data included.
    pub(crate) gas: u64,
    pub(crate) block: u64,
}

/// What is asked of a contract, and with which coins.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) to: Option<EvmAddress>,
    pub(crate) input: Vec<u8>,
    pub(crate) value: u128,
}

impl Call {
    pub(crate) fn to(to: EvmAddress, input: Vec<u8>) -> Self {
        Self { to: Some(to), input, value: 0 }
    }
}

impl Node {
    pub(crate) async fn start() -> Option<Self> {
        let anvil = Anvil::start()?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url: reqwest::Url = anvil.url.parse().unwrap();
        let client = RpcClient::new(Http::with_client(http, url), true);
        let mut node = Self { anvil, client, chain_id: 0, now: 0, nonces: BTreeMap::new() };
        node.chain_id = node.ask::<U64>("eth_chainId", json!([])).await.to();
        node.now =
            number(&node.ask::<Value>("eth_getBlockByNumber", json!(["latest", false])).await["timestamp"]);
        Some(node)
    }

    pub(crate) fn url(&self) -> &str {
        &self.anvil.url
    }

    /// A question that has an answer. Panics with the node's words when it has not.
    pub(crate) async fn ask<R>(&self, method: &'static str, params: Value) -> R
    where
        R: serde::de::DeserializeOwned + fmt::Debug + Send + Sync + Unpin + 'static,
    {
        let answer = self.client.request::<Value, R>(method, params).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Gives coins for gas and for deposits.
    pub(crate) async fn enrich(&self, who: EvmAddress) {
        self.ask::<Value>("anvil_setBalance", json!([who, format!("{:#x}", u128::MAX)])).await;
    }

    /// Hands a transaction over; it waits for the next block.
    pub(crate) async fn send(&mut self, from: &Key, call: Call, gas_limit: u64) -> ChainHash {
        let nonce = self.nonces.entry(from.address()).or_default();
        let Call { to, input, value } = call;
        // Room for the base fee of many full blocks; equal tips keep the order of arrival.
        let (max_fee, tip) = (1_000_000_000_000, 1);
        let tx =
            Eip1559 { chain_id: self.chain_id, nonce: *nonce, gas_limit, max_fee, tip, to, value, input };
        *nonce += 1;
        let signed = tx.sign(from);
        let hash: B256 =
            self.ask("eth_sendRawTransaction", json!([format!("0x{}", hex::encode(&signed.raw))])).await;
        assert_eq!(hash.0, signed.hash.0, "a transaction has another name on chain");
        signed.hash
    }

    /// A block with all that waits, at this time.
    pub(crate) async fn mine(&mut self, at: u64) {
        self.ask::<Value>("evm_setNextBlockTimestamp", json!([at])).await;
        self.ask::<Value>("evm_mine", json!([])).await;
        self.now = at;
    }

    /// What came of a transaction that is in a block.
    pub(crate) async fn mined(&self, hash: ChainHash) -> Mined {
        let receipt: Value = self.ask("eth_getTransactionReceipt", json!([hash])).await;
        assert!(!receipt.is_null(), "{hash} is in no block");
        Mined {
            succeeded: receipt["status"] == "0x1",
            gas: number(&receipt["gasUsed"]),
            block: number(&receipt["blockNumber"]),
        }
    }

    /// Sends, mines a second later, and looks.
    pub(crate) async fn run(&mut self, from: &Key, call: Call) -> Mined {
        let hash = self.send(from, call, GAS_FEW).await;
        self.mine(self.now + 1).await;
        self.mined(hash).await
    }

    /// The same for what must succeed and may take a whole transaction's gas.
    pub(crate) async fn must(&mut self, from: &Key, to: EvmAddress, input: Vec<u8>) -> Mined {
        let hash = self.send(from, Call::to(to, input), GAS_MAX).await;
        self.mine(self.now + 1).await;
        let mined = self.mined(hash).await;
        assert!(mined.succeeded, "a transaction was undone: {mined:?}");
        mined
    }

    /// Puts a contract on the chain.
    pub(crate) async fn create(&mut self, from: &Key, input: Vec<u8>) -> EvmAddress {
        let nonce = self.nonces.get(&from.address()).copied().unwrap_or_default();
        let hash = self.send(from, Call { to: None, input, value: 0 }, GAS_MAX).await;
        self.mine(self.now + 1).await;
        assert!(self.mined(hash).await.succeeded, "a contract was not created");
        created_address(from.address(), nonce)
    }
}

fn number(value: &Value) -> u64 {
    let text = value.as_str().unwrap();
    u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}
