//! The local chain that everything is paid on: anvil with its state kept between runs, the contracts deployed once, and
//! the keys that this needs. Nothing on it is worth anything.

use super::{command, programs::Programs, rpc, stop::Stop};
use crate::shell::{self, say};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    fs::{self, File},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A thousand coins: more than a development chain's gas will ever take.
const COINS: &str = "0x3635c9adc5dea00000";
/// The platform's share, so that the accounts show one.
const FEE_BPS: &str = "500";
/// What the agent asks for: a processor and half a GiB come to 0.01 tUSD an hour.
const RATES: [(&str, &str); 3] =
    [("RATE_CPU_HOUR", "0.008"), ("RATE_MEMORY_GIB_HOUR", "0.004"), ("RATE_EGRESS_GIB", "0.01")];
/// What the token is said to be worth. It is worth nothing: the figures only show how it would look.
const DISPLAY_RATES: &str =
    "KRW 1385 2026-11-01T00:00:00Z a made-up rate,USD 1 2026-11-01T00:00:00Z a made-up rate";

/// What was deployed, as `ttalkak-coordinator chain deploy` prints it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Contracts {
    escrow: String,
    token: String,
    chain_id: u64,
    meter: String,
}

/// The chain of one data folder.
pub(super) struct LocalChain {
    anvil: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl LocalChain {
    /// `folder`: of this chain alone. Makes it.
    pub(super) fn new(anvil: PathBuf, folder: PathBuf, port: u16) -> Result<Self> {
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        Ok(Self { anvil, folder, port })
    }

    /// Starts it, and deploys the contracts the first time. Returns the settings of coordinator and agent.
    pub(super) fn start(&self, programs: &mut Programs, stop: &Stop) -> Result<Settings> {
        let mut anvil = Command::new(&self.anvil);
        anvil.args(["--host", "127.0.0.1", "--port", &self.port.to_string(), "--quiet"]);
        anvil
            .args(["--hardfork", "osaka", "--state-interval", "5", "--state"])
            .arg(self.folder.join("state.json"));
        // Left to itself it writes every block's whole state to the home folder, gigabytes within hours.
        anvil.args(["--prune-history", "64"]);
        programs.spawn("chain", anvil)?;
        let port = self.port;
        programs.wait("The local chain", stop, |_| rpc::ask(port, "eth_chainId", json!([])).is_ok())?;
        let contracts = match self.known()? {
            Some(contracts) => contracts,
            None => self.deploy()?,
        };
        Ok(self.settings(&contracts))
    }

    /// The contracts of an earlier run. Errors: they were deployed, but the chain's state is gone.
    fn known(&self) -> Result<Option<Contracts>> {
        let Ok(text) = fs::read_to_string(self.contracts_file()) else { return Ok(None) };
        let contracts: Contracts = serde_json::from_str(&text).context("read contracts.json")?;
        let code = rpc::ask(self.port, "eth_getCode", json!([contracts.escrow, "latest"]))?;
        if code.as_str().is_none_or(|code| code.len() <= 2) {
            bail!(
                "The local chain in {} has lost its state, and with it the deposits that the coordinator knows of. \
                 Remove the data folder to begin anew, or go on without payments: cargo xtask up --free",
                self.folder.display()
            );
        }
        Ok(Some(contracts))
    }

    fn deploy(&self) -> Result<Contracts> {
        say("Deploying the contracts on the local chain.");
        let meter = self.meter_address()?;
        rpc::ask(self.port, "anvil_setBalance", json!([meter, COINS]))?;
        let mut deploy = command("ttalkak-coordinator")?;
        deploy.args(["chain", "deploy", "--rpc", &self.url(), "--key-file"]).arg(self.meter_key());
        deploy.args(["--guardian", &meter, "--fee-to", &meter, "--fee-bps", FEE_BPS, "--with-dev-token"]);
        let answer = shell::output(&mut deploy)?;
        let contracts: Contracts = serde_json::from_str(&answer).context("read what was deployed")?;
        fs::write(self.contracts_file(), serde_json::to_string_pretty(&contracts)?)?;
        Ok(contracts)
    }

    /// The meter's address. Only a wallet knows how to tell it from a key, so one is made for a moment.
    fn meter_address(&self) -> Result<String> {
        let key = secret(&self.meter_key(), 32)?;
        let moment = self.folder.join("moment");
        let mut import = Command::new(super::program("ttalkak")?);
        import.args(["wallet", "import", "--keystore", "--json"]);
        import.env("TTALKAK_WALLET_DIR", &moment).env("TTALKAK_WALLET_PASSPHRASE", &key);
        let mut child =
            import.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("ask for an address")?;
        child.stdin.take().context("ask for an address")?.write_all(key.as_bytes())?;
        let output = child.wait_with_output().context("ask for an address")?;
        let _ = fs::remove_dir_all(&moment);
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).context("read an address")?;
        Ok(answer["address"].as_str().context("read an address")?.to_owned())
    }

    fn settings(&self, contracts: &Contracts) -> Settings {
        let key = self.meter_key().display().to_string();
        let coordinator = [
            ("PAYMENTS", "on".to_owned()),
            ("CHAIN_RPC", self.url()),
            ("PUBLIC_RPC", self.url()),
            ("CHAIN_ID", contracts.chain_id.to_string()),
            ("ESCROW", contracts.escrow.clone()),
            ("TOKEN", contracts.token.clone()),
            ("METER_KEY_FILE", key),
            // A development node never takes a block back, and a person waits for the first settlement.
            ("CHAIN_CONFIRMATIONS", "0".to_owned()),
            ("SETTLE_AT", "0 * * * * *".to_owned()),
            ("DISPLAY_RATES", DISPLAY_RATES.to_owned()),
        ];
        let named = |prefix: &str, pairs: Vec<(&str, String)>| {
            pairs.into_iter().map(|(key, value)| (format!("{prefix}{key}"), value)).collect()
        };
        let mut agent: Vec<_> = RATES.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        // The keyring of whoever tries this out is left alone.
        agent.push(("WALLET_KEYRING", "false".to_owned()));
        Settings {
            coordinator: named("TTALKAK_COORDINATOR_", coordinator.to_vec()),
            agent: named("TTALKAK_AGENT_", agent),
        }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn meter_key(&self) -> PathBuf {
        self.folder.join("meter.key")
    }

    fn contracts_file(&self) -> PathBuf {
        self.folder.join("contracts.json")
    }
}

/// Environment variables that switch payments on.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) coordinator: Vec<(String, String)>,
    pub(super) agent: Vec<(String, String)>,
}

/// The hex text of so many random bytes in a file of its owner alone; made when it is not there.
pub(super) fn secret(path: &Path, bytes: usize) -> Result<String> {
    if let Ok(text) = fs::read_to_string(path) {
        return Ok(text.trim().to_owned());
    }
    let mut random = vec![0; bytes];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut random))
        .context("find chance")?;
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file = File::options()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("make {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_is_made_once_for_its_owner_alone() {
        let folder = std::env::temp_dir().join(format!("ttalkak-secret-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("key");
        let first = secret(&path, 32).unwrap();
        assert_eq!((first.len(), secret(&path, 32).unwrap()), (64, first));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_dir_all(folder).unwrap();
    }
}
