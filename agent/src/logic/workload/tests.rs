use super::*;
use crate::logic::{event::Probed, policy::tests::lease};

fn at(millis: u64) -> Now {
    Now { mono: Duration::from_millis(millis), wall: UnixMillis(i64::try_from(millis).unwrap()) }
}

/// A workload whose container runs since `millis`, having run `ran_for` before.
fn running(millis: u64, ran_for: Duration) -> Workload {
    let mut workload = Workload::new(lease(1), 20_001, at(0));
    workload.begin(Stage::Starting, Ticket(1), at(millis));
    let port = HostPort::try_from(9000).unwrap();
    let started = Fact::Started { container: "c".to_owned(), port, took: Millis(1), ran_for };
    workload.on(started, Ticket(2), 1, at(millis));
    workload
}

fn sick(code: ErrorCode) -> Fact {
    Fact::Probed(Probed::Sick { why: Problem::new(code, "It does not answer.") })
}

fn exit(code: i64, out_of_memory: bool) -> Fact {
    Fact::Exited(Exit { code, out_of_memory, last_lines: vec!["bye".to_owned()] })
}

fn health(workload: &Workload) -> &Health {
    let Stage::Running(running) = &workload.stage else { panic!("{:?}", workload.stage) };
    &running.health
}

/// Answers every probe with `fact` until `until` milliseconds; returns when each was asked and whether it diagnoses.
fn probe_with(workload: &mut Workload, fact: &Fact, from: u64, until: u64) -> Vec<(u64, bool)> {
    let mut asked = Vec::new();
    for millis in (from..=until).step_by(10) {
        if let Some(Effect::Probe { order, .. }) = workload.probe_if_due(at(millis)) {
            asked.push((millis, order.diagnose));
            workload.on(fact.clone(), Ticket(99), 1, at(millis));
        }
    }
    asked
}

#[test]
fn questions_are_quick_until_the_first_answer_and_steady_afterwards() {
    let mut workload = running(0, Duration::ZERO);
    let asked = probe_with(&mut workload, &sick(ErrorCode::AppUnhealthy), 0, 3_000);
    let gaps: Vec<u64> = asked.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert!(gaps[0] <= 110 && *gaps.last().unwrap() == 500, "{gaps:?}");
    let asked = probe_with(&mut workload, &Fact::Probed(Probed::Healthy), 3_010, 20_000);
    assert_eq!(asked.windows(2).map(|pair| pair[1].0 - pair[0].0).collect::<Vec<_>>(), [5_000; 3]);
    assert_eq!(*health(&workload), Health::Healthy);
}

#[test]
fn an_app_behind_the_wrong_door_is_not_waited_for_to_the_end() {
    let mut workload = running(0, Duration::ZERO);
    let asked = probe_with(&mut workload, &sick(ErrorCode::AppWrongPort), 0, 60_000);
    let looks: Vec<u64> = asked.iter().filter(|(_, diagnose)| *diagnose).map(|(at, _)| at / 1_000).collect();
    assert_eq!(looks, [5, 10, 15, 20], "four looks agree");
    assert!(
        matches!(&workload.stage, Stage::GivingUp { problem } if problem.code == ErrorCode::AppWrongPort)
    );
}

#[test]
fn an_app_that_is_not_healthy_in_time_is_diagnosed_and_given_up() {
    let mut workload = running(0, Duration::ZERO);
    let asked = probe_with(&mut workload, &sick(ErrorCode::AppNeverListened), 0, 60_000);
    assert_eq!(asked.last(), Some(&(30_000, true)));
    assert!(
        matches!(&workload.stage, Stage::GivingUp { problem } if problem.code == ErrorCode::AppNeverListened)
    );
    workload.on(Fact::GaveUp { last_lines: vec!["x".to_owned()] }, Ticket(100), 1, at(31_000));
    assert!(matches!(&workload.stage, Stage::Failed { last_lines, .. } if last_lines == &["x"]));
}

#[test]
fn after_having_been_healthy_it_is_unhealthy_after_three_misses_and_never_given_up() {
    let mut workload = running(0, Duration::ZERO);
    probe_with(&mut workload, &Fact::Probed(Probed::Healthy), 0, 0);
    probe_with(&mut workload, &sick(ErrorCode::AppUnhealthy), 5_000, 6_000);
    assert_eq!(*health(&workload), Health::Healthy);
    let asked = probe_with(&mut workload, &sick(ErrorCode::AppUnhealthy), 7_000, 7_000);
    assert_eq!(asked, [(7_000, true)]);
    assert!(matches!(health(&workload), Health::Unhealthy { .. }));
    probe_with(&mut workload, &sick(ErrorCode::AppUnhealthy), 7_010, 600_000);
    assert!(matches!(health(&workload), Health::Unhealthy { .. }));
    probe_with(&mut workload, &Fact::Probed(Probed::Healthy), 600_010, 606_000);
    assert_eq!(*health(&workload), Health::Healthy);
}

