//! Fills the data folder of a coordinator that does not run: projects, each with a deployment, by the store's own
//! intentions. Most are live, some failed, some were stopped. None has a lease, so no worker wants anything of them.
#![allow(clippy::print_stdout, reason = "the count goes to the program that started this one")]

use anyhow::{Context, Result, ensure};
use clap::Parser;
use std::{collections::BTreeSet, path::PathBuf};
use ttalkak_coordinator::{
    app::{Kept, open},
    config::Config,
    logic::deployment::Fact,
    store::{
        deployment::{NewDeployment, NewSource},
        name::PortPool,
        saga::SagaState,
    },
};
use ttalkak_protocol::{
    ErrorCode,
    api::{
        deployment::{EndReason, Exposure},
        release::ReleaseState,
    },
    error::Problem,
    id::AccountId,
    link::Timings,
    unit::{Bytes, MilliCpu, UnixMillis},
};

/// Fills a data folder.
#[derive(Parser)]
struct Arguments {
    /// The coordinator's data folder.
    #[arg(long)]
    data_dir: PathBuf,
    /// How many projects.
    #[arg(long, default_value_t = 5_000)]
    count: u32,
}

/// First parts of the names, so that a search has something to find.
const KINDS: [&str; 8] = ["shop", "blog", "docs", "api", "game", "mail", "wiki", "chat"];
/// 1 January 2026: the seeded world is the same each time.
const BEGIN: i64 = 1_767_225_600_000;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let config = Config { data_dir: arguments.data_dir, ..Config::default() };
    let kept = open(&config).await?;
    let account = kept.store.first_account().await?.context("there is no account")?;
    for n in 0..arguments.count {
        let now = UnixMillis(BEGIN + i64::from(n) * 60_000);
        deployment(&kept, account, n, now).await.with_context(|| format!("make deployment {n}"))?;
    }
    let left = kept.store.open_sagas().await?;
    ensure!(left.is_empty(), "{} rollouts are still open", left.len());
    println!("{}", arguments.count);
    kept.store.close().await;
    Ok(())
}

fn wish(n: u32) -> NewDeployment {
    let kind = KINDS[n as usize % KINDS.len()];
    NewDeployment {
        name: format!("{kind}-{n:05}"),
        project: None,
        source: NewSource::Git {
            url: format!("https://git.example.com/team-{}/{kind}-{n:05}.git", n % 97),
            branch: Some("main".to_owned()),
            root_dir: None,
            token: None,
        },
        env: Vec::new(),
        exposure: Exposure::Http,
        port: None,
        memory: Bytes(512 * 1024 * 1024),
        cpu: MilliCpu(1000),
        health_path: None,
        until: None,
        dockerfile: None,
        part: None,
        link: None,
    }
}

/// One deployment and what became of it.
async fn deployment(kept: &Kept, account: AccountId, n: u32, now: UnixMillis) -> Result<()> {
    let store = &kept.store;
    let ports = PortPool { all: 30_000..=30_099, busy: BTreeSet::new() };
    let made = store.create_deployment(&kept.sealer, account, &wish(n), &ports, now).await?;
    let id = made.deployment.id();
    let saga = store.open_sagas().await?.pop().context("a rollout on its way")?;
    let rollout = store.rollout(made.release.id).await?;
    store.finish_saga(saga.id, SagaState::Done, now).await?;
    match n % 10 {
        0 => {
            let problem =
                Problem::new(ErrorCode::BuildFailed, "The build failed: npm run build ended with 1.");
            store.close_release(&rollout, ReleaseState::Failed, &problem, now).await?;
        }
        1 => {
            store.mark_live(&rollout, None, &Timings::default(), now).await?;
            store.apply_fact(id, Fact::DrainStarted, None, now).await??;
            store.apply_fact(id, Fact::DrainEnded(EndReason::Stopped), None, now).await??;
            store.retire_releases(id, now).await?;
        }
        _ => store.mark_live(&rollout, None, &Timings::default(), now).await?,
    }
    Ok(())
}
