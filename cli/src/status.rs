//! How a deployment stands, in one grammar: sign, word, why, since when. Pure.

use crate::{
    human,
    output::{Paint, Tone, plain},
};
use ttalkak_protocol::{
    ErrorCode,
    api::deployment::{DeploymentState, DeploymentView, EndReason, RolloutView},
    unit::UnixMillis,
};

/// Signs are told apart by shape, so that colour is never needed.
fn look(state: DeploymentState, reason: Option<EndReason>) -> (&'static str, &'static str, Tone) {
    match state {
        DeploymentState::Requested => ("◐", "Requested", Tone::Warn),
        DeploymentState::Placed => ("◐", "Placed", Tone::Warn),
        DeploymentState::Building => ("◐", "Building", Tone::Warn),
        DeploymentState::Starting => ("◐", "Starting", Tone::Warn),
        DeploymentState::Connecting => ("◐", "Connecting", Tone::Warn),
        DeploymentState::Live => ("●", "Live", Tone::Good),
        DeploymentState::Crashed => ("▲", "Crashed", Tone::Bad),
        DeploymentState::Offline => ("▲", "Offline", Tone::Bad),
        DeploymentState::Draining => ("◐", "Draining", Tone::Warn),
        DeploymentState::Ended => match reason {
            Some(EndReason::Failed) => ("✗", "Failed", Tone::Bad),
            Some(EndReason::Balance) => ("○", "Stopped: money ended", Tone::Bad),
            Some(EndReason::Term) => ("○", "Ended: its time is over", Tone::Quiet),
            Some(EndReason::Deleted) => ("○", "Deleted", Tone::Quiet),
            Some(EndReason::Stopped) | None => ("○", "Stopped", Tone::Quiet),
        },
    }
}

/// `● Live · 3 h`, `◐ Building · step 4 of 7 · npm ci · 40 s`, `▲ Crashed · exit 137 · 2 min`.
pub(crate) fn line(view: &DeploymentView, now: UnixMillis, paint: Paint) -> String {
    let (sign, word, tone) = look(view.state, view.reason);
    let mut parts = vec![format!("{} {word}", paint.tone(tone, sign))];
    let before_live = view.release.is_none() || !serves(view.state);
    match (&view.rollout, &view.problem) {
        (Some(rollout), _) if before_live => parts.extend(progress(rollout)),
        // The word says it already.
        (_, Some(problem))
            if matches!(
                (view.reason, problem.code),
                (Some(EndReason::Balance), ErrorCode::BalanceEnded)
                    | (Some(EndReason::Term), ErrorCode::TermOver)
            ) => {}
        (_, Some(problem)) if !matches!(view.state, DeploymentState::Live) => {
            parts.push(plain(problem.message.trim_end_matches('.')));
        }
        _ => {}
    }
    parts.push(human::age(view.since, now));
    if let (Some(rollout), false) = (&view.rollout, before_live) {
        let mut beside = vec![format!("{} release {}", paint.tone(Tone::Warn, "◐"), rollout.release)];
        beside.extend(progress(rollout));
        parts.push(beside.join(" · "));
    }
    parts.join(" · ")
}

/// `step 4 of 7 · npm ci`: how far a rollout is, when it is known.
pub(crate) fn progress(rollout: &RolloutView) -> Option<String> {
    rollout.progress.as_deref().map(|text| plain(&text.replacen(": ", " · ", 1)))
}

fn serves(state: DeploymentState) -> bool {
    match state {
        DeploymentState::Live | DeploymentState::Crashed | DeploymentState::Offline => true,
        DeploymentState::Requested
        | DeploymentState::Placed
        | DeploymentState::Building
        | DeploymentState::Starting
        | DeploymentState::Connecting
        | DeploymentState::Draining
        | DeploymentState::Ended => false,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ttalkak_protocol::{
        error::Problem,
        id::{DeploymentId, ProjectId},
        unit::{Bytes, MilliCpu},
    };

    /// A deployment called shop, live with release 1 since time 0.
    pub(crate) fn live() -> DeploymentView {
        DeploymentView {
            id: DeploymentId::new(uuid::Uuid::nil()),
            name: "shop".into(),
            project: ProjectId::new(uuid::Uuid::nil()),
            project_name: "shop".into(),
            url: "http://shop.localhost:7780".into(),
            exposure: ttalkak_protocol::api::deployment::Exposure::Http,
            public_port: None,
            port: None,
            git_url: None,
            branch: None,
            root_dir: None,
            subject: None,
            commit: None,
            own_dockerfile: false,
            part: None,
            memory_bytes: Bytes::mib(512),
            milli_cpu: MilliCpu(1000),
            state: DeploymentState::Live,
            since: UnixMillis(0),
            reason: None,
            until: None,
            problem: None,
            release: Some(1),
            rollout: None,
            provider: None,
            created_at: UnixMillis(0),
            updated_at: UnixMillis(0),
        }
    }

    fn rollout(release: u32) -> RolloutView {
        RolloutView {
            release,
            step: "await_image".into(),
            progress: Some("step 4 of 7: npm ci".into()),
            since: UnixMillis(0),
        }
    }

    #[test]
    fn every_state_is_told_in_the_same_grammar() {
        let base = live();
        let problem = |text: &str| Some(Problem::new(ErrorCode::AppExited, text));
        let cases = [
            (base.clone(), "● Live · 40 s"),
            (
                DeploymentView {
                    state: DeploymentState::Building,
                    release: None,
                    rollout: Some(rollout(1)),
                    ..base.clone()
                },
                "◐ Building · step 4 of 7 · npm ci · 40 s",
            ),
            (
                DeploymentView {
                    state: DeploymentState::Crashed,
                    problem: problem("exit 137, out of memory."),
                    ..base.clone()
                },
                "▲ Crashed · exit 137, out of memory · 40 s",
            ),
            (
                DeploymentView { rollout: Some(rollout(2)), ..base.clone() },
                "● Live · 40 s · ◐ release 2 · step 4 of 7 · npm ci",
            ),
            (
                DeploymentView {
                    state: DeploymentState::Ended,
                    reason: Some(EndReason::Failed),
                    problem: problem("The app ended."),
                    ..base.clone()
                },
                "✗ Failed · The app ended · 40 s",
            ),
            (
                DeploymentView {
                    state: DeploymentState::Ended,
                    reason: Some(EndReason::Stopped),
                    ..base.clone()
                },
                "○ Stopped · 40 s",
            ),
            (
                DeploymentView {
                    state: DeploymentState::Ended,
                    reason: Some(EndReason::Balance),
                    problem: Some(Problem::new(ErrorCode::BalanceEnded, "The money is used up.")),
                    ..base.clone()
                },
                "○ Stopped: money ended · 40 s",
            ),
            (DeploymentView { state: DeploymentState::Draining, ..base.clone() }, "◐ Draining · 40 s"),
        ];
        for (view, text) in cases {
            assert_eq!(line(&view, UnixMillis(40_000), Paint::new(false)), text);
        }
    }

    #[test]
    fn a_message_cannot_break_the_line() {
        let mut view = live();
        view.state = DeploymentState::Crashed;
        view.problem = Some(Problem::new(ErrorCode::AppExited, "a\n\u{1b}[2Jb"));
        assert_eq!(line(&view, UnixMillis(0), Paint::new(false)), "▲ Crashed · ab · now");
    }
}
