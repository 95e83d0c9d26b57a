//! Whether a rollout is still on its way, serves, or failed, from what the coordinator shows. Pure.

use super::phase::Phase;
use ttalkak_protocol::{
    api::{
        deployment::{DeploymentState, DeploymentView},
        release::{ReleaseState, ReleaseView},
    },
    error::{ErrorCode, Problem},
};

/// How a rollout stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// On its way.
    Going,
    /// Visitors are served by it.
    Serves,
    /// It is over without that.
    Over(Problem),
}

/// Whether the answer for a deployment alone says that the rollout of `number` is on its way; the release need not be
/// read then.
pub(crate) fn is_going(deployment: &DeploymentView, number: u32) -> bool {
    deployment.rollout.as_ref().is_some_and(|rollout| {
        // The last step only clears the old release away: the new one serves already.
        rollout.release == number && Phase::of_step(&rollout.step) != Some(Phase::Live)
    })
}

/// Judges a rollout of `release`. `reused`: the release existed before (rollback, restart, start), so that its own
/// state says less than the deployment's problem.
pub(crate) fn judge(deployment: &DeploymentView, release: &ReleaseView, reused: bool) -> Verdict {
    if is_going(deployment, release.number) {
        return Verdict::Going;
    }
    let problem = || release.problem.clone().or_else(|| deployment.problem.clone());
    let given_up = || problem().unwrap_or_else(|| superseded(release.number));
    let newer = deployment.rollout.as_ref().is_some_and(|rollout| rollout.release != release.number);
    match release.state {
        ReleaseState::Failed => Verdict::Over(problem().unwrap_or_else(unexplained)),
        ReleaseState::Cancelled => Verdict::Over(given_up()),
        ReleaseState::Live if deployment.release == Some(release.number) => match &deployment.problem {
            Some(problem) if reused && !newer => Verdict::Over(problem.clone()),
            Some(_) | None => Verdict::Serves,
        },
        ReleaseState::Retired | ReleaseState::Rolling if newer => Verdict::Over(given_up()),
        ReleaseState::Retired => Verdict::Over(given_up()),
        ReleaseState::Rolling if deployment.state == DeploymentState::Ended => {
            Verdict::Over(problem().unwrap_or_else(unexplained))
        }
        // Between two writes of the coordinator: the next look tells.
        ReleaseState::Live | ReleaseState::Rolling => Verdict::Going,
    }
}

fn superseded(number: u32) -> Problem {
    Problem::new(ErrorCode::Superseded, format!("Release {number} was given up for a newer one."))
}

fn unexplained() -> Problem {
    Problem::new(ErrorCode::Internal, "The deploy failed, and the coordinator does not say why.")
}

#[cfg(test)]
mod tests;
