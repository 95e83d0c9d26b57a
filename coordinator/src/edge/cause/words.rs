//! The words of the pages, Korean and English side by side.

use super::{Cause, Language};

pub(super) struct Words {
    pub(super) lang: &'static str,
    pub(super) title: &'static str,
    pub(super) message: &'static str,
    pub(super) next: &'static str,
}

pub(super) fn of(cause: Cause, language: Language) -> Words {
    let (lang, [title, message, next]) = match language {
        Language::English => ("en", english(cause)),
        Language::Korean => ("ko", korean(cause)),
    };
    Words { lang, title, message, next }
}

const fn english(cause: Cause) -> [&'static str; 3] {
    match cause {
        Cause::Building => [
            "This app is being built",
            "Its first release is on its way.",
            "This page looks again by itself every few seconds.",
        ],
        Cause::ProviderOffline => [
            "This app's machine does not answer",
            "The computer that runs this app is offline or cannot be reached.",
            "Try again in half a minute. Its owner need not do anything: it comes back with the machine.",
        ],
        Cause::Crashed => [
            "This app does not answer",
            "Its machine is there, but the app itself has ended or closed the connection.",
            "If this is your app, read its log with `ttalkak logs`.",
        ],
        Cause::Stopped => [
            "This app is stopped",
            "Its owner has stopped it.",
            "If this is your app, start it with `ttalkak start`.",
        ],
        Cause::NoRoute => [
            "There is no app here",
            "Nothing answers at this address.",
            "Check the address. If you have just deployed, wait a moment.",
        ],
        Cause::Waking => [
            "This app is starting",
            "It will answer in a moment.",
            "This page looks again by itself every few seconds.",
        ],
        Cause::Timeout => [
            "This app took too long",
            "It took the request and did not answer in time.",
            "Try again. If this is your app, look for a request that waits for something.",
        ],
        Cause::Balance => [
            "This app is paused",
            "The money for running it is used up.",
            "If this is your app, deposit more with `ttalkak wallet deposit`. It comes back by itself.",
        ],
        Cause::Term => [
            "This app's time is over",
            "It was meant to run until a date that is reached.",
            "If this is your app, give it a later one with `ttalkak extend`. It comes back as it was.",
        ],
    }
}

const fn korean(cause: Cause) -> [&'static str; 3] {
    match cause {
        Cause::Building => [
            "앱을 빌드하고 있어요",
            "첫 릴리스를 준비하는 중이에요.",
            "이 페이지는 몇 초마다 저절로 새로 고쳐져요.",
        ],
        Cause::ProviderOffline => [
            "앱을 실행하는 컴퓨터가 응답하지 않아요",
            "이 앱을 실행하는 컴퓨터가 꺼져 있거나 연결할 수 없어요.",
            "잠시 후 다시 시도해 주세요. 컴퓨터가 돌아오면 앱도 저절로 돌아와요.",
        ],
        Cause::Crashed => [
            "앱이 응답하지 않아요",
            "컴퓨터는 연결되어 있지만 앱이 종료되었거나 연결을 끊었어요.",
            "앱의 주인이라면 `ttalkak logs`로 로그를 확인해 주세요.",
        ],
        Cause::Stopped => [
            "앱이 멈춰 있어요",
            "주인이 이 앱을 멈췄어요.",
            "앱의 주인이라면 `ttalkak start`로 다시 시작할 수 있어요.",
        ],
        Cause::NoRoute => [
            "여기에는 앱이 없어요",
            "이 주소에서 응답하는 앱이 없어요.",
            "주소를 확인해 주세요. 방금 배포했다면 잠시 기다려 주세요.",
        ],
        Cause::Waking => {
            ["앱을 시작하고 있어요", "곧 응답할 거예요.", "이 페이지는 몇 초마다 저절로 새로 고쳐져요."]
        }
        Cause::Timeout => [
            "앱의 응답이 너무 늦어요",
            "앱이 요청을 받았지만 제시간에 응답하지 않았어요.",
            "다시 시도해 주세요. 앱의 주인이라면 오래 기다리는 요청이 있는지 살펴보세요.",
        ],
        Cause::Balance => [
            "앱이 잠시 쉬고 있어요",
            "이 앱을 실행할 잔액을 다 썼어요.",
            "앱의 주인이라면 `ttalkak wallet deposit`으로 충전해 주세요. 충전하면 저절로 돌아와요.",
        ],
        Cause::Term => [
            "앱의 운영 기간이 끝났어요",
            "정해 둔 날짜까지만 실행하기로 한 앱이에요.",
            "앱의 주인이라면 `ttalkak extend`로 기간을 늘려 주세요. 그대로 다시 돌아와요.",
        ],
    }
}
