//! Questions and their answers, with right and wrong nodes.

use crate::{
    node::Node,
    proxy::{Fault, Proxy},
    world::{DEPOSIT, FEE_TO, METER, TENANT, World, config, key},
};
use ttalkak_coordinator::chain::{Chain as _, ChainError, EscrowEvent, Rpc, RpcConfig};
use ttalkak_protocol::money::{Amount, ChainHash, EvmAddress};

#[tokio::test]
async fn what_stands_on_chain_is_read_as_it_is() {
    let Some(world) = World::start().await else { return };
    let facts = world.rpc.check().await.unwrap();
    assert_eq!((facts.decimals, facts.symbol.as_str(), facts.fee_bps), (6, "tUSD", 500));
    assert_eq!((facts.meter, facts.fee_to), (key(METER).address(), FEE_TO));
    let tenant = key(TENANT).address();
    assert_eq!(world.rpc.free(tenant, None).await.unwrap(), Amount(DEPOSIT));
    let head = world.rpc.head().await.unwrap();
    assert_eq!(head.final_number, head.number);
    assert_eq!(world.rpc.block_hash(head.number).await.unwrap(), Some(head.hash));
    assert_eq!(world.rpc.block_hash(head.number + 1).await.unwrap(), None);
    assert_eq!(world.rpc.free(tenant, Some(head.number - 1)).await.unwrap(), Amount::ZERO);
    let events = world.rpc.events(0, head.number).await.unwrap();
    let deposited = EscrowEvent::Deposited { who: tenant, token: world.token, amount: Amount(DEPOSIT) };
    assert_eq!(events.iter().map(|log| log.event.clone()).collect::<Vec<_>>(), [deposited]);
    assert_eq!(world.rpc.agreement(world.agreement(), None).await.unwrap(), Default::default());
    assert_eq!(world.rpc.mandate_used(ChainHash::ZERO, None).await.unwrap(), Default::default());
    assert_eq!(world.rpc.receipt(ChainHash::ZERO).await.unwrap(), None);
    let beyond = world.rpc.events(0, head.number + 1).await;
    assert!(
        matches!(beyond, Err(ChainError::NotFound { .. })),
        "events of a block that is not there: {beyond:?}"
    );
}

#[tokio::test]
async fn a_refused_call_names_the_contracts_error() {
    let Some(world) = World::start().await else { return };
    let input = ttalkak_escrow::abi::encode_settle(7, world.token, &[]);
    let refused = world.rpc.simulate(key(METER).address(), &input).await.unwrap_err();
    assert!(
        matches!(&refused, ChainError::Reverted { name, .. } if name.starts_with("BadBatch")),
        "{refused:?}"
    );
    let refused = world.rpc.simulate(key(TENANT).address(), &input).await.unwrap_err();
    assert!(
        matches!(&refused, ChainError::Reverted { name, .. } if name.starts_with("NotMeter")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn another_chain_contract_or_meter_is_a_mismatch() {
    let Some(world) = World::start().await else { return };
    let right = || config(&[&world.node.url], world.domain, world.token);
    let wrong = [
        RpcConfig { chain_id: 1, ..right() },
        RpcConfig { escrow: EvmAddress([3; 20]), ..right() },
        RpcConfig { meter: Some(EvmAddress([3; 20])), ..right() },
    ];
    for config in wrong {
        let error = Rpc::new(config).check().await.unwrap_err();
        assert!(matches!(error, ChainError::Mismatch { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn finality_is_the_nodes_own_unless_confirmations_are_set() {
    let Some(world) = World::start().await else { return };
    world.node.mine(0x45).await;
    let own = RpcConfig { confirmations: None, ..config(&[&world.node.url], world.domain, world.token) };
    let head = Rpc::new(own.clone()).head().await.unwrap();
    // Anvil calls final what has 64 blocks upon it.
    assert_eq!(head.number - head.final_number, 64);
    let head = Rpc::new(RpcConfig { confirmations: Some(7), ..own }).head().await.unwrap();
    assert_eq!(head.number - head.final_number, 7);
}

#[tokio::test]
async fn a_second_node_answers_when_the_first_is_silent_or_on_another_chain() {
    let Some(world) = World::start().await else { return };
    let other = Node::start(&["--chain-id", "5"]).await.unwrap();
    let dead = "http://127.0.0.1:9".parse().unwrap();
    for first in [&dead, &other.url] {
        let rpc = Rpc::new(config(&[first, &world.node.url], world.domain, world.token));
        assert_eq!(rpc.check().await.unwrap().fee_bps, 500);
        assert_eq!(rpc.head().await.unwrap(), world.rpc.head().await.unwrap());
        assert_eq!(rpc.last_batch(None).await.unwrap(), 0);
    }
    let silent = Rpc::new(config(&[&dead], world.domain, world.token)).head().await.unwrap_err();
    assert!(matches!(silent, ChainError::Unreachable { .. }), "{silent:?}");
}

#[tokio::test]
async fn a_node_far_behind_is_left_out_and_one_with_another_past_is_a_disagreement() {
    let Some(world) = World::start().await else { return };
    world.node.mine(10).await;
    let late = Node::start(&[]).await.unwrap();
    let rpc = Rpc::new(config(&[&late.url, &world.node.url], world.domain, world.token));
    let head = rpc.head().await.unwrap();
    assert_eq!(head, world.rpc.head().await.unwrap());
    // Its contract is not there: the answer comes from the other.
    assert_eq!(rpc.free(key(TENANT).address(), None).await.unwrap(), Amount(DEPOSIT));
    late.mine(head.number).await;
    let disagree = rpc.head().await.unwrap_err();
    assert!(matches!(disagree, ChainError::Disagree { .. }), "{disagree:?}");
}

#[tokio::test]
async fn a_node_that_comes_back_as_another_chain_is_noticed() {
    let Some(world) = World::start().await else { return };
    let other = Node::start(&["--chain-id", "5"]).await.unwrap();
    let proxy = Proxy::start(&world.node.url).await;
    let rpc = Rpc::new(config(&[&proxy.url], world.domain, world.token));
    rpc.head().await.unwrap();
    proxy.plan(|_| Fault::Status(503));
    assert!(matches!(rpc.head().await, Err(ChainError::Unreachable { .. })));
    proxy.forward_to(&other.url);
    proxy.plan(|_| Fault::Pass);
    assert!(matches!(rpc.head().await, Err(ChainError::Mismatch { .. })));
}

#[tokio::test]
async fn every_kind_of_broken_answer_is_an_error_and_not_a_wrong_answer() {
    let Some(world) = World::start().await else { return };
    let proxy = Proxy::start(&world.node.url).await;
    let rpc = Rpc::new(config(&[&proxy.url], world.domain, world.token));
    for fault in [Fault::Broken, Fault::AnswerLost, Fault::Truncated, Fault::Status(429), Fault::Status(502)]
    {
        proxy.plan(move |_| fault);
        let answer = rpc.last_batch(None).await;
        assert!(matches!(answer, Err(ChainError::Unreachable { .. })), "{fault:?}: {answer:?}");
    }
    proxy.plan(|_| Fault::Twice);
    assert_eq!(rpc.last_batch(None).await.unwrap(), 0);
}
