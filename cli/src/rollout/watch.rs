//! Follows one rollout: asks the coordinator again and again, and passes build lines on meanwhile.

use super::{
    phase::{Passed, Phase, Tracker, detected},
    screen::Screen,
    verdict::{Verdict, is_going, judge},
};
use crate::{
    api::Api,
    context::Context,
    error::{CliError, CliResult, FailedRollout},
    follow::follow,
    human, status,
};
use serde_json::json;
use std::time::Duration;
use tokio::{sync::mpsc, task::JoinSet, time::Instant};
use ttalkak_protocol::{
    api::{
        deployment::{DeploymentAccepted, DeploymentView},
        log::{LogKind, LogLineView, LogQuery},
        release::ReleaseView,
    },
    unit::Millis,
};

/// Often, while things happen fast: an unchanged deploy is live within a second or two.
const LOOK_SOON: Duration = Duration::from_millis(150);
/// Later on, a second more or less is not seen.
const LOOK_LATER: Duration = Duration::from_secs(1);
/// When "later" begins.
const SOON: Duration = Duration::from_secs(15);
/// How long the coordinator may be away (restarted, updated) before following is given up.
const GIVE_UP: Duration = Duration::from_secs(60);
/// After a failure, build lines that are still on their way get so long.
const LAST_LINES: Duration = Duration::from_secs(1);
/// After a success only what has arrived is printed: the build was over long before.
const ARRIVED_LINES: Duration = Duration::from_millis(20);
/// Lines that wait to be printed; a slow terminal slows the stream down, not the deploy.
const LINES_WAITING: usize = 256;
/// Lines shown of a failed release.
const SHOWN_LINES: usize = 20;

/// A rollout to follow.
pub(crate) struct Rollout {
    /// As the coordinator took it.
    pub(crate) accepted: DeploymentAccepted,
    /// The release existed before.
    pub(crate) reused: bool,
    /// The plan was told already.
    pub(crate) plan_known: bool,
    /// Show build lines even where a line is redrawn.
    pub(crate) verbose: bool,
    /// Do not wait at all.
    pub(crate) no_wait: bool,
    /// When the person began to wait.
    pub(crate) started: Instant,
}

/// Follows a rollout to its end and prints the result: the address, or why there is none.
pub(crate) async fn finish(
    context: &Context,
    api: &Api,
    rollout: Rollout,
    mut screen: Screen,
) -> CliResult<()> {
    let DeploymentAccepted { deployment, release } = rollout.accepted.clone();
    let (name, number) = (deployment.name.clone(), release.number);
    context.on_interrupt(
        format!("Release {number} of {name} goes on without you."),
        format!(
            "Follow it with `ttalkak status {name}` or `ttalkak logs {name} --build -f`; \
             give it up with `ttalkak cancel {name}`."
        ),
    );
    let (deployment, release) = if rollout.no_wait {
        screen.done(&format!("Started release {number} of {name}"));
        (deployment, release)
    } else {
        watch(context, api, &rollout, &mut screen).await?
    };
    screen.clear();
    let document = json!({ "deployment": deployment, "release": release });
    context.output.result(&document, || deployment.url.clone())
}

async fn watch(
    context: &Context,
    api: &Api,
    rollout: &Rollout,
    screen: &mut Screen,
) -> CliResult<(DeploymentView, ReleaseView)> {
    let (name, number) = (rollout.accepted.deployment.name.clone(), rollout.accepted.release.number);
    let mut watcher = Watcher { api, rollout, screen, name, number, tracker: None, lost_at: None };
    let (sender, mut lines) = mpsc::channel(LINES_WAITING);
    // Dropped with this function, and the stream with it.
    let mut tasks = JoinSet::new();
    if rollout.verbose || watcher.screen.is_plain() {
        let (api, name) = (api.clone(), watcher.name.clone());
        tasks.spawn(async move {
            let query = LogQuery {
                release: Some(number),
                kind: Some(LogKind::Build),
                after: Some(0),
                ..LogQuery::default()
            };
            // Without lines the deploy is followed all the same; its result says what matters.
            drop(follow(&api, &name, query, GIVE_UP, sender).await);
        });
    } else {
        drop(sender);
    }
    let mut lines_open = true;
    let mut next_look = Instant::now();
    loop {
        tokio::select! {
            // First: a flood of lines must not hide how the deploy stands.
            biased;
            () = tokio::time::sleep_until(next_look) => {}
            line = lines.recv(), if lines_open => {
                lines_open = watcher.tell(line);
                continue;
            }
        }
        let seen = watcher.look().await?;
        next_look = Instant::now() + watcher.pause();
        let Some((deployment, release, verdict)) = seen else { continue };
        if lines_open {
            let drained = async { while watcher.tell(lines.recv().await) {} };
            let within = if verdict == Verdict::Serves { ARRIVED_LINES } else { LAST_LINES };
            drop(tokio::time::timeout(within, drained).await);
        }
        return match verdict {
            Verdict::Going => continue,
            Verdict::Serves => {
                watcher.serves().await;
                Ok((deployment, release))
            }
            Verdict::Over(problem) => {
                screen.clear();
                if !context.output.json {
                    tell_lines(screen, &release.last_lines);
                }
                let last_lines = release.last_lines.clone();
                Err(CliError::Rollout(Box::new(FailedRollout { problem, last_lines, deployment, release })))
            }
        };
    }
}

