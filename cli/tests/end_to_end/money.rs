//! What things cost, what was earned, and whether it is right, against a coordinator of canned answers.

use crate::{
    Machine,
    fake::{Fake, Reply, deployment},
    wallet::billing,
};
use serde_json::{Value, json};

fn evidence() -> Value {
    serde_json::from_str(include_str!("evidence.json")).unwrap()
}

/// A coordinator that charges, with the evidence of one agreement.
fn invoice(evidence: Value) -> Fake {
    let fake = Fake::new();
    let mut view = billing(&fake, json!({}));
    view["chain"]["domain"] = evidence["domain"].clone();
    fake.on("GET /v1/billing", [Reply::json(view)]);
    fake.on("GET /v1/billing/agreements/agr_1/evidence", [Reply::json(evidence)]);
    fake
}

#[test]
fn an_honest_invoice_is_equal() {
    let fake = invoice(evidence());
    let ran = Machine::new().at(&fake, &["verify-invoice", "agr_1", "--offline"]).expect(0);
    assert!(
        ran.out.contains("= reading 2 · ") && ran.out.contains("\nEQUAL: 0.016038 tUSD for 2 readings."),
        "{}",
        ran.out
    );
    let ran = Machine::new().at(&fake, &["verify-invoice", "agr_1", "--offline", "--json"]).expect(0);
    assert_eq!(ran.json()["equal"], true);
}

#[test]
fn an_invoice_of_one_unit_more_is_not_equal_and_the_exit_code_says_so() {
    let mut wrong = evidence();
    wrong["readings"][1]["cumulative"] = json!("16039");
    let fake = invoice(wrong);
    let ran = Machine::new().at(&fake, &["verify-invoice", "agr_1", "--offline"]).expect(8);
    assert!(ran.err.contains("NOT EQUAL: reading 2") && ran.err.contains("16038 follows"), "{}", ran.err);
    let ran = Machine::new().at(&fake, &["verify-invoice", "agr_1", "--offline", "--json"]).expect(8);
    assert_eq!(ran.json()["error"]["code"], "invoice_not_equal");
    Machine::new().at(&fake, &["verify-invoice", "../x"]).expect(2);
}

#[test]
fn evidence_about_another_contract_than_the_money_is_in_is_not_equal() {
    let fake = invoice(evidence());
    fake.on("GET /v1/billing", [Reply::json(billing(&fake, json!({})))]);
    let ran = Machine::new().at(&fake, &["verify-invoice", "agr_1", "--offline"]).expect(8);
    assert!(ran.err.contains("your money is in"), "{}", ran.err);
}

#[test]
fn the_overview_and_the_status_tell_how_long_the_money_lasts() {
    let fake = Fake::new();
    let cost = json!([{
        "deployment": "dep_00000000000000000000000000000001", "name": "shop", "running": true,
        "cost_per_hour": "10000", "charged": "120", "runway_seconds": 86400, "agreements": [],
    }]);
    let more = json!({ "cost_per_hour": "10000", "runway_seconds": 533_000, "deployments": cost });
    fake.on("GET /v1/billing", [Reply::json(billing(&fake, more))]);
    fake.on("GET /v1/deployments/shop", [Reply::json(deployment("live", json!({ "release": 1 })))]);
    let ran = Machine::new().at(&fake, &["billing"]).expect(0);
    assert!(ran.out.starts_with("0.01 tUSD/h · lasts 6 d 4 h"), "{}", ran.out);
    assert!(ran.out.contains("shop  ● 0.01 tUSD/h  0.00012 tUSD"), "{}", ran.out);
    let ran = Machine::new().at(&fake, &["status", "shop"]).expect(0);
    assert!(ran.out.contains("costs    0.01 tUSD/h · money lasts 1 d"), "{}", ran.out);
}

#[test]
fn where_nothing_is_charged_nothing_is_told_about_money() {
    let fake = Fake::new();
    fake.on("GET /v1/billing", [Reply::error(409, "payments_off", "Nothing is charged here.")]);
    fake.on("GET /v1/deployments/shop", [Reply::json(deployment("live", json!({ "release": 1 })))]);
    let ran = Machine::new().at(&fake, &["status", "shop"]).expect(0);
    assert!(!ran.out.contains("costs"), "{}", ran.out);
    let ran = Machine::new().at(&fake, &["billing"]).expect(5);
    assert!(ran.err.contains("payments_off"), "{}", ran.err);
}

