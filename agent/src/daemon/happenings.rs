//! What of two looks at the running agent is worth a notice. Pure.

use crate::{
    logic::event::Now,
    view::{AgentView, LinkView},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use ttalkak_protocol::{
    desk::{GoneWhy, LendingState, NoticeKind},
    error::{ErrorCode, Problem},
    id::LeaseId,
    link::{Health, Phase},
    money::Amount,
    unit::Millis,
};

/// A coordinator that restarts is no news.
const LINK_DOWN_AFTER: Duration = Duration::from_secs(60);

/// What was seen before.
#[derive(Debug, Default)]
pub(super) struct Happenings {
    names: BTreeMap<LeaseId, String>,
    live: BTreeSet<LeaseId>,
    troubled: BTreeMap<LeaseId, ErrorCode>,
    engine_seen: bool,
    engine_down: Option<Duration>,
    link_down: Option<Duration>,
    link_told: bool,
    refused: bool,
    lending: Option<std::mem::Discriminant<LendingState>>,
    earned: bool,
}

/// What explains why a workload went.
#[derive(Clone, Copy)]
pub(super) struct Wishes<'a> {
    /// Leases that the owner handed back.
    pub handed_back: &'a dyn Fn(&LeaseId) -> bool,
    /// Whether a rule of lending makes work leave now.
    pub leaving: bool,
}

impl Happenings {
    /// Looks at the agent again.
    pub(super) fn look(&mut self, view: &AgentView, wishes: Wishes<'_>, now: Now) -> Vec<NoticeKind> {
        let mut found = Vec::new();
        self.engine(view, now, &mut found);
        self.link(view, now, &mut found);
        self.workloads(view, wishes, &mut found);
        let earned = view.leases.iter().filter_map(|lease| lease.earned).map(|earned| earned.vouched.0).sum();
        if earned > 0 && !std::mem::replace(&mut self.earned, true) {
            found.push(NoticeKind::FirstEarning { amount: Amount(earned) });
        }
        found
    }

    /// Lending changed. Reasons that come and go with the owner's hands on the keyboard are no news.
    pub(super) fn lending(&mut self, state: &LendingState) -> Option<NoticeKind> {
        if matches!(state, LendingState::OwnerActive { .. } | LendingState::NotSetUp) {
            return None;
        }
        let kind = std::mem::discriminant(state);
        let before = self.lending.replace(kind);
        before
            .is_some_and(|before| before != kind)
            .then(|| NoticeKind::LendingChanged { state: state.clone() })
    }

    fn engine(&mut self, view: &AgentView, now: Now, found: &mut Vec<NoticeKind>) {
        match (&view.engine, self.engine_down, &view.engine_problem) {
            (Some(_), Some(since), _) => {
                self.engine_down = None;
                if self.engine_seen {
                    found.push(NoticeKind::EngineUp { away: millis(now.mono.saturating_sub(since)) });
                }
            }
            (None, None, Some(problem)) => {
                self.engine_down = Some(now.mono);
                found.push(NoticeKind::EngineDown { problem: problem.clone() });
            }
            (Some(_), None, _) | (None, Some(_), _) | (None, None, None) => {}
        }
        self.engine_seen |= view.engine.is_some() || self.engine_down.is_some();
    }

    fn link(&mut self, view: &AgentView, now: Now, found: &mut Vec<NoticeKind>) {
        match &view.link {
            LinkView::Dialling => {}
            LinkView::Connected => {
                self.refused = false;
                let down = self.link_down.take();
                if let (true, Some(since)) = (std::mem::take(&mut self.link_told), down) {
                    found.push(NoticeKind::LinkUp { away: millis(now.mono.saturating_sub(since)) });
                }
            }
            LinkView::Down(problem) => {
                let since = *self.link_down.get_or_insert(now.mono);
                if now.mono.saturating_sub(since) >= LINK_DOWN_AFTER
                    && !std::mem::replace(&mut self.link_told, true)
                {
                    found.push(NoticeKind::LinkDown { problem: problem.clone() });
                }
            }
            LinkView::Refused(problem) => {
                if !std::mem::replace(&mut self.refused, true) {
                    found.push(NoticeKind::LinkRefused { problem: problem.clone() });
                }
            }
        }
    }

    fn workloads(&mut self, view: &AgentView, wishes: Wishes<'_>, found: &mut Vec<NoticeKind>) {
        for lease in &view.leases {
            self.names.entry(lease.lease).or_insert_with(|| lease.name.clone());
        }
        for workload in &view.workloads {
            let (lease, name) = (workload.lease, self.name(workload.lease));
            match trouble(&workload.phase) {
                Some(problem) if self.troubled.insert(lease, problem.code) != Some(problem.code) => {
                    let problem = problem.clone();
                    found.push(if problem.code == ErrorCode::PortsExhausted {
                        NoticeKind::PortsExhausted { lease }
                    } else {
                        NoticeKind::WorkloadTroubled { lease, name, problem }
                    });
                }
                Some(_) => {}
                None if workload.phase == (Phase::Running { health: Health::Healthy }) => {
                    self.troubled.remove(&lease);
                    if self.live.insert(lease) {
                        found.push(NoticeKind::WorkloadLive { lease, name });
                    }
                }
                None => {}
            }
        }
        let here: BTreeSet<LeaseId> = view.workloads.iter().map(|workload| workload.lease).collect();
        let gone: Vec<LeaseId> = self.names.keys().filter(|lease| !here.contains(lease)).copied().collect();
        for lease in gone {
            let name = self.names.remove(&lease).unwrap_or_default();
            self.troubled.remove(&lease);
            if self.live.remove(&lease) {
                let why = match view.link {
                    _ if (wishes.handed_back)(&lease) => GoneWhy::Owner,
                    _ if wishes.leaving => GoneWhy::Lending,
                    LinkView::Connected => GoneWhy::Coordinator,
                    LinkView::Dialling | LinkView::Down(_) | LinkView::Refused(_) => GoneWhy::Expired,
                };
                found.push(NoticeKind::WorkloadGone { lease, name, why });
            }
        }
    }

