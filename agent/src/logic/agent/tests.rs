use super::*;
use crate::logic::{
    event::{Observed, Probed, SeenContainer},
    policy::tests::{facts, lease},
};
use expect_test::{Expect, expect};
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    link::Phase,
    unit::{Bytes, UnixMillis},
};
use uuid::Uuid;

pub(super) fn at(seconds: u64) -> Now {
    Now { mono: Duration::from_secs(seconds), wall: UnixMillis(i64::try_from(seconds * 1000).unwrap()) }
}

pub(super) fn id(n: u128) -> LeaseId {
    lease(n).lease
}

pub(super) fn image(n: u128) -> ImageReport {
    ImageReport { build_key: format!("key{n}"), digest: format!("sha256:{n}"), bytes: Bytes(1) }
}

pub(super) fn container(n: u128, name: &str, running: bool, port: i64) -> SeenContainer {
    SeenContainer {
        id: name.to_owned(),
        lease: Some(id(n)),
        running,
        host_port: HostPort::try_from(port).ok(),
    }
}

/// An agent and its clock, driven like a conversation.
pub(super) struct Talk {
    pub(super) agent: Agent,
    pub(super) now: u64,
}

impl Talk {
    pub(super) fn new() -> Self {
        let ports = Ports::new(9000..=9002, BTreeMap::new());
        Self { agent: Agent::new(AgentId::new(Uuid::from_u128(9)), ports, at(0)), now: 0 }
    }

    /// The engine is up and was looked at; nothing of ours is there but these images.
    pub(super) fn ready(images: &[u128]) -> Self {
        let mut talk = Self::new();
        talk.on(Event::EngineUp(facts()));
        talk.observed(Observed { images: images.iter().map(|n| image(*n)).collect(), ..Observed::default() });
        talk
    }

    pub(super) fn on(&mut self, event: Event) -> Vec<String> {
        self.agent.on(event, at(self.now)).iter().map(short).collect()
    }

    pub(super) fn observed(&mut self, seen: Observed) -> Vec<String> {
        let round = self.agent.round;
        self.on(Event::Observed { round, seen })
    }

    /// Looks again when a look is due.
    pub(super) fn look(&mut self, seen: Observed) -> Vec<String> {
        self.now += 5;
        let mut effects = self.on(Event::Tick);
        effects.extend(self.observed(seen));
        effects
    }

    pub(super) fn fact(&mut self, n: u128, fact: Fact) -> Vec<String> {
        let ticket = self.agent.workloads[&id(n)].ticket;
        self.on(Event::Of { lease: id(n), ticket, fact })
    }

    pub(super) fn assign(&mut self, generation: u64, leases: &[u128]) -> Vec<String> {
        let leases = leases.iter().map(|n| lease(*n)).collect();
        self.on(Event::Assigned(Assignment { generation, leases, pinned: Vec::new() }))
    }

    pub(super) fn started(&mut self, n: u128, name: &str) -> Vec<String> {
        let port = self.agent.ports()[&id(n)];
        let (took, ran_for) = (Millis(5), Duration::ZERO);
        self.fact(n, Fact::Started { container: name.to_owned(), port, took, ran_for })
    }

    pub(super) fn phase(&self, n: u128) -> Phase {
        self.agent.workloads[&id(n)].report(None).phase
    }
}

