//! What the system announces. A problem's own sentence is English; in Korean the screens have the words, so the
//! announcement says what happened and leaves the rest to them. Pure.

use super::{Lang, Voice, lending, money};
use ttalkak_protocol::{
    desk::{DoctorCheck, GoneWhy, NoticeKind, Token},
    error::Problem,
    money::Amount,
    unit::{Millis, UnixMillis},
};

#[expect(clippy::too_many_lines, reason = "a table: one sentence for each kind")]
pub(super) fn notice(
    voice: &Voice,
    kind: &NoticeKind,
    token: Option<&Token>,
    now: UnixMillis,
) -> Option<(String, String)> {
    let lang = voice.lang;
    let both = |title: (&str, &str), text: String| Some((lang.pick(title.0, title.1).to_owned(), text));
    let said = |ko: &str, en: &str| lang.pick(ko, en).to_owned();
    let told = |problem: &Problem| match lang {
        Lang::Ko => "자세한 내용과 해결 방법은 앱에서 볼 수 있어요.".to_owned(),
        Lang::En => format!("{} {}", problem.message, problem.next),
    };
    let sum = |amount: &Amount| token.map_or_else(String::new, |token| money(*amount, token));
    match kind {
        NoticeKind::WorkloadLive { name, .. } => {
            both(("새 앱이 실행됐어요", "A new app is live"), name.clone())
        }
        NoticeKind::WorkloadGone { name, why, .. } => both(
            ("앱이 이 컴퓨터를 떠났어요", "An app left this computer"),
            format!("{name} · {}", gone(lang, *why)),
        ),
        NoticeKind::WorkloadTroubled { name, problem, .. } => {
            let text = match lang {
                Lang::Ko => format!("{name} · {}", told(problem)),
                Lang::En => format!("{name}: {}", problem.message),
            };
            both(("앱에 문제가 있어요", "An app is in trouble"), text)
        }
        NoticeKind::LendingChanged { state } => {
            both(("빌려주기 상태가 바뀌었어요", "Lending changed"), lending(voice, state, now))
        }
        NoticeKind::EngineDown { problem } => {
            both(("컨테이너 엔진이 응답하지 않아요", "The container engine does not answer"), told(problem))
        }
        NoticeKind::EngineUp { away } => {
            both(("컨테이너 엔진이 돌아왔어요", "The container engine is back"), after(lang, *away))
        }
        NoticeKind::LinkDown { problem } => {
            both(("코디네이터에 연결할 수 없어요", "The coordinator cannot be reached"), told(problem))
        }
        NoticeKind::LinkUp { away } => both(("다시 연결됐어요", "Connected again"), after(lang, *away)),
        NoticeKind::LinkRefused { problem } => both(
            ("코디네이터가 이 컴퓨터를 거부했어요", "The coordinator refuses this computer"),
            told(problem),
        ),
        NoticeKind::SettingsBroken { kept_as, .. } => both(
            ("설정을 읽을 수 없어 기본값을 써요", "The settings could not be read, defaults apply"),
            said("이전 파일: ", "The old file is kept: ") + kept_as,
        ),
        NoticeKind::BelowUse { drained } => both(
            ("한도를 낮춰 앱을 옮기고 있어요", "Apps are moved away, the limits are lower"),
            match lang {
                Lang::Ko => format!("{drained}개"),
                Lang::En => format!("Apps: {drained}"),
            },
        ),
        NoticeKind::WriteFailed { path, full, .. } => both(
            ("파일을 쓸 수 없어요", "A file could not be written"),
            if *full {
                format!("{} {path}", said("디스크가 가득 찼어요.", "The disk is full."))
            } else {
                path.clone()
            },
        ),
        NoticeKind::ClockJumped { .. } => both(
            ("컴퓨터 시계가 바뀌었어요", "The computer's clock was set"),
            said("시간표와 수익 계산을 다시 맞췄어요.", "Schedule and earnings follow the new time."),
        ),
        NoticeKind::Resumed { slept } => both(("잠자기에서 깨어났어요", "Awake again"), after(lang, *slept)),
        NoticeKind::PortsExhausted { .. } => both(
            ("빈 포트가 없어요", "No port is free"),
            said("설정에서 포트 범위를 넓혀 주세요.", "Widen the range of ports in the settings."),
        ),
        NoticeKind::Doctor { check, problem: Some(problem) } => {
            let title = match lang {
                Lang::Ko => format!("확인이 필요해요: {}", name_of(lang, *check)),
                Lang::En => format!("Needs a look: {}", name_of(lang, *check)),
            };
            Some((title, told(problem)))
        }
        NoticeKind::Doctor { check, problem: None } => {
            both(("문제가 해결됐어요", "A problem is gone"), name_of(lang, *check).to_owned())
        }
        NoticeKind::FirstEarning { amount } => {
            both(("첫 수익이 생겼어요", "Your first earning"), sum(amount))
        }
        NoticeKind::Paid { amount, .. } => both(("정산이 완료됐어요", "You were paid"), sum(amount)),
        NoticeKind::BackUpWallet => both(
            ("지갑을 백업해 주세요", "Back up your wallet"),
            said("열쇠가 이 컴퓨터에만 있어요.", "Its key is only on this computer."),
        ),
        NoticeKind::Crashed => both(
            ("백그라운드 서비스가 다시 시작됐어요", "The background service was started again"),
            said("예상하지 못하게 멈췄어요.", "It had ended unexpectedly."),
        ),
        NoticeKind::Left => both(
            ("모두 비웠어요", "All clear"),
            said("이제 이 컴퓨터를 꺼도 돼요.", "You can turn this computer off now."),
        ),
        NoticeKind::SummerTime { ahead } => both(
            ("오늘 서머타임이 바뀌어요", "Summer time changes today"),
            if *ahead {
                said("시간표에서 한 시간이 빠져요.", "An hour of the schedule is left out.")
            } else {
                said("시간표에서 한 시간이 두 번 와요.", "An hour of the schedule comes twice.")
            },
        ),
        NoticeKind::UpdateReady { version } => {
            both(("새 버전이 준비됐어요", "A newer version is ready"), version.clone())
        }
        NoticeKind::Unknown => None,
    }
}

