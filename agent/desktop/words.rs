//! What tray, announcements and the question before quitting say, in Korean and English; both are written, not
//! translated. Pure. Deliberately absent: the words of the screens, which are theirs (`ui/`).

use jiff::{Timestamp, tz::TimeZone};
use ttalkak_protocol::{
    desk::{Language, LendingState, NoticeKind, QuitCost, Token, WorkloadPhase},
    money::Amount,
    unit::UnixMillis,
};

mod notices;

/// A language that we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Korean.
    Ko,
    /// English.
    #[default]
    En,
}

impl Lang {
    /// The language that was chosen; that of the system, such as `ko-KR`, when none was.
    pub fn choose(chosen: Language, system: Option<&str>) -> Self {
        match chosen {
            Language::Ko => Self::Ko,
            Language::En => Self::En,
            Language::System if system.is_some_and(|name| name.to_ascii_lowercase().starts_with("ko")) => {
                Self::Ko
            }
            Language::System => Self::En,
        }
    }

    /// The right one of two.
    pub fn pick<'a>(self, ko: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Ko => ko,
            Self::En => en,
        }
    }
}

/// How texts are written: in which language, and in which zone times are told.
#[derive(Debug, Clone)]
pub struct Voice {
    /// The language.
    pub lang: Lang,
    /// The person's time zone.
    pub zone: TimeZone,
}

/// `14:30`, with the date when it is not today.
pub fn time(voice: &Voice, at: UnixMillis, now: UnixMillis) -> String {
    let zoned = |at: UnixMillis| {
        Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::MAX).to_zoned(voice.zone.clone())
    };
    let (at, now) = (zoned(at), zoned(now));
    let clock = format!("{:02}:{:02}", at.hour(), at.minute());
    let days = (at.date() - now.date()).get_days();
    match (days, voice.lang) {
        (0, _) => clock,
        (1, Lang::Ko) => format!("내일 {clock}"),
        (1, Lang::En) => format!("tomorrow {clock}"),
        (_, Lang::Ko) => format!("{}월 {}일 {clock}", at.month(), at.day()),
        (_, Lang::En) => format!("{} {clock}", at.date().strftime("%b %-d")),
    }
}

/// `0.0123 tUSD`, with at most six decimals of the token.
pub fn money(amount: Amount, token: &Token) -> String {
    const SHOWN: u8 = 6;
    let beyond = u32::from(token.decimals.saturating_sub(SHOWN));
    let amount = Amount(amount.0 / 10_u128.saturating_pow(beyond));
    let number = amount.in_units(token.decimals.min(SHOWN));
    match &token.symbol {
        Some(symbol) => format!("{number} {symbol}"),
        None => number,
    }
}

/// The state of lending in a line.
pub fn lending(voice: &Voice, state: &LendingState, now: UnixMillis) -> String {
    let say = |ko: &str, en: &str| voice.lang.pick(ko, en).to_owned();
    let until = |at: &Option<UnixMillis>, with: (&str, &str), without: (&str, &str)| match at {
        Some(at) => say(with.0, with.1).replace("{}", &time(voice, *at, now)),
        None => say(without.0, without.1),
    };
    match state {
        LendingState::NotSetUp => say("아직 준비가 끝나지 않았어요", "Not set up yet"),
        LendingState::Off => say("빌려주지 않아요", "Not lending"),
        LendingState::Leaving { by } => {
            until(&Some(*by), ("{}까지 비우는 중이에요", "Leaving by {}"), ("", ""))
        }
        LendingState::Paused { until: at } => {
            until(at, ("{}까지 쉬어요", "Paused until {}"), ("쉬고 있어요", "Paused"))
        }
        LendingState::OutsideSchedule { opens } => until(
            opens,
            ("{}에 다시 빌려줘요 (시간표)", "Outside the schedule, lends again {}"),
            ("시간표에 빌려줄 시간이 없어요", "The schedule has no hours"),
        ),
        LendingState::OnBattery { percent: Some(percent) } => {
            say("배터리를 쓰는 중이에요 ({} %)", "On battery ({} %)").replace("{}", &percent.to_string())
        }
        LendingState::OnBattery { percent: None } => say("배터리를 쓰는 중이에요", "On battery"),
        LendingState::ExclusiveApp { program } => {
            say("{} 실행 중에는 쉬어요", "Not lending while {} runs").replace("{}", program)
        }
        LendingState::OwnerActive { fullscreen: true, .. } => {
            say("전체 화면을 쓰는 동안 쉬어요", "Not lending while an app is full screen")
        }
        LendingState::OwnerActive { fullscreen: false, .. } => {
            say("컴퓨터를 쓰는 동안 쉬어요", "Not lending while you use this computer")
        }
        LendingState::Lending => say("빌려주는 중이에요", "Lending"),
    }
}

