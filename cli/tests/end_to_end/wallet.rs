//! The wallet's commands, against a coordinator and a chain of canned answers.

use crate::{
    Machine, Ran,
    fake::{Fake, Reply},
};
use serde_json::{Value, json};
use ttalkak_escrow::{Key, Typed, recover, recover_message};
use ttalkak_protocol::money::{ChainHash, Domain, EvmAddress, EvmSignature, Mandate};

pub(crate) const KEY: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const ESCROW: EvmAddress = EvmAddress([0x22; 20]);
const TOKEN: EvmAddress = EvmAddress([0x33; 20]);
const METER: EvmAddress = EvmAddress([0x44; 20]);
const HASH: ChainHash = ChainHash([0x55; 32]);

pub(crate) fn address() -> EvmAddress {
    Key::from_hex(KEY).unwrap().address()
}

fn word(number: u64) -> Value {
    json!(format!("0x{number:064x}"))
}

/// What `symbol()` answers: an ABI string.
fn symbol(text: &str) -> Value {
    let body: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    json!(format!("0x{:064x}{:064x}{body:0<64}", 32, text.len()))
}

fn meter() -> Value {
    json!(format!("0x{}{}", "00".repeat(12), "44".repeat(20)))
}

/// `GET /v1/billing` of an account whose wallet is ours.
pub(crate) fn billing(fake: &Fake, more: Value) -> Value {
    let mut view = json!({
        "chain": {
            "domain": { "chain_id": 31337, "contract": ESCROW }, "token": TOKEN, "symbol": "tUSD",
            "decimals": 6, "meter": METER, "fee_bps": 500, "rpc_url": format!("{}/rpc", fake.url()),
            "healthy": true,
        },
        "wallet": address(), "free": "8000000", "locked": "0", "accrued": "0", "settled": "0",
        "cost_per_hour": "0", "display": [], "deployments": [], "notices": [],
    });
    for (key, value) in more.as_object().unwrap() {
        view[key] = value.clone();
    }
    view
}

/// A coordinator with payments, and its chain. `calls`: what read-only calls answer after the three checks.
fn world(calls: &[Value]) -> Fake {
    let fake = Fake::new();
    fake.on("GET /v1/billing", [Reply::json(billing(&fake, json!({})))]);
    fake.on("RPC eth_chainId", [Reply::rpc(json!("0x7a69"))]);
    fake.on("RPC eth_getCode", [Reply::rpc(json!("0x6001"))]);
    let checks = [meter(), word(6), symbol("tUSD")];
    fake.on("RPC eth_call", checks.iter().chain(calls).cloned().map(Reply::rpc));
    fake.on("RPC eth_getBalance", [Reply::rpc(json!("0xde0b6b3a7640000"))]);
    fake.on("RPC eth_getTransactionCount", [Reply::rpc(json!("0x7"))]);
    fake.on("RPC eth_estimateGas", [Reply::rpc(json!("0x10000"))]);
    fake.on("RPC eth_getBlockByNumber", [Reply::rpc(json!({ "baseFeePerGas": "0x3b9aca00" }))]);
    fake.on("RPC eth_maxPriorityFeePerGas", [Reply::rpc(json!("0x1"))]);
    fake.on("RPC eth_sendRawTransaction", [Reply::rpc(json!(HASH))]);
    let receipt = json!({
        "status": "0x1", "blockNumber": "0x9", "gasUsed": "0x9000", "effectiveGasPrice": "0x3b9aca00", "logs": [],
    });
    fake.on("RPC eth_getTransactionReceipt", [Reply::rpc(json!(null)), Reply::rpc(receipt)]);
    fake
}

/// A machine whose wallet is [`KEY`], in a keystore.
pub(crate) fn machine() -> Machine {
    let machine = Machine::new();
    run_with(&machine, None, &["wallet", "import", "--keystore"]).expect(0);
    machine
}

