//! Wallets, mandates, prices and statements over HTTP, with what people and programs get wrong.

use crate::harness::{Reply, World};
use serde_json::{Value, json};
use std::sync::Arc;
use ttalkak_coordinator::{clock, config::Config, logic::chain::ChainFacts, money::Money};
use ttalkak_escrow::{Key, Typed, siwe::Message};
use ttalkak_protocol::{
    money::{Amount, ChainHash, Domain, EvmAddress, EvmSignature, Mandate},
    unit::UnixMillis,
};

pub(crate) const TOKEN: EvmAddress = EvmAddress([7; 20]);

/// Money on a chain that nobody asks.
pub(crate) fn money(config: &Config) -> Arc<Money> {
    let (payments, meter) = (config.payments.clone(), Key::random());
    let facts = ChainFacts {
        chain_id: payments.chain_id,
        escrow: payments.escrow,
        code_hash: ChainHash::ZERO,
        meter: meter.address(),
        fee_to: EvmAddress::ZERO,
        fee_bps: 500,
        token: payments.token,
        decimals: 6,
        symbol: "tUSD".to_owned(),
    };
    Money::new(payments, meter, facts)
}

pub(crate) async fn paid_world() -> World {
    World::with(|config| {
        config.payments.on = true;
        config.payments.chain_id = 31_337;
        config.payments.escrow = EvmAddress([9; 20]);
        config.payments.token = TOKEN;
    })
    .await
}

fn domain(world: &World) -> Domain {
    world.state.money.as_ref().unwrap().domain()
}

async fn put(world: &World, path: &str, body: Value) -> Reply {
    let request = world.request("PUT", path).header("content-type", "application/json").header("host", HOST);
    world.send(request.body(body.to_string().into()).unwrap()).await
}

const HOST: &str = "127.0.0.1:7700";

async fn message(world: &World, wallet: EvmAddress) -> String {
    let request = world.request("POST", "/v1/billing/wallet/message").header("host", HOST);
    let request = request.header("content-type", "application/json");
    let reply = world.send(request.body(json!({ "wallet": wallet }).to_string().into()).unwrap()).await;
    assert_eq!(reply.status, 200);
    reply.json()["message"].as_str().unwrap().to_owned()
}

async fn link(world: &World, text: &str, signer: &Key) -> Reply {
    let signature = signer.sign_message(text.as_bytes());
    put(world, "/v1/billing/wallet", json!({ "message": text, "signature": signature })).await
}

pub(crate) async fn linked(world: &World) -> Key {
    let key = Key::random();
    let text = message(world, key.address()).await;
    assert_eq!(link(world, &text, &key).await.status, 204);
    key
}

pub(crate) fn mandate(key: &Key) -> Mandate {
    let now = u64::try_from(clock::now().0 / 1000).unwrap();
    Mandate {
        tenant: key.address(),
        token: TOKEN,
        rate_per_hour_max: Amount(10_000_000),
        cap: Amount(100_000_000),
        period: 0,
        start: now - 60,
        expiry: now + 86_400,
        salt: 1,
    }
}

pub(crate) async fn set(world: &World, mandate: &Mandate, domain: &Domain, signer: &Key) -> Reply {
    let signature = signer.sign(mandate.digest(domain));
    put(world, "/v1/billing/mandate", json!({ "mandate": mandate, "signature": signature })).await
}

fn error(reply: &Reply) -> (u16, String) {
    reply.error()
}

#[tokio::test]
async fn where_nothing_is_charged_every_route_of_money_says_so() {
    let world = World::new().await;
    for path in
        ["/v1/billing", "/v1/billing/prices", "/v1/billing/statement.csv?month=2026-11", "/v1/earnings"]
    {
        assert_eq!(error(&world.get(path).await), (409, "payments_off".into()), "{path}");
    }
    assert_eq!(error(&world.post("/v1/earnings/settle").await), (409, "payments_off".into()));
    let key = Key::random();
    let reply = set(&world, &mandate(&key), &Domain { chain_id: 1, contract: TOKEN }, &key).await;
    assert_eq!(error(&reply), (409, "payments_off".into()));
}

#[tokio::test]
async fn a_wallet_is_linked_by_its_own_signature_once() {
    let world = paid_world().await;
    let key = Key::random();
    let text = message(&world, key.address()).await;
    let refused = |reply: Reply| error(&reply);
    assert_eq!(refused(link(&world, &text, &Key::random()).await), (403, "wallet_signature_invalid".into()));
    assert_eq!(link(&world, &text, &key).await.status, 204);
    assert_eq!(refused(link(&world, &text, &key).await), (403, "wallet_nonce_invalid".into()), "used");
    assert_eq!(world.get("/v1/billing").await.json()["wallet"], json!(key.address()));
}

