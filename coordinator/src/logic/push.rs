//! What a push means for one deployment: it is deployed, it waits for checks, or it is passed over and says why. Pure.
//! What others tell us about pushes is read in `event`; which branches and paths are meant is matched in `glob`.

pub mod event;
pub mod glob;
pub mod preview;

use event::PushEvent;
use serde::{Deserialize, Serialize};
use ttalkak_protocol::{
    api::push::SkipReason,
    unit::{Millis, UnixMillis},
};

/// Checks begin a moment after the push: an empty list means nothing before this.
const CHECKS_COME_WITHIN: Millis = Millis(45_000);
/// Checks that take longer are not waited for.
const CHECKS_TAKE_AT_MOST: Millis = Millis(60 * 60_000);
/// What is said of a commit is tried so often, with pauses that double: an hour in all.
const TELLS_MAX: u32 = 9;
const TELL_PAUSE_MS: i64 = 7_000;
/// Statuses of ours begin so; they are no checks.
pub const STATUS_PREFIX: &str = "ttalkak/";

/// What is set for a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookSettings {
    /// Whether pushes deploy at all.
    pub on: bool,
    /// Which branches, as a pattern; absent: the deployment's own.
    pub branch: Option<String>,
    /// The branch that the deployment was made of, if it names one.
    pub own_branch: Option<String>,
    /// Which paths must be touched, as patterns; empty: any.
    pub paths: Vec<String>,
    /// Deploy only what passed the checks of others.
    pub wait_for_checks: bool,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Bring it live.
    Deploy,
    /// Bring it live when the checks are through.
    Wait,
    /// Nothing.
    Skip(SkipReason),
}

/// Decides about one push. `newest`: when the newest push that was taken before happened, where that is known.
/// `can_wait`: whether we can see the checks of its commit at all.
pub fn judge(
    settings: &HookSettings,
    event: &PushEvent,
    newest: Option<UnixMillis>,
    can_wait: bool,
) -> Verdict {
    let skip = |reason| Verdict::Skip(reason);
    if !settings.on {
        return skip(SkipReason::PushOff);
    }
    if event.tag {
        return skip(SkipReason::NoBranch);
    }
    if !is_meant(settings, event) {
        return skip(SkipReason::OtherBranch);
    }
    if event.deleted {
        return skip(SkipReason::BranchDeleted);
    }
    if asks_to_skip(event.message.as_deref().unwrap_or_default()) {
        return skip(SkipReason::AskedToSkip);
    }
    // A push whose paths are not told, or not all of them, may have touched any.
    let touches = |paths: &Vec<String>| {
        paths.iter().any(|path| settings.paths.iter().any(|pattern| glob::matches(pattern, path)))
    };
    if !settings.paths.is_empty() && !event.paths.as_ref().is_none_or(touches) {
        return skip(SkipReason::PathsUntouched);
    }
    if event.pushed_at.is_some_and(|at| newest.is_some_and(|newest| at < newest)) {
        return skip(SkipReason::Superseded);
    }
    if settings.wait_for_checks && can_wait && event.commit.is_some() {
        Verdict::Wait
    } else {
        Verdict::Deploy
    }
}

fn is_meant(settings: &HookSettings, event: &PushEvent) -> bool {
    let Some(branch) = &event.branch else { return true };
    match (&settings.branch, &settings.own_branch) {
        (Some(pattern), _) => glob::matches(pattern, branch),
        (None, Some(own)) => own == branch,
        (None, None) => match &event.default_branch {
            Some(default) => default == branch,
            None => matches!(branch.as_str(), "main" | "master"),
        },
    }
}

/// `[skip deploy]` or `[deploy skip]` anywhere in a message, in any case.
fn asks_to_skip(message: &str) -> bool {
    let message = message.to_lowercase();
    ["[skip deploy]", "[deploy skip]"].iter().any(|words| message.contains(words))
}

/// How the checks of a commit stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChecksStand {
    /// All through.
    Passed,
    /// One failed.
    Failed,
    /// Some are under way.
    Pending,
}

/// One check, by whoever: `state` is a status's, or of a run its conclusion, if it has one, else its status.
pub fn stand_of<'c>(checks: impl Iterator<Item = (&'c str, &'c str)>, since: Millis) -> ChecksStand {
    let (mut any, mut pending) = (false, false);
    for (_, state) in checks.filter(|(name, _)| !name.starts_with(STATUS_PREFIX)) {
        any = true;
        match state {
            "success" | "neutral" | "skipped" => {}
            "failure" | "error" | "cancelled" | "timed_out" | "action_required" | "startup_failure"
            | "stale" => {
                return ChecksStand::Failed;
            }
            _ => pending = true,
        }
    }
    if pending || (!any && since < CHECKS_COME_WITHIN) { ChecksStand::Pending } else { ChecksStand::Passed }
}

/// What becomes of a push that waits for checks. `waited`: since it came.
pub fn after_checks(stand: ChecksStand, waited: Millis) -> Verdict {
    match stand {
        ChecksStand::Passed => Verdict::Deploy,
        ChecksStand::Failed => Verdict::Skip(SkipReason::ChecksFailed),
        ChecksStand::Pending if waited > CHECKS_TAKE_AT_MOST => Verdict::Skip(SkipReason::ChecksLate),
        ChecksStand::Pending => Verdict::Wait,
    }
}

/// When to try again to say how a commit stands, after `tries` in vain; `None`: not any more.
pub fn tell_again(tries: u32, now: UnixMillis) -> Option<UnixMillis> {
    (tries < TELLS_MAX).then(|| UnixMillis(now.0 + (TELL_PAUSE_MS << tries)))
}

#[cfg(test)]
mod tests;