fn tell_lines(screen: &Screen, lines: &[String]) {
    for line in lines.iter().skip(lines.len().saturating_sub(SHOWN_LINES)) {
        screen.log(line);
    }
}

struct Watcher<'a> {
    api: &'a Api,
    rollout: &'a Rollout,
    screen: &'a mut Screen,
    name: String,
    number: u32,
    tracker: Option<Tracker>,
    lost_at: Option<Instant>,
}

impl Watcher<'_> {
    fn pause(&self) -> Duration {
        if self.rollout.started.elapsed() < SOON { LOOK_SOON } else { LOOK_LATER }
    }

    /// One look. `None`: still on its way, or the coordinator is away for a moment.
    async fn look(&mut self) -> CliResult<Option<(DeploymentView, ReleaseView, Verdict)>> {
        let (deployment, release) = match self.read().await {
            Ok(found) => found,
            Err(error @ CliError::Unreachable { .. }) => return self.lost(error).map(|()| None),
            Err(error) => return Err(error),
        };
        self.lost_at = None;
        self.progress(&deployment).await;
        let Some(release) = release else { return Ok(None) };
        match judge(&deployment, &release, self.rollout.reused) {
            Verdict::Going => Ok(None),
            verdict @ (Verdict::Serves | Verdict::Over(_)) => Ok(Some((deployment, release, verdict))),
        }
    }

    async fn read(&self) -> CliResult<(DeploymentView, Option<ReleaseView>)> {
        let deployment = self.api.deployment(&self.name).await?;
        if is_going(&deployment, self.number) {
            return Ok((deployment, None));
        }
        let release = self.api.release(&self.name, self.number).await?;
        Ok((deployment, Some(release)))
    }

    fn lost(&mut self, error: CliError) -> CliResult<()> {
        let since = *self.lost_at.get_or_insert_with(Instant::now);
        if since.elapsed() >= GIVE_UP {
            return Err(error);
        }
        self.screen.now("The coordinator does not answer, trying again", "the deploy goes on meanwhile");
        Ok(())
    }

    async fn progress(&mut self, deployment: &DeploymentView) {
        let now = self.now_ms();
        let tracker = self.tracker.get_or_insert_with(|| Tracker::new(now));
        let rollout = deployment.rollout.as_ref().filter(|rollout| rollout.release == self.number);
        let Some(rollout) = rollout else { return };
        let reached = Phase::of_step(&rollout.step).unwrap_or(tracker.phase());
        let passed = tracker.reach(reached, now);
        let (phase, elapsed) = (tracker.phase(), tracker.elapsed(now));
        self.passed(&passed).await;
        let what: Vec<_> =
            std::iter::once(phase.doing().to_owned()).chain(status::progress(rollout)).collect();
        self.screen.now(&what.join(" · "), &human::took(Millis(elapsed)));
    }

    async fn passed(&self, phases: &[Passed]) {
        for step in phases {
            let label = if step.phase == Phase::Plan {
                self.plan_line().await
            } else {
                Some(step.phase.done().to_owned())
            };
            if let Some(label) = label {
                self.screen.done(&with_time(&label, step.took_ms));
            }
        }
    }

    /// What the coordinator found the source to be; `None` when that was told before.
    async fn plan_line(&self) -> Option<String> {
        if self.rollout.plan_known || self.rollout.reused {
            return None;
        }
        // A plan that cannot be read now is no reason to stop following.
        let release = self.api.release(&self.name, self.number).await.ok()?;
        let plan = release.plan.or_else(|| release.platform.map(|platform| json!({ "platform": platform })));
        plan.as_ref().and_then(detected)
    }

    /// Prints a build line. Returns whether more can come.
    fn tell(&mut self, line: Option<LogLineView>) -> bool {
        if let Some(line) = &line {
            self.screen.log(&line.text);
        }
        line.is_some()
    }

    async fn serves(&mut self) {
        let now = self.now_ms();
        let passed = self.tracker.get_or_insert_with(|| Tracker::new(now)).reach(Phase::Live, now);
        self.passed(&passed).await;
        let took = Millis(now);
        let text = format!("Live · release {} · {} in all", self.number, human::took(took));
        self.screen.done(&text);
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.rollout.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

fn with_time(label: &str, took_ms: Option<u64>) -> String {
    match took_ms {
        Some(took) => format!("{label} · {}", human::took(Millis(took))),
        None => label.to_owned(),
    }
}
