//! `ttalkak plan`: how a folder would be built. Offline: nothing is sent, nothing is written.

use super::blocking;
use crate::{
    context::Context,
    error::CliResult,
    local,
    output::{Paint, Tone, plain},
    rollout::platform_title,
};
use serde_json::{Value, json};
use std::path::PathBuf;
use ttalkak_planner::{BuildPlan, PlanOptions};

/// What `plan` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder of the app
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Folder of the app within it
    #[arg(long, value_name = "DIR")]
    root_dir: Option<String>,
}

/// Plans and shows.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let plan = blocking(move || {
        let folder = local::app_folder(&args.path, args.root_dir.as_deref())?;
        local::plan(&folder, &PlanOptions::default())
    })
    .await?;
    context.output.result(&document(&plan), || words(&plan, context.output.out))
}

/// The keys that scripts may rely on, and no others.
fn document(plan: &BuildPlan) -> Value {
    json!({
        "platform": plan.platform,
        "framework": plan.framework,
        "package_manager": plan.package_manager,
        "runtime": plan.runtime,
        "output_dir": plan.output_dir,
        "start": plan.start,
        "port": plan.port,
        "evidence": plan.evidence,
        "dockerfile": plan.dockerfile,
    })
}

fn words(plan: &BuildPlan, paint: Paint) -> String {
    let mut lines = vec![paint.bold(&headline(plan))];
    for reason in &plan.evidence {
        let line = format!("  {}: {} → {}", reason.file, reason.found, reason.so);
        lines.push(plain(&line));
    }
    for warning in &plan.warnings {
        lines.push(format!("  {} {}", paint.tone(Tone::Warn, "▲"), plain(warning)));
    }
    lines.push(String::new());
    lines.push(paint.dim("Dockerfile"));
    lines.extend(plan.dockerfile.trim_end().lines().map(|line| format!("  {}", plain(line))));
    lines.join("\n")
}

fn headline(plan: &BuildPlan) -> String {
    let platform = json!(plan.platform);
    let mut parts = vec![platform_title(platform.as_str().unwrap_or_default()).to_owned()];
    if let Some(framework) = &plan.framework {
        parts[0].push_str(&format!(" ({framework})"));
    }
    parts.extend(plan.package_manager.map(|manager| manager.as_str().to_owned()));
    parts.extend(plan.runtime.clone());
    parts.extend(plan.output_dir.as_ref().map(|folder| format!("serves {folder}")));
    parts.extend(plan.start.as_ref().map(|command| format!("runs `{command}`")));
    parts.push(format!("port {}", plan.port));
    plain(&parts.join(" · "))
}
