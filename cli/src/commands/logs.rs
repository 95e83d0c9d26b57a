//! `ttalkak logs`: what an app or its build wrote, now or as it comes.

use crate::{
    args::deployment,
    context::Context,
    error::{CliError, CliResult},
    follow::follow,
    output::{Output, Tone, plain},
};
use std::time::Duration;
use tokio::{sync::mpsc, task::JoinSet};
use ttalkak_protocol::{
    api::log::{LogKind, LogLineView, LogQuery},
    link::LogStream,
};

/// How long a followed log may go without the coordinator: an update of it takes less.
const GIVE_UP: Duration = Duration::from_secs(120);
/// Lines that wait to be printed.
const LINES_WAITING: usize = 256;

/// What `logs` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_parser = deployment)]
    name: String,
    /// Stay, and show lines as they come; with --json, one object a line
    #[arg(long, short)]
    follow: bool,
    /// The build's log instead of the app's
    #[arg(long)]
    build: bool,
    /// Of this release; the one on its way, else the serving one, when absent
    #[arg(long, value_name = "N")]
    release: Option<u32>,
    /// The last so many lines, at most 5000
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=5000))]
    tail: u32,
}

/// Shows them. With `--json`, one JSON object per line.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let api = context.api()?;
    let kind = if args.build { LogKind::Build } else { LogKind::Run };
    let query = LogQuery {
        release: args.release,
        kind: Some(kind),
        after: None,
        tail: Some(args.tail),
        follow: false,
    };
    if !args.follow {
        let lines = api.logs(&args.name, &query).await?;
        if lines.items.is_empty() && !context.output.json {
            context.output.say("Nothing was written yet.");
        }
        return lines.items.iter().try_for_each(|line| print(&context.output, line));
    }
    let (sender, mut lines) = mpsc::channel(LINES_WAITING);
    let mut tasks = JoinSet::new();
    let name = args.name.clone();
    tasks.spawn(async move { follow(&api, &name, query, GIVE_UP, sender).await });
    while let Some(line) = lines.recv().await {
        print(&context.output, &line)?;
    }
    match tasks.join_next().await {
        Some(Ok(ended)) => ended,
        Some(Err(_)) | None => Err(CliError::Bug("following the log broke down")),
    }
}

fn print(output: &Output, line: &LogLineView) -> CliResult<()> {
    if output.json {
        let text = serde_json::to_string(line).map_err(|cause| CliError::Output(cause.into()))?;
        return output.line(text);
    }
    let text = plain(&line.text);
    output.line(match line.stream {
        LogStream::Build | LogStream::Stdout => text,
        LogStream::Stderr => output.out.tone(Tone::Bad, &text),
        LogStream::System => output.out.dim(&format!("— {text}")),
    })
}
