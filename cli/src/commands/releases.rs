//! `ttalkak releases`: the versions of a deployment.

use crate::{
    args::deployment,
    clock,
    context::Context,
    error::CliResult,
    human,
    output::{Paint, Tone, plain, table},
    rollout::platform_title,
};
use ttalkak_protocol::{
    api::{
        page::{LIMIT_MAX, ListQuery},
        release::{ReleaseState, ReleaseView},
    },
    unit::UnixMillis,
};

/// What `releases` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_parser = deployment)]
    name: String,
    /// At most so many, 1 to 200
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(LIMIT_MAX)))]
    limit: Option<u32>,
}

/// Shows them, newest first.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let query = ListQuery { limit: args.limit, ..ListQuery::default() };
    let page = context.api()?.releases(&args.name, &query).await?;
    context.output.result(&page, || words(&page.items, clock::now(), context.output.out))
}

fn words(releases: &[ReleaseView], now: UnixMillis, paint: Paint) -> String {
    let rows: Vec<_> = releases
        .iter()
        .map(|release| {
            [
                release.number.to_string(),
                state(release, paint),
                source(release),
                release.platform.as_deref().map_or("-", platform_title).to_owned(),
                human::ago(release.created_at, now),
            ]
        })
        .collect();
    table(["RELEASE", "STATUS", "SOURCE", "PLATFORM", "MADE"], &rows, paint)
}

fn state(release: &ReleaseView, paint: Paint) -> String {
    let (sign, word, tone) = match release.state {
        ReleaseState::Rolling => ("◐", "Rolling out", Tone::Warn),
        ReleaseState::Live => ("●", "Live", Tone::Good),
        ReleaseState::Retired => ("○", "Retired", Tone::Quiet),
        ReleaseState::Failed => ("✗", "Failed", Tone::Bad),
        ReleaseState::Cancelled => ("○", "Cancelled", Tone::Quiet),
    };
    let why = release.problem.as_ref().map(|problem| format!(" · {}", problem.code)).unwrap_or_default();
    format!("{} {word}{why}", paint.tone(tone, sign))
}

/// `3f2a1bc Fix the door`, cut to a line's length.
fn source(release: &ReleaseView) -> String {
    const SUBJECT_CHARS: usize = 48;
    let Some(commit) = &release.commit else {
        // A repository's commit is known as soon as its archive is.
        return if release.source_digest.is_some() { "uploaded folder" } else { "-" }.to_owned();
    };
    let short: String = commit.chars().take(7).collect();
    let subject = plain(release.subject.as_deref().unwrap_or_default());
    let mut cut: String = subject.chars().take(SUBJECT_CHARS).collect();
    if cut.len() < subject.len() {
        cut.push('…');
    }
    format!("{short} {cut}").trim_end().to_owned()
}
