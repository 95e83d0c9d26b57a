use super::*;

mod life;

const START: UnixMillis = UnixMillis(1_800_000_000_000);
const LONG_AGO: Standing = Standing::Stopped { since: UnixMillis(START.0 - 100 * DAY as i64) };

fn given(text: &str) -> Given {
    text.split_whitespace().map(|word| (word.parse().unwrap(), START)).collect()
}

fn told(kind: &str) -> Step {
    Step::Notice(kind.parse().unwrap())
}

fn lasts(runway_ms: u64) -> Option<Runway> {
    Some(Runway { money: Millis(runway_ms), locked: Millis(runway_ms) })
}

/// What is due while it runs with so much runway.
fn running(runway_ms: u64, told: &str) -> Vec<Step> {
    let purse = Purse { runway: lasts(runway_ms), standing: Standing::Running, given: given(told) };
    steps(&Ladder::default(), &purse, START)
}

/// What is due so long after it was stopped; `told` at the day of their own after the stop.
fn stopped(after_ms: u64, runway_ms: u64, told: &[(NoticeKind, u64)]) -> Vec<Step> {
    let given = told.iter().map(|(kind, after)| (*kind, START.after(Millis(*after)))).collect();
    let standing = Standing::Stopped { since: START };
    let purse = Purse { runway: lasts(runway_ms), standing, given };
    steps(&Ladder::default(), &purse, START.after(Millis(after_ms)))
}

#[test]
fn nothing_is_said_while_money_lasts_more_than_a_week() {
    assert_eq!(running(7 * DAY + 1, ""), []);
}

#[test]
fn each_rung_is_told_of_once() {
    assert_eq!(running(7 * DAY, ""), [told("runway_week")]);
    assert_eq!(running(7 * DAY, "runway_week"), []);
    assert_eq!(running(DAY, "runway_week"), [told("runway_day")]);
    assert_eq!(running(HOUR, "runway_week runway_day"), [told("runway_hour")]);
    assert_eq!(running(10 * MINUTE, "runway_week runway_day runway_hour"), [told("grace")]);
    assert_eq!(running(2 * MINUTE, "grace"), [Step::Stop, told("stopped")]);
}

#[test]
fn a_small_deposit_is_told_of_its_lowest_rung_alone() {
    assert_eq!(running(30 * MINUTE, ""), [told("runway_hour")]);
    assert_eq!(running(30 * MINUTE, "resumed"), [told("runway_hour")]);
}

#[test]
fn a_lesser_notice_never_follows_a_more_urgent_one() {
    // Another deployment ended, so the same purse lasts longer: nothing was paid in, nothing is new.
    assert_eq!(running(3 * DAY, "runway_hour"), []);
}

#[test]
fn an_empty_purse_stops_it_whatever_was_told() {
    assert_eq!(running(0, ""), [Step::Stop, told("stopped")]);
    assert_eq!(running(0, "stopped"), [Step::Stop], "the stop was lost in a crash, the notice was kept");
}

#[test]
fn a_full_purse_does_not_help_while_no_lock_gets_onto_the_chain() {
    let runway = |locked| Some(Runway { money: Millis(30 * DAY), locked: Millis(locked) });
    let due = |locked| {
        let purse = Purse { runway: runway(locked), standing: Standing::Running, given: given("") };
        steps(&Ladder::default(), &purse, START)
    };
    assert_eq!(due(2 * MINUTE + 1), []);
    assert_eq!(due(2 * MINUTE), [Step::Stop, told("stopped")]);
}

#[test]
fn what_costs_nothing_is_left_alone() {
    let purse = Purse { runway: None, standing: Standing::Running, given: given("") };
    assert_eq!(steps(&Ladder::default(), &purse, START), []);
}

