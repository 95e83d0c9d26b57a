//! Names of agreements and mandates: the same on both sides, whatever their fields.

use crate::{
    chance::Chance,
    contract::{Contract, view},
    node::Node,
};
use ttalkak_escrow::{
    abi::{self, TtalkakEscrow as Escrow, chain_hash},
    agreement_key, mandate_id,
};
use ttalkak_protocol::money::EvmAddress;

#[tokio::test]
async fn agreements_and_mandates_have_one_name_on_both_sides() {
    let Some(mut node) = Node::start().await else { return };
    let mut chance = Chance::new("ids");
    let meter = chance.key();
    let contract = Contract::deploy(&mut node, meter, EvmAddress([0xfe; 20]), 500, true).await;
    for _ in 0..150 {
        let terms = chance.terms();
        let id = view(&node, contract.address(), Escrow::termsIdCall { terms: abi::terms(&terms) }).await;
        assert_eq!(chain_hash(id), agreement_key(&terms), "{terms:?}");
        let mandate = chance.mandate();
        let call = Escrow::mandateIdCall { mandate: abi::mandate(&mandate) };
        let id = view(&node, contract.address(), call).await;
        assert_eq!(chain_hash(id), mandate_id(&mandate), "{mandate:?}");
    }
}

#[tokio::test]
async fn the_client_of_the_program_finds_the_contract_that_it_signs_for() {
    let Some(mut node) = Node::start().await else { return };
    let mut chance = Chance::new("domain");
    let meter = chance.key();
    let contract = Contract::deploy(&mut node, meter, EvmAddress([0xfe; 20]), 500, true).await;
    let domain = view(&node, contract.address(), Escrow::eip712DomainCall {}).await;
    let said = (domain.name.as_str(), domain.version.as_str(), abi::evm_address(domain.verifyingContract));
    assert_eq!(said, ("TtalkakEscrow", "1", contract.domain.contract));
    assert_eq!(domain.chainId.to::<u64>(), contract.domain.chain_id);
}
