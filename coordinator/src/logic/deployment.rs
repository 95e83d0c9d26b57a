//! The life of a deployment: one table of states and facts. While a release serves, a rollout beside it does not
//! change the state; what the rollout does is told apart.

use ttalkak_protocol::api::deployment::{DeploymentState as State, EndReason};

/// What was observed or asked of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// A rollout began.
    RolloutStarted,
    /// A provider was chosen.
    ProviderChosen,
    /// The image is being made.
    BuildStarted,
    /// The container is being started.
    WorkloadStarting,
    /// The container runs; tunnel and health are awaited.
    WorkloadStarted,
    /// Visitors reach a healthy workload.
    WentLive,
    /// The rollout gave up, with its reason kept apart.
    RolloutFailed,
    /// The rollout was given up for a newer one or by its owner before anything served.
    RolloutCancelled,
    /// The serving workload ended or stopped answering.
    WorkloadCrashed,
    /// The serving workload answers again.
    WorkloadRecovered,
    /// The serving provider's link is gone.
    ProviderLost,
    /// The serving provider is back.
    ProviderReturned,
    /// Stopping began.
    DrainStarted,
    /// Nothing runs any more.
    DrainEnded(EndReason),
}

/// A fact that does not fit. Late and doubled reports are expected: the caller counts and drops them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a deployment that is {state:?} cannot take {fact:?}")]
pub struct Illegal {
    /// Where it stood.
    pub state: State,
    /// What was said.
    pub fact: Fact,
}

/// Where a deployment stands: the state, and the reason when it ended.
pub type Standing = (State, Option<EndReason>);

/// Applies one fact. Pure; the same standing back means that nothing changes.
pub fn apply(standing: Standing, fact: Fact) -> Result<Standing, Illegal> {
    use Fact as F;
    use State as S;
    let (state, reason) = standing;
    let same = Ok(standing);
    let to = |next: State| Ok((next, None));
    match (state, fact) {
        // A rollout before anything serves is the state itself.
        (
            S::Ended | S::Requested | S::Placed | S::Building | S::Starting | S::Connecting,
            F::RolloutStarted,
        ) => to(S::Requested),
        (S::Requested | S::Placed | S::Building | S::Starting | S::Connecting, F::ProviderChosen) => {
            to(S::Placed)
        }
        (S::Placed | S::Building, F::BuildStarted) => to(S::Building),
        (S::Placed | S::Building | S::Starting, F::WorkloadStarting) => to(S::Starting),
        (S::Placed | S::Building | S::Starting | S::Connecting, F::WorkloadStarted) => to(S::Connecting),
        (S::Requested | S::Placed | S::Building | S::Starting | S::Connecting, F::RolloutFailed) => {
            Ok((S::Ended, Some(EndReason::Failed)))
        }
        (S::Requested | S::Placed | S::Building | S::Starting | S::Connecting, F::RolloutCancelled) => {
            Ok((S::Ended, Some(EndReason::Stopped)))
        }
        // Beside a release that serves, or should, a rollout leaves the state alone until it is live.
        (
            S::Live | S::Crashed | S::Offline,
            F::RolloutStarted
            | F::ProviderChosen
            | F::BuildStarted
            | F::WorkloadStarting
            | F::WorkloadStarted
            | F::RolloutFailed
            | F::RolloutCancelled,
        ) => same,
        (S::Ended, F::RolloutFailed | F::RolloutCancelled) => Ok((S::Ended, reason)),
        (
            S::Requested
            | S::Placed
            | S::Building
            | S::Starting
            | S::Connecting
            | S::Live
            | S::Crashed
            | S::Offline,
            F::WentLive,
        ) => to(S::Live),
        // What happens to a release that serves.
        (S::Live | S::Crashed, F::WorkloadCrashed) => to(S::Crashed),
        (S::Live | S::Crashed, F::WorkloadRecovered) => to(S::Live),
        (S::Live | S::Crashed | S::Offline, F::ProviderLost) => to(S::Offline),
        (S::Offline | S::Live, F::ProviderReturned) => to(S::Live),
        // The end can be asked for at any time, and asked for again.
        (_, F::DrainStarted) => to(S::Draining),
        (S::Draining, F::DrainEnded(why)) => Ok((S::Ended, Some(why))),
        (S::Draining, F::RolloutStarted) => to(S::Requested),
        // A pair that is not listed is illegal.
        _ => Err(Illegal { state, fact }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Fact as F;
    use State as S;

    fn walk(facts: &[Fact]) -> Result<Standing, Illegal> {
        facts.iter().try_fold((S::Requested, None), |standing, fact| apply(standing, *fact))
    }

    #[test]
    fn a_first_deploy_walks_through_every_state_to_live() {
        let way =
            [F::RolloutStarted, F::ProviderChosen, F::BuildStarted, F::WorkloadStarting, F::WorkloadStarted];
        let states = [S::Requested, S::Placed, S::Building, S::Starting, S::Connecting];
        for (upto, state) in states.iter().enumerate() {
            assert_eq!(walk(&way[..=upto]), Ok((*state, None)));
        }
        assert_eq!(walk(&[&way[..], &[F::WentLive]].concat()), Ok((S::Live, None)));
    }

    #[test]
    fn a_failed_rollout_ends_a_first_deploy_and_leaves_a_serving_one_alone() {
        assert_eq!(walk(&[F::ProviderChosen, F::RolloutFailed]), Ok((S::Ended, Some(EndReason::Failed))));
        assert_eq!(
            walk(&[F::WentLive, F::RolloutStarted, F::BuildStarted, F::RolloutFailed]),
            Ok((S::Live, None))
        );
    }

    #[test]
    fn a_stopped_deployment_does_not_come_alive_by_a_late_report() {
        let stopped = [F::WentLive, F::DrainStarted, F::DrainEnded(EndReason::Stopped)];
        assert_eq!(walk(&stopped), Ok((S::Ended, Some(EndReason::Stopped))));
        for late in [F::WorkloadRecovered, F::WorkloadCrashed, F::ProviderReturned, F::WentLive] {
            assert!(walk(&[&stopped[..], &[late]].concat()).is_err(), "{late:?}");
        }
    }

    #[test]
    fn a_lost_provider_and_a_crash_heal() {
        assert_eq!(walk(&[F::WentLive, F::ProviderLost, F::ProviderReturned]), Ok((S::Live, None)));
        assert_eq!(walk(&[F::WentLive, F::WorkloadCrashed, F::WorkloadRecovered]), Ok((S::Live, None)));
    }
}