fn short(effect: &Effect) -> String {
    let n = |lease: &LeaseId| lease.uuid().as_u128();
    match effect {
        Effect::Fetch { lease, .. } => format!("fetch {}", n(lease)),
        Effect::Build { lease, .. } => format!("build {}", n(lease)),
        Effect::Start { lease, policy, .. } => format!("start {} on {}", n(lease), policy.host_port),
        Effect::Adopt { lease, container, .. } => format!("adopt {container} for {}", n(lease)),
        Effect::Watch { lease, container, .. } => format!("watch {container} of {}", n(lease)),
        Effect::Probe { lease, order, .. } => {
            format!("probe {}{}", n(lease), if order.diagnose { " and diagnose" } else { "" })
        }
        Effect::GiveUp { lease, .. } => format!("give {} up", n(lease)),
        Effect::StopContainer { lease, container, .. } => format!("stop {container} of {}", n(lease)),
        Effect::Limit { container, cpu, memory } => {
            format!("hold {container} to {}m and {} MiB", cpu.0, memory.0 / 1024 / 1024)
        }
        Effect::Retire { lease, .. } => format!("retire {}", n(lease)),
        Effect::Observe { .. } => "look".to_owned(),
        Effect::RemoveContainer { id } => format!("remove {id}"),
        Effect::RemoveImage { build_key } => format!("remove image {build_key}"),
        Effect::RemoveStrayImage { id } => format!("remove stray {id}"),
        Effect::RemoveNetwork { id } => format!("remove network {id}"),
        Effect::KeepSources { digests } => format!("keep {} sources", digests.len()),
        Effect::Say { lease, text } => format!("say to {}: {text}", n(lease)),
        Effect::KeepBook { .. } => "keep the book".to_owned(),
        Effect::SignClose { total, .. } => format!("close at {}", total.cumulative),
        Effect::Warn { text } => format!("warn: {text}"),
    }
}

#[track_caller]
pub(super) fn check(effects: Vec<String>, expected: Expect) {
    expected.assert_eq(&effects.join("; "));
}

#[test]
fn a_lease_is_fetched_built_started_watched_and_probed() {
    let mut talk = Talk::ready(&[]);
    check(talk.assign(1, &[1]), expect!["keep 1 sources; look; fetch 1"]);
    check(talk.fact(1, Fact::SourceFetched { took: Millis(3) }), expect!["build 1"]);
    check(talk.fact(1, Fact::ImageBuilt { image: image(1), took: Millis(9) }), expect!["start 1 on 9000"]);
    check(talk.started(1, "c1"), expect!["watch c1 of 1; probe 1"]);
    check(
        talk.fact(1, Fact::Probed(Probed::Healthy)),
        expect!["say to 1: The app is healthy 0 ms after its start."],
    );
    assert_eq!(talk.agent.backends()[&id(1).to_string()].to_string(), "127.0.0.1:9000");
}

#[test]
fn an_image_that_exists_is_used_without_fetching() {
    let mut talk = Talk::ready(&[1]);
    check(talk.assign(1, &[1]), expect!["keep 1 sources; look; start 1 on 9000"]);
}

#[test]
fn one_build_runs_at_a_time_and_a_dropped_one_makes_room_once_it_is_gone() {
    let mut talk = Talk::ready(&[]);
    talk.assign(1, &[1, 2]);
    check(talk.fact(2, Fact::SourceFetched { took: Millis(3) }), expect!["build 2"]);
    check(talk.fact(1, Fact::SourceFetched { took: Millis(3) }), expect![""]);
    check(talk.assign(2, &[1]), expect!["retire 2; keep 1 sources"]);
    check(talk.on(Event::Gone { lease: id(2) }), expect!["build 1"]);
}

#[test]
fn an_older_assignment_is_ignored_and_the_same_one_changes_nothing() {
    let mut talk = Talk::ready(&[1]);
    talk.assign(7, &[1]);
    check(talk.assign(6, &[]), expect![""]);
    check(talk.assign(7, &[1]), expect!["keep 1 sources"]);
    assert_eq!(talk.agent.generation(), 7);
}

#[test]
fn what_runs_already_is_adopted_and_not_started_again() {
    let mut talk = Talk::new();
    talk.on(Event::EngineUp(facts()));
    let there = Observed {
        containers: vec![container(1, "old", true, 9001), container(5, "stranger", true, 9002)],
        images: vec![image(1), image(5)],
        ..Observed::default()
    };
    // Before the first assignment nothing is known to be unwanted.
    check(talk.observed(there.clone()), expect![""]);
    check(talk.assign(1, &[1]), expect!["keep 1 sources; look"]);
    check(talk.observed(there), expect!["adopt old for 1; remove stranger; remove image key5"]);
}

