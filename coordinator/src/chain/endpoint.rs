//! One node: a call with a deadline, its errors in our words, and whether it has proved to be on the right chain.

use super::{ChainError, wire::Block};
use alloy::{
    primitives::U64,
    rpc::client::RpcClient,
    transports::{
        RpcError, TransportError, TransportErrorKind,
        http::{Http, reqwest},
    },
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use ttalkak_escrow::abi::revert_name;
use url::Url;

/// A node's address and what is known of it.
pub(super) struct Endpoint {
    name: String,
    client: RpcClient,
    deadline: Duration,
    /// It has told the right chain id since it was last silent.
    proved: AtomicBool,
    /// It was too far behind when heads were compared last.
    pub(super) lags: AtomicBool,
}

impl Endpoint {
    pub(super) fn new(url: &Url, deadline: Duration) -> Self {
        let host = url.host_str().unwrap_or("?");
        let name = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let loopback = host == "localhost" || host.starts_with("127.") || host == "[::1]";
        // Whoever set one first has set the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().connect_timeout(deadline).timeout(deadline);
        let client = if loopback { client.no_proxy() } else { client };
        let client = client.build().expect("timeouts alone are a sound configuration");
        let client = RpcClient::new(Http::with_client(client, url.clone()), loopback);
        Self { name, client, deadline, proved: AtomicBool::new(false), lags: AtomicBool::new(false) }
    }

    /// Asks, after making sure that the node is on this chain.
    pub(super) async fn ask<R>(
        &self,
        chain_id: u64,
        method: &'static str,
        params: Value,
    ) -> Result<R, ChainError>
    where
        R: DeserializeOwned + fmt::Debug + Send + Sync + Unpin + 'static,
    {
        if !self.proved.load(Ordering::Acquire) {
            let found: U64 = self.call("eth_chainId", json!([])).await?;
            if found.to::<u64>() != chain_id {
                let (found, wanted) = (format!("{found} at {}", self.name), chain_id.to_string());
                return Err(ChainError::Mismatch { what: "the chain's id", found, wanted });
            }
            self.proved.store(true, Ordering::Release);
        }
        let answer = self.call(method, params).await;
        if answer.as_ref().is_err_and(ChainError::is_silence) {
            // What answers next time may be another machine.
            self.proved.store(false, Ordering::Release);
        }
        answer
    }

    /// The block named by a number or a tag.
    pub(super) async fn block(&self, chain_id: u64, name: Value) -> Result<Option<Block>, ChainError> {
        self.ask(chain_id, "eth_getBlockByNumber", json!([name, false])).await
    }

    pub(super) async fn call<R>(&self, method: &'static str, params: Value) -> Result<R, ChainError>
    where
        R: DeserializeOwned + fmt::Debug + Send + Sync + Unpin + 'static,
    {
        let asked = self.client.request::<Value, R>(method, params);
        match tokio::time::timeout(self.deadline, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.in_our_words(method, error)),
            Err(_) => Err(ChainError::Timeout { node: self.name.clone(), method }),
        }
    }

    fn in_our_words(&self, method: &'static str, error: TransportError) -> ChainError {
        let unreachable =
            |reason: &str| ChainError::Unreachable { node: self.name.clone(), reason: reason.into() };
        match error {
            RpcError::ErrorResp(payload) => {
                let data = payload.as_revert_data();
                let reverted = payload.code == 3 || payload.message.contains("execution reverted");
                if let Some(data) = data.filter(|data| reverted || !data.is_empty()) {
                    return ChainError::Reverted { name: revert_name(&data), data: data.to_vec() };
                }
                if reverted {
                    return ChainError::Reverted { name: payload.message.into_owned(), data: Vec::new() };
                }
                // "Limit exceeded" (EIP-1474) is about this node and not about what was asked.
                if payload.code == -32005 || payload.code == 429 {
                    return unreachable("it asks for fewer questions");
                }
                ChainError::Refused { method, message: payload.message.into_owned() }
            }
            RpcError::Transport(kind) => match kind {
                TransportErrorKind::HttpError(error) => unreachable(&format!("HTTP {}", error.status)),
                TransportErrorKind::Custom(error) => match error.downcast_ref::<reqwest::Error>() {
                    Some(error) if error.is_timeout() => {
                        ChainError::Timeout { node: self.name.clone(), method }
                    }
                    Some(error) if error.is_connect() => unreachable("no connection"),
                    Some(_) | None => unreachable("the connection broke"),
                },
                TransportErrorKind::MissingBatchResponse(_)
                | TransportErrorKind::BackendGone
                | TransportErrorKind::PubsubUnavailable
                | TransportErrorKind::NonRetryable(_)
                | _ => unreachable("the connection is gone"),
            },
            RpcError::NullResp => ChainError::NotFound { what: method.to_owned() },
            RpcError::DeserError { .. } => unreachable("its answer cannot be read"),
            RpcError::SerError(_) | RpcError::UnsupportedFeature(_) | RpcError::LocalUsageError(_) => {
                unreachable("the question could not be asked")
            }
        }
    }
}
