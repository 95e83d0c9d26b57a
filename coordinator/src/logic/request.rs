//! What a tenant may ask for in which state of a deployment. Pure; the store asks these rules inside the transaction
//! that carries the wish out, so that nothing changes in between.

use ttalkak_protocol::{
    ErrorCode,
    api::{deployment::DeploymentState, release::ReleaseState},
};

/// What the owner wants of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// It should answer.
    Running,
    /// It should not run, and may be started again.
    Stopped,
    /// It should be gone.
    Deleted,
}

/// A wish about a deployment that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// A new release of the same or a new source.
    Redeploy,
    /// An earlier release again.
    Rollback,
    /// Run again after a stop.
    Start,
    /// A fresh workload of the serving release.
    Restart,
    /// Stop, and keep everything.
    Stop,
    /// Give up the rollout on its way.
    Cancel,
    /// Stop, and forget everything.
    Delete,
}

/// What the rules look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What its owner wants so far.
    pub wanted: Wanted,
    /// Where it stands.
    pub state: DeploymentState,
    /// Whether some release serves or served last.
    pub has_release: bool,
    /// Whether a rollout is on its way.
    pub rolling: bool,
    /// Whether its end date is reached.
    pub over: bool,
}

/// What follows from a wish that is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Do it.
    Proceed,
    /// It is already so, or on its way: answer as if it was done.
    AlreadySo,
}

/// Why a wish is not granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is on its way out.
    #[error("The deployment is being deleted.")]
    Deleted,
    /// Start, of what runs.
    #[error("The deployment is not stopped.")]
    NotStopped,
    /// Restart, of what does not run.
    #[error("The deployment does not run.")]
    NotRunning,
    /// Cancel, of nothing.
    #[error("No rollout is on its way.")]
    NothingRolling,
    /// Nothing was ever live.
    #[error("The deployment has no release to go to.")]
    NoRelease,
    /// Rollback to a release that was never healthy.
    #[error("Release {0} was never live.")]
    NeverLive(u32),
    /// Rollback to what serves.
    #[error("Release {0} is the one that serves.")]
    AlreadyServes(u32),
    /// Deletion of a project that is in use.
    #[error("The project still holds {0} deployment(s).")]
    ProjectInUse(u32),
    /// To run after the end date.
    #[error("The end date of the deployment is reached.")]
    TermOver,
    /// Another variable would pass the bounds of an environment.
    #[error("The environment would pass 64 KiB or 256 keys.")]
    EnvTooLarge,
    /// A team would be left without an owner.
    #[error("This is the team's last owner.")]
    LastOwner,
    /// A second back end of a project.
    #[error("The project has a back end already.")]
    PartTaken,
    /// A part of a project that no request by path can reach.
    #[error("Only what is reached by HTTP can be a part of its project.")]
    PartNeedsHttp,
    /// Leaving the team that is oneself.
    #[error("Nobody leaves the team that is theirs alone.")]
    OwnTeam,
}

impl Refusal {
    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Deleted
            | Self::NotStopped
            | Self::NotRunning
            | Self::NothingRolling
            | Self::NeverLive(_)
            | Self::AlreadyServes(_)
            | Self::ProjectInUse(_)
            | Self::OwnTeam => ErrorCode::StateConflict,
            Self::LastOwner => ErrorCode::LastOwner,
            Self::PartTaken | Self::PartNeedsHttp => ErrorCode::PartTaken,
            Self::TermOver => ErrorCode::TermOver,
            Self::NoRelease => ErrorCode::NoRelease,
            Self::EnvTooLarge => ErrorCode::EnvTooLarge,
        }
    }

    /// A next move that knows the case; `None` when the code's own is right.
    pub fn next_move(&self) -> Option<&'static str> {
        match self {
            Self::Deleted => Some("Wait until it is gone, then deploy it anew."),
            Self::NotStopped => Some("Use restart for a fresh start, or redeploy for the newest commit."),
            Self::NotRunning => Some("Use start, or redeploy."),
            Self::NothingRolling => Some("Nothing to do."),
            Self::NeverLive(_) | Self::AlreadyServes(_) => Some("Choose another with `ttalkak releases`."),
            Self::ProjectInUse(_) => Some("Delete its deployments first."),
            Self::OwnTeam => Some("Leave it as it is; it costs nothing."),
            Self::PartNeedsHttp => Some("Leave it as it is, or deploy it anew without --tcp."),
            Self::PartTaken | Self::NoRelease | Self::TermOver | Self::EnvTooLarge | Self::LastOwner => None,
        }
    }
}

/// Whether a wish may be carried out.
/// Errors: the rule that forbids it.
pub fn judge(wish: Wish, at: Standing) -> Result<Verdict, Refusal> {
    let gone = at.wanted == Wanted::Deleted;
    let stopped = at.wanted == Wanted::Stopped || at.state == DeploymentState::Ended;
    match wish {
        Wish::Delete if gone => Ok(Verdict::AlreadySo),
        Wish::Delete => Ok(Verdict::Proceed),
        _ if gone => Err(Refusal::Deleted),
        Wish::Stop if at.wanted == Wanted::Stopped => Ok(Verdict::AlreadySo),
        Wish::Stop => Ok(Verdict::Proceed),
        Wish::Cancel if at.rolling => Ok(Verdict::Proceed),
        Wish::Cancel => Err(Refusal::NothingRolling),
        Wish::Redeploy | Wish::Rollback | Wish::Start | Wish::Restart if at.over => Err(Refusal::TermOver),
        Wish::Redeploy => Ok(Verdict::Proceed),
        Wish::Start if !stopped || at.rolling => Err(Refusal::NotStopped),
        Wish::Restart if stopped => Err(Refusal::NotRunning),
        Wish::Rollback | Wish::Start | Wish::Restart if !at.has_release => Err(Refusal::NoRelease),
        Wish::Rollback | Wish::Start | Wish::Restart => Ok(Verdict::Proceed),
    }
}

