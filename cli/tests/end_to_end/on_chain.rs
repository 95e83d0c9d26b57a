//! The wallet on a real chain: anvil with the real contracts, beside a coordinator of canned answers. Where anvil is not
//! installed this says so and passes, unless TTALKAK_REQUIRE_ENGINE=1 wants everything.

use crate::{
    fake::{Fake, Reply},
    wallet::{address, billing, machine, run_with},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A development node makes a block for each transaction, at once.
const BLOCK: Duration = Duration::from_secs(20);

/// A chain of its own; ends when dropped.
struct Anvil {
    child: Child,
    port: u16,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts")
}

#[allow(clippy::disallowed_methods, reason = "where the test's own tools are")]
fn variable(key: &str) -> Option<String> {
    std::env::var(key).ok().filter(|value| !value.is_empty())
}

/// `None`: anvil is not there, which was said aloud.
#[allow(clippy::print_stderr, reason = "who runs the tests must see what was left out")]
fn anvil() -> Option<Anvil> {
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let packaged = contracts().join(format!("node_modules/@foundry-rs/anvil-{system}-{arch}/bin/anvil"));
    let program = variable("TTALKAK_ANVIL").map_or(packaged, PathBuf::from);
    if !program.is_file() {
        assert!(
            variable("TTALKAK_REQUIRE_ENGINE").as_deref() != Some("1"),
            "{} is not there",
            program.display()
        );
        eprintln!("skipped: {} is not there", program.display());
        return None;
    }
    let mut child = Command::new(program)
        .args(["--port", "0", "--hardfork", "osaka", "--prune-history"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.find_map(|line| line.unwrap().strip_prefix("Listening on 127.0.0.1:")?.parse().ok());
    // Nobody reads on, and a full pipe would hold the chain up.
    std::thread::spawn(move || lines.for_each(drop));
    Some(Anvil { child, port: port.expect("anvil tells its port") })
}

impl Anvil {
    fn ask(&self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            socket,
            "POST / HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Deploys an artifact with these words as its constructor's arguments; the account is anvil's own.
    fn deploy(&self, name: &str, arguments: &str) -> Value {
        let text = std::fs::read_to_string(contracts().join(format!("artifacts/{name}.json"))).unwrap();
        let artifact: Value = serde_json::from_str(&text).unwrap();
        let code = format!("{}{arguments}", artifact["bytecode"].as_str().unwrap());
        let from = self.ask("eth_accounts", json!([]))[0].clone();
        let hash =
            self.ask("eth_sendTransaction", json!([{ "from": from, "input": code, "gas": "0xe4e1c0" }]));
        // The block comes a moment after the answer.
        let begin = Instant::now();
        while begin.elapsed() < BLOCK {
            let receipt = self.ask("eth_getTransactionReceipt", json!([hash]));
            if !receipt.is_null() {
                return receipt["contractAddress"].clone();
            }
        }
        panic!("{name} came into no block")
    }
}

#[test]
fn tokens_are_made_deposited_by_permit_and_withdrawn_on_a_real_chain() {
    let Some(anvil) = anvil() else { return };
    let meter = "44".repeat(20);
    let token = anvil.deploy("DevToken", "");
    let word = |address: &str| format!("{address:0>64}");
    let escrow =
        anvil.deploy("TtalkakEscrow", &[word(&meter), word(&meter), word(&meter), word("1f4")].concat());

    let fake = Fake::new();
    let mut view = billing(&fake, json!({}));
    view["chain"]["domain"]["contract"] = escrow;
    view["chain"]["token"] = token;
    view["chain"]["rpc_url"] = format!("http://127.0.0.1:{}", anvil.port).into();
    fake.on("GET /v1/billing", [Reply::json(view)]);

    let machine = machine();
    let run = |args: &[&str]| run_with(&machine, Some(&fake), args);
    let ran = run(&["wallet", "faucet", "100"]).expect(0);
    assert_eq!(ran.out, "100.00 tUSD made; the wallet holds 100.00 tUSD. They are worth nothing.\n");
    let ran = run(&["wallet", "deposit", "12.5", "--yes"]).expect(0);
    assert_eq!(ran.out, "12.50 tUSD deposited; 12.50 tUSD free in the escrow.\n");
    assert!(!ran.err.contains("Approve"), "one transaction is enough: {}", ran.err);
    let ran = run(&["wallet", "show"]).expect(0);
    assert!(
        ran.out.contains("holds     87.50 tUSD") && ran.out.contains("escrow    12.50 tUSD free"),
        "{}",
        ran.out
    );
    run(&["wallet", "withdraw", "13", "--yes"]).expect(2);
    let ran = run(&["wallet", "withdraw", "all", "--yes"]).expect(0);
    assert_eq!(ran.out, "12.50 tUSD withdrawn; 0.00 tUSD free in the escrow.\n");
    let nonce = anvil.ask("eth_getTransactionCount", json!([address(), "latest"]));
    assert_eq!(nonce, "0x3", "a faucet, a deposit, a withdrawal");
}
