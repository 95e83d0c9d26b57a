//! Load by wrk: one thread and some connections, as the machine has two cores and the other is for the measured.

use crate::shell;
use anyhow::{Context, Result};
use serde_json::Value;
use std::{fs, path::PathBuf, process::Command};

/// Enough that the measured never waits for the next request.
const CONNECTIONS: &str = "32";

/// What one run of wrk found.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Requests answered in a second.
    pub per_second: f64,
    /// Half were answered within so many milliseconds.
    pub p50_ms: f64,
    /// Of a hundred, ninety-nine.
    pub p99_ms: f64,
}

/// What to ask for.
pub(crate) struct Requests {
    /// Paths with query, asked for in turn.
    pub paths: Vec<String>,
    /// Spells each path in a way that is new each time, so that no answer can be one that was kept.
    pub never_twice: bool,
}

const SCRIPT: &str = r#"
local requests, n = {}, 0
function init()
  wrk.headers["Authorization"] = "Bearer " .. token
  for i, path in ipairs(paths) do requests[i] = wrk.format("GET", path) end
end
-- A search for white space finds everything; the number is in how that is written.
local blanks = {"+", "%20", "%09"}
local function spelled(path, number)
  local parts = {}
  while number > 0 do
    parts[#parts + 1] = blanks[number % 3 + 1]
    number = math.floor(number / 3)
  end
  return path .. "&q=" .. table.concat(parts)
end
function request()
  n = n + 1
  local i = n % #requests + 1
  if never_twice then return wrk.format("GET", spelled(paths[i], n)) end
  return requests[i]
end
function done(summary, latency)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format('\n{"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"failed":%d}\n', summary.requests,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failed))
end
"#;

/// Asks one port for `seconds`. Errors: also when any request failed, as a refusal is quicker than a page.
pub(crate) fn run(
    port: u16,
    token: &str,
    requests: &Requests,
    seconds: u64,
    script: &PathBuf,
) -> Result<Load> {
    let paths: Vec<String> = requests.paths.iter().map(|path| format!("{path:?}")).collect();
    let head = format!(
        "token = {token:?}\npaths = {{{}}}\nnever_twice = {}\n",
        paths.join(", "),
        requests.never_twice
    );
    fs::write(script, head + SCRIPT)?;
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c", CONNECTIONS, "-d", &format!("{seconds}s"), "-s"]).arg(script);
    let said = shell::output(wrk.arg(format!("http://127.0.0.1:{port}")))?;
    let last = said.lines().rev().find(|line| line.starts_with('{')).context("wrk told no figures")?;
    let figures: Value = serde_json::from_str(last).context("read wrk's figures")?;
    let number = |key: &str| figures[key].as_f64().context("a figure of wrk");
    let failed = number("failed")?;
    anyhow::ensure!(failed == 0.0, "{failed} requests failed");
    Ok(Load {
        per_second: number("requests")? / number("seconds")?,
        p50_ms: number("p50")?,
        p99_ms: number("p99")?,
    })
}
