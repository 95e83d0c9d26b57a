//! `ttalkak status`: how one deployment stands, with what matters next.

use super::list;
use crate::{
    args::deployment, clock, context::Context, cost, error::CliResult, human, output::plain, status,
};
use ttalkak_protocol::{api::deployment::DeploymentView, unit::UnixMillis};

/// What `status` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id; all deployments when absent
    #[arg(value_parser = deployment)]
    name: Option<String>,
}

/// Shows it.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let Some(name) = args.name else { return list::run(context, list::Args::default()).await };
    let api = context.api()?;
    if context.output.json {
        return context.output.document(&api.deployment(&name).await?);
    }
    // Both are asked at once: the costs never make the answer wait for longer than they are worth.
    let (view, cost) = tokio::join!(api.deployment(&name), cost::of(&api, &name));
    context.output.line(words(context, &view?, cost, clock::now()))
}

fn words(context: &Context, view: &DeploymentView, cost: Option<String>, now: UnixMillis) -> String {
    let paint = context.output.out;
    let mut lines = vec![
        format!("{}  {}", paint.bold(&view.name), status::line(view, now, paint)),
        format!("  {}", view.url),
    ];
    if let Some(problem) = &view.problem {
        lines.push(format!("  {}", plain(&problem.message)));
        lines.push(format!("  {} {}", plain(&problem.next), paint.dim(problem.code.as_str())));
    }
    lines.extend(
        facts(view, now)
            .into_iter()
            .chain(cost.map(|cost| ("costs", cost)))
            .map(|(label, value)| format!("  {} {value}", paint.dim(&format!("{label:<8}")))),
    );
    lines.join("\n")
}

fn facts(view: &DeploymentView, now: UnixMillis) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(release) = view.release {
        facts.push(("release", release.to_string()));
    }
    if let Some(url) = &view.git_url {
        let branch = view.branch.as_deref().map(|branch| format!(" · {branch}")).unwrap_or_default();
        let folder = view.root_dir.as_deref().map(|folder| format!(" · {folder}")).unwrap_or_default();
        facts.push(("source", plain(&format!("{url}{branch}{folder}"))));
    } else {
        facts.push(("source", "uploaded folder".to_owned()));
    }
    facts.push((
        "limits",
        format!("{} · {} CPU", human::size(view.memory_bytes), f64::from(view.milli_cpu.0) / 1000.0),
    ));
    if let Some(until) = view.until {
        facts.push(("ends", format!("{} ({until})", human::until(until, now))));
    }
    facts.push(("project", view.project_name.clone()));
    facts.push(("changed", human::ago(view.updated_at, now)));
    facts
}