#[test]
fn an_app_that_ends_before_it_was_healthy_fails_at_the_third_time() {
    let mut workload = running(0, Duration::ZERO);
    for restart in 1..=2 {
        workload.on(exit(3, false), Ticket(5), 1, at(100));
        assert!(matches!(workload.stage, Stage::BackingOff { .. }), "{:?}", workload.stage);
        assert_eq!(workload.restarts, restart);
        workload.stage = running(200, Duration::ZERO).stage;
    }
    workload.on(exit(3, false), Ticket(5), 1, at(1_700));
    let Stage::Failed { problem, last_lines } = &workload.stage else { panic!("{:?}", workload.stage) };
    assert_eq!((problem.code, last_lines.as_slice()), (ErrorCode::AppExited, &["bye".to_owned()][..]));
    assert_eq!(problem.message, "The app ended with exit code 3 after 1 s.");
}

#[test]
fn an_app_that_was_healthy_is_started_again_forever_with_growing_waits() {
    let mut workload = running(0, Duration::ZERO);
    probe_with(&mut workload, &Fact::Probed(Probed::Healthy), 0, 0);
    let mut waits = Vec::new();
    for _ in 0..12 {
        workload.on(exit(1, false), Ticket(5), 1, at(1_000));
        let Stage::BackingOff { until, .. } = workload.stage else { panic!("{:?}", workload.stage) };
        waits.push(until.as_secs() - 1);
        workload.stage = running(1_000, Duration::ZERO).stage;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
}

#[test]
fn ten_healthy_minutes_earn_a_quick_restart_again() {
    let mut workload = running(0, Duration::ZERO);
    workload.restarts_in_row = 9;
    probe_with(&mut workload, &Fact::Probed(Probed::Healthy), 0, 600_000);
    workload.on(exit(1, false), Ticket(5), 1, at(600_000));
    assert!(matches!(workload.stage, Stage::BackingOff { until, .. } if until == Duration::from_secs(601)));
}

#[test]
fn memory_is_told_apart_from_other_ends() {
    let mut workload = running(0, Duration::ZERO);
    workload.on(exit(137, true), Ticket(5), 1, at(100));
    assert!(
        matches!(&workload.stage, Stage::Failed { problem, .. } if problem.code == ErrorCode::AppOutOfMemory)
    );
}

#[test]
fn an_adopted_app_past_its_time_to_start_is_taken_for_healthy_once() {
    assert!(running(0, Duration::from_secs(31)).was_healthy);
    let mut young = running(0, Duration::from_secs(20));
    assert!(!young.was_healthy);
    let asked = probe_with(&mut young, &sick(ErrorCode::AppNeverListened), 0, 60_000);
    assert_eq!(asked.last(), Some(&(10_000, true)));
}

#[test]
fn a_fetch_that_may_work_later_is_tried_with_growing_waits() {
    let mut workload = Workload::new(lease(1), 20_001, at(0));
    let mut waits = Vec::new();
    for _ in 0..7 {
        workload.begin(Stage::Fetching, Ticket(1), at(0));
        let problem = Problem::new(ErrorCode::Unavailable, "no");
        workload.on(Fact::SourceFailed { problem, again: true }, Ticket(2), 1, at(0));
        let Stage::Waiting { until, .. } = workload.stage else { panic!("{:?}", workload.stage) };
        waits.push(until.as_secs());
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
}

#[test]
fn a_bug_of_ours_fails_the_work_but_never_a_running_app() {
    let mut building = Workload::new(lease(1), 20_001, at(0));
    building.begin(Stage::Building { step: 0, total: 0, doing: String::new() }, Ticket(1), at(0));
    building.on(Fact::Panicked { work: "build" }, Ticket(2), 1, at(0));
    assert!(matches!(&building.stage, Stage::Failed { problem, .. } if problem.code == ErrorCode::Internal));
    let mut up = running(0, Duration::ZERO);
    let effects = up.on(Fact::Panicked { work: "watch" }, Ticket(2), 1, at(0));
    assert!(matches!(effects.as_slice(), [Effect::Watch { .. }]));
    assert!(matches!(up.stage, Stage::Running(_)));
}