    fn name(&self, lease: LeaseId) -> String {
        self.names.get(&lease).cloned().unwrap_or_default()
    }
}

fn trouble(phase: &Phase) -> Option<&Problem> {
    match phase {
        Phase::Failed { problem, .. } => Some(problem),
        Phase::Running { health: Health::Unhealthy { why } } => Some(why),
        Phase::BackingOff { last, .. } => Some(last),
        Phase::Running { health: Health::Healthy | Health::Unknown }
        | Phase::Waiting { .. }
        | Phase::Fetching
        | Phase::Building { .. }
        | Phase::Starting
        | Phase::Stopping => None,
    }
}

fn millis(time: Duration) -> Millis {
    Millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::{link::WorkloadReport, unit::UnixMillis};

    fn at(seconds: u64) -> Now {
        Now { mono: Duration::from_secs(seconds), wall: UnixMillis(0) }
    }

    fn lease() -> LeaseId {
        LeaseId::new(uuid::Uuid::from_u128(1))
    }

    fn problem(code: ErrorCode) -> Problem {
        Problem::new(code, "Because.")
    }

    fn view(link: LinkView, phase: Option<Phase>) -> AgentView {
        let report = |phase| WorkloadReport {
            lease: lease(),
            phase,
            since: UnixMillis(0),
            host_port: None,
            image: None,
            restarts: 0,
            memory_used: None,
            timings: Default::default(),
        };
        let leases = phase.iter().map(|_| crate::view::LeaseView::of(&crate::logic::policy::tests::lease(1)));
        let mut leases: Vec<_> = leases.collect();
        leases.iter_mut().for_each(|view| view.lease = lease());
        AgentView {
            link,
            engine: Some("docker 27".to_owned()),
            leases,
            workloads: phase.into_iter().map(report).collect(),
            ..AgentView::default()
        }
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "the others are not looked at here")]
    fn look(happenings: &mut Happenings, view: &AgentView, seconds: u64) -> Vec<&'static str> {
        let wishes = Wishes { handed_back: &|_| false, leaving: false };
        let found = happenings.look(view, wishes, at(seconds));
        found
            .iter()
            .map(|kind| match kind {
                NoticeKind::WorkloadLive { .. } => "live",
                NoticeKind::WorkloadTroubled { .. } => "troubled",
                NoticeKind::WorkloadGone { why: GoneWhy::Coordinator, .. } => "gone: coordinator",
                NoticeKind::WorkloadGone { why: GoneWhy::Expired, .. } => "gone: expired",
                NoticeKind::EngineDown { .. } => "engine down",
                NoticeKind::EngineUp { .. } => "engine up",
                NoticeKind::LinkDown { .. } => "link down",
                NoticeKind::LinkUp { .. } => "link up",
                NoticeKind::LinkRefused { .. } => "refused",
                _ => "other",
            })
            .collect()
    }

    #[test]
    fn the_life_of_a_workload_is_told_once_each() {
        let mut seen = Happenings::default();
        let healthy = || Some(Phase::Running { health: Health::Healthy });
        let sick =
            || Some(Phase::Running { health: Health::Unhealthy { why: problem(ErrorCode::AppUnhealthy) } });
        assert!(look(&mut seen, &view(LinkView::Connected, Some(Phase::Starting)), 0).is_empty());
        assert_eq!(look(&mut seen, &view(LinkView::Connected, healthy()), 1), ["live"]);
        assert!(look(&mut seen, &view(LinkView::Connected, healthy()), 2).is_empty());
        assert_eq!(look(&mut seen, &view(LinkView::Connected, sick()), 3), ["troubled"]);
        assert!(look(&mut seen, &view(LinkView::Connected, sick()), 4).is_empty());
        assert!(look(&mut seen, &view(LinkView::Connected, healthy()), 5).is_empty());
        assert_eq!(look(&mut seen, &view(LinkView::Connected, sick()), 6), ["troubled"]);
        assert_eq!(look(&mut seen, &view(LinkView::Connected, None), 7), ["gone: coordinator"]);
    }

    #[test]
    fn a_link_that_is_away_for_a_moment_is_no_news() {
        let mut seen = Happenings::default();
        let down = || LinkView::Down(problem(ErrorCode::Unavailable));
        assert!(look(&mut seen, &view(down(), None), 0).is_empty());
        assert!(look(&mut seen, &view(LinkView::Connected, None), 59).is_empty());
        assert!(look(&mut seen, &view(down(), None), 60).is_empty());
        assert_eq!(look(&mut seen, &view(down(), None), 120), ["link down"]);
        assert!(look(&mut seen, &view(down(), None), 500).is_empty());
        assert_eq!(look(&mut seen, &view(LinkView::Connected, None), 600), ["link up"]);
    }

    #[test]
    fn an_engine_that_went_is_told_and_its_return_too() {
        let mut seen = Happenings::default();
        let mut now = view(LinkView::Connected, None);
        assert!(look(&mut seen, &now, 0).is_empty());
        (now.engine, now.engine_problem) = (None, Some(problem(ErrorCode::EngineUnavailable)));
        assert_eq!(look(&mut seen, &now, 1), ["engine down"]);
        assert!(look(&mut seen, &now, 2).is_empty());
        (now.engine, now.engine_problem) = (Some("docker 27".to_owned()), None);
        assert_eq!(look(&mut seen, &now, 3), ["engine up"]);
    }
}
