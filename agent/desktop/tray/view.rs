//! What the tray shows, made of what the daemon told: an icon, a tooltip, a menu. Pure: time and language come in.

use crate::words::{self, Lang, Voice};
use jiff::{Timestamp, ToSpan};
use ttalkak_protocol::{
    desk::{
        Call, Doctor, Earnings, EngineState, Grade, LendingState, LinkState, Status, Treatment, WorkloadRow,
        Workloads,
    },
    money::Amount,
    unit::{Millis, UnixMillis},
};

/// So many workloads have a line of their own.
const ROWS_MAX: usize = 12;
/// At this hour "until tomorrow" ends: people who pause in the evening mean the next morning.
const MORNING: i8 = 8;

/// What is known so far.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// How the daemon stands.
    pub daemon: Daemon,
    /// Section `status`.
    pub status: Option<Status>,
    /// Section `workloads`.
    pub workloads: Option<Workloads>,
    /// Section `earnings`.
    pub earnings: Option<Earnings>,
    /// Section `doctor`.
    pub doctor: Option<Doctor>,
}

/// How the daemon stands, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Daemon {
    /// It is being started or waited for.
    #[default]
    Coming,
    /// It answers.
    Here,
    /// It ended by wish, and stays so until it is wanted.
    Stopped,
    /// It cannot be started.
    Failing,
}

/// The three icons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IconState {
    /// Lit: it lends.
    Lending,
    /// Off: it does not, as the owner or a rule wants it.
    Paused,
    /// Something needs the owner.
    Problem,
}

/// What a click does.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a menu has a dozen of them")]
pub enum Act {
    /// Show the window, at a page.
    Open(Option<&'static str>),
    /// Ask the daemon.
    Ask(Call),
    /// Pause for a span from the click on.
    PauseFor(Millis),
    /// Pause until tomorrow morning, as seen at the click.
    PauseUntilTomorrow,
    /// Start the daemon again.
    StartDaemon,
    /// End everything, after asking.
    Quit,
}

/// A line of the menu.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a menu has a dozen of them")]
pub enum Item {
    /// Text that cannot be clicked.
    Text(String),
    /// Can be clicked.
    Click(String, Act),
    /// Opens further lines.
    Menu(String, Vec<Item>),
    /// A rule.
    Line,
}

/// The whole tray.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Which icon.
    pub icon: IconState,
    /// How it stands, in a line; also the tooltip.
    pub headline: String,
    /// The menu.
    pub menu: Vec<Item>,
}

/// Draws the tray.
pub fn view(known: &Known, voice: &Voice, now: UnixMillis) -> View {
    let (icon, headline) = headline(known, voice, now);
    let mut menu = vec![Item::Text(headline.clone())];
    let here = known.daemon == Daemon::Here;
    if here {
        menu.extend(earned(known, voice));
        menu.extend(running(known, voice));
    }
    menu.push(Item::Line);
    let say = |ko: &str, en: &str| voice.lang.pick(ko, en).to_owned();
    menu.push(Item::Click(say("딸깍 열기", "Open Ttalkak"), Act::Open(None)));
    if here {
        menu.extend(known.status.iter().flat_map(|status| acts(voice.lang, &status.lending.state)));
    } else if known.daemon != Daemon::Coming {
        menu.push(Item::Click(say("서비스 시작", "Start the service"), Act::StartDaemon));
    }
    menu.push(Item::Line);
    menu.push(Item::Click(say("종료…", "Quit…"), Act::Quit));
    View { icon, headline, menu }
}

fn headline(known: &Known, voice: &Voice, now: UnixMillis) -> (IconState, String) {
    let say = |ko: &str, en: &str| voice.lang.pick(ko, en).to_owned();
    match known.daemon {
        Daemon::Coming => {
            return (IconState::Paused, say("서비스를 시작하는 중이에요", "Starting the service"));
        }
        Daemon::Stopped => return (IconState::Paused, say("서비스가 멈춰 있어요", "The service is stopped")),
        Daemon::Failing => {
            return (IconState::Problem, say("서비스를 시작할 수 없어요", "The service cannot be started"));
        }
        Daemon::Here => {}
    }
    let Some(status) = &known.status else {
        return (IconState::Paused, say("상태를 확인하는 중이에요", "Looking at the state"));
    };
    if let Some(problem) = problem(known, status, voice.lang) {
        return (IconState::Problem, problem.to_owned());
    }
    let state = &status.lending.state;
    let icon = if *state == LendingState::Lending { IconState::Lending } else { IconState::Paused };
    (icon, words::lending(voice, state, now))
}

/// What needs the owner, the gravest first. A pause that the owner wants is none, whatever else is wrong.
fn problem(known: &Known, status: &Status, lang: Lang) -> Option<&'static str> {
    let state = &status.lending.state;
    if matches!(state, LendingState::NotSetUp | LendingState::Off | LendingState::Paused { .. }) {
        return None;
    }
    let broken = |doctor: &Doctor| doctor.findings.iter().any(|finding| finding.grade == Grade::Bad);
    match (status.link.state, status.engine.state) {
        (LinkState::Refused, _) => {
            Some(lang.pick("코디네이터가 이 컴퓨터를 거부했어요", "The coordinator refuses this computer"))
        }
        (_, EngineState::Down) => {
            Some(lang.pick("컨테이너 엔진이 응답하지 않아요", "The container engine does not answer"))
        }
        (LinkState::Down, _) => {
            Some(lang.pick("코디네이터에 연결할 수 없어요", "The coordinator cannot be reached"))
        }
        _ if known.doctor.as_ref().is_some_and(broken) => {
            Some(lang.pick("확인이 필요해요", "Something needs a look"))
        }
        _ => None,
    }
}