fn gone(lang: Lang, why: GoneWhy) -> &'static str {
    match why {
        GoneWhy::Coordinator => {
            lang.pick("다른 곳에서 실행되거나 멈췄어요", "it runs elsewhere or was stopped")
        }
        GoneWhy::Owner => lang.pick("돌려보냈어요", "you gave it back"),
        GoneWhy::Lending => lang.pick("빌려주기가 멈췄어요", "lending stopped"),
        GoneWhy::Expired => lang.pick("연결이 오래 끊겼어요", "the connection was lost for too long"),
    }
}

fn after(lang: Lang, away: Millis) -> String {
    let minutes = away.0.div_ceil(60_000).max(1);
    match (lang, minutes) {
        (Lang::Ko, _) => format!("{minutes}분 만에"),
        (Lang::En, 1) => "After a minute".to_owned(),
        (Lang::En, _) => format!("After {minutes} minutes"),
    }
}

fn name_of(lang: Lang, check: DoctorCheck) -> &'static str {
    match check {
        DoctorCheck::Engine => lang.pick("컨테이너 엔진", "container engine"),
        DoctorCheck::EngineVersion => lang.pick("엔진 버전", "engine version"),
        DoctorCheck::EngineSize => lang.pick("엔진의 크기", "size of the engine's machine"),
        DoctorCheck::Limits => lang.pick("메모리와 CPU 제한", "limits of memory and processor"),
        DoctorCheck::Builder => lang.pick("이미지 빌드", "building images"),
        DoctorCheck::EngineDisk => lang.pick("엔진의 디스크", "the engine's disk"),
        DoctorCheck::DataFolder => lang.pick("데이터 폴더", "data folder"),
        DoctorCheck::Coordinator => lang.pick("코디네이터", "coordinator"),
        DoctorCheck::Outbound => lang.pick("나가는 연결", "outgoing connection"),
        DoctorCheck::Proxy => lang.pick("프록시", "proxy"),
        DoctorCheck::Clock => lang.pick("시계", "clock"),
        DoctorCheck::KeyStore => lang.pick("키 저장소", "key store"),
        DoctorCheck::Ports => lang.pick("포트", "ports"),
        DoctorCheck::Storage => lang.pick("저장 공간 제한", "limits of storage"),
        DoctorCheck::Architecture => lang.pick("프로세서 종류", "processor architecture"),
        DoctorCheck::OtherDaemon => lang.pick("다른 데몬", "another daemon"),
        DoctorCheck::Senses => lang.pick("사용 감지", "idle and battery"),
    }
}
