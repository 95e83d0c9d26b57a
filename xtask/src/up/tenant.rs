//! The development tenant: a wallet of its own in the data folder, worthless tokens from the faucet, a deposit and a
//! mandate. Each is done once; what is there already is left alone.

use super::{chain, programs::Programs, stop::Stop};
use crate::shell::{self, say};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// A deposit is seen within a few looks of the coordinator at the chain.
const SEEN: Duration = Duration::from_secs(30);
const DEPOSIT: &str = "10";
/// Enough for the examples, and a bound that a person recognises.
const MANDATE: [&str; 8] = ["billing", "mandate", "--rate-max", "0.05/h", "--cap", "20", "--per", "month"];

/// Where the tenant's key and passphrase are.
#[derive(Debug, Clone)]
pub(super) struct Wallet {
    pub(super) folder: PathBuf,
}

impl Wallet {
    /// Makes the folder and the passphrase.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        let wallet = Self { folder: folder.to_owned() };
        chain::secret(&wallet.passphrase(), 16)?;
        Ok(wallet)
    }

    /// The file that opens the keystore.
    pub(super) fn passphrase(&self) -> PathBuf {
        self.folder.join("passphrase")
    }
}

/// Makes the tenant able to pay. Says what it does the first time.
pub(super) fn prepare(programs: &Programs, wallet: &Wallet, stop: &Stop) -> Result<()> {
    if !wallet.folder.join("wallet.toml").is_file() {
        say("Making a development tenant: a wallet, worthless tUSD from the faucet, a deposit, a mandate.");
        shell::quiet(programs.cli().args(["wallet", "create", "--keystore"]))?;
    }
    let view = billing(programs)?;
    if view["wallet"].is_null() {
        shell::quiet(programs.cli().args(["wallet", "link", "--yes"]))?;
    }
    let empty = ["free", "locked", "accrued", "settled"].iter().all(|part| view[part] == "0");
    if empty {
        shell::quiet(programs.cli().args(["wallet", "faucet", "100"]))?;
        shell::quiet(programs.cli().args(["wallet", "deposit", DEPOSIT, "--yes"]))?;
        seen(programs, stop)?;
    }
    if view["mandate"].is_null() {
        shell::quiet(programs.cli().args(MANDATE).arg("--yes"))?;
    }
    Ok(())
}

/// What the tenant has and pays.
pub(super) fn billing(programs: &Programs) -> Result<Value> {
    let text = shell::output(programs.cli().args(["billing", "--json"]))?;
    serde_json::from_str(&text).context("read the overview of money")
}

fn seen(programs: &Programs, stop: &Stop) -> Result<()> {
    let begin = Instant::now();
    while begin.elapsed() < SEEN && !stop.asked() {
        if billing(programs)?["free"].as_str().is_some_and(|free| free != "0") {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("The coordinator did not see the deposit within {} s.", SEEN.as_secs())
}

/// What it costs, for the last words of `up`.
pub(super) fn told(view: &Value) -> Option<String> {
    let decimals = usize::try_from(view["chain"]["decimals"].as_u64()?).ok()?;
    let units = |value: &Value| {
        let digits = format!("{:0>width$}", value.as_str()?, width = decimals + 1);
        let (whole, part) = digits.split_at(digits.len() - decimals);
        let part = part.trim_end_matches('0');
        Some(format!("{whole}.{part:0<2} {}", view["chain"]["symbol"].as_str()?))
    };
    Some(format!(
        "It costs {} an hour, paid from a deposit of worthless tokens ({} free, {} locked, {} used so far).",
        units(&view["cost_per_hour"])?,
        units(&view["free"])?,
        units(&view["locked"])?,
        units(&view["accrued"])?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_cost_is_told_in_the_tokens_units() {
        let view = json!({
            "chain": { "decimals": 6, "symbol": "tUSD" },
            "cost_per_hour": "10000", "free": "9760000", "locked": "239917", "accrued": "83",
        });
        assert_eq!(
            told(&view).unwrap(),
            "It costs 0.01 tUSD an hour, paid from a deposit of worthless tokens (9.76 tUSD free, 0.239917 tUSD locked, 0.000083 tUSD used so far)."
        );
        assert_eq!(told(&json!({})), None);
    }
}
