//! Settlement of many agreements on a local chain: gas and time beside one transfer per agreement, and how fast
//! vouchers are made.

use super::{
    Options, build,
    figures::{Goal, report, rounded, short, table},
    go_on,
};
use crate::{contracts, shell};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Agreements and providers of each run: one, everybody else's payees, and as many as a busy platform has.
const RUNS: [(u32, u32); 4] = [(1, 1), (1_000, 1_000), (1_000, 100), (10_000, 1_000)];
/// Anvil answers within a second; a busy machine takes longer.
const READY: Duration = Duration::from_secs(20);

pub(crate) fn run(options: &Options) -> Result<()> {
    let anvil = contracts::anvil(!options.no_install)?;
    build::release(&["ttalkak-bench"], options)?;
    let mut found = Vec::new();
    for (agreements, providers) in RUNS {
        go_on()?;
        let node = Node::start(&anvil)?;
        let mut settle = build::command("settle")?;
        settle.arg(node.url()).args([agreements.to_string(), providers.to_string()]);
        found.push(serde_json::from_str(&shell::output(&mut settle)?).context("read the figures")?);
    }
    tell(&found);
    report("settle", &goals(&found), &Value::Array(found));
    Ok(())
}

fn number(run: &Value, path: &str) -> f64 {
    run.pointer(path).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

fn tell(found: &[Value]) {
    let cells = |run: &Value| {
        let [gas, plain] =
            ["/steady/gas_per_agreement", "/plain/gas_per_transfer"].map(|path| number(run, path));
        let [spent, slow] = ["/steady/ms_per_1000", "/plain/ms_per_1000"].map(|path| number(run, path));
        vec![
            format!("{} of {}", run["agreements"], run["providers"]),
            short(gas),
            short(plain),
            format!("{:.2}", gas / plain),
            short(spent),
            format!("{:.3}", spent / slow),
            short(number(run, "/vouchers/signed_per_second")),
        ]
    };
    let head =
        ["agreements of providers", "gas each", "a transfer", "ratio", "ms per 1,000", "ratio", "vouchers/s"];
    table(&head, &found.iter().map(cells).collect::<Vec<_>>());
}

fn goals(found: &[Value]) -> Vec<Goal> {
    let [one, distinct, hundred, many] = found else { return Vec::new() };
    let gas = |run: &Value| number(run, "/steady/gas_per_agreement");
    vec![
        Goal::at_most("gas, 1,000 agreements of 100 providers, each", gas(hundred), 8_500.0),
        Goal::at_most("gas, 1,000 agreements of 1,000 providers, each", gas(distinct), 18_800.0),
        Goal::at_most("gas, one agreement", gas(one), 62_000.0),
        Goal::at_most(
            "gas, largest transaction, payees new",
            number(distinct, "/first/gas_of_largest"),
            15_000_000.0,
        ),
        Goal::at_least(
            "vouchers signed per second on one core",
            number(many, "/vouchers/signed_per_second"),
            5_000.0,
        ),
        Goal::at_most(
            "memory grown over 10,000 agreements, MB",
            rounded(number(many, "/resident_mb_grown")),
            10.0,
        ),
    ]
}

/// A chain of its own for each run.
struct Node {
    child: Child,
    port: u16,
}

impl Node {
    fn start(anvil: &std::path::Path) -> Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut command = Command::new(anvil);
        command.args(["--port", &port.to_string(), "--hardfork", "osaka", "--enable-tx-gas-limit"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("start anvil")?;
        let node = Self { child, port };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begin.elapsed() > READY {
                bail!("anvil did not answer within {} s", READY.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(node)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