/// A release as the choice of a rollback sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Its number.
    pub number: u32,
    /// Where it stands.
    pub state: ReleaseState,
    /// Whether it ever served.
    pub was_live: bool,
}

/// Chooses the release to go back to: the one asked for, else the newest before `current` that once served.
/// `all`: every release of the deployment. Errors: `NoRelease`, `NeverLive`, `AlreadyServes`.
pub fn choose_rollback(
    all: &[Candidate],
    current: Option<u32>,
    asked: Option<u32>,
    running: bool,
) -> Result<u32, Refusal> {
    let Some(number) = asked else {
        return all
            .iter()
            .filter(|c| c.was_live && current.is_none_or(|current| c.number < current))
            .map(|c| c.number)
            .max()
            .ok_or(Refusal::NoRelease);
    };
    let found = all.iter().find(|c| c.number == number).ok_or(Refusal::NoRelease)?;
    if !found.was_live {
        return Err(Refusal::NeverLive(number));
    }
    if running && current == Some(number) && found.state == ReleaseState::Live {
        return Err(Refusal::AlreadyServes(number));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(wanted: Wanted, state: DeploymentState) -> Standing {
        Standing { wanted, state, has_release: true, rolling: false, over: false }
    }

    #[test]
    fn what_is_being_deleted_takes_no_other_wish() {
        let at = standing(Wanted::Deleted, DeploymentState::Draining);
        assert_eq!(judge(Wish::Delete, at), Ok(Verdict::AlreadySo));
        for wish in [Wish::Redeploy, Wish::Rollback, Wish::Start, Wish::Restart, Wish::Stop, Wish::Cancel] {
            assert_eq!(judge(wish, at), Err(Refusal::Deleted), "{wish:?}");
        }
    }

    #[test]
    fn only_what_stands_still_is_started_and_only_what_runs_is_restarted() {
        let live = standing(Wanted::Running, DeploymentState::Live);
        let stopped = standing(Wanted::Stopped, DeploymentState::Ended);
        let failed = standing(Wanted::Running, DeploymentState::Ended);
        assert_eq!(judge(Wish::Start, live), Err(Refusal::NotStopped));
        assert_eq!(judge(Wish::Start, stopped), Ok(Verdict::Proceed));
        assert_eq!(judge(Wish::Start, failed), Ok(Verdict::Proceed));
        assert_eq!(judge(Wish::Start, Standing { rolling: true, ..failed }), Err(Refusal::NotStopped));
        assert_eq!(judge(Wish::Restart, live), Ok(Verdict::Proceed));
        assert_eq!(judge(Wish::Restart, stopped), Err(Refusal::NotRunning));
    }

    #[test]
    fn without_any_release_there_is_nothing_to_start_or_go_back_to() {
        let never = Standing { has_release: false, ..standing(Wanted::Stopped, DeploymentState::Ended) };
        assert_eq!(judge(Wish::Start, never), Err(Refusal::NoRelease));
        assert_eq!(judge(Wish::Rollback, never), Err(Refusal::NoRelease));
        assert_eq!(judge(Wish::Redeploy, never), Ok(Verdict::Proceed));
    }

    #[test]
    fn what_is_over_runs_no_more_and_can_still_be_stopped_and_deleted() {
        let over = Standing { over: true, ..standing(Wanted::Stopped, DeploymentState::Ended) };
        for wish in [Wish::Redeploy, Wish::Rollback, Wish::Start, Wish::Restart] {
            assert_eq!(judge(wish, over), Err(Refusal::TermOver), "{wish:?}");
        }
        assert_eq!(judge(Wish::Stop, over), Ok(Verdict::AlreadySo));
        assert_eq!(judge(Wish::Delete, over), Ok(Verdict::Proceed));
    }

    #[test]
    fn stopping_twice_is_stopping_once_and_cancel_needs_a_rollout() {
        let stopped = standing(Wanted::Stopped, DeploymentState::Draining);
        assert_eq!(judge(Wish::Stop, stopped), Ok(Verdict::AlreadySo));
        let live = standing(Wanted::Running, DeploymentState::Live);
        assert_eq!(judge(Wish::Stop, live), Ok(Verdict::Proceed));
        assert_eq!(judge(Wish::Cancel, live), Err(Refusal::NothingRolling));
        assert_eq!(judge(Wish::Cancel, Standing { rolling: true, ..live }), Ok(Verdict::Proceed));
    }

    #[test]
    fn a_rollback_goes_to_the_newest_earlier_release_that_once_served() {
        let of = |number, state, was_live| Candidate { number, state, was_live };
        let all = [
            of(1, ReleaseState::Retired, true),
            of(2, ReleaseState::Retired, true),
            of(3, ReleaseState::Failed, false),
            of(4, ReleaseState::Live, true),
        ];
        assert_eq!(choose_rollback(&all, Some(4), None, true), Ok(2));
        assert_eq!(choose_rollback(&all, Some(1), None, true), Err(Refusal::NoRelease));
        assert_eq!(choose_rollback(&all, Some(4), Some(1), true), Ok(1));
        assert_eq!(choose_rollback(&all, Some(4), Some(3), true), Err(Refusal::NeverLive(3)));
        assert_eq!(choose_rollback(&all, Some(4), Some(4), true), Err(Refusal::AlreadyServes(4)));
        assert_eq!(choose_rollback(&all, Some(4), Some(4), false), Ok(4));
        assert_eq!(choose_rollback(&all, Some(4), Some(9), true), Err(Refusal::NoRelease));
    }
}
