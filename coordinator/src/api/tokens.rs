//! API tokens: making, listing, revoking.

use super::{
    audit::AuditSlot,
    caller::{Asker, Caller, TOKEN_PREFIX, can},
    error::ApiError,
    extract::{Answer, Json, Key, Reply, ok},
    validate,
};
use crate::{
    clock, fresh,
    store::{Store, StoreResult, token::TokenWish},
};
use http::StatusCode;
use sha2::{Digest, Sha256};
use ttalkak_protocol::{
    ErrorCode, Secret,
    api::{
        team::Role,
        token::{CreateToken, TokenCreated, TokenList, TokenView},
    },
    id::{TokenId, UserId},
    unit::{Millis, UnixMillis},
};

const DAY_MS: u64 = 24 * 3600 * 1000;
const DAYS_MAX: u32 = 366;

/// A token and its secret, which is nowhere else.
pub struct NewToken {
    /// As it is listed.
    pub view: TokenView,
    /// `ttk_…`.
    pub secret: Secret<String>,
}

/// Makes a token; also how the first one comes about.
pub async fn new_token(store: &Store, wish: &TokenWish<'_>, now: UnixMillis) -> StoreResult<NewToken> {
    let secret = fresh::secret(TOKEN_PREFIX);
    let hash = Sha256::digest(&secret).into();
    let view = store.create_token(wish, fresh::id(TokenId::new), &hash, now).await?;
    Ok(NewToken { view, secret: Secret::new(secret) })
}

/// Makes a token for this team; its secret is shown this once. It may do no more than you may.
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens", security(("token" = ["personal"])),
    request_body = CreateToken, responses((status = 201, description = "Made.", body = TokenCreated)))]
pub(super) async fn create(
    caller: Caller<can::Personal>,
    about: AuditSlot,
    Json(wish): Json<CreateToken>,
) -> Reply<TokenCreated> {
    validate::label(&wish.name)?;
    let now = clock::now();
    let wish = TokenWish {
        account: caller.account,
        user: caller.actor().user,
        name: &wish.name,
        scope: wish.scope,
        expires_at: expiry(wish.expires_in_days, now)?,
    };
    let NewToken { view, secret } = new_token(&caller.store, &wish, now).await?;
    about.is(wish.name);
    Ok(Answer(StatusCode::CREATED, TokenCreated { token: view, secret }))
}

/// Errors: `InvalidBody`.
fn expiry(days: Option<u32>, now: UnixMillis) -> Result<Option<UnixMillis>, ApiError> {
    match days {
        None => Ok(None),
        Some(days @ 1..=DAYS_MAX) => Ok(Some(now.after(Millis(u64::from(days) * DAY_MS)))),
        Some(_) => Err(ApiError::new(ErrorCode::InvalidBody, "A token is good for 1 to 366 days.")),
    }
}

/// The team's tokens for its owners, your own for others; newest first.
#[utoipa::path(get, path = "/v1/tokens", tag = "tokens", security(("token" = ["personal"])),
    responses((status = 200, description = "All.", body = TokenList)))]
pub(super) async fn list(caller: Caller<can::Personal>) -> Reply<TokenList> {
    let items = caller.store.list_tokens(caller.account, whose(&caller), clock::now()).await?;
    Ok(ok(TokenList { items }))
}

/// Whose tokens one may see and revoke; `None`: all of the team's.
fn whose(asker: &Asker) -> Option<UserId> {
    match asker.actor().role {
        Role::Owner => None,
        Role::Developer | Role::Viewer => asker.actor().user,
    }
}

/// Revokes a token at once, with the browsers that it signed in; also the one that is used for this.
#[utoipa::path(delete, path = "/v1/tokens/{token}", tag = "tokens", security(("token" = ["personal"])),
    params(("token" = TokenId, Path, description = "Its id.")),
    responses((status = 204, description = "Revoked.")))]
pub(super) async fn revoke(caller: Caller<can::Personal>, Key(key): Key) -> Result<StatusCode, ApiError> {
    let token: TokenId =
        key.parse().map_err(|_| ApiError::new(ErrorCode::NotFound, "There is no token of that id."))?;
    caller.store.revoke_token(caller.account, whose(&caller), token, clock::now()).await?;
    // Browsers that it opened are known by themselves, so all of the team are looked up again.
    let account = caller.account;
    caller.forget(|owner| owner.actor.account == account);
    Ok(StatusCode::NO_CONTENT)
}
