//! Our way: one command, and looking at the edge until it answers.

use super::{Copy, PATIENCE, Project, Took};
use crate::bench::{http, world::World};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{process::Stdio, time::Instant};

/// A tenant with a terminal.
pub(crate) struct Ours<'w> {
    /// Whose tenant.
    pub world: &'w World,
    /// What is deployed.
    pub project: &'w Project,
}

impl Ours<'_> {
    /// Deploys the copy. What is new is timed until a visitor reads its word; of what is unchanged a visitor cannot
    /// tell old from new, so there the command itself is timed, which ends when the new release is live.
    pub(crate) fn deploy(&self, copy: &Copy, kind: &str) -> Result<Took> {
        let name = self.project.name;
        let mut deploy = self.world.cli()?;
        deploy.arg("deploy").arg(&copy.folder).args(["--name", name, "--json"]);
        let begin = Instant::now();
        let mut child = deploy
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("start the command line")?;
        if kind != "unchanged" {
            let host = format!("{name}.localhost");
            let seen = http::await_mark((self.world.edge, &host), &copy.mark, PATIENCE, || {
                match child.try_wait()? {
                    Some(status) if !status.success() => bail!("the deploy failed ({status})"),
                    Some(_) | None => Ok(()),
                }
            });
            if let Err(error) = seen {
                let _ = child.kill();
                let _ = child.wait();
                return Err(error.context(self.story()));
            }
        }
        let visited = begin.elapsed().as_secs_f64();
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("the deploy failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        let whole = if kind == "unchanged" { begin.elapsed().as_secs_f64() } else { visited };
        Ok(Took { whole, build: if kind == "unchanged" { 0.0 } else { self.build_seconds()? } })
    }

    fn newest(&self) -> Result<Value> {
        let releases = self.world.get(&format!("/v1/deployments/{}/releases?limit=1", self.project.name))?;
        let releases: Value = serde_json::from_str(&releases)?;
        Ok(releases["items"][0].clone())
    }

    /// What the agent told of the engine's build.
    fn build_seconds(&self) -> Result<f64> {
        let told = self.newest()?["timings"]["build"].as_f64().context("how long the build took")?;
        Ok(told / 1000.0)
    }

    /// For a failure: what became of the release.
    fn story(&self) -> String {
        self.newest().map(|release| format!("the newest release: {release}")).unwrap_or_default()
    }
}