/// Where a workload stands, in a word or two.
pub fn phase(lang: Lang, phase: &WorkloadPhase) -> &'static str {
    match phase {
        WorkloadPhase::Waiting { .. } => lang.pick("대기", "waiting"),
        WorkloadPhase::Fetching => lang.pick("소스 받는 중", "fetching"),
        WorkloadPhase::Building { .. } => lang.pick("빌드 중", "building"),
        WorkloadPhase::Starting => lang.pick("시작하는 중", "starting"),
        WorkloadPhase::Checking => lang.pick("응답 확인 중", "checking"),
        WorkloadPhase::Healthy => lang.pick("실행 중", "live"),
        WorkloadPhase::Unhealthy { .. } => lang.pick("응답 없음", "not answering"),
        WorkloadPhase::BackingOff { .. } => lang.pick("다시 시작 예정", "starting again"),
        WorkloadPhase::Stopping => lang.pick("멈추는 중", "stopping"),
        WorkloadPhase::Failed { .. } => lang.pick("실패", "failed"),
    }
}

/// A question with two ways out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Question {
    /// One line.
    pub title: String,
    /// What it means.
    pub text: String,
    /// The button that goes on.
    pub yes: String,
    /// The button that leaves everything as it is.
    pub no: String,
}

/// So many names are told before "and others".
const NAMES_MAX: usize = 5;

/// What is asked before quitting; `None` when quitting costs nothing.
pub fn quit(lang: Lang, cost: &QuitCost, token: Option<&Token>) -> Option<Question> {
    if cost.workloads.is_empty() {
        return None;
    }
    let count = cost.workloads.len();
    let mut names: Vec<&str> = cost.workloads.iter().take(NAMES_MAX).map(|row| row.name.as_str()).collect();
    let more = (count - names.len()).to_string();
    let others = lang.pick("외 {}개", "{} more").replace("{}", &more);
    if count > NAMES_MAX {
        names.push(&others);
    }
    let names = names.join(", ");
    let apps = match (lang, count) {
        (Lang::Ko, _) => format!("앱 {count}개"),
        (Lang::En, 1) => "1 app".to_owned(),
        (Lang::En, _) => format!("{count} apps"),
    };
    let mut text = match (lang, cost.stops_workloads) {
        (Lang::Ko, true) => {
            format!("{names}\n\n종료하면 이 컴퓨터에서 실행 중인 {apps}를 멈추고, 방문자와의 연결이 끊겨요.")
        }
        (Lang::Ko, false) => format!("{names}\n\n{apps}는 계속 실행되지만 방문자가 접속할 수 없어요."),
        (Lang::En, true) => {
            format!("{names}\n\nQuitting stops {apps} on this computer; visitors lose their connection.")
        }
        (Lang::En, false) => format!("{names}\n\n{apps} would run on, but visitors cannot reach them."),
    };
    if let Some(token) = token.filter(|_| cost.per_hour > Amount::ZERO) {
        let hourly = money(cost.per_hour, token);
        text.push_str(
            &lang
                .pick(" 시간당 {}를 더 벌 수 없어요.", " You stop earning {} per hour.")
                .replace("{}", &hourly),
        );
    }
    if let Some(token) = token.filter(|_| cost.unvouched > Amount::ZERO) {
        let open = money(cost.unvouched, token);
        text.push_str(
            &lang.pick(" 아직 확인되지 않은 {}가 있어요.", " {} is not confirmed yet.").replace("{}", &open),
        );
    }
    Some(Question {
        title: lang.pick("딸깍을 종료할까요?", "Quit Ttalkak?").to_owned(),
        text,
        yes: lang.pick("멈추고 종료", "Stop and quit").to_owned(),
        no: lang.pick("계속 실행", "Keep running").to_owned(),
    })
}

/// Title and text of an announcement; `None` for kinds that a newer daemon has.
pub fn notice(
    voice: &Voice,
    kind: &NoticeKind,
    token: Option<&Token>,
    now: UnixMillis,
) -> Option<(String, String)> {
    notices::notice(voice, kind, token, now)
}

#[cfg(test)]
mod tests;