#[tokio::test]
async fn a_message_for_another_place_time_or_account_links_nothing() {
    let world = paid_world().await;
    let key = Key::random();
    let text = message(&world, key.address()).await;
    let good = Message::parse(&text).unwrap();
    for bad in [
        Message { chain_id: 1, ..good.clone() },
        Message { domain: "evil.example".into(), ..good.clone() },
        Message { uri: "https://evil.example".into(), ..good.clone() },
        Message { nonce: "abcdefgh12345".into(), ..good.clone() },
        Message { issued_at: UnixMillis(0), expires_at: UnixMillis(1), ..good.clone() },
        Message { issued_at: UnixMillis(4_000_000_000_000), ..good.clone() },
    ] {
        let reply = link(&world, &bad.to_text(), &key).await;
        assert_eq!(error(&reply), (403, "wallet_nonce_invalid".into()), "{bad:?}");
    }
    assert_eq!(error(&link(&world, "I owe you", &key).await), (403, "wallet_nonce_invalid".into()));
    // Another account cannot use this account's message, and cannot take its wallet.
    let stranger = World { token: world.stranger.clone(), ..world };
    assert_eq!(error(&link(&stranger, &text, &key).await), (403, "wallet_nonce_invalid".into()));
    let world = World { token: api_token(&stranger).await, ..stranger };
    assert_eq!(link(&world, &text, &key).await.status, 204);
    let stranger = World { token: world.stranger.clone(), ..world };
    let text = message(&stranger, key.address()).await;
    assert_eq!(error(&link(&stranger, &text, &key).await), (409, "wallet_taken".into()));
}

/// A fresh token of the first account.
async fn api_token(world: &World) -> String {
    let store = &world.state.store;
    let token = ttalkak_coordinator::api::new_token(
        store,
        &crate::harness::owner_token(world.account, "again"),
        clock::now(),
    )
    .await
    .unwrap();
    token.secret.into_inner()
}

#[tokio::test]
async fn a_mandate_counts_only_when_the_linked_wallet_signed_it_for_this_contract() {
    let world = paid_world().await;
    let here = domain(&world);
    let nobody = Key::random();
    assert_eq!(error(&set(&world, &mandate(&nobody), &here, &nobody).await), (402, "wallet_required".into()));
    let key = linked(&world).await;
    let good = mandate(&key);
    assert_eq!(error(&set(&world, &mandate(&nobody), &here, &nobody).await), (422, "mandate_invalid".into()));
    let expired = Mandate { expiry: good.start, ..good };
    assert_eq!(error(&set(&world, &expired, &here, &key).await), (422, "mandate_invalid".into()));
    let other_token = Mandate { token: EvmAddress([8; 20]), ..good };
    assert_eq!(error(&set(&world, &other_token, &here, &key).await), (422, "mandate_invalid".into()));
    for elsewhere in [Domain { chain_id: 1, ..here }, Domain { contract: TOKEN, ..here }] {
        let reply = set(&world, &good, &elsewhere, &key).await;
        assert_eq!(error(&reply), (403, "wallet_signature_invalid".into()));
    }
    assert_eq!(error(&set(&world, &good, &here, &nobody).await), (403, "wallet_signature_invalid".into()));
    let zero = json!({ "mandate": good, "signature": EvmSignature([0; 65]) });
    assert_eq!(
        error(&put(&world, "/v1/billing/mandate", zero).await),
        (403, "wallet_signature_invalid".into())
    );
    assert_eq!(set(&world, &good, &here, &key).await.status, 204);
    let view = world.get("/v1/billing").await.json();
    assert_eq!(view["mandate"]["mandate"], json!(good));
    assert_eq!(view["mandate"]["used"], "0");
}

#[tokio::test]
async fn thresholds_months_and_sizes_that_cannot_be_meant_are_refused() {
    let world = paid_world().await;
    for threshold in [json!("1.5"), json!("-1"), json!(5), json!("99999999999999999999999999999999")] {
        let reply = put(&world, "/v1/earnings/threshold", json!({ "threshold": threshold })).await;
        assert_eq!(error(&reply), (400, "invalid_body".into()), "{threshold}");
    }
    assert_eq!(put(&world, "/v1/earnings/threshold", json!({ "threshold": "2500000" })).await.status, 204);
    assert_eq!(world.get("/v1/earnings").await.json()["threshold"], "2500000");
    for month in ["2026", "2026-13", "x"] {
        let reply = world.get(&format!("/v1/billing/statement.csv?month={month}")).await;
        assert_eq!(error(&reply), (400, "invalid_query".into()), "{month}");
    }
    let reply = world.get("/v1/earnings/statement.csv?month=2026-11").await;
    assert_eq!(reply.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(String::from_utf8(reply.body).unwrap().lines().count(), 1, "the head alone");
    assert_eq!(world.get("/v1/billing/prices").await.json(), json!({ "offers": [] }));
    assert_eq!(world.get("/v1/billing/prices?memory_bytes=1").await.status, 400);
    assert_eq!(world.post("/v1/earnings/settle").await.status, 202);
}
