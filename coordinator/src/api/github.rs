//! In with GitHub: out to its page with a state and a proof key, back with a code that is good once. What has to be
//! remembered on the way is in a sealed cookie of the browser that went out, so that no other browser can come back for
//! it, and nothing is kept here for those who never come back.

use super::{
    ApiState,
    caller::{Anyone, Asker, cookie},
    error::ApiError,
    extract::Query,
    providers::Origin,
    session::{Browser, Entry, begin},
};
use crate::{
    clock, fresh,
    github::{GitHub, GitHubError, Person, Pkce, UserTokens},
    store::user::Known,
};
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use ttalkak_protocol::{
    ErrorCode, Secret,
    api::team::TokenScope,
    id::{AccountId, UserId},
    unit::{Millis, UnixMillis},
};

/// How GitHub is called among the places that people come from.
pub(super) const PLACE: &str = "github";
/// The cookie of a browser that is out.
const WAY_COOKIE: &str = "__Host-ttalkak-way";
const WAY_PURPOSE: &str = "way to github and back";
/// The time to find a second factor.
const WAY_GOOD_FOR: Millis = Millis(10 * 60 * 1000);
/// The longest address within the console to come back to, in characters.
const BACK_CHARS_MAX: usize = 300;

/// What a browser that is out has to bring back.
#[derive(Serialize, Deserialize)]
struct Way {
    state: String,
    verifier: String,
    back: String,
    until: UnixMillis,
}

/// Where to come back to.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BeginQuery {
    /// A path of the console; its first page when absent.
    #[serde(rename = "return")]
    back: Option<String>,
}

/// What GitHub sends a browser back with.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BackQuery {
    /// Good once.
    code: Option<String>,
    /// As it was given.
    state: Option<String>,
    /// Why not.
    error: Option<String>,
}

/// Sends the browser to GitHub.
#[utoipa::path(get, path = "/v1/sign-in/github", tag = "session", security(()), params(BeginQuery),
    responses((status = 302, description = "To GitHub.")))]
pub(super) async fn begin_github(
    anyone: Anyone,
    origin: Origin,
    Query(query): Query<BeginQuery>,
) -> Result<Response, ApiError> {
    let Some(github) = &anyone.github else {
        return Err(ApiError::new(ErrorCode::SignInClosed, "This coordinator does not know GitHub."));
    };
    let now = clock::now();
    if !anyone.room().signing_in.take(origin.0.map(|address| address.ip()), now) {
        return Err(ApiError::new(ErrorCode::RateLimited, "Too many sign-ins from this address."));
    }
    let pkce = Pkce::new(fresh::bytes());
    let way = Way {
        state: fresh::secret(""),
        verifier: pkce.verifier.reveal().clone(),
        back: query.back.filter(|back| is_own_path(back)).unwrap_or_else(|| "/".to_owned()),
        until: now.after(WAY_GOOD_FOR),
    };
    let url = github.authorize_url(&way.state, &pkce, &redirect_uri(&anyone));
    let url = url.map_err(|error| ApiError::broken("send a browser to GitHub", error))?;
    let text = serde_json::to_vec(&way).map_err(|error| ApiError::broken("write a way", error))?;
    let sealed = URL_SAFE_NO_PAD.encode(anyone.sealer.seal(WAY_PURPOSE, &text));
    Ok(to(&url, &[way_cookie(&sealed, WAY_GOOD_FOR)]))
}

/// Where GitHub sends the browser back to: in, and on to where it wanted to go.
#[utoipa::path(get, path = "/v1/sign-in/github/callback", tag = "session", security(()), params(BackQuery),
    responses((status = 302, description = "In, or to the sign-in page with `problem`.")))]
pub(super) async fn end_github(
    anyone: Anyone,
    headers: HeaderMap,
    browser: Browser,
    Query(query): Query<BackQuery>,
) -> Response {
    let forget = way_cookie("", Millis(0));
    match come_back(&anyone, &headers, query, browser).await {
        Ok((back, session)) => to(&back, &[forget, session]),
        Err(code) => to(&format!("/sign-in?problem={}", code.as_str()), &[forget]),
    }
}

async fn come_back(
    anyone: &Anyone,
    headers: &HeaderMap,
    query: BackQuery,
    browser: Browser,
) -> Result<(String, HeaderValue), ErrorCode> {
    let github = anyone.github.as_ref().ok_or(ErrorCode::SignInClosed)?;
    let now = clock::now();
    let way = read_way(anyone, headers, now).ok_or(ErrorCode::SignInStale)?;
    let state = query.state.unwrap_or_default();
    if !bool::from(state.as_bytes().ct_eq(way.state.as_bytes())) {
        return Err(ErrorCode::SignInStale);
    }
    let code = match (query.code, query.error) {
        (Some(code), None) => code,
        (_, _) => return Err(ErrorCode::SignInDenied),
    };
    let known = meet(anyone, github, &code, &way, now).await.map_err(|error| told(&error))?;
    let ids = (fresh::id(UserId::new), fresh::id(AccountId::new));
    let entered = async {
        let user = anyone.store.arrive(&known, ids, now).await?;
        let account = anyone.store.personal_team(user).await?;
        let entry = Entry { account, user: Some(user), token: None, scope: TokenScope::Full, until: None };
        begin(anyone.room(), entry, browser).await
    };
    let (session, _) = entered.await.map_err(|error: ApiError| {
        tracing::error!(%error, "somebody who came from GitHub could not be let in");
        ErrorCode::Internal
    })?;
    Ok((way.back, session))
}

