//! The ways in: which there are, by a name alone in development, by an API token. GitHub has a file of its own.

use super::{
    caller::{Anyone, TOKEN_PREFIX, not_our_page, same_origin, unauthorized},
    error::ApiError,
    extract::{Answer, Json, Reply, ok},
    providers::Origin,
    rate::Rate,
    session::{Browser, Entry, WithCookie, entered},
    wallet::Host,
};
use crate::{
    clock, fresh,
    logic::authorize::Actor,
    store::{credential::Credential, user::Known},
};
use http::HeaderMap;
use sha2::{Digest, Sha256};
use ttalkak_protocol::{
    ErrorCode,
    api::{
        session::{SessionView, SignInByName, SignInByToken, SignInWays},
        team::{Role, TokenScope},
    },
    id::{AccountId, UserId},
};

/// Let through for one address: a person who mistypes, an office behind one address.
pub(super) const RATE: Rate = Rate { burst: 20, every_ms: 3_000 };
const LOGIN_CHARS_MAX: usize = 39;

/// Which ways in there are, beside an API token.
#[utoipa::path(get, path = "/v1/sign-in", tag = "session", security(()),
    responses((status = 200, description = "These.", body = SignInWays)))]
pub(super) async fn ways(anyone: Anyone) -> Reply<SignInWays> {
    let development = anyone.config.accounts.development_sign_in;
    Ok(ok(SignInWays { github: anyone.github.is_some(), development }))
}

/// In by a name alone, on a coordinator for development; whoever comes so owns its first team.
#[utoipa::path(post, path = "/v1/sign-in/development", tag = "session", security(()),
    request_body = SignInByName, responses((status = 200, description = "In.", body = SessionView)))]
pub(super) async fn by_name(
    anyone: Anyone,
    headers: HeaderMap,
    Host(host): Host,
    origin: Origin,
    browser: Browser,
    Json(wish): Json<SignInByName>,
) -> Result<WithCookie<Answer<SessionView>>, ApiError> {
    if !anyone.config.accounts.development_sign_in {
        return Err(ApiError::new(
            ErrorCode::SignInClosed,
            "This coordinator lets nobody in by a name alone.",
        ));
    }
    if !is_ours(&host, &anyone.config.console_url()) {
        return Err(not_our_page());
    }
    let_through(&anyone, &headers, &origin)?;
    let login = login(&wish.login)?;
    let known = Known {
        place: "development",
        subject: login.to_lowercase(),
        login: login.to_owned(),
        name: login.to_owned(),
        email: None,
        avatar_url: None,
        tokens: None,
    };
    let now = clock::now();
    let ids = (fresh::id(UserId::new), fresh::id(AccountId::new));
    let user = anyone.store.arrive(&known, ids, now).await?;
    let account = match anyone.store.first_account().await? {
        Some(first) => {
            anyone.store.join_team(first, user, Role::Owner, now).await?;
            first
        }
        None => anyone.store.personal_team(user).await?,
    };
    let entry = Entry { account, user: Some(user), token: None, scope: TokenScope::Full, until: None };
    entered(anyone.room(), entry, browser).await
}

/// In with an API token: the browser may do what the token may, and is signed out when the token is revoked.
#[utoipa::path(post, path = "/v1/sign-in/token", tag = "session", security(()),
    request_body = SignInByToken, responses((status = 200, description = "In.", body = SessionView)))]
pub(super) async fn by_token(
    anyone: Anyone,
    headers: HeaderMap,
    origin: Origin,
    browser: Browser,
    Json(wish): Json<SignInByToken>,
) -> Result<WithCookie<Answer<SessionView>>, ApiError> {
    let_through(&anyone, &headers, &origin)?;
    let secret = wish.token.reveal().trim();
    let unknown = || unauthorized("The token is not known, or was revoked.");
    if !secret.starts_with(TOKEN_PREFIX) {
        return Err(unknown());
    }
    let found = anyone.store.token_owner(&Sha256::digest(secret).into(), clock::now()).await?;
    let owner = found.ok_or_else(unknown)?;
    let token = match owner.credential {
        Credential::Token(token) => Some(token),
        Credential::Session(_) => None,
    };
    let Actor { account, user, scope, .. } = owner.actor;
    let entry = Entry { account, user, token, scope, until: owner.expires_at };
    entered(anyone.room(), entry, browser).await
}

/// Nobody is signed in by another site's page, and nobody tries for ever.
fn let_through(anyone: &Anyone, headers: &HeaderMap, origin: &Origin) -> Result<(), ApiError> {
    if !same_origin(headers) {
        return Err(not_our_page());
    }
    if anyone.room().signing_in.take(origin.0.map(|address| address.ip()), clock::now()) {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::RateLimited, "Too many sign-ins from this address."))
}

/// Whether a host is this machine, or where the console is known to be. A stranger's name that was made to lead here has
/// pages of its own that look as if they were ours.
fn is_ours(host: &str, console_url: &str) -> bool {
    let url = |text: &str| url::Url::parse(text).ok();
    let Some(asked) = url(&format!("http://{host}")) else { return false };
    let local = match asked.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    local || url(console_url).is_some_and(|console| console.host_str() == asked.host_str())
}

/// A login as GitHub has them. Errors: `LoginInvalid`.
fn login(text: &str) -> Result<&str, ApiError> {
    let text = text.trim();
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let hyphens = text.starts_with('-') || text.ends_with('-') || text.contains("--");
    if text.is_empty() || text.len() > LOGIN_CHARS_MAX || !plain || hyphens {
        return Err(ApiError::new(ErrorCode::LoginInvalid, "This is not a login."));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{is_ours, login};

    #[test]
    fn a_name_that_was_made_to_lead_here_is_not_ours() {
        for ours in ["127.0.0.1:7700", "localhost:7700", "console.localhost", "[::1]:7700", "console.test"] {
            assert!(is_ours(ours, "https://console.test"), "{ours}");
        }
        for strange in ["evil.test:7700", "localhost.evil.test", "192.168.0.2:7700", ""] {
            assert!(!is_ours(strange, "https://console.test"), "{strange}");
        }
    }

    #[test]
    fn a_login_is_what_github_would_take() {
        assert_eq!(login(" Octo-cat9 ").unwrap(), "Octo-cat9");
        for bad in ["", "-a", "a-", "a--b", "a b", "\u{202e}a", "é", &"a".repeat(40)] {
            assert!(login(bad).is_err(), "{bad:?}");
        }
    }
}
