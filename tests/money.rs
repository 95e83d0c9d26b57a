//! Money from the first deposit to the last payout, over a real chain: a paid deploy, vouchers, settlement, an invoice
//! that can be checked, the end of money and its return. Needs the engine and anvil.

#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use ttalkak_tests::{
    App, LocalChain, World,
    faults::{quick_app, small},
    until,
    world::{BUILD, SOON},
};

/// Decimal texts of base units.
fn amount(value: &Value) -> u128 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("an amount: {value}"))
}

async fn billing(world: &World) -> Value {
    let (status, view) = world.get_api("/v1/billing").await;
    assert_eq!(status, 200, "{view}");
    view
}

/// Waits until something of the billing view holds.
async fn until_billing(world: &World, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    until(what, Duration::from_secs(90), || async {
        let view = billing(world).await;
        wanted(&view).then_some(view)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_deployment_is_metered_settled_and_its_invoice_can_be_checked() {
    let Some(chain) = LocalChain::start().await else { return };
    let Some(world) = World::start_with(chain.options()).await else { return };
    world.become_tenant(&chain, "20").await;
    let deposited =
        until_billing(&world, "the deposit is seen", |view| amount(&view["free"]) == 20_000_000).await;
    assert!(deposited["runway_seconds"].is_null(), "{deposited}");

    let app = App::new("paid");
    world.deploy(app.path(), "shop", &[]).await;
    assert_eq!(world.visit("shop", "/").await.body, "paid");

    let settled = until_billing(&world, "some of it is settled", |view| amount(&view["settled"]) > 0).await;
    let parts = ["free", "locked", "accrued", "settled"].map(|part| amount(&settled[part]));
    assert_eq!(parts.iter().sum::<u128>(), 20_000_000, "nothing is lost or made: {settled}");
    assert!(settled["runway_seconds"].as_u64().unwrap() > 3600, "{settled}");
    let (_, earnings) = world.get_api("/v1/earnings").await;
    assert!(amount(&earnings["settled"]) > 0 && amount(&earnings["paid"]) > 0, "{earnings}");

    world.cli(&["stop", "shop"]).await;
    world.await_state("shop", "ended", SOON).await;
    let closed = until_billing(&world, "the rest comes back", |view| {
        amount(&view["locked"]) == 0 && amount(&view["accrued"]) == 0
    })
    .await;
    assert_eq!(amount(&closed["free"]) + amount(&closed["settled"]), 20_000_000, "{closed}");
    assert_eq!(closed["runway_seconds"], Value::Null, "{closed}");

    let agreement = &closed["deployments"][0]["agreements"][0];
    assert_eq!(agreement["settled"], agreement["vouchered"], "the provider is paid to the last second");
    let output = world.cli(&["verify-invoice", agreement["id"].as_str().unwrap()]).await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("EQUAL") && !said.contains("NOT EQUAL"), "{said}");
    world.stop().await;
}

/// Each line of the steps that move money, and of those between which money moves by itself.
const LINES: [&str; 10] = [
    "hold_funds:started",
    "hold_funds:succeeded",
    "agree:started",
    "agree:succeeded",
    "await_image:succeeded",
    "await_escrow:started",
    "await_escrow:succeeded",
    "await_healthy:succeeded",
    "publish_route:started",
    "mark_live:succeeded",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_that_dies_while_money_moves_locks_once_pays_once_and_gives_the_rest_back() {
    let Some(chain) = LocalChain::start().await else { return };
    let Some(mut world) = World::start_with(chain.options()).await else { return };
    world.become_tenant(&chain, "20").await;
    let app = quick_app("paid");
    app.commit("main", "first");
    world.restart_coordinator_to_die_at(LINES.first().copied()).await;
    world.ask_unheard(Method::POST, "/v1/deployments", &small("shop", &app.git_url())).await;
    for (round, line) in LINES.iter().enumerate() {
        world.await_coordinator_death(line).await;
        world.refresh_agent().await;
        world.restart_coordinator_to_die_at(LINES.get(round + 1).copied()).await;
    }
    world.await_release("shop", 1).await;
    world.await_body("shop", "paid").await;
    let view = until_billing(&world, "it is metered", |view| amount(&view["settled"]) > 0).await;
    let agreements = view["deployments"][0]["agreements"].as_array().unwrap();
    let open = agreements.iter().filter(|agreement| agreement["state"] != "void").count();
    assert_eq!(open, 1, "one agreement for one deployment: {view}");

    // Killed while batches are on their way, twice.
    for _ in 0..2 {
        world.restart_coordinator_to_die_at(None).await;
        let before = amount(&billing(&world).await["settled"]);
        until_billing(&world, "it goes on", |view| amount(&view["settled"]) > before).await;
    }
    world.delete_all().await;
    let closed = until_billing(&world, "the rest comes back", |view| {
        amount(&view["locked"]) == 0 && amount(&view["accrued"]) == 0
    })
    .await;
    assert_eq!(amount(&closed["free"]) + amount(&closed["settled"]), 20_000_000, "{closed}");
    let (_, health) = world.get_api("/v1/health").await;
    assert_eq!(health["problems"], json!([]), "the books agree with the contract");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_money_ends_the_app_stops_and_a_top_up_brings_it_back() {
    let Some(chain) = LocalChain::start().await else { return };
    let Some(world) = World::start_with(chain.options()).await else { return };
    // A minute and a half at about 3.6 an hour.
    world.become_tenant(&chain, "0.09").await;
    let app = App::new("short");
    world.deploy(app.path(), "shop", &["--env", "COLOUR=red", "--env-scope", "run"]).await;
    let url = world.deployment("shop").await["url"].clone();

    let ended = world.await_state("shop", "ended", Duration::from_secs(180)).await;
    assert_eq!(ended["reason"], "balance", "{ended}");
    let visit = world.visit("shop", "/").await;
    assert_eq!(visit.cause.as_deref(), Some("balance"), "{visit:?}");
    world.await_containers(0).await;
    let view = billing(&world).await;
    let parts = ["free", "locked", "accrued", "settled"].map(|part| amount(&view[part]));
    assert_eq!(parts.iter().sum::<u128>(), 90_000, "{view}");

    world.do_well(&["wallet", "deposit", "5", "--yes"]).await;
    let back = world.await_state("shop", "live", BUILD).await;
    assert_eq!(back["url"], url, "the same address");
    assert_eq!(world.await_answer("shop", SOON).await.body, "short");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_wallet_a_mandate_or_funds_a_deploy_is_refused_with_the_next_move() {
    let Some(chain) = LocalChain::start().await else { return };
    let Some(world) = World::start_with(chain.options()).await else { return };
    let app = App::new("unpaid");
    let refused = |code: &'static str| {
        let path = app.path().to_string_lossy().into_owned();
        let world = &world;
        async move {
            let output = world.cli(&["deploy", &path, "--name", "shop"]).await;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success() && said.contains(code), "{code}: {said}");
        }
    };
    refused("wallet_required").await;
    world.make_wallet(&chain).await;
    refused("mandate_required").await;
    world.sign_mandate().await;
    refused("funds_insufficient").await;
    assert_eq!(world.get_api("/v1/billing").await.1["deployments"], json!([]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_started_before_its_lock_is_final_and_the_image_is_made_meanwhile() {
    let Some(chain) = LocalChain::start().await else { return };
    let mut options = chain.options();
    options.coordinator_env.push(("TTALKAK_COORDINATOR_CHAIN_CONFIRMATIONS".into(), "3".into()));
    let Some(world) = World::start_with(options).await else { return };
    world.make_wallet(&chain).await;
    world.do_well(&["wallet", "deposit", "20", "--yes"]).await;
    world.sign_mandate().await;
    chain.call("anvil_mine", json!(["0x5"])).await;
    until_billing(&world, "the deposit is final", |view| amount(&view["free"]) == 20_000_000).await;

    // From here on a block comes only when the test makes one.
    chain.call("evm_setAutomine", json!([false])).await;
    let app = App::new("slow");
    let path = app.path().to_string_lossy().into_owned();
    world.do_well(&["deploy", &path, "--name", "shop", "--no-wait"]).await;
    let waits = |step: &'static str| {
        let world = &world;
        async move {
            until(step, BUILD, || async {
                (world.deployment("shop").await["rollout"]["step"] == step).then_some(())
            })
            .await;
        }
    };
    waits("await_escrow").await;
    // In a block, but not final: the provider works for nobody yet.
    until("the opening is in a block", SOON, || async {
        chain.call("anvil_mine", json!(["0x1"])).await;
        let block = chain.call("eth_getBlockByNumber", json!(["latest", false])).await;
        (!block["transactions"].as_array()?.is_empty()).then_some(())
    })
    .await;
    waits("await_escrow").await;
    world.await_containers(0).await;
    let billed = billing(&world).await;
    assert_eq!(billed["deployments"][0]["agreements"][0]["state"], "pending", "{billed}");

    chain.call("anvil_mine", json!(["0x5"])).await;
    world.await_state("shop", "live", BUILD).await;
    assert_eq!(world.await_answer("shop", SOON).await.body, "slow");
    chain.call("evm_setAutomine", json!([true])).await;
    world.delete_all().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terms_of_an_end_date_end_with_it_and_a_later_one_gets_new_terms_unnoticed() {
    let Some(chain) = LocalChain::start().await else { return };
    let Some(world) = World::start_with(chain.options()).await else { return };
    world.become_tenant(&chain, "20").await;
    let app = App::new("fixed");
    world.deploy(app.path(), "shop", &["--for", "2h"]).await;
    let until_of = |view: &Value| view["until"].as_str().unwrap_or_default().to_owned();
    let first = until_of(&world.deployment("shop").await);
    let expiries = |view: &Value| -> Vec<u64> {
        let agreements = view["deployments"][0]["agreements"].as_array().unwrap();
        let open = agreements.iter().filter(|agreement| agreement["state"] == "open");
        open.map(|agreement| agreement["terms"]["expiry"].as_u64().unwrap()).collect()
    };
    let view = billing(&world).await;
    assert_eq!(until_of(&view["deployments"][0]), first, "{view}");
    let old = expiries(&view);
    let start = view["deployments"][0]["agreements"][0]["terms"]["start"].as_u64().unwrap();
    assert!(old.len() == 1 && old[0] - start <= 2 * 3600 + 180 + 60, "{view}");

    world.do_well(&["extend", "shop", "--for", "3h"]).await;
    let renewed = until_billing(&world, "new terms stand", |view| {
        expiries(view).iter().any(|expiry| *expiry >= old[0] + 3500)
    })
    .await;
    assert_ne!(until_of(&renewed["deployments"][0]), first);
    assert_eq!(world.visit("shop", "/").await.body, "fixed");
    let refused = world.cli(&["extend", "shop", "--for", "1m"]).await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("term_invalid"));
    world.delete_all().await;
    world.stop().await;
}

/// The sixth account of every anvil: the meter that takes over.
const NEXT_METER: (&str, &str) = (
    "0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc",
    "0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba",
);

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_equal_after_the_meter_was_replaced_and_the_cap_was_topped_up() {
    let Some(chain) = LocalChain::start().await else { return };
    let Some(mut world) = World::start_with(chain.options()).await else { return };
    world.become_tenant(&chain, "20").await;
    let app = App::new("long");
    world.deploy(app.path(), "shop", &[]).await;
    let before = until_billing(&world, "some of it is settled", |view| amount(&view["settled"]) > 0).await;
    let id = before["deployments"][0]["agreements"][0]["id"].as_str().unwrap().to_owned();

    until("the cap was raised", Duration::from_secs(120), || async {
        let (_, evidence) = world.get_api(&format!("/v1/billing/agreements/{id}/evidence")).await;
        (evidence["caps"].as_array()?.len() > 1).then_some(())
    })
    .await;

    // A fresh lock: it covers the time in which nobody raises it. The chain's clock runs ahead from here on, so nothing new
    // could be opened.
    let guardian = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8";
    let call = async |input: String| {
        let wish = json!([{ "from": guardian, "to": chain.facts["escrow"], "input": input }]);
        chain.call("eth_sendTransaction", wish).await;
    };
    call(format!("0xa5c6e863{:0>64}", NEXT_METER.0.trim_start_matches("0x"))).await;
    chain.call("evm_increaseTime", json!([2 * 86_400 + 60])).await;
    chain.call("evm_mine", json!([])).await;
    call("0x1b67517b".to_owned()).await;
    let key = world.folder().join("next.key");
    std::fs::write(&key, NEXT_METER.1).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    world.coordinator.kill().await;
    let named = ("TTALKAK_COORDINATOR_METER_KEY_FILE".to_owned(), key.display().to_string());
    world.restart_coordinator(vec![named]).await;

    let settled = amount(&billing(&world).await["settled"]);
    until_billing(&world, "the new meter settles", |view| amount(&view["settled"]) > settled).await;
    let (_, raised) = world.get_api(&format!("/v1/billing/agreements/{id}/evidence")).await;
    assert_eq!(raised["meters"].as_array().unwrap().len(), 2, "{}", raised["meters"]);
    let output = world.cli(&["verify-invoice", &id]).await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("EQUAL") && !said.contains("NOT EQUAL"), "{said}");
    assert!(said.contains("2 meters signed") && said.contains("cap raised to"), "{said}");
    world.delete_all().await;
    world.stop().await;
}