/// Asks GitHub who came.
async fn meet(
    anyone: &Anyone,
    github: &GitHub,
    code: &str,
    way: &Way,
    now: UnixMillis,
) -> Result<Known, GitHubError> {
    let verifier = Secret::new(way.verifier.clone());
    let tokens = github.exchange(code, &verifier, &redirect_uri(anyone), now).await?;
    let person: Person = github.user(&tokens.access).await?;
    // Without the right to see addresses one comes in all the same, and may verify one here.
    let emails = github.emails(&tokens.access).await.unwrap_or_default();
    let email = emails.into_iter().find(|email| email.primary && email.verified).map(|email| email.email);
    let name = person.name.filter(|name| super::validate::person_name(name).is_ok());
    Ok(Known {
        place: PLACE,
        subject: person.id.to_string(),
        name: name.unwrap_or_else(|| person.login.clone()),
        login: person.login,
        email,
        avatar_url: person.avatar_url.filter(|url| url.starts_with("https://") && url.len() <= 300),
        tokens: Some(seal(anyone, &person.id.to_string(), &tokens)),
    })
}

/// What the sign-in page explains; the rest is in the log.
fn told(error: &GitHubError) -> ErrorCode {
    tracing::warn!(%error, "a sign-in with GitHub failed");
    match error {
        GitHubError::CodeRefused(_) | GitHubError::Refused { .. } => ErrorCode::SignInDenied,
        GitHubError::Limited { .. } => ErrorCode::GithubLimited,
        GitHubError::Unreachable { .. }
        | GitHubError::Broken { .. }
        | GitHubError::Garbled { .. }
        | GitHubError::NotFound { .. }
        | GitHubError::TooLong { .. }
        | GitHubError::File { .. }
        | GitHubError::Exposed { .. }
        | GitHubError::Key(_)
        | GitHubError::Client(_) => ErrorCode::GithubUnavailable,
    }
}

fn redirect_uri(state: &ApiState) -> String {
    format!("{}/v1/sign-in/github/callback", state.config.console_url())
}

fn read_way(state: &ApiState, headers: &HeaderMap, now: UnixMillis) -> Option<Way> {
    let sealed = URL_SAFE_NO_PAD.decode(cookie(headers, WAY_COOKIE)?).ok()?;
    let text = state.sealer.open_sealed(WAY_PURPOSE, &sealed).ok()?;
    let way: Way = serde_json::from_slice(&text).ok()?;
    (way.until > now).then_some(way)
}

fn way_cookie(value: &str, good_for: Millis) -> HeaderValue {
    let seconds = good_for.0 / 1000;
    let text = format!("{WAY_COOKIE}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&text).expect("base64 in a header")
}

fn to(url: &str, cookies: &[HeaderValue]) -> Response {
    let Ok(location) = HeaderValue::from_str(url) else {
        return ApiError::broken("send a browser on", "the address does not fit a header").into_response();
    };
    let mut response = (StatusCode::FOUND, [(header::LOCATION, location)]).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    response
}

/// Whether a path stays within the console: browsers read `//host` and `/\host` as another site.
fn is_own_path(path: &str) -> bool {
    let plain = path.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    path.starts_with('/') && !path.starts_with("//") && plain && path.len() <= BACK_CHARS_MAX
}

/// Bound to whose they are, so that one person's tokens in another's row do not open.
fn purpose(subject: &str) -> String {
    format!("identity {PLACE} {subject}")
}

fn seal(state: &ApiState, subject: &str, tokens: &UserTokens) -> Vec<u8> {
    let text = serde_json::to_vec(tokens).expect("tokens have string keys");
    state.sealer.seal(&purpose(subject), &text)
}

/// What lets us ask GitHub in somebody's name, renewed when its time is over. Errors: `GithubRefused` when they did not
/// come from there, or have to come again.
pub(super) async fn access(asker: &Asker, github: &GitHub) -> Result<Secret<String>, ApiError> {
    let again = || ApiError::new(ErrorCode::GithubRefused, "You are not signed in with GitHub.");
    let (user, now) = (asker.person().map_err(|_| again())?, clock::now());
    let (subject, sealed) = asker.store.identity_tokens(user, PLACE).await?.ok_or_else(again)?;
    let text = asker.sealer.open_sealed(&purpose(&subject), &sealed);
    let text = text.map_err(|error| ApiError::broken("open what GitHub gave", error))?;
    let tokens: UserTokens = serde_json::from_slice(&text).map_err(|_| again())?;
    if !tokens.is_stale(now) {
        return Ok(tokens.access);
    }
    let refresh = tokens.refresh.ok_or_else(again)?;
    let renewed = github.refresh(&refresh, now).await;
    let renewed = renewed.map_err(|error| {
        if matches!(error, GitHubError::CodeRefused(_)) { again() } else { error.problem().into() }
    })?;
    asker.store.keep_identity_tokens(user, PLACE, &seal(asker, &subject, &renewed)).await?;
    Ok(renewed.access)
}

#[cfg(test)]
mod tests {
    use super::is_own_path;

    #[test]
    fn nobody_is_sent_to_another_site_after_signing_in() {
        assert!(is_own_path("/") && is_own_path("/deployments/shop?tab=logs"));
        for bad in
            ["", "//evil.test", "/\\evil.test", "https://evil.test", "/a b", "/\u{202e}", &"/".repeat(2)]
        {
            assert!(!is_own_path(bad), "{bad:?}");
        }
        assert!(!is_own_path(&format!("/{}", "a".repeat(300))));
    }
}
