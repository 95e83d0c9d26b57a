//! What a waiting step of a rollout makes of the newest report of its workload.

use super::deployment::Fact;
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    link::{Health, Phase, WorkloadReport},
};

/// What a rollout waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Milestone {
    /// The image exists.
    Image,
    /// The container runs.
    Running,
    /// It answers.
    Healthy,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Awaited {
    /// Reached.
    Ready,
    /// Not yet.
    Waiting {
        /// What the deployment is doing, when that is known.
        fact: Option<Fact>,
        /// One line for people.
        progress: Option<String>,
    },
    /// It will not come.
    Failed {
        /// Why.
        problem: Problem,
        /// What it last wrote.
        last_lines: Vec<String>,
    },
}

/// Judges the newest report. `None`: the agent has not spoken of this lease yet.
pub fn judge(milestone: Milestone, report: Option<&WorkloadReport>) -> Awaited {
    let Some(report) = report else {
        return Awaited::Waiting { fact: None, progress: None };
    };
    let (reached, fact, progress) = match &report.phase {
        Phase::Waiting { why } => {
            // One that waits with its image, waits for the word that it is paid.
            let reached = report.image.is_some().then_some(Milestone::Image);
            (reached, None, why.as_ref().map(|why| why.message.clone()))
        }
        Phase::Fetching => (None, Some(Fact::BuildStarted), Some("sending the source".to_owned())),
        Phase::Building { step, total, doing } => {
            (None, Some(Fact::BuildStarted), Some(format!("step {step} of {total}: {doing}")))
        }
        Phase::Starting => (Some(Milestone::Image), Some(Fact::WorkloadStarting), None),
        Phase::Running { health: Health::Healthy } => {
            (Some(Milestone::Healthy), Some(Fact::WorkloadStarted), None)
        }
        Phase::Running { health: Health::Unknown } => (
            Some(Milestone::Running),
            Some(Fact::WorkloadStarted),
            Some("waiting for its first answer".to_owned()),
        ),
        Phase::Running { health: Health::Unhealthy { why } } => {
            (Some(Milestone::Running), Some(Fact::WorkloadStarted), Some(why.message.clone()))
        }
        Phase::BackingOff { last, .. } => {
            (Some(Milestone::Image), Some(Fact::WorkloadStarting), Some(last.message.clone()))
        }
        Phase::Stopping => (None, None, None),
        Phase::Failed { problem, last_lines } => {
            return Awaited::Failed { problem: problem.clone(), last_lines: last_lines.clone() };
        }
    };
    if reached.is_some_and(|reached| reached as u8 >= milestone as u8) {
        Awaited::Ready
    } else {
        Awaited::Waiting { fact, progress }
    }
}

/// What the report of a workload that serves says about its deployment; `None`: nothing worth a change.
pub fn serving_fact(report: &WorkloadReport) -> Option<(Fact, Option<Problem>)> {
    match &report.phase {
        Phase::Running { health: Health::Healthy } => Some((Fact::WorkloadRecovered, None)),
        Phase::Running { health: Health::Unhealthy { why } } => {
            Some((Fact::WorkloadCrashed, Some(why.clone())))
        }
        Phase::BackingOff { last, .. } => Some((Fact::WorkloadCrashed, Some(last.clone()))),
        Phase::Failed { problem, .. } => Some((Fact::WorkloadCrashed, Some(problem.clone()))),
        Phase::Waiting { why: Some(why) } if why.code == ErrorCode::EngineUnavailable => {
            Some((Fact::WorkloadCrashed, Some(why.clone())))
        }
        Phase::Running { health: Health::Unknown }
        | Phase::Waiting { .. }
        | Phase::Fetching
        | Phase::Building { .. }
        | Phase::Starting
        | Phase::Stopping => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::{id::LeaseId, link::Timings, unit::UnixMillis};
    use uuid::Uuid;

    fn report(phase: Phase) -> WorkloadReport {
        WorkloadReport {
            lease: LeaseId::new(Uuid::nil()),
            phase,
            since: UnixMillis(0),
            host_port: None,
            image: None,
            restarts: 0,
            memory_used: None,
            timings: Timings::default(),
        }
    }

    #[test]
    fn a_later_milestone_includes_the_earlier_ones() {
        let healthy = report(Phase::Running { health: Health::Healthy });
        for milestone in [Milestone::Image, Milestone::Running, Milestone::Healthy] {
            assert_eq!(judge(milestone, Some(&healthy)), Awaited::Ready);
        }
        let starting = report(Phase::Starting);
        assert_eq!(judge(Milestone::Image, Some(&starting)), Awaited::Ready);
        assert!(matches!(judge(Milestone::Running, Some(&starting)), Awaited::Waiting { .. }));
    }

    #[test]
    fn progress_of_a_build_is_told_and_a_failure_keeps_its_last_lines() {
        let building = report(Phase::Building { step: 2, total: 7, doing: "npm ci".into() });
        let Awaited::Waiting { progress, fact } = judge(Milestone::Image, Some(&building)) else {
            panic!("not waiting")
        };
        assert_eq!((progress.as_deref(), fact), (Some("step 2 of 7: npm ci"), Some(Fact::BuildStarted)));
        let problem = Problem::new(ErrorCode::AppExited, "The app ended with exit code 1.");
        let failed = report(Phase::Failed { problem: problem.clone(), last_lines: vec!["boom".into()] });
        assert_eq!(
            judge(Milestone::Healthy, Some(&failed)),
            Awaited::Failed { problem, last_lines: vec!["boom".into()] }
        );
    }

    #[test]
    fn silence_is_waiting_not_failure() {
        assert_eq!(judge(Milestone::Image, None), Awaited::Waiting { fact: None, progress: None });
    }
}
