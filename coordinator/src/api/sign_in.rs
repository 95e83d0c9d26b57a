//! The ways in: which there are, by a name alone in development, by an API token. GitHub has a file of its own.

use super::{
    caller::{Anyone, TOKEN_PREFIX, not_our_page, same_origin, unauthorized},
    error::ApiError,
    extract::{Answer, Json, Reply, ok},
    providers::Origin,
    rate::Rate,
    session::{Browser, Entry, WithCookie, entered},
};
use crate::{
    clock, fresh,
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
    let entry = Entry { account, user: Some(user), token: None, scope: TokenScope::Full };
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
    let entry =
        Entry { account: owner.actor.account, user: owner.actor.user, token, scope: owner.actor.scope };
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
    use super::login;

    #[test]
    fn a_login_is_what_github_would_take() {
        assert_eq!(login(" Octo-cat9 ").unwrap(), "Octo-cat9");
        for bad in ["", "-a", "a-", "a--b", "a b", "\u{202e}a", "é", &"a".repeat(40)] {
            assert!(login(bad).is_err(), "{bad:?}");
        }
    }
}
