use super::*;
use crate::logic::{
    agent::tests::{Talk, check, id},
    event::{Event, Fact, Observed, Probed, SeenContainer},
    meter::tests::{lending, paid, vouch},
};
use expect_test::expect;
use ttalkak_protocol::{
    error::ErrorCode,
    link::{Assignment, Lease, Phase},
    money::Amount,
};

/// As [`paid`], on a clock that begins in 1970.
fn early(n: u128) -> Lease {
    let mut lease = paid(n, 1);
    let payment = lease.payment.as_mut().unwrap();
    (payment.charged_to, payment.terms.start, payment.terms.expiry) = (UnixMillis(0), 0, 1_000_000);
    lease
}

fn assign(talk: &mut Talk, leases: Vec<Lease>) -> Vec<String> {
    let generation = talk.agent.generation() + 1;
    talk.on(Event::Assigned(Assignment { generation, leases, pinned: Vec::new() }))
}

/// An agent that lends for money and runs leases 1 (paid) and 2 (not).
fn running() -> Talk {
    let mut talk = Talk::ready(&[1, 2]);
    talk.agent = talk.agent.clone().lending(lending(), MoneyBook::default());
    assign(&mut talk, vec![early(1), crate::logic::policy::tests::lease(2)]);
    for (n, name) in [(1, "c1"), (2, "c2")] {
        talk.started(n, name);
        talk.fact(n, Fact::Probed(Probed::Healthy));
    }
    talk
}

/// Both answer every five seconds for so long.
fn pass(talk: &mut Talk, seconds: u64) -> Vec<String> {
    let mut effects = Vec::new();
    for _ in 0..seconds / 5 {
        talk.now += 5;
        for n in [1, 2] {
            effects.extend(talk.fact(n, Fact::Probed(Probed::Healthy)));
        }
        effects.extend(talk.on(Event::BookWritten { done: true }));
    }
    effects.retain(|effect| !effect.starts_with("probe") && effect != "look");
    effects
}

fn vouch_for_all(talk: &mut Talk) -> Vec<String> {
    let page = talk.agent.money_book().pages.values().next().unwrap();
    let news = vouch(page, page.seq);
    talk.on(Event::Vouched(vec![news]))
}

#[test]
fn unvouched_work_is_stopped_and_comes_back_and_unpaid_work_never_notices() {
    let mut talk = running();
    check(pass(&mut talk, 60), expect!["keep the book; keep the book"]);
    assert_eq!(talk.agent.money_news(UnixMillis(60_000)).readings.len(), 2);
    let mut effects = pass(&mut talk, 120);
    effects.retain(|effect| effect != "keep the book");
    check(
        effects,
        expect![
            "say to 1: The app is stopped. 180 s of work are not vouched for. Wait until the coordinator vouches again; the agent starts the app then.; retire 1"
        ],
    );
    check(talk.on(Event::Gone { lease: id(1) }), expect![""]);
    let Phase::Waiting { why: Some(why) } = talk.phase(1) else { panic!("{:?}", talk.phase(1)) };
    assert_eq!(why.code, ErrorCode::PaymentMissing);
    assert!(matches!(talk.phase(2), Phase::Running { .. }));
    check(
        vouch_for_all(&mut talk),
        expect!["say to 1: The payment is in order; the app is started.; keep the book; start 1 on 9000"],
    );
}

#[test]
fn nothing_is_lent_beyond_the_bound_although_nothing_happens() {
    let mut talk = running();
    pass(&mut talk, 175);
    let wake = talk.agent.next_wake(crate::logic::agent::tests::at(178)).unwrap();
    assert_eq!(wake, Duration::from_secs(180));
    talk.now = 180;
    assert!(talk.on(Event::Tick).contains(&"retire 1".to_owned()));
    // The last five seconds were never answered for, and nothing says otherwise: it was asked to go.
    let made: Amount = talk.agent.money_book().pages.values().next().unwrap().earned();
    assert_eq!(made, Amount(500));
}

#[test]
fn a_lease_that_pays_too_little_is_refused_and_a_better_one_is_taken() {
    let mut talk = Talk::ready(&[1]);
    talk.agent = talk.agent.clone().lending(lending(), MoneyBook::default());
    let mut poor = early(1);
    poor.payment.as_mut().unwrap().rates.cpu_hour = Amount(1);
    let effects = assign(&mut talk, vec![poor]);
    check(
        effects,
        expect!["warn: a lease of app1 is refused: The rates are below the offer.; keep 1 sources; look"],
    );
    let Phase::Failed { problem, .. } = talk.phase(1) else { panic!("{:?}", talk.phase(1)) };
    assert_eq!(problem.code, ErrorCode::PaymentRefused);
    let effects = assign(&mut talk, vec![early(1)]);
    assert!(effects.contains(&"start 1 on 9000".to_owned()), "{effects:?}");
}

#[test]
fn after_a_restart_what_is_held_is_not_adopted() {
    let mut talk = running();
    let mut effects = pass(&mut talk, 175);
    talk.now = 180;
    effects.extend(talk.on(Event::Tick));
    let book = talk.agent.money_book().clone();
    let mut talk = Talk::ready(&[1]);
    talk.now = 200;
    talk.agent = talk.agent.clone().lending(lending(), book);
    let mut effects = assign(&mut talk, vec![early(1)]);
    let container = SeenContainer {
        id: "c1".to_owned(),
        lease: Some(id(1)),
        running: true,
        host_port: ttalkak_protocol::unit::HostPort::try_from(9000).ok(),
    };
    effects.extend(talk.observed(Observed { containers: vec![container], ..Observed::default() }));
    assert!(effects.contains(&"remove c1".to_owned()), "{effects:?}");
    assert!(!effects.iter().any(|effect| effect.starts_with("adopt") || effect.starts_with("start")));
}

#[test]
fn a_pause_keeps_the_book_and_touches_no_workload() {
    let mut talk = running();
    pass(&mut talk, 10);
    check(talk.on(Event::Pause), expect!["keep the book"]);
    assert!(matches!(talk.phase(1), Phase::Running { .. }));
}

#[test]
fn leaving_meters_to_the_last_moment() {
    let mut talk = running();
    pass(&mut talk, 10);
    talk.now += 3;
    check(talk.on(Event::Leave), expect!["retire 1; retire 2; keep the book"]);
    let page = talk.agent.money_book().pages.values().next().unwrap();
    assert_eq!(page.unvouched_ms(), 13_000);
}
