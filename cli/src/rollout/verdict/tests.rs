use super::*;
use crate::status::tests::live;
use ttalkak_protocol::{api::deployment::RolloutView, id::ReleaseId, link::Timings, unit::UnixMillis};

fn release(number: u32, state: ReleaseState) -> ReleaseView {
    ReleaseView {
        id: ReleaseId::new(uuid::Uuid::nil()),
        number,
        state,
        commit: None,
        subject: None,
        branch: None,
        source_digest: None,
        platform: None,
        plan: None,
        image: None,
        image_bytes: None,
        problem: None,
        last_lines: Vec::new(),
        env_keys: Vec::new(),
        timings: Timings::default(),
        created_at: UnixMillis(0),
        live_at: None,
        ended_at: None,
    }
}

fn rolling(number: u32, step: &str) -> DeploymentView {
    let rollout = RolloutView { release: number, step: step.into(), progress: None, since: UnixMillis(0) };
    DeploymentView { rollout: Some(rollout), ..live() }
}

fn problem(text: &str) -> Problem {
    Problem::new(ErrorCode::AppExited, text)
}

#[test]
fn a_rollout_goes_on_until_its_last_step_only_clears_away() {
    let old = release(2, ReleaseState::Rolling);
    assert_eq!(judge(&rolling(2, "await_image"), &old, false), Verdict::Going);
    let mut deployment = rolling(2, "drain_previous");
    deployment.release = Some(2);
    assert_eq!(judge(&deployment, &release(2, ReleaseState::Live), false), Verdict::Serves);
}

#[test]
fn a_failed_release_tells_its_own_problem() {
    let failed = ReleaseView { problem: Some(problem("exit 1")), ..release(2, ReleaseState::Failed) };
    assert_eq!(judge(&live(), &failed, false), Verdict::Over(problem("exit 1")));
}

#[test]
fn a_newer_deploy_ends_the_older_one() {
    let Verdict::Over(problem) =
        judge(&rolling(3, "await_image"), &release(2, ReleaseState::Cancelled), false)
    else {
        panic!("not over")
    };
    assert_eq!(problem.code, ErrorCode::Superseded);
}

#[test]
fn a_failed_restart_is_seen_by_the_deployments_problem() {
    let deployment = DeploymentView { problem: Some(problem("exit 1")), ..live() };
    assert_eq!(judge(&deployment, &release(1, ReleaseState::Live), true), Verdict::Over(problem("exit 1")));
    // A fresh release that serves is not blamed for what a later rollout met.
    assert_eq!(judge(&deployment, &release(1, ReleaseState::Live), false), Verdict::Serves);
}

#[test]
fn a_failed_rollback_leaves_a_retired_release_with_its_problem() {
    let retired = ReleaseView { problem: Some(problem("exit 3")), ..release(1, ReleaseState::Retired) };
    let deployment = DeploymentView { release: Some(2), ..live() };
    assert_eq!(judge(&deployment, &retired, true), Verdict::Over(problem("exit 3")));
}

#[test]
fn a_moment_between_two_writes_is_waited_out_but_an_end_is_not() {
    assert_eq!(judge(&live(), &release(2, ReleaseState::Rolling), false), Verdict::Going);
    let ended = DeploymentView { state: DeploymentState::Ended, ..live() };
    assert!(matches!(judge(&ended, &release(2, ReleaseState::Rolling), false), Verdict::Over(_)));
}
