//! Both sides leave by the contract alone: the coordinator is killed and stays dead, the provider claims its newest
//! vouchers, the tenant gets back all that is left. Needs the engine and anvil.

#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

use serde_json::{Value, json};
use std::{process::Command, time::Duration};
use ttalkak_tests::{App, LocalChain, World, program::binary, until};

const A_DAY: u64 = 86_400;

/// The agent's command line on the data of the running agent.
fn agent(world: &World, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(binary("ttalkak-agent"))
        .args(arguments)
        .arg("--data-dir")
        .arg(world.folder().join("agent"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return (false, said + &String::from_utf8_lossy(&output.stderr));
    }
    (true, said)
}

/// Lets the chain's clock go on.
async fn pass(chain: &LocalChain, seconds: u64) {
    chain.call("evm_increaseTime", json!([seconds])).await;
    chain.call("evm_mine", json!([])).await;
}

/// What an address holds of the token.
async fn holds(chain: &LocalChain, who: &str) -> u128 {
    let input = format!("0x70a08231{:0>64}", who.trim_start_matches("0x").to_lowercase());
    let call = json!([{ "to": chain.facts["token"], "input": input }, "latest"]);
    let units = chain.call("eth_call", call).await;
    u128::from_str_radix(units.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

async fn exit(world: &World) -> Value {
    serde_json::from_slice(&world.do_well(&["wallet", "exit", "--yes", "--json"]).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_coordinator_dead_the_provider_is_paid_and_the_tenant_gets_the_rest_back() {
    let Some(chain) = LocalChain::start().await else { return };
    let mut options = chain.options();
    // Nothing is settled before the coordinator dies: all of it is the provider's to claim.
    options.coordinator_env.push(("TTALKAK_COORDINATOR_SETTLE_AT".into(), "0 0 0 1 1 *".into()));
    let Some(mut world) = World::start_with(options).await else { return };
    world.become_tenant(&chain, "20").await;
    let app = App::new("left");
    world.deploy(app.path(), "shop", &[]).await;
    let vouched = until("some of it is vouched for", Duration::from_secs(60), || async {
        let (_, said) = agent(&world, &["earnings", "--json"]);
        let book: Value = serde_json::from_str(&said).ok()?;
        book["vouched"].as_str()?.parse::<u128>().ok().filter(|vouched| *vouched > 10_000)
    })
    .await;
    world.coordinator.kill().await;

    let (_, shown) = agent(&world, &["wallet", "show", "--json"]);
    let provider: Value = serde_json::from_str(&shown).unwrap();
    let provider = provider["address"].as_str().unwrap().to_owned();
    chain.call("anvil_setBalance", json!([provider, "0xde0b6b3a7640000"])).await;

    // The tenant asks for the end; what is free comes out at once, what is locked has a day for the provider.
    let asked = exit(&world).await;
    assert_eq!(
        (&asked["ask"], &asked["revoke"], &asked["free"]),
        (&json!(1), &json!(1), &json!("0")),
        "{asked}"
    );
    assert!(asked["until"].is_u64(), "{asked}");
    let again = exit(&world).await;
    assert_eq!((&again["ask"], &again["revoke"]), (&json!(0), &json!(0)), "asked once: {again}");

    // The provider claims within the notice, shown what it costs first.
    let (_, shown) = agent(&world, &["wallet", "claim", "--rpc", &chain.rpc, "--dry-run"]);
    assert!(shown.contains("to claim") && shown.contains("Gas     at most 0.0"), "{shown}");
    assert_eq!(holds(&chain, &provider).await, 0, "a dry run sends nothing");
    let (done, said) = agent(&world, &["wallet", "claim", "--rpc", &chain.rpc, "--yes"]);
    assert!(done && said.contains("Claimed"), "{said}");
    let paid = holds(&chain, &provider).await;
    assert!(paid >= vouched * 95 / 100, "{paid} of {vouched} vouched: {said}");
    let (done, said) = agent(&world, &["wallet", "claim", "--rpc", &chain.rpc, "--yes"]);
    assert!(done && said.contains("Nothing can be claimed now."), "paid once: {said}");

    pass(&chain, A_DAY + 60).await;
    let over = exit(&world).await;
    assert_eq!(
        (&over["close"], &over["until"], &over["free"]),
        (&json!(1), &Value::Null, &json!("0")),
        "{over}"
    );
    let nothing = exit(&world).await;
    assert_eq!((&nothing["close"], &nothing["back_later"]), (&json!(0), &json!("0")), "{nothing}");

    // What is left in the contract is the platform's share, and nothing else.
    let left = holds(&chain, chain.facts["escrow"].as_str().unwrap()).await;
    let gross = left + paid;
    assert!(left == gross * 5 / 100 || left == gross * 5 / 100 + 1, "{left} of {gross}");
    world.agent.stop(Duration::from_secs(60)).await;
}
