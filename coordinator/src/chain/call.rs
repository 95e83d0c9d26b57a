//! The trait for the client: each question, and what of its answer counts.

use super::{
    AgreementState, Answer, Chain, ChainError, ChainFacts, EscrowLog, Fees, Head, MandateState, Receipt, Rpc,
    decode::{amount, seconds},
    rpc::{not_found, quantity},
    wire::{Block, RawReceipt},
};
use alloy::{
    primitives::{Address, B256, Bytes, U64, U128, U256},
    sol_types::SolCall,
};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use ttalkak_escrow::{
    abi::{DevToken, TtalkakEscrow as Escrow, chain_hash, evm_address},
    keccak,
};
use ttalkak_protocol::money::{Amount, ChainHash, EvmAddress};

impl Chain for Rpc {
    fn head(&self) -> Answer<'_, Head> {
        self.heads().boxed()
    }

    fn check(&self) -> Answer<'_, ChainFacts> {
        self.facts().boxed()
    }

    fn events(&self, from: u64, to: u64) -> Answer<'_, Vec<EscrowLog>> {
        self.logs(from, to).boxed()
    }

    fn free(&self, tenant: EvmAddress, at: Option<u64>) -> Answer<'_, Amount> {
        let call = Escrow::freeCall { who: inner(tenant), token: inner(self.config.token) };
        async move { Ok(amount(self.view(self.config.escrow, call, at).await?)) }.boxed()
    }

    fn agreement(&self, key: ChainHash, at: Option<u64>) -> Answer<'_, AgreementState> {
        let call = Escrow::agreementsCall { id: B256::from(key.0) };
        async move {
            let state = self.view(self.config.escrow, call, at).await?;
            let ended_at = seconds(state.endedAt);
            Ok(AgreementState {
                cap: amount(state.cap),
                claimed: amount(state.claimed),
                ended_at: (ended_at != 0).then_some(ended_at),
            })
        }
        .boxed()
    }

    fn credit(&self, payee: EvmAddress, at: Option<u64>) -> Answer<'_, Amount> {
        let call = Escrow::creditCall { who: inner(payee), token: inner(self.config.token) };
        async move { Ok(amount(self.view(self.config.escrow, call, at).await?)) }.boxed()
    }

    fn last_batch(&self, at: Option<u64>) -> Answer<'_, u64> {
        self.view(self.config.escrow, Escrow::lastBatchCall {}, at).boxed()
    }

    fn mandate_used(&self, id: ChainHash, at: Option<u64>) -> Answer<'_, MandateState> {
        let call = Escrow::mandatesCall { id: B256::from(id.0) };
        async move {
            let state = self.view(self.config.escrow, call, at).await?;
            Ok(MandateState {
                used: amount(state.used),
                window: seconds(state.window),
                accepted: state.accepted,
                revoked: state.revoked,
            })
        }
        .boxed()
    }

    fn simulate<'a>(&'a self, from: EvmAddress, input: &'a [u8]) -> Answer<'a, u64> {
        self.estimate(from, Some(self.config.escrow), input).boxed()
    }

    fn nonce(&self, sender: EvmAddress, at: Option<u64>) -> Answer<'_, u64> {
        async move {
            let count: U64 = self.any("eth_getTransactionCount", json!([sender, height(at)])).await?;
            Ok(count.to())
        }
        .boxed()
    }

    fn fees(&self) -> Answer<'_, Fees> {
        async move {
            let block: Option<Block> = self.any("eth_getBlockByNumber", json!(["latest", false])).await?;
            let block = block.ok_or_else(|| not_found("newest block"))?;
            let tip: U128 = self.any("eth_maxPriorityFeePerGas", json!([])).await?;
            Ok(Fees { base: block.base_fee_per_gas.unwrap_or_default().to(), tip: tip.to() })
        }
        .boxed()
    }

    fn gas_balance(&self, of: EvmAddress) -> Answer<'_, u128> {
        async move {
            let wei: U256 = self.any("eth_getBalance", json!([of, "latest"])).await?;
            Ok(wei.saturating_to())
        }
        .boxed()
    }

    fn send_raw<'a>(&'a self, raw: &'a [u8]) -> Answer<'a, ChainHash> {
        self.tell_all(raw).boxed()
    }

    fn receipt(&self, tx: ChainHash) -> Answer<'_, Option<Receipt>> {
        async move { Ok(self.raw_receipt(tx).await?.map(|(receipt, _)| receipt)) }.boxed()
    }

    fn block_hash(&self, number: u64) -> Answer<'_, Option<ChainHash>> {
        async move {
            let block: Option<Block> =
                self.any("eth_getBlockByNumber", json!([quantity(number), false])).await?;
            Ok(block.map(|block| chain_hash(block.hash)))
        }
        .boxed()
    }
}