#[test]
fn after_a_restart_of_the_agent_the_look_comes_before_the_start() {
    let mut talk = Talk::new();
    talk.assign(1, &[1]);
    check(talk.on(Event::EngineUp(facts())), expect!["look"]);
    let there = Observed {
        containers: vec![container(1, "old", true, 9001), container(5, "stranger", true, 9002)],
        images: vec![image(1), image(5)],
        ..Observed::default()
    };
    check(talk.observed(there), expect!["adopt old for 1; remove stranger; remove image key5"]);
    let (took, ran_for) = (Millis(0), Duration::from_secs(100));
    let port = HostPort::try_from(9001).unwrap();
    check(
        talk.fact(1, Fact::Started { container: "old".into(), port, took, ran_for }),
        expect!["watch old of 1; probe 1"],
    );
}

#[test]
fn a_dead_container_of_a_wanted_lease_is_removed_and_started_anew() {
    let mut talk = Talk::new();
    talk.assign(1, &[1]);
    talk.on(Event::EngineUp(facts()));
    let there = Observed {
        containers: vec![container(1, "dead", false, 0)],
        images: vec![image(1)],
        ..Observed::default()
    };
    check(talk.observed(there), expect!["remove dead; start 1 on 9000"]);
}

#[test]
fn two_containers_of_one_lease_become_one() {
    let mut talk = Talk::new();
    talk.assign(1, &[1]);
    talk.on(Event::EngineUp(facts()));
    let both = || Observed {
        containers: vec![container(1, "a", true, 9000), container(1, "b", true, 9001)],
        images: vec![image(1)],
        ..Observed::default()
    };
    check(talk.observed(both()), expect!["adopt a for 1"]);
    talk.started(1, "a");
    check(talk.look(both()), expect!["look; remove b"]);
}

#[test]
fn a_port_of_another_program_is_passed_over_until_none_is_left() {
    let mut talk = Talk::ready(&[1]);
    talk.assign(1, &[1]);
    let taken =
        |talk: &mut Talk, port| talk.fact(1, Fact::PortTaken { port: HostPort::try_from(port).unwrap() });
    check(taken(&mut talk, 9000), expect!["start 1 on 9001"]);
    check(taken(&mut talk, 9001), expect!["start 1 on 9002"]);
    check(taken(&mut talk, 9002), expect![""]);
    let Phase::Failed { problem, .. } = talk.phase(1) else { panic!("{:?}", talk.phase(1)) };
    assert_eq!(problem.code, ErrorCode::PortsExhausted);
}

#[test]
fn leases_that_are_not_renewed_end_by_themselves_and_come_back_with_the_coordinator() {
    let mut talk = Talk::ready(&[1]);
    talk.on(Event::Connected { lease_ttl: Millis(400_000) });
    talk.assign(1, &[1]);
    talk.started(1, "c1");
    talk.now = 100;
    talk.on(Event::Renewed { sent: Duration::from_secs(90) });
    talk.on(Event::Disconnected);
    talk.now = 489;
    assert!(!talk.on(Event::Tick).iter().any(|effect| effect.starts_with("retire")));
    talk.now = 490;
    assert!(talk.on(Event::Tick).contains(&"retire 1".to_owned()));
    talk.on(Event::Gone { lease: id(1) });
    assert!(talk.agent.is_idle());
    talk.on(Event::Connected { lease_ttl: Millis(400_000) });
    assert!(talk.assign(1, &[1]).contains(&"start 1 on 9000".to_owned()));
}