#[test]
fn what_is_not_known_deletes_and_starts_nothing() {
    let given = given("stopped deletion_week deletion_day");
    let purse = Purse { runway: None, standing: LONG_AGO, given };
    assert_eq!(steps(&Ladder::default(), &purse, START.after(Millis(100 * DAY))), []);
}

#[test]
fn a_stop_whose_notice_was_lost_is_told_of() {
    assert_eq!(stopped(0, 0, &[(NoticeKind::Grace, 0)]), [told("stopped")]);
}

#[test]
fn it_comes_back_with_an_hour_and_not_with_less() {
    let told_before = [(NoticeKind::Stopped, 0)];
    assert_eq!(stopped(DAY, HOUR - 1, &told_before), []);
    assert_eq!(stopped(DAY, HOUR, &told_before), [told("resumed"), Step::Resume]);
}

#[test]
fn a_start_that_is_tried_again_is_told_of_once() {
    assert_eq!(stopped(DAY, HOUR, &[(NoticeKind::Resumed, DAY)]), [Step::Resume]);
}

#[test]
fn a_top_up_that_is_too_small_is_answered() {
    assert_eq!(stopped(DAY, MINUTE, &[]), [told("stopped")]);
}

#[test]
fn deletion_comes_after_both_warnings_and_retention() {
    let stop = (NoticeKind::Stopped, 0);
    let week = (NoticeKind::DeletionWeek, 23 * DAY);
    let day = (NoticeKind::DeletionDay, 29 * DAY);
    assert_eq!(stopped(23 * DAY - 1, 0, &[stop]), []);
    assert_eq!(stopped(23 * DAY, 0, &[stop]), [told("deletion_week")]);
    assert_eq!(stopped(29 * DAY - 1, 0, &[stop, week]), []);
    assert_eq!(stopped(29 * DAY, 0, &[stop, week]), [told("deletion_day")]);
    assert_eq!(stopped(30 * DAY - 1, 0, &[stop, week, day]), []);
    assert_eq!(stopped(30 * DAY, 0, &[stop, week, day]), [Step::Delete]);
}

#[test]
fn warnings_that_were_late_delay_the_deletion() {
    // The coordinator was away for a year.
    let stop = (NoticeKind::Stopped, 0);
    let week = (NoticeKind::DeletionWeek, 365 * DAY);
    let day = (NoticeKind::DeletionDay, 371 * DAY);
    assert_eq!(stopped(365 * DAY, 0, &[stop]), [told("deletion_week")]);
    assert_eq!(stopped(371 * DAY - 1, 0, &[stop, week]), []);
    assert_eq!(stopped(371 * DAY, 0, &[stop, week]), [told("deletion_day")]);
    assert_eq!(stopped(372 * DAY - 1, 0, &[stop, week, day]), []);
    assert_eq!(stopped(372 * DAY, 0, &[stop, week, day]), [Step::Delete]);
}

#[test]
fn money_in_the_last_moment_saves_it() {
    let all =
        [(NoticeKind::Stopped, 0), (NoticeKind::DeletionWeek, 23 * DAY), (NoticeKind::DeletionDay, 29 * DAY)];
    assert_eq!(stopped(60 * DAY, HOUR, &all), [told("resumed"), Step::Resume]);
}

#[test]
fn a_ladder_out_of_order_is_refused() {
    let good = Ladder::default();
    assert_eq!(good.check(), Ok(()));
    assert_eq!(Ladder { grace: good.hour, ..good }.check(), Err(LadderError));
    assert_eq!(Ladder { stop_margin: Millis(0), ..good }.check(), Err(LadderError));
    assert_eq!(Ladder { retention: Millis(DAY), ..good }.check(), Err(LadderError));
    assert_eq!(Ladder { warnings: [Millis(DAY), Millis(DAY)], ..good }.check(), Err(LadderError));
}

#[test]
fn kinds_of_notices_keep_their_words() {
    for kind in NoticeKind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
    }
    assert!("runway_month".parse::<NoticeKind>().is_err());
}
