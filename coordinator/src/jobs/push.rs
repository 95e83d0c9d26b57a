//! Keeps two promises about pushes: one that waits for checks is deployed, or passed over, once they are through; and what
//! became of a commit is said at GitHub, with tries and growing pauses.
//! Deliberately absent: deciding (`logic::push`).

use crate::{
    clock,
    config::Config,
    flows::world::World,
    github::{Again, GitHub, GitHubError, RepoName, Status, StatusState},
    logic::push::{ChecksStand, STATUS_PREFIX, Verdict, after_checks, stand_of, tell_again},
    store::{
        StoreError,
        delivery::{TellRow, WaitingRow},
    },
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::{api::release::ReleaseState, unit::UnixMillis};

/// How often it is looked whether there is something to do; that costs two questions of our own tables.
const LOOK: Duration = Duration::from_secs(1);
/// Checks are asked for again after this, ms: minutes of checks are a few questions.
const CHECK_EVERY_MS: i64 = 10_000;
/// How soon it is looked again whether a release that is on its way has arrived, ms.
const TELL_EVERY_MS: i64 = 1_000;

/// Runs until shutdown.
pub async fn run(world: World, github: GitHub, config: Arc<Config>, shutdown: CancellationToken) {
    let desk = Desk { world, github, config };
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            looked = desk.look(clock::now()) => {
                if let Err(error) = looked {
                    tracing::warn!(error = &error as &dyn std::error::Error, "could not look at the pushes");
                }
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

struct Desk {
    world: World,
    github: GitHub,
    config: Arc<Config>,
}

impl Desk {
    async fn look(&self, now: UnixMillis) -> Result<(), StoreError> {
        for row in self.world.store.waiting_deliveries(now).await? {
            self.check(&row, now).await?;
        }
        for row in self.world.store.tells(now).await? {
            self.tell(&row, now).await?;
        }
        Ok(())
    }

    async fn check(&self, row: &WaitingRow, now: UnixMillis) -> Result<(), StoreError> {
        let waited = now.since(row.at);
        let again = UnixMillis(now.0 + CHECK_EVERY_MS);
        let stand = match self.stand(row, now).await {
            Ok(stand) => stand,
            // GitHub's trouble is no check that failed: it counts as one that is under way.
            Err(error) => {
                tracing::info!(delivery.id = %row.id, error = &error as &dyn std::error::Error, "no checks were seen");
                let at = if let Again::At(at) = error.again() { at } else { again };
                if matches!(after_checks(ChecksStand::Pending, waited), Verdict::Wait) {
                    return self.world.store.look_again(row.id, at).await;
                }
                ChecksStand::Pending
            }
        };
        match after_checks(stand, waited) {
            Verdict::Wait => self.world.store.look_again(row.id, again).await,
            verdict @ (Verdict::Deploy | Verdict::Skip(_)) => {
                self.world.store.after_waiting(&self.world.sealer, row.id, verdict, now).await?;
                self.world.nudge.sagas();
                Ok(())
            }
        }
    }

    async fn stand(&self, row: &WaitingRow, now: UnixMillis) -> Result<ChecksStand, GitHubError> {
        let name = repo(&row.link.repo)?;
        let token = self.github.installation_token(row.link.installation, now).await?;
        let checks = self.github.checks(&token, &name, &row.commit).await?;
        let statuses = checks.statuses.iter().map(|(context, state)| (context.as_str(), state.as_str()));
        let runs = checks
            .runs
            .iter()
            .map(|run| (run.name.as_str(), run.conclusion.as_deref().unwrap_or(run.status.as_str())));
        Ok(stand_of(statuses.chain(runs), now.since(row.at)))
    }

    async fn tell(&self, row: &TellRow, now: UnixMillis) -> Result<(), StoreError> {
        let (state, description) = words(row.state);
        let told = state_word(state);
        let over = state != StatusState::Pending;
        // While it is on its way there is nothing new to say; it is looked again soon.
        let next = (!over).then_some(UnixMillis(now.0 + TELL_EVERY_MS));
        if row.told.as_deref() == Some(told) {
            return self.world.store.note_told(row.id, None, row.tells, next).await;
        }
        match self.post(row, state, description, now).await {
            Ok(()) => self.world.store.note_told(row.id, Some(told), 0, next).await,
            Err(error) => {
                let again = match error.again() {
                    Again::Never => None,
                    Again::Soon => tell_again(row.tells, now),
                    Again::At(at) => tell_again(row.tells, now).map(|_| at),
                };
                tracing::info!(
                    deployment.id = %row.deployment, tries = row.tells, error = &error as &dyn std::error::Error,
                    "the status of a commit was not taken"
                );
                self.world.store.note_told(row.id, None, row.tells + 1, again).await
            }
        }
    }

    async fn post(
        &self,
        row: &TellRow,
        state: StatusState,
        description: &str,
        now: UnixMillis,
    ) -> Result<(), GitHubError> {
        let name = repo(&row.link.repo)?;
        let console = format!("{}/deployments/{}", self.config.console_url(), row.name);
        let url = match self.world.store.deployment(row.account, &row.deployment.to_string()).await {
            Ok(stored) => stored.at(|name, port| self.config.public_url(name, port)).url,
            Err(_) => console.clone(),
        };
        // GitHub links only to web addresses.
        let live = state == StatusState::Success && url.starts_with("http");
        let target_url = if live { url } else { console };
        let context = format!("{STATUS_PREFIX}{}", row.name);
        let status = Status { state, target_url, description: description.to_owned(), context };
        let token = self.github.installation_token(row.link.installation, now).await?;
        self.github.set_status(&token, &name, &row.commit, &status).await
    }
}

fn repo(text: &str) -> Result<RepoName, GitHubError> {
    text.parse().map_err(|()| GitHubError::NotFound { doing: "look for a repository" })
}

fn words(state: ReleaseState) -> (StatusState, &'static str) {
    match state {
        ReleaseState::Rolling => (StatusState::Pending, "On its way"),
        ReleaseState::Live | ReleaseState::Retired => (StatusState::Success, "Live"),
        ReleaseState::Failed => (StatusState::Failure, "It did not become live; the log says why"),
        ReleaseState::Cancelled => (StatusState::Failure, "Given up for a newer one, or by its owner"),
    }
}

fn state_word(state: StatusState) -> &'static str {
    match state {
        StatusState::Pending => "pending",
        StatusState::Success => "success",
        StatusState::Failure => "failure",
    }
}
