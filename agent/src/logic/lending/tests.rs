use super::*;
use crate::logic::preferences::{Size, defaults};
use ttalkak_protocol::{
    desk::{HourSpan, IdleRule},
    unit::{Bytes, MilliCpu},
};

/// Central Europe, without a database: summer time from the last Sunday of March to that of October.
fn zone() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

fn at(text: &str) -> UnixMillis {
    let zoned = zone().to_zoned(text.parse::<jiff::civil::DateTime>().unwrap()).unwrap();
    UnixMillis(zoned.timestamp().as_millisecond())
}

fn utc(text: &str) -> UnixMillis {
    text.parse().unwrap()
}

fn settings() -> Settings {
    let mut settings =
        defaults(&Size { cpu: MilliCpu(4000), memory: Bytes(8 << 30), disk: Bytes(100 << 30) });
    settings.lend = true;
    settings
}

fn facts() -> Facts {
    Facts { enrolled: true, agreed: true, ..Facts::default() }
}

fn hours(day: usize, spans: &[(u16, u16)]) -> Settings {
    let mut settings = settings();
    settings.schedule.on = true;
    settings.schedule.days[day] = spans.iter().map(|(from, to)| HourSpan { from: *from, to: *to }).collect();
    settings
}

fn state(settings: &Settings, wishes: &Wishes, facts: &Facts, now: UnixMillis) -> LendingState {
    decide(settings, wishes, facts, now, &zone()).state
}

const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

#[test]
fn each_reason_stands_before_those_below_it() {
    let mut settings = settings();
    settings.lend = false;
    settings.schedule.on = true;
    settings.battery.on = true;
    settings.exclusive.on = true;
    settings.idle = IdleRule { on: true, after_minutes: 5, fullscreen: true, running: Treatment::Keep };
    let mut facts = Facts {
        battery: Some(Battery { percent: Some(40), discharging: true }),
        exclusive: Some("steam".to_owned()),
        fullscreen: Some(true),
        ..Facts::default()
    };
    let mut wishes =
        Wishes { pause: Some(Pause { until: None, running: Treatment::Keep }), leaving_by: Some(NOW) };
    let seen = |s: &Settings, w: &Wishes, f: &Facts| state(s, w, f, NOW);
    assert_eq!(seen(&settings, &wishes, &facts), LendingState::NotSetUp);
    (facts.enrolled, facts.agreed) = (true, true);
    assert_eq!(seen(&settings, &wishes, &facts), LendingState::Leaving { by: NOW });
    wishes.leaving_by = None;
    assert_eq!(seen(&settings, &wishes, &facts), LendingState::Off);
    settings.lend = true;
    assert_eq!(seen(&settings, &wishes, &facts), LendingState::Paused { until: None });
    wishes.pause = None;
    assert_eq!(seen(&settings, &wishes, &facts), LendingState::OutsideSchedule { opens: None });
    settings.schedule.on = false;
    assert_eq!(seen(&settings, &wishes, &facts), LendingState::OnBattery { percent: Some(40) });
    facts.battery = Some(Battery { percent: Some(40), discharging: false });
    assert_eq!(seen(&settings, &wishes, &facts), LendingState::ExclusiveApp { program: "steam".to_owned() });
    facts.exclusive = None;
    let fullscreen = LendingState::OwnerActive { fullscreen: true, lends_at: None };
    assert_eq!(seen(&settings, &wishes, &facts), fullscreen);
    facts.fullscreen = Some(false);
    // Nobody tells the idle time: that is never taken for idle.
    let unknown = LendingState::OwnerActive { fullscreen: false, lends_at: None };
    assert_eq!(seen(&settings, &wishes, &facts), unknown);
    facts.idle = Some(Duration::from_secs(299));
    assert!(matches!(seen(&settings, &wishes, &facts), LendingState::OwnerActive { lends_at: Some(_), .. }));
    facts.idle = Some(Duration::from_secs(300));
    assert_eq!(seen(&settings, &wishes, &facts), LendingState::Lending);
}

#[test]
fn a_pause_ends_by_itself() {
    let until = NOW.after(Millis(1000));
    let wishes =
        Wishes { pause: Some(Pause { until: Some(until), running: Treatment::Drain }), leaving_by: None };
    let decision = decide(&settings(), &wishes, &facts(), NOW, &zone());
    assert_eq!(decision.running, Treatment::Drain);
    assert_eq!(decision.next, Some(NextChange { at: until, lends: true }));
    assert_eq!(state(&settings(), &wishes, &facts(), until), LendingState::Lending);
}

#[test]
fn the_hours_of_the_week_are_those_of_the_wall_clock() {
    // Monday 9 to 18 o'clock; 2026-11-23 is a Monday.
    let settings = hours(0, &[(540, 1080)]);
    let seen = |now: &str| state(&settings, &Wishes::default(), &facts(), at(now));
    let opens = |text: &str| LendingState::OutsideSchedule { opens: Some(at(text)) };
    assert_eq!(seen("2026-11-23T08:59:59"), opens("2026-11-23T09:00:00"));
    assert_eq!(seen("2026-11-23T09:00:00"), LendingState::Lending);
    assert_eq!(seen("2026-11-23T17:59:59"), LendingState::Lending);
    assert_eq!(seen("2026-11-23T18:00:00"), opens("2026-11-30T09:00:00"));
    assert_eq!(seen("2026-11-29T23:00:00"), opens("2026-11-30T09:00:00"));
}