fn earned(known: &Known, voice: &Voice) -> Option<Item> {
    let earnings = known.earnings.as_ref()?;
    // Nothing was ever paid here: a line of zeros would only puzzle.
    if earnings.total == Amount::ZERO && earnings.per_hour == Amount::ZERO {
        return None;
    }
    let today = words::money(earnings.today, &earnings.token);
    let hourly = words::money(earnings.per_hour, &earnings.token);
    let text = match voice.lang {
        Lang::Ko => format!("오늘 {today} · 시간당 {hourly}"),
        Lang::En => format!("Today {today} · {hourly} per hour"),
    };
    Some(Item::Click(text, Act::Open(Some("earnings"))))
}

fn running(known: &Known, voice: &Voice) -> Option<Item> {
    let rows = &known.workloads.as_ref()?.rows;
    if rows.is_empty() {
        return Some(Item::Text(voice.lang.pick("실행 중인 앱이 없어요", "No app runs here").to_owned()));
    }
    let label = match (voice.lang, rows.len()) {
        (Lang::Ko, count) => format!("앱 {count}개"),
        (Lang::En, 1) => "1 app".to_owned(),
        (Lang::En, count) => format!("{count} apps"),
    };
    let token = known.earnings.as_ref().map(|earnings| &earnings.token);
    let mut lines: Vec<Item> =
        rows.iter().take(ROWS_MAX).map(|row| workload(row, token, voice.lang)).collect();
    if rows.len() > ROWS_MAX {
        let more = (rows.len() - ROWS_MAX).to_string();
        lines.push(Item::Text(voice.lang.pick("외 {}개", "and {} more").replace("{}", &more)));
    }
    Some(Item::Menu(label, lines))
}

fn workload(row: &WorkloadRow, token: Option<&ttalkak_protocol::desk::Token>, lang: Lang) -> Item {
    let name = if row.name.is_empty() { lang.pick("이름 없음", "unnamed") } else { &row.name };
    let mut text = format!("{name} · {}", words::phase(lang, &row.phase));
    if let (Some(paid), Some(token)) = (&row.paid, token) {
        let hourly = words::money(paid.per_hour, token);
        text.push_str(&lang.pick(" · 시간당 {}", " · {} per hour").replace("{}", &hourly));
    }
    Item::Click(text, Act::Open(Some("workloads")))
}

/// What can be done about lending in this state.
fn acts(lang: Lang, state: &LendingState) -> Vec<Item> {
    let say = |ko: &str, en: &str| lang.pick(ko, en).to_owned();
    let resume = || Item::Click(say("다시 빌려주기", "Resume lending"), Act::Ask(Call::Resume));
    match state {
        LendingState::NotSetUp => vec![],
        LendingState::Off => {
            vec![Item::Click(say("빌려주기 시작", "Start lending"), Act::Ask(Call::Lend { on: true }))]
        }
        LendingState::Leaving { .. } => {
            vec![Item::Click(say("떠나지 않기", "Stay after all"), Act::Ask(Call::CancelLeave))]
        }
        LendingState::Paused { .. } => vec![resume(), pause(lang), leave(lang)],
        LendingState::OutsideSchedule { .. }
        | LendingState::OnBattery { .. }
        | LendingState::ExclusiveApp { .. }
        | LendingState::OwnerActive { .. }
        | LendingState::Lending => vec![pause(lang), leave(lang)],
    }
}

fn pause(lang: Lang) -> Item {
    let say = |ko: &str, en: &str| lang.pick(ko, en).to_owned();
    let hours = |hours: u64| Act::PauseFor(Millis(hours * 3_600_000));
    let lines = vec![
        Item::Click(say("1시간", "For 1 hour"), hours(1)),
        Item::Click(say("4시간", "For 4 hours"), hours(4)),
        Item::Click(say("내일 오전 8시까지", "Until tomorrow, 8:00"), Act::PauseUntilTomorrow),
    ];
    Item::Menu(say("쉬기", "Pause"), lines)
}

fn leave(lang: Lang) -> Item {
    let line = |minutes: u32| {
        let label = lang.pick("{}분 뒤에", "In {} minutes").replace("{}", &minutes.to_string());
        Item::Click(label, Act::Ask(Call::LeaveIn { minutes }))
    };
    Item::Menu(lang.pick("자리 비우기", "Leave").to_owned(), [10, 30, 60].map(line).into())
}

/// The call that pauses for a span.
pub fn pause_for(span: Millis, now: UnixMillis) -> Call {
    Call::Pause { until: Some(now.after(span)), running: Treatment::Keep }
}

/// The call that pauses until tomorrow morning, by the person's clock.
pub fn pause_until_tomorrow(voice: &Voice, now: UnixMillis) -> Call {
    let today = Timestamp::from_millisecond(now.0).unwrap_or(Timestamp::MAX).to_zoned(voice.zone.clone());
    let morning = today.date().saturating_add(1.day()).at(MORNING, 0, 0, 0);
    // A morning that summer time left out begins an hour later.
    let until = morning.to_zoned(voice.zone.clone()).map(|at| UnixMillis(at.timestamp().as_millisecond()));
    let until = until.unwrap_or_else(|_| now.after(Millis(24 * 3_600_000)));
    Call::Pause { until: Some(until), running: Treatment::Keep }
}

#[cfg(test)]
mod tests;