/// Runs with the passphrase given, the key on standard input.
pub(crate) fn run_with(machine: &Machine, fake: Option<&Fake>, args: &[&str]) -> Ran {
    use std::io::Write;
    let mut command = machine.command(args);
    command.env("TTALKAK_WALLET_PASSPHRASE", "correct horse").stdin(std::process::Stdio::piped());
    if let Some(fake) = fake {
        command.env("TTALKAK_COORDINATOR", fake.url()).env("TTALKAK_TOKEN", "ttk_test");
    }
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Most commands read nothing, and may be over before it is written.
    drop(child.stdin.take().unwrap().write_all(KEY.as_bytes()));
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_wallet_is_made_once_and_shows_its_address_without_its_key() {
    let machine = Machine::new();
    let made = run_with(&machine, None, &["wallet", "create", "--keystore"]).expect(0);
    assert!(made.out.starts_with("0x") && made.out.trim().len() == 42, "{}", made.out);
    let again = run_with(&machine, None, &["wallet", "create", "--keystore"]).expect(2);
    assert!(again.err.contains("There is a wallet on this machine already"), "{}", again.err);
    let shown = machine.run(&["wallet", "show"]).expect(0);
    assert!(shown.out.starts_with(made.out.trim()), "{}", shown.out);
    Machine::new().run(&["wallet", "create", "--keystore"]).expect(2);
    let none = Machine::new().run(&["wallet"]).expect(2);
    assert!(none.err.contains("wallet_required") && none.err.contains("wallet create"), "{}", none.err);
}

#[test]
fn what_is_no_key_is_not_imported() {
    let machine = Machine::new();
    let ran = machine.run(&["wallet", "import", "--keystore"]).expect(2);
    assert!(ran.err.contains("not a private key"), "{}", ran.err);
    machine.run(&["wallet", "import", "--file", "nothing.json"]).expect(2);
}

#[test]
fn linking_signs_the_sign_in_and_nothing_else() {
    let fake = world(&[]);
    let host = fake.url().replace("http://", "");
    let text = |host: &str| {
        format!(
            "{host} wants you to sign in with your Ethereum account:\n{}\n\nLink this wallet.\n\nURI: http://{host}\n\
             Version: 1\nChain ID: 31337\nNonce: abcdefgh1\nIssued At: 2026-11-21T08:00:00.000Z\n\
             Expiration Time: 2026-11-21T08:10:00.000Z",
            ttalkak_escrow::checksum(&address())
        )
    };
    let message =
        |text: String| Reply::json(json!({ "message": text, "expires_at": "2026-11-21T08:10:00.000Z" }));
    fake.on("POST /v1/billing/wallet/message", [message(text(&host))]);
    fake.on("PUT /v1/billing/wallet", [Reply::json(json!({}))]);
    let machine = machine();
    run_with(&machine, Some(&fake), &["wallet", "link"]).expect(2);
    assert!(fake.seen("PUT /v1/billing/wallet").is_empty(), "nobody said yes");

    let fake = {
        let again = world(&[]);
        let host = again.url().replace("http://", "");
        again.on("POST /v1/billing/wallet/message", [message(text(&host))]);
        again.on("PUT /v1/billing/wallet", [Reply::json(json!({}))]);
        again
    };
    run_with(&machine, Some(&fake), &["wallet", "link", "--yes"]).expect(0);
    let sent = fake.seen("PUT /v1/billing/wallet")[0].json();
    let signature: EvmSignature = sent["signature"].as_str().unwrap().parse().unwrap();
    assert_eq!(recover_message(sent["message"].as_str().unwrap().as_bytes(), &signature), Ok(address()));

    let fake = world(&[]);
    fake.on("POST /v1/billing/wallet/message", [message(text("evil.example.com"))]);
    let ran = run_with(&machine, Some(&fake), &["wallet", "link", "--yes"]).expect(2);
    assert!(ran.err.contains("a sign-in at evil.example.com"), "{}", ran.err);
    assert!(fake.seen("PUT /v1/billing/wallet").is_empty());
}

#[test]
fn a_deposit_shows_what_moves_and_what_it_costs_then_moves_it() {
    let fake = world(&[word(100_000_000), word(u64::MAX), word(12_500_000)]);
    let machine = machine();
    let ran = run_with(&machine, Some(&fake), &["wallet", "deposit", "12.5", "--yes"]).expect(0);
    assert_eq!(ran.out, "12.50 tUSD deposited; 12.50 tUSD free in the escrow.\n");
    for part in
        ["Deposit 12.50 tUSD", "amount    12.50 tUSD", "on chain 31337", "fee       at most 0.000158 of"]
    {
        assert!(ran.err.contains(part), "{part} is missing in\n{}", ran.err);
    }
    let raw = &fake.seen("RPC eth_sendRawTransaction")[0].json()["params"][0];
    assert!(raw.as_str().unwrap().starts_with("0x02"), "an EIP-1559 transaction: {raw}");
    for seen in fake.all_seen() {
        let body = String::from_utf8_lossy(&seen.body).into_owned();
        assert!(!body.contains(KEY) && !body.contains("correct horse"), "{} carries a secret", seen.route);
    }
}

#[test]
fn without_a_word_or_the_money_nothing_is_sent() {
    let machine = machine();
    let fake = world(&[word(100_000_000), word(u64::MAX)]);
    let ran = run_with(&machine, Some(&fake), &["wallet", "deposit", "12.5"]).expect(2);
    assert!(ran.err.contains("--yes"), "{}", ran.err);
    let poor = world(&[word(1)]);
    let ran = run_with(&machine, Some(&poor), &["wallet", "deposit", "12.5", "--yes"]).expect(2);
    assert!(ran.err.contains("funds_insufficient"), "{}", ran.err);
    for amount in ["0", "1e3", "12,5", "0.0000001"] {
        let fake = world(&[word(100_000_000)]);
        let ran = run_with(&machine, Some(&fake), &["wallet", "withdraw", amount, "--yes"]).expect(2);
        assert!(ran.err.contains("amount_invalid"), "{amount}: {}", ran.err);
        assert!(fake.seen("RPC eth_sendRawTransaction").is_empty());
    }
    for fake in [fake, poor] {
        assert!(fake.seen("RPC eth_sendRawTransaction").is_empty());
    }
}

#[test]
fn a_chain_that_is_not_what_the_coordinator_says_gets_no_money() {
    let machine = machine();
    let other_chain = world(&[]);
    other_chain.on("RPC eth_chainId", [Reply::rpc(json!("0x1"))]);
    let no_contract = world(&[]);
    no_contract.on("RPC eth_getCode", [Reply::rpc(json!("0x"))]);
    let other_meter = world(&[]);
    other_meter.on("RPC eth_call", [Reply::rpc(word(1))]);
    let other_decimals = world(&[]);
    other_decimals.on("RPC eth_call", [Reply::rpc(meter()), Reply::rpc(word(18))]);
    let other_symbol = world(&[]);
    other_symbol.on("RPC eth_call", [meter(), word(6), symbol("USDC")].map(Reply::rpc));
    for fake in [other_chain, no_contract, other_meter, other_decimals, other_symbol] {
        let ran = run_with(&machine, Some(&fake), &["wallet", "deposit", "1", "--yes"]).expect(1);
        assert!(ran.err.contains("chain_mismatch"), "{}", ran.err);
        assert!(fake.seen("RPC eth_sendRawTransaction").is_empty());
    }
}

#[test]
fn a_transaction_that_fails_on_chain_is_told() {
    let machine = machine();
    let fake = world(&[word(100_000_000), word(u64::MAX)]);
    let receipt = json!({
        "status": "0x0", "blockNumber": "0x9", "gasUsed": "0x1", "effectiveGasPrice": "0x1", "logs": [],
    });
    fake.on("RPC eth_getTransactionReceipt", [Reply::rpc(receipt)]);
    let ran = run_with(&machine, Some(&fake), &["wallet", "deposit", "1", "--yes"]).expect(1);
    assert!(ran.err.contains("failed on chain"), "{}", ran.err);
}

#[test]
fn a_token_without_an_open_mint_has_no_faucet() {
    let machine = machine();
    let fake = world(&[]);
    fake.on("RPC eth_estimateGas", [Reply::rpc_error(3, "execution reverted")]);
    let ran = run_with(&machine, Some(&fake), &["wallet", "faucet"]).expect(2);
    assert!(ran.err.contains("no open mint"), "{}", ran.err);
    let fake = world(&[word(100_000_000)]);
    let ran = run_with(&machine, Some(&fake), &["wallet", "faucet", "100"]).expect(0);
    assert!(ran.out.contains("worth nothing"), "{}", ran.out);
}

#[test]
fn a_mandate_is_shown_as_it_is_signed() {
    let machine = machine();
    let fake = world(&[]);
    fake.on("PUT /v1/billing/mandate", [Reply::json(json!({}))]);
    let wish = [
        "billing",
        "mandate",
        "--rate-max",
        "0.05/h",
        "--cap",
        "20",
        "--per",
        "month",
        "--until",
        "2099-12-31",
    ];
    run_with(&machine, Some(&fake), &wish).expect(2);
    assert!(fake.seen("PUT /v1/billing/mandate").is_empty(), "nobody said yes");

    let fake = world(&[]);
    fake.on("PUT /v1/billing/mandate", [Reply::json(json!({}))]);
    let ran = run_with(&machine, Some(&fake), &[&wish[..], &["--yes"]].concat()).expect(0);
    for part in ["at most 0.05 tUSD/h", "at most 20.00 tUSD a month", "until     2099-12-31T23:59:59Z"] {
        assert!(ran.err.contains(part), "{part} is missing in\n{}", ran.err);
    }
    let sent = fake.seen("PUT /v1/billing/mandate")[0].json();
    let mandate: Mandate = serde_json::from_value(sent["mandate"].clone()).unwrap();
    let signature: EvmSignature = sent["signature"].as_str().unwrap().parse().unwrap();
    let domain = Domain { chain_id: 31_337, contract: ESCROW };
    assert_eq!(recover(mandate.digest(&domain), &signature), Ok(address()));
    assert_eq!((mandate.rate_per_hour_max.0, mandate.cap.0, mandate.period), (50_000, 20_000_000, 2_592_000));
}

#[test]
fn a_mandate_is_revoked_on_chain() {
    let machine = machine();
    let none = world(&[]);
    let ran = run_with(&machine, Some(&none), &["billing", "revoke", "--yes"]).expect(2);
    assert!(ran.err.contains("no mandate to revoke"), "{}", ran.err);
    let fake = world(&[]);
    let mandate = json!({
        "tenant": address(), "token": TOKEN, "rate_per_hour_max": "50000", "cap": "20000000", "period": 0,
        "start": 1, "expiry": 4_000_000_000_u64, "salt": 5,
    });
    let more = json!({ "mandate": { "id": HASH, "mandate": mandate, "used": "0" } });
    fake.on("GET /v1/billing", [Reply::json(billing(&fake, more))]);
    let ran = run_with(&machine, Some(&fake), &["billing", "revoke", "--yes"]).expect(0);
    assert!(ran.out.starts_with("Revoked 0x"), "{}", ran.out);
    assert_eq!(fake.seen("RPC eth_sendRawTransaction").len(), 1);
}
