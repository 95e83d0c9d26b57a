use super::*;
use ttalkak_protocol::{
    desk::{NoticeKind, QuitWorkload},
    id::LeaseId,
    unit::Millis,
};

fn voice(lang: Lang) -> Voice {
    Voice { lang, zone: TimeZone::fixed(jiff::tz::offset(9)) }
}

/// 2026-11-26 23:30 in Seoul.
const NOW: UnixMillis = UnixMillis(1_795_703_400_000);

fn later(hours: u64) -> UnixMillis {
    NOW.after(Millis(hours * 3_600_000))
}

fn token() -> Token {
    let (symbol, worth) = (Some("tUSD".to_owned()), std::collections::BTreeMap::new());
    Token { symbol, decimals: 6, chain_id: None, address: None, worth }
}

#[test]
fn the_language_is_the_chosen_one_and_else_the_systems() {
    assert_eq!(Lang::choose(Language::En, Some("ko-KR")), Lang::En);
    assert_eq!(Lang::choose(Language::System, Some("ko_KR.UTF-8")), Lang::Ko);
    assert_eq!(Lang::choose(Language::System, Some("de-DE")), Lang::En);
    assert_eq!(Lang::choose(Language::System, None), Lang::En);
}

#[test]
fn times_are_told_by_the_persons_clock_and_day() {
    let told = |lang, at| time(&voice(lang), at, NOW);
    assert_eq!(told(Lang::En, NOW), "23:30");
    assert_eq!(told(Lang::En, later(1)), "tomorrow 00:30");
    assert_eq!(told(Lang::Ko, later(1)), "내일 00:30");
    assert_eq!(told(Lang::En, later(48)), "Nov 28 23:30");
    assert_eq!(told(Lang::Ko, later(48)), "11월 28일 23:30");
}

#[test]
fn money_has_at_most_six_decimals() {
    assert_eq!(money(Amount(10_000), &token()), "0.01 tUSD");
    let fine = Token { decimals: 18, symbol: None, ..token() };
    assert_eq!(money(Amount(1_234_567_890_123_456_789), &fine), "1.234567");
}

fn cost(names: &[&str], per_hour: u128) -> QuitCost {
    let row = |name: &&str| QuitWorkload {
        lease: LeaseId::new(uuid::Uuid::nil()),
        name: (*name).to_owned(),
        since: NOW,
        per_hour: Amount(0),
    };
    QuitCost {
        stops_workloads: true,
        workloads: names.iter().map(row).collect(),
        per_hour: Amount(per_hour),
        unvouched: Amount::ZERO,
        streams: 0,
        takes: Millis(0),
    }
}

#[test]
fn quitting_is_asked_about_only_when_it_costs_something() {
    assert_eq!(quit(Lang::En, &cost(&[], 0), None), None);
    let question = quit(Lang::En, &cost(&["shop"], 20_000), Some(&token())).unwrap();
    assert_eq!(
        question.text,
        "shop\n\nQuitting stops 1 app on this computer; visitors lose their connection. You stop earning 0.02 tUSD per hour."
    );
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let question = quit(Lang::Ko, &cost(&names, 0), Some(&token())).unwrap();
    assert!(question.text.starts_with("a, b, c, d, e, 외 2개\n\n"), "{}", question.text);
    assert!(!question.text.contains("시간당"), "nothing is earned");
}

#[test]
fn an_announcement_is_in_one_language_and_unknown_kinds_are_none() {
    let live = NoticeKind::WorkloadLive { lease: LeaseId::new(uuid::Uuid::nil()), name: "shop".to_owned() };
    let told = |lang| notice(&voice(lang), &live, None, NOW).unwrap();
    assert_eq!(told(Lang::En), ("A new app is live".to_owned(), "shop".to_owned()));
    assert_eq!(told(Lang::Ko).0, "새 앱이 실행됐어요");
    assert_eq!(notice(&voice(Lang::En), &NoticeKind::Unknown, None, NOW), None);
    let paid = NoticeKind::FirstEarning { amount: Amount(83) };
    assert_eq!(notice(&voice(Lang::En), &paid, Some(&token()), NOW).unwrap().1, "0.000083 tUSD");
}
