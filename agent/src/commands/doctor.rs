//! `ttalkak-agent doctor`: looks whether everything that `run` needs is there, and says what to do where it is not. It is
//! the same doctor that the desktop shows. Deliberately absent: mending, which the desktop offers.

use super::{Failure, say};
use crate::{
    config::{Config, Surroundings, Texts},
    identity::Identity,
    io::{
        doctor::{Scope, System, survey},
        machine::MachineSize,
        wallet::{Kept, Wallet},
    },
    logic::doctor::{ProxyFacts, Role, Wanted, section, worst},
};
use std::{collections::BTreeSet, process::ExitCode};
use ttalkak_protocol::desk::{Finding, Grade, Mend};

/// What `doctor` takes.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Where the agent keeps its key and state.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// The coordinator to look for, when this machine is not enrolled yet.
    #[arg(long, value_name = "URL")]
    coordinator: Option<String>,
    /// The settings file to check.
    #[arg(long, value_name = "FILE")]
    config: Option<std::path::PathBuf>,
    /// One JSON document, as the desktop is told.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: DoctorArgs, mut surroundings: Surroundings) -> Result<ExitCode, Failure> {
    let said = [("data_dir", args.data_dir), ("coordinator", args.coordinator)];
    let flags: Texts = said.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    surroundings.read_file(args.config.as_deref())?;
    let config = Config::read(flags, &surroundings, MachineSize::read())?;
    let scope = scope(&config, surroundings.proxy());
    let told = section(&survey(&scope).await);
    if args.json {
        say(serde_json::to_string_pretty(&told)?);
    } else {
        told.findings.iter().flat_map(lines).for_each(say);
    }
    let bad = worst(&told.findings) == Grade::Bad;
    Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn scope(config: &Config, proxy: ProxyFacts) -> Scope {
    let enrolled = Identity::open(&config.data_dir).ok().map(|identity| identity.record.coordinator);
    let wallet = Wallet::new(&config.data_dir, config.money.wallet_keyring).record().ok().flatten();
    Scope {
        engine: config.engine.clone(),
        runtime_dir: config.runtime_dir.clone(),
        data_dir: config.data_dir.clone(),
        role: Role::Visitor,
        coordinator: enrolled.or_else(|| config.coordinator.clone()),
        wanted: Wanted {
            cpu: config.cpu,
            memory: config.memory,
            ports: config.port_range.clone(),
            workloads_max: config.workloads_max,
        },
        ours: BTreeSet::new(),
        proxy,
        wallet_in_key_store: wallet.is_some_and(|wallet| wallet.kept == Kept::Keyring),
        system: System::of_this_process(),
    }
}

/// A line for what was seen, and below it what to do.
fn lines(finding: &Finding) -> Vec<String> {
    let mark = match finding.grade {
        Grade::Good => "ok   ",
        Grade::Warn => "warn ",
        Grade::Bad => "WRONG",
        Grade::Unknown | Grade::Pending => "  ?  ",
    };
    let name = serde_json::to_value(finding.check).ok();
    let name = name.as_ref().and_then(|name| name.as_str()).unwrap_or("").replace('_', " ");
    let Some(problem) = &finding.problem else { return vec![format!("{mark} {name}: {}", finding.seen)] };
    let mut lines = vec![
        format!("{mark} {name}: {} ({})", problem.message, problem.code),
        format!("      {}", problem.next),
    ];
    lines.extend(match &finding.mend {
        Mend::Command { command } | Mend::Button { command: Some(command), .. } => {
            Some(format!("      $ {command}"))
        }
        Mend::Link { url } => Some(format!("      {url}")),
        Mend::None | Mend::Button { command: None, .. } | Mend::Screen { .. } => None,
    });
    lines
}
