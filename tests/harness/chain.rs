//! A local chain with the escrow and a development token on it: real anvil, and the operator's own command to deploy.

use crate::{
    Options, World,
    program::{Program, binary},
    root, until,
    world::{SOON, free_port},
};
use serde_json::{Value, json};
use std::{io::Write, os::unix::fs::OpenOptionsExt, path::Path, path::PathBuf, process::Command};

/// The first account of every anvil; it has coins and no secret. Deploys, meters and pays the gas.
const METER_KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
/// The second and third, for roles that never sign here.
const GUARDIAN: &str = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8";
const FEE_TO: &str = "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc";

/// A chain of its own for one test.
pub struct LocalChain {
    /// The node.
    pub anvil: Program,
    /// Where it answers.
    pub rpc: String,
    /// `{escrow, token, chain_id, meter}`.
    pub facts: Value,
    folder: tempfile::TempDir,
    client: reqwest::Client,
}

impl LocalChain {
    /// Starts one and deploys the contracts. `None` when anvil is not there and nobody insists on it.
    pub async fn start() -> Option<Self> {
        let anvil = anvil()?;
        let folder = tempfile::Builder::new().prefix("ttalkak-chain-").tempdir().expect("a folder");
        let port = free_port();
        let mut command = Command::new(anvil);
        command.args(["--port", &port.to_string(), "--hardfork", "osaka", "--enable-tx-gas-limit"]);
        // Old states stay in memory, few of them; by default each node writes them below the home folder.
        command.args(["--prune-history", "200"]);
        let anvil = Program::start(command, &folder.path().join("anvil.log"));
        let rpc = format!("http://127.0.0.1:{port}");
        write_private(&folder.path().join("meter.key"), METER_KEY);
        let mut chain = Self { anvil, rpc, facts: Value::Null, folder, client: crate::visit::client() };
        until("the chain answers", SOON, || async { chain.try_call("eth_chainId", json!([])).await }).await;
        chain.facts = chain.deploy();
        Some(chain)
    }

    fn deploy(&self) -> Value {
        let mut command = Command::new(binary("ttalkak-coordinator"));
        command.args(["chain", "deploy", "--rpc", &self.rpc, "--with-dev-token", "--fee-bps", "500"]);
        command.args(["--guardian", GUARDIAN, "--fee-to", FEE_TO, "--key-file"]).arg(self.key_file());
        let output = command.output().expect("a coordinator that runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("what was deployed, as JSON")
    }

    fn key_file(&self) -> PathBuf {
        self.folder.path().join("meter.key")
    }

    /// A world in which deployments are paid over this chain. An hour of an app costs about 3.6 tokens, so that a
    /// second is visible.
    pub fn options(&self) -> Options {
        let text =
            |key: &str| self.facts[key].as_str().map_or_else(|| self.facts[key].to_string(), str::to_owned);
        let pair = |key: &str, value: String| (format!("TTALKAK_COORDINATOR_{key}"), value);
        let coordinator_env = vec![
            pair("PAYMENTS", "on".into()),
            pair("CHAIN_RPC", self.rpc.clone()),
            pair("PUBLIC_RPC", self.rpc.clone()),
            pair("CHAIN_ID", text("chain_id")),
            pair("ESCROW", text("escrow")),
            pair("TOKEN", text("token")),
            pair("METER_KEY_FILE", self.key_file().display().to_string()),
            pair("CHAIN_CONFIRMATIONS", "0".into()),
            pair("SETTLE_AT", "*/3 * * * * *".into()),
            pair("LOCK_FOR", "60s".into()),
        ];
        let agent_env =
            [("RATE_CPU_HOUR", "3000000"), ("RATE_MEMORY_GIB_HOUR", "1200000"), ("READING_EVERY", "1s")]
                .map(|(key, value)| (format!("TTALKAK_AGENT_{key}"), value.to_owned()));
        Options { coordinator_env, agent_env: agent_env.to_vec(), ..Options::default() }
    }

    /// A JSON-RPC call. Panics with the node's words when it is refused.
    pub async fn call(&self, method: &str, params: Value) -> Value {
        self.try_call(method, params).await.unwrap_or_else(|| panic!("{method} was refused"))
    }

    async fn try_call(&self, method: &str, params: Value) -> Option<Value> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer: Value = self.client.post(&self.rpc).json(&body).send().await.ok()?.json().await.ok()?;
        answer.get("result").cloned()
    }
}

impl World {
    /// Makes the tenant's wallet with coins for gas and links it to the account.
    pub async fn make_wallet(&self, chain: &LocalChain) {
        self.do_well(&["wallet", "create"]).await;
        let shown: Value =
            serde_json::from_slice(&self.do_well(&["wallet", "show", "--json"]).await).expect("JSON");
        chain.call("anvil_setBalance", json!([shown["address"], "0xde0b6b3a7640000"])).await;
        self.do_well(&["wallet", "faucet"]).await;
        self.do_well(&["wallet", "link", "--yes"]).await;
    }

    /// Permits what the tests' deployments cost.
    pub async fn sign_mandate(&self) {
        self.do_well(&["billing", "mandate", "--rate-max", "10/h", "--cap", "100", "--yes"]).await;
    }

    /// A wallet with development tokens, some of them deposited, and a mandate, as a person would have it.
    pub async fn become_tenant(&self, chain: &LocalChain, deposit: &str) {
        self.make_wallet(chain).await;
        self.do_well(&["wallet", "deposit", deposit, "--yes"]).await;
        self.sign_mandate().await;
        until("the deposit is booked", SOON, || async {
            let (_, view) = self.get_api("/v1/billing").await;
            (view["free"] != "0").then_some(())
        })
        .await;
    }

    /// Runs the command line and returns what it printed. Panics with all that was said when it fails.
    pub async fn do_well(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.cli(arguments).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}\n{}", self.coordinator.log_tail(30));
        output.stdout
    }
}

fn write_private(path: &Path, text: &str) {
    let mut file =
        std::fs::File::options().create_new(true).write(true).mode(0o600).open(path).expect("a new file");
    file.write_all(text.as_bytes()).expect("a file to write");
}

/// Anvil's binary: named by the environment, else the one that `cargo xtask test` installed.
#[allow(clippy::disallowed_methods, reason = "where tests look for their tools")]
fn anvil() -> Option<PathBuf> {
    let named = std::env::var_os("TTALKAK_ANVIL").map(PathBuf::from);
    // Not the wrapper in `.bin`: it is a process around the real one, which would outlive it.
    let packages = root().join("contracts/node_modules/@foundry-rs");
    let path = named.unwrap_or_else(|| packages.join("anvil-linux-amd64/bin/anvil"));
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("TTALKAK_REQUIRE_ENGINE").is_none(), "{} is not there", path.display());
    eprintln!("SKIPPED: no anvil at {}; `cargo xtask test` installs it", path.display());
    None
}