#[test]
fn a_status_waits_for_no_money() {
    let fake = Fake::new();
    fake.on("GET /v1/billing", [Reply::error(503, "unavailable", "Busy.")]);
    fake.on("GET /v1/deployments/shop", [Reply::json(deployment("live", json!({ "release": 1 })))]);
    Machine::new().at(&fake, &["status", "shop"]).expect(0);
    assert_eq!(fake.seen("GET /v1/billing").len(), 1, "asked once and never again");
}

#[test]
fn statements_come_as_columns_or_as_they_are() {
    let fake = Fake::new();
    let csv = "date,deployment,amount\r\n2026-11-20,shop,0.24\r\n";
    let reply = || [Reply::events(csv)];
    fake.on("GET /v1/billing/statement.csv", reply()).on("GET /v1/earnings/statement.csv", reply());
    let ran = Machine::new().at(&fake, &["billing", "statement", "--month", "2026-11"]).expect(0);
    assert_eq!(ran.out, "DATE        DEPLOYMENT  AMOUNT\n2026-11-20  shop        0.24\n");
    let ran = Machine::new().at(&fake, &["earnings", "statement", "--month", "2026-11", "--csv"]).expect(0);
    assert_eq!(ran.out, "date,deployment,amount\r\n2026-11-20,shop,0.24\n");
    assert_eq!(fake.seen("GET /v1/billing/statement.csv")[0].query, "month=2026-11");
    Machine::new().at(&fake, &["billing", "statement", "--month", "2026-13"]).expect(2);
}

#[test]
fn prices_and_earnings_are_told_in_the_tokens_units() {
    let fake = Fake::new();
    let view = billing(&fake, json!({}));
    let rates = json!({ "cpu_hour": "8000", "memory_gib_hour": "4000" });
    let offer = json!({
        "provider": "agt_00000000000000000000000000000005", "name": "attic", "rates": rates, "cost_per_hour": "10000",
    });
    let reserved = json!({ "cpu": 1000, "memory": 536_870_912, "disk": 0 });
    let estimate = json!({ "reserved": reserved, "per_hour": "10000", "per_month": "7200000" });
    fake.on("GET /v1/billing/prices", [Reply::json(json!({ "offers": [offer], "estimate": estimate }))]);
    let earnings = json!({
        "chain": view["chain"], "earned": "1230000", "vouchered": "30000", "settled": "1200000", "paid": "1140000",
        "next_settlement_at": "2026-11-21T09:00:00.000Z", "threshold": "0", "display": [], "agreements": [],
    });
    fake.on("GET /v1/billing", [Reply::json(view)]).on("GET /v1/earnings", [Reply::json(earnings)]);
    fake.on("PUT /v1/earnings/threshold", [Reply::json(json!({}))]);
    fake.on("POST /v1/earnings/settle", [Reply::json(json!({}))]);
    let ran = Machine::new().at(&fake, &["billing", "prices", "--memory", "512MiB", "--cpu", "1"]).expect(0);
    assert!(
        ran.out.starts_with("512 MiB · 1 CPU: 0.01 tUSD/h, 7.20 tUSD a month, at the cheapest"),
        "{}",
        ran.out
    );
    assert_eq!(fake.seen("GET /v1/billing/prices")[0].query, "memory_bytes=536870912&milli_cpu=1000");
    let ran = Machine::new().at(&fake, &["earnings"]).expect(0);
    assert!(ran.out.starts_with("1.23 tUSD earned"), "{}", ran.out);
    Machine::new().at(&fake, &["earnings", "threshold", "5"]).expect(0);
    assert_eq!(fake.seen("PUT /v1/earnings/threshold")[0].json(), json!({ "threshold": "5000000" }));
    Machine::new().at(&fake, &["earnings", "settle"]).expect(0);
    assert!(fake.seen("POST /v1/earnings/settle")[0].header("idempotency-key").is_some());
}

#[test]
fn a_deploy_that_lacks_money_names_the_next_command() {
    let fake = Fake::new();
    let refusals = [
        ("wallet_required", "ttalkak wallet link"),
        ("mandate_required", "ttalkak billing mandate"),
        ("funds_insufficient", "ttalkak wallet deposit"),
    ];
    for (code, command) in refusals {
        let error =
            json!({ "error": { "code": code, "message": "No money.", "next": format!("Use `{command}`.") } });
        fake.on("POST /v1/deployments", [Reply::refusal(402, error)]);
        let ran = Machine::new().at(&fake, &["deploy", "https://example.com/a/b.git"]).expect(1);
        assert!(ran.err.contains(code) && ran.err.contains(command), "{}", ran.err);
    }
}
