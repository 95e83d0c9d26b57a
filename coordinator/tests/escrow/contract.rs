//! The escrow on a node, with a token and a meter, and short names for what tests ask of it.

use crate::node::{Call, Mined, Node};
use alloy::{
    primitives::{Bytes, U256},
    sol_types::SolCall,
};
use serde_json::json;
use ttalkak_coordinator::chain::{AgreementState, Chain as _, ChainError, Rpc, RpcConfig};
use ttalkak_escrow::{
    Key,
    abi::{self, DevToken, Opening, deploy_escrow, deploy_token},
    agreement_key,
    typed::{Lock, Typed as _},
};
use ttalkak_protocol::money::{Amount, Domain, EvmAddress, Terms};

/// Who may replace the meter; nobody does here.
const GUARDIAN: EvmAddress = EvmAddress([0x6a; 20]);

/// An escrow of one test.
pub(crate) struct Contract {
    /// The program's own client: what it reads is what the program would.
    pub(crate) rpc: Rpc,
    pub(crate) domain: Domain,
    /// Zero: the chain's own coin.
    pub(crate) token: EvmAddress,
    pub(crate) meter: Key,
}

impl Contract {
    /// Deploys the escrow, and a development token unless it is to count the chain's own coin.
    pub(crate) async fn deploy(
        node: &mut Node,
        meter: Key,
        fee_to: EvmAddress,
        fee_bps: u16,
        coin: bool,
    ) -> Self {
        node.enrich(meter.address()).await;
        let token = if coin { EvmAddress::ZERO } else { node.create(&meter, deploy_token()).await };
        let code = deploy_escrow(meter.address(), GUARDIAN, fee_to, fee_bps);
        let contract = node.create(&meter, code).await;
        let url = node.url().parse().unwrap();
        let rpc = Rpc::new(RpcConfig::new(vec![url], node.chain_id, contract, token));
        Self { rpc, domain: Domain { chain_id: node.chain_id, contract }, token, meter }
    }

    pub(crate) fn address(&self) -> EvmAddress {
        self.domain.contract
    }

    pub(crate) fn call(&self, input: Vec<u8>) -> Call {
        Call::to(self.address(), input)
    }

    /// Gives a key coins, tokens, and a standing allowance for the escrow.
    pub(crate) async fn equip(&self, node: &mut Node, who: &Key, tokens: Amount) {
        node.enrich(who.address()).await;
        if self.token != EvmAddress::ZERO {
            node.must(who, self.token, abi::encode_mint(who.address(), tokens)).await;
            node.must(who, self.token, abi::encode_approve(self.address(), Amount(u128::MAX))).await;
        }
    }

    pub(crate) async fn deposit(&self, node: &mut Node, who: &Key, amount: Amount) -> Mined {
        let mut call = self.call(abi::encode_deposit(self.token, amount));
        call.value = if self.token == EvmAddress::ZERO { amount.0 } else { 0 };
        node.run(who, call).await
    }

    /// A lock that the tenant signed.
    pub(crate) fn opening(&self, tenant: &Key, terms: Terms, cap: Amount) -> Opening {
        let lock = Lock { agreement: agreement_key(&terms), cap };
        Opening { terms, cap, signature: tenant.sign(lock.digest(&self.domain)) }
    }

    pub(crate) async fn agreement(&self, terms: &Terms) -> AgreementState {
        self.rpc.agreement(agreement_key(terms), None).await.unwrap()
    }

    /// All that the contract holds.
    pub(crate) async fn holdings(&self, node: &Node) -> Amount {
        let held: U256 = if self.token == EvmAddress::ZERO {
            node.ask("eth_getBalance", json!([self.address(), "latest"])).await
        } else {
            let account = alloy::primitives::Address::from(self.address().0);
            view(node, self.token, DevToken::balanceOfCall { account }).await
        };
        Amount(held.to())
    }

    /// Why a call would be refused now; `None` when it would pass.
    pub(crate) async fn refusal(&self, from: EvmAddress, input: &[u8]) -> Option<String> {
        match self.rpc.simulate(from, input).await {
            Ok(_) => None,
            Err(ChainError::Reverted { name, .. }) => Some(name),
            Err(error) => panic!("the node did not say: {error}"),
        }
    }
}

/// Reads a contract.
pub(crate) async fn view<C: SolCall>(node: &Node, to: EvmAddress, call: C) -> C::Return {
    let input = format!("0x{}", hex::encode(call.abi_encode()));
    let answer: Bytes = node.ask("eth_call", json!([{"to": to, "input": input}, "latest"])).await;
    C::abi_decode_returns(&answer).unwrap()
}
