//! Why no app answers, as a page for people (Korean or English) and as JSON for programs. Pure: strings in, strings
//! out. Deliberately absent: who decides on a cause.

use http::{HeaderMap, HeaderValue, header};
use std::fmt::Write;

mod words;

/// The header that names the cause.
pub const CAUSE_HEADER: &str = "x-ttalkak-cause";

const PAGE: &str = include_str!("cause/page.html");

/// Why nobody answers for a name. The text form never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The first release is being built.
    Building,
    /// The provider's machine does not answer.
    ProviderOffline,
    /// The app ended, or does not speak HTTP.
    Crashed,
    /// Stopped by its owner.
    Stopped,
    /// Nothing has this name.
    NoRoute,
    /// Being started.
    Waking,
    /// The app took the request and did not answer in time.
    Timeout,
    /// Stopped, since the money for it is used up.
    Balance,
    /// Stopped, since its end date is reached.
    Term,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Building,
        Self::ProviderOffline,
        Self::Crashed,
        Self::Stopped,
        Self::NoRoute,
        Self::Waking,
        Self::Timeout,
        Self::Balance,
        Self::Term,
    ];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::ProviderOffline => "provider_offline",
            Self::Crashed => "crashed",
            Self::Stopped => "stopped",
            Self::NoRoute => "no_route",
            Self::Waking => "waking",
            Self::Timeout => "timeout",
            Self::Balance => "balance",
            Self::Term => "term",
        }
    }

    /// The HTTP status: 404 where there is nothing, 502 and 504 where the app is to blame, else 503.
    pub const fn status(self) -> http::StatusCode {
        match self {
            Self::NoRoute => http::StatusCode::NOT_FOUND,
            Self::Crashed => http::StatusCode::BAD_GATEWAY,
            Self::Timeout => http::StatusCode::GATEWAY_TIMEOUT,
            // Not 402: it is the owner who pays, never the visitor.
            Self::Building
            | Self::ProviderOffline
            | Self::Stopped
            | Self::Waking
            | Self::Balance
            | Self::Term => http::StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// When it is worth coming back, seconds.
    pub const fn retry_after(self) -> u32 {
        match self {
            Self::Waking => 2,
            Self::Building => 5,
            Self::Crashed | Self::Timeout => 10,
            Self::ProviderOffline => 30,
            Self::Stopped | Self::NoRoute | Self::Balance | Self::Term => 60,
        }
    }

    /// Whether the page should look again by itself: what is on its way will be there soon.
    const fn reloads(self) -> bool {
        match self {
            Self::Building | Self::Waking => true,
            Self::ProviderOffline
            | Self::Crashed
            | Self::Stopped
            | Self::NoRoute
            | Self::Timeout
            | Self::Balance
            | Self::Term => false,
        }
    }
}

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, for whoever does not ask for Korean.
    English,
    /// Korean.
    Korean,
}

/// What the visitor can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// A program: JSON instead of a page.
    pub json: bool,
    /// In which language.
    pub language: Language,
}

impl Reader {
    /// Reads `Accept` and `Accept-Language`.
    pub fn of(headers: &HeaderMap) -> Self {
        let korean =
            preference(headers.get(header::ACCEPT_LANGUAGE), |tag| tag == "ko" || tag.starts_with("ko-"));
        let english = preference(headers.get(header::ACCEPT_LANGUAGE), |tag| {
            tag == "*" || tag == "en" || tag.starts_with("en-")
        });
        let json = preference(headers.get(header::ACCEPT), |kind| {
            kind == "application/json" || kind.ends_with("+json")
        });
        let html = preference(headers.get(header::ACCEPT), |kind| matches!(kind, "text/html" | "text/*"));
        let language = if korean > english { Language::Korean } else { Language::English };
        Self { json: json > html, language }
    }
}

/// The best weight, in thousandths, of an entry that `fits`; earlier entries win by a little.
fn preference(value: Option<&HeaderValue>, fits: impl Fn(&str) -> bool) -> i32 {
    let text = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best = -1;
    for (index, entry) in text.split(',').enumerate().take(32) {
        let mut parts = entry.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse::<f32>().ok());
        let thousandths = (weight.unwrap_or(1.0).clamp(0.0, 1.0) * 100_000.0) as i32;
        if fits(&name) && thousandths > 0 {
            best = best.max(thousandths - i32::try_from(index).unwrap_or(0));
        }
    }
    best
}

/// What a page tells.
#[derive(Debug, Clone, Copy)]
pub struct Tale<'a> {
    /// Why nobody answers.
    pub cause: Cause,
    /// What was asked for, as the visitor wrote it; may be anything.
    pub host: &'a str,
    /// One sentence more; may be empty.
    pub detail: &'a str,
    /// For support.
    pub request_id: &'a str,
}

/// The content type and body of an answer.
pub fn render(tale: Tale<'_>, reader: Reader) -> (&'static str, String) {
    if reader.json {
        return ("application/json", json(tale, reader.language));
    }
    ("text/html; charset=utf-8", html(tale, reader.language))
}

fn json(tale: Tale<'_>, language: Language) -> String {
    let words = words::of(tale.cause, language);
    serde_json::json!({ "error": {
        "code": tale.cause.as_str(),
        "message": words.message,
        "next": words.next,
        "detail": tale.detail,
        "host": tale.host,
        "retry_after": tale.cause.retry_after(),
        "request_id": tale.request_id,
    }})
    .to_string()
}

fn html(tale: Tale<'_>, language: Language) -> String {
    let words = words::of(tale.cause, language);
    let reload = if tale.cause.reloads() { "<meta http-equiv=\"refresh\" content=\"3\">" } else { "" };
    let detail =
        if tale.detail.is_empty() { String::new() } else { format!("<p>{}</p>", Escaped(tale.detail)) };
    let mut page = String::with_capacity(PAGE.len() + 512);
    let mut rest = PAGE;
    while let Some((before, after)) = rest.split_once("{{") {
        let (field, after) = after.split_once("}}").unwrap_or((after, ""));
        page.push_str(before);
        match field {
            "lang" => page.push_str(words.lang),
            "reload" => page.push_str(reload),
            "title" => page.push_str(words.title),
            "message" => page.push_str(words.message),
            "next" => page.push_str(words.next),
            "detail" => page.push_str(&detail),
            "cause" => page.push_str(tale.cause.as_str()),
            "host" => write!(page, "{}", Escaped(tale.host)).expect("a string takes everything"),
            "request_id" => write!(page, "{}", Escaped(tale.request_id)).expect("a string takes everything"),
            _ => {}
        }
        rest = after;
    }
    page.push_str(rest);
    page
}

/// A text that cannot become markup.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            c => f.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests;
