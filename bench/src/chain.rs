//! Just enough of a chain to measure on: a node that is already there, one key, receipts. Everything is sent by that key
//! in order; what is refused ends the run.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::{path::Path, time::Duration};
use ttalkak_escrow::{
    Key,
    tx::{Eip1559, created_address},
};
use ttalkak_protocol::money::{ChainHash, EvmAddress};

/// Fees far above what a fresh chain asks for.
const MAX_FEE: u128 = 100_000_000_000;
/// What one transaction may take since Osaka (EIP-7825).
pub const GAS_MAX: u64 = 16_777_216;
/// A receipt that does not come is looked for so often.
const LOOKS: u32 = 2_000;

/// A node and who sends to it.
pub struct Chain {
    http: reqwest::Client,
    url: String,
    /// Whose transactions these are.
    pub key: Key,
    /// EIP-155 id.
    pub id: u64,
    nonce: u64,
}

/// A transaction that went through.
#[derive(Debug, Clone, Copy)]
pub struct Receipt {
    /// All that it took, calldata included.
    pub gas: u64,
}

impl Chain {
    /// Connects, and sends as `key` from its next nonce on.
    pub async fn open(url: &str, key: Key) -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().build().context("make an HTTP client")?;
        let mut chain = Self { http, url: url.to_owned(), key, id: 0, nonce: 0 };
        chain.id = number(&chain.ask("eth_chainId", json!([])).await?)?;
        let sender = chain.key.address().to_string();
        chain.nonce = number(&chain.ask("eth_getTransactionCount", json!([sender, "latest"])).await?)?;
        Ok(chain)
    }

    /// One JSON-RPC call.
    pub async fn ask(&self, method: &str, params: Value) -> Result<Value> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer: Value = self.http.post(&self.url).json(&body).send().await?.json().await?;
        match answer.get("result") {
            Some(result) => Ok(result.clone()),
            None => bail!("{method} was refused: {}", answer["error"]),
        }
    }

    /// Signs and sends the next transaction.
    pub async fn send(&mut self, to: Option<EvmAddress>, input: Vec<u8>) -> Result<ChainHash> {
        let tx = Eip1559 {
            chain_id: self.id,
            nonce: self.nonce,
            gas_limit: GAS_MAX,
            max_fee: MAX_FEE,
            tip: 1,
            to,
            value: 0,
            input,
        };
        let signed = tx.sign(&self.key);
        self.ask("eth_sendRawTransaction", json!([format!("0x{}", hex::encode(&signed.raw))])).await?;
        self.nonce += 1;
        Ok(signed.hash)
    }

    /// Waits until it is mined. Errors: it reverted, or does not come.
    pub async fn receipt(&self, hash: ChainHash) -> Result<Receipt> {
        for _ in 0..LOOKS {
            let receipt = self.ask("eth_getTransactionReceipt", json!([hash])).await?;
            if !receipt.is_null() {
                if receipt["status"] != "0x1" {
                    bail!("the transaction {hash} reverted");
                }
                return Ok(Receipt { gas: number(&receipt["gasUsed"])? });
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bail!("the transaction {hash} was not mined")
    }

    /// The newest block's time, seconds since 1970.
    pub async fn time(&self) -> Result<u64> {
        number(&self.ask("eth_getBlockByNumber", json!(["latest", false])).await?["timestamp"])
    }

    /// Sends and waits.
    pub async fn run(&mut self, to: EvmAddress, input: Vec<u8>) -> Result<Receipt> {
        let hash = self.send(Some(to), input).await?;
        self.receipt(hash).await
    }

    /// Puts a contract of the committed artifacts on the chain.
    pub async fn create(&mut self, artifact: &Path, arguments: Vec<u8>) -> Result<EvmAddress> {
        let text =
            std::fs::read_to_string(artifact).with_context(|| format!("read {}", artifact.display()))?;
        let artifact: Value = serde_json::from_str(&text).context("read the artifact")?;
        let code = artifact["bytecode"].as_str().context("the artifact has no bytecode")?;
        let mut input = hex::decode(code.trim_start_matches("0x")).context("read the bytecode")?;
        input.extend(arguments);
        let at = created_address(self.key.address(), self.nonce);
        let hash = self.send(None, input).await?;
        self.receipt(hash).await?;
        Ok(at)
    }
}

/// A hex quantity.
fn number(value: &Value) -> Result<u64> {
    let text = value.as_str().context("expected a quantity")?;
    u64::from_str_radix(text.trim_start_matches("0x"), 16).context("read a quantity")
}