#[test]
fn spans_that_meet_at_midnight_are_one() {
    let mut settings = hours(5, &[(1320, 1440)]);
    settings.schedule.days[6] = vec![HourSpan { from: 0, to: 120 }];
    let decision = decide(&settings, &Wishes::default(), &facts(), at("2026-11-28T23:00:00"), &zone());
    assert_eq!(decision.next, Some(NextChange { at: at("2026-11-29T02:00:00"), lends: false }));
}

#[test]
fn an_hour_that_summer_time_leaves_out_is_not_lent() {
    // Sunday 2026-03-29: after 01:59 comes 03:00.
    let settings = hours(6, &[(120, 180)]);
    let seen = |now: &str| state(&settings, &Wishes::default(), &facts(), utc(now));
    assert!(matches!(seen("2026-03-29T00:59:59Z"), LendingState::OutsideSchedule { .. }));
    let LendingState::OutsideSchedule { opens } = seen("2026-03-29T01:00:00Z") else {
        panic!("it is closed")
    };
    assert_eq!(opens, Some(at("2026-04-05T02:00:00")), "a week later");
}

#[test]
fn an_hour_that_summer_time_doubles_is_lent_twice() {
    // Sunday 2026-10-25: 02:00 to 02:59 comes twice. Lent from 02:15 to 02:45.
    let settings = hours(6, &[(135, 165)]);
    let seen = |now: &str| state(&settings, &Wishes::default(), &facts(), utc(now));
    let lends = |now: &str| seen(now) == LendingState::Lending;
    assert!(lends("2026-10-25T00:15:00Z") && lends("2026-10-25T01:15:00Z"));
    assert!(!lends("2026-10-25T00:45:00Z") && !lends("2026-10-25T01:45:00Z"));
    let between = LendingState::OutsideSchedule { opens: Some(utc("2026-10-25T01:15:00Z")) };
    assert_eq!(seen("2026-10-25T00:45:00Z"), between);
}

#[test]
fn a_change_of_summer_time_is_news_on_its_day_when_the_schedule_names_its_hour() {
    let shift = |settings: &Settings, now| shift_today(&settings.schedule, now, &zone());
    let (night, evening) = (hours(6, &[(120, 180)]), hours(6, &[(1080, 1200)]));
    let (ahead, back) = (utc("2026-03-29T01:00:00Z"), utc("2026-10-25T01:00:00Z"));
    for (now, told) in [
        (at("2026-03-28T23:59"), None),
        (at("2026-03-29T00:00"), Some(Shift { at: ahead, ahead: true })),
        (at("2026-03-29T23:59"), Some(Shift { at: ahead, ahead: true })),
        (at("2026-03-30T00:00"), None),
        (at("2026-10-24T23:59"), None),
        (at("2026-10-25T12:00"), Some(Shift { at: back, ahead: false })),
        (at("2026-10-26T00:00"), None),
    ] {
        assert_eq!(shift(&night, now), told, "{now:?}");
        assert_eq!(shift(&evening, now), None, "{now:?}");
    }
}

#[test]
fn a_notice_counts_from_when_the_reason_began() {
    let mut settings = settings();
    settings.battery.on = true;
    settings.battery.running = Treatment::Stop { notice_minutes: 10 };
    let discharging =
        |percent| Facts { battery: Some(Battery { percent: Some(percent), discharging: true }), ..facts() };
    let decide = |facts: &Facts, now| decide(&settings, &Wishes::default(), facts, now, &zone());
    let later = |minutes: u64| NOW.after(Millis(minutes * 60_000));
    let mut keeper = Keeper::new(decide(&facts(), NOW), NOW);
    assert!(keeper.accepting() && keeper.stops_at().is_none());
    assert!(keeper.step(decide(&discharging(50), later(1)), later(1)));
    assert_eq!((keeper.since(), keeper.stops_at()), (later(1), Some(later(11))));
    keeper.step(decide(&discharging(49), later(5)), later(5));
    assert_eq!((keeper.since(), keeper.stops_at()), (later(1), Some(later(11))), "the notice goes on");
    // The clock is set back by an hour: the notice is not stretched beyond its length.
    let back = UnixMillis(NOW.0 - 3_600_000);
    keeper.step(decide(&discharging(49), back), back);
    assert_eq!((keeper.since(), keeper.stops_at()), (back, Some(back.after(Millis(600_000)))));
    // After a sleep of a day the notice is over, and the coordinator hears the same time.
    let day = later(1440);
    keeper.step(decide(&discharging(20), day), day);
    assert!(keeper.stops_at() < Some(day));
    assert!(keeper.step(decide(&facts(), day), day));
    assert_eq!((keeper.accepting(), keeper.leaves_by()), (true, None));
}

#[test]
fn what_is_moved_away_is_not_stopped_for_a_month() {
    let mut settings = settings();
    settings.lend = false;
    settings.when_off = Treatment::Drain;
    let keeper = Keeper::new(decide(&settings, &Wishes::default(), &facts(), NOW, &zone()), NOW);
    assert_eq!(keeper.stops_at(), None);
    assert!(keeper.leaves_by() > Some(NOW.after(Millis(29 * 86_400_000))));
}

#[test]
fn the_coordinator_hears_the_reason() {
    let told = for_the_coordinator(&LendingState::OnBattery { percent: None }, Some(NOW));
    assert_eq!((told.accepting, told.why, told.leaving_by), (false, Some(NotLending::Battery), Some(NOW)));
    assert!(for_the_coordinator(&LendingState::Lending, None).is_default());
}