impl Rpc {
    /// A receipt, and the contract that the transaction created.
    pub(super) async fn raw_receipt(
        &self,
        tx: ChainHash,
    ) -> Result<Option<(Receipt, Option<EvmAddress>)>, ChainError> {
        let raw: Option<RawReceipt> = self.any("eth_getTransactionReceipt", json!([tx])).await?;
        Ok(raw.map(|raw| {
            let receipt = Receipt {
                succeeded: raw.status.to::<u64>() == 1,
                block: raw.block_number.to(),
                block_hash: chain_hash(raw.block_hash),
                gas_used: raw.gas_used.to(),
                effective_price: raw.effective_gas_price.to(),
            };
            (receipt, raw.contract_address.map(evm_address))
        }))
    }

    /// Gas of a call, or of a contract's creation.
    pub(super) async fn estimate(
        &self,
        from: EvmAddress,
        to: Option<EvmAddress>,
        input: &[u8],
    ) -> Result<u64, ChainError> {
        let call = json!({"from": from, "to": to, "input": format!("0x{}", hex::encode(input))});
        let gas: U64 = self.any("eth_estimateGas", json!([call])).await?;
        Ok(gas.to())
    }

    async fn facts(&self) -> Result<ChainFacts, ChainError> {
        let (escrow, token) = (self.config.escrow, self.config.token);
        let code: Bytes = self.any("eth_getCode", json!([escrow, "latest"])).await?;
        if code.is_empty() {
            return Err(mismatch("the contract", "nothing", escrow));
        }
        let meter = evm_address(self.view(escrow, Escrow::meterCall {}, None).await?);
        if let Some(wanted) = self.config.meter.filter(|wanted| *wanted != meter) {
            return Err(mismatch("the contract's meter", meter, wanted));
        }
        // Token zero is the chain's own coin, which has no contract to ask.
        let (decimals, symbol) = if token == EvmAddress::ZERO {
            (18, "ETH".to_owned())
        } else {
            let decimals = self.view(token, DevToken::decimalsCall {}, None).await?;
            (decimals, self.view(token, DevToken::symbolCall {}, None).await?)
        };
        Ok(ChainFacts {
            chain_id: self.config.chain_id,
            escrow,
            code_hash: keccak(&code),
            meter,
            fee_to: evm_address(self.view(escrow, Escrow::feeToCall {}, None).await?),
            fee_bps: self.view(escrow, Escrow::feeBpsCall {}, None).await?,
            token,
            decimals,
            symbol,
        })
    }

    async fn view<C: SolCall>(
        &self,
        to: EvmAddress,
        call: C,
        at: Option<u64>,
    ) -> Result<C::Return, ChainError> {
        let input = format!("0x{}", hex::encode(call.abi_encode()));
        let answer: Bytes = self.any("eth_call", json!([{"to": to, "input": input}, height(at)])).await?;
        C::abi_decode_returns(&answer).map_err(|_| mismatch("the contract's answer", C::SIGNATURE, to))
    }
}

fn height(at: Option<u64>) -> Value {
    at.map_or_else(|| json!("latest"), quantity)
}

fn mismatch(what: &'static str, found: impl ToString, wanted: impl ToString) -> ChainError {
    ChainError::Mismatch { what, found: found.to_string(), wanted: wanted.to_string() }
}

fn inner(address: EvmAddress) -> Address {
    Address::from(address.0)
}