#[test]
fn while_the_engine_is_away_all_waits_and_afterwards_goes_on() {
    let mut talk = Talk::ready(&[]);
    talk.assign(1, &[1]);
    talk.fact(1, Fact::SourceFetched { took: Millis(3) });
    let problem = Problem::new(ErrorCode::EngineUnavailable, "away");
    talk.fact(1, Fact::EngineLost { problem: problem.clone() });
    talk.on(Event::EngineDown(problem.clone()));
    assert_eq!(talk.agent.workload_reports()[0].phase, Phase::Waiting { why: Some(problem) });
    talk.now += 10;
    check(talk.on(Event::EngineUp(facts())), expect!["look"]);
    check(talk.observed(Observed::default()), expect!["build 1"]);
}

#[test]
fn an_engine_restart_that_took_the_container_is_not_the_apps_fault() {
    let mut talk = Talk::ready(&[1]);
    talk.assign(1, &[1]);
    talk.started(1, "c1");
    talk.on(Event::EngineDown(Problem::new(ErrorCode::EngineUnavailable, "away")));
    talk.on(Event::EngineUp(facts()));
    let there = Observed {
        containers: vec![container(1, "c1", false, 0)],
        images: vec![image(1)],
        ..Observed::default()
    };
    check(
        talk.observed(there),
        expect![
            "say to 1: The container went away with the engine; the app is started again.; start 1 on 9000"
        ],
    );
}

#[test]
fn an_engine_restart_that_kept_the_container_only_watches_it_again() {
    let mut talk = Talk::ready(&[1]);
    talk.assign(1, &[1]);
    talk.started(1, "c1");
    talk.on(Event::EngineDown(Problem::new(ErrorCode::EngineUnavailable, "away")));
    talk.on(Event::EngineUp(facts()));
    let there = Observed {
        containers: vec![container(1, "c1", true, 9000)],
        images: vec![image(1)],
        ..Observed::default()
    };
    check(talk.observed(there), expect!["watch c1 of 1"]);
}

#[test]
fn pinned_images_stay_and_others_go() {
    let mut talk = Talk::ready(&[1, 2, 3]);
    let assignment = Assignment { generation: 1, leases: vec![lease(1)], pinned: vec!["key2".into()] };
    talk.on(Event::Assigned(assignment));
    let there = Observed { images: vec![image(1), image(2), image(3)], ..Observed::default() };
    check(talk.observed(there), expect!["remove image key3"]);
}

#[test]
fn images_without_a_name_go_unless_a_build_may_be_about_to_name_them() {
    let mut talk = Talk::ready(&[]);
    talk.assign(1, &[1]);
    talk.fact(1, Fact::SourceFetched { took: Millis(3) });
    let there =
        || Observed { stray_images: vec!["old".into()], images: vec![image(1)], ..Observed::default() };
    check(talk.observed(there()), expect![""]);
    talk.fact(1, Fact::ImageBuilt { image: image(1), took: Millis(9) });
    check(talk.look(there()), expect!["look; remove stray old"]);
}

#[test]
fn leaving_stops_everything_and_starts_nothing() {
    let mut talk = Talk::ready(&[1, 2]);
    talk.assign(1, &[1]);
    check(talk.on(Event::Leave), expect!["retire 1"]);
    check(talk.assign(2, &[1, 2]), expect!["keep 2 sources"]);
    talk.on(Event::Gone { lease: id(1) });
    assert!(talk.agent.is_idle());
}

#[test]
fn a_late_answer_to_work_that_was_given_up_changes_nothing() {
    let mut talk = Talk::ready(&[]);
    talk.assign(1, &[1]);
    let old = talk.agent.workloads[&id(1)].ticket;
    talk.fact(1, Fact::SourceFetched { took: Millis(3) });
    let before = talk.agent.clone();
    let problem = Problem::new(ErrorCode::Internal, "late");
    talk.on(Event::Of { lease: id(1), ticket: old, fact: Fact::SourceFailed { problem, again: false } });
    assert_eq!(talk.agent.workloads, before.workloads);
}
