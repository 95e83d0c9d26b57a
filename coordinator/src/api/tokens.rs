//! API tokens: making, listing, revoking.

use super::{
    caller::{Caller, TOKEN_PREFIX},
    error::ApiError,
    extract::{Answer, Json, Key, Reply, ok},
    validate,
};
use crate::{
    clock, fresh,
    store::{Store, StoreResult},
};
use http::StatusCode;
use sha2::{Digest, Sha256};
use ttalkak_protocol::{
    ErrorCode, Secret,
    api::token::{CreateToken, TokenCreated, TokenList, TokenView},
    id::{AccountId, TokenId},
    unit::UnixMillis,
};

/// A token and its secret, which is nowhere else.
pub struct NewToken {
    /// As it is listed.
    pub view: TokenView,
    /// `ttk_…`.
    pub secret: Secret<String>,
}

/// Makes a token for an account; also how the first one comes about.
pub async fn new_token(
    store: &Store,
    account: AccountId,
    name: &str,
    now: UnixMillis,
) -> StoreResult<NewToken> {
    let secret = fresh::secret(TOKEN_PREFIX);
    let hash = Sha256::digest(&secret).into();
    let view = store.create_token(account, fresh::id(TokenId::new), name, &hash, now).await?;
    Ok(NewToken { view, secret: Secret::new(secret) })
}

/// Makes a token; its secret is shown this once.
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens", request_body = CreateToken,
    responses((status = 201, description = "Made.", body = TokenCreated)))]
pub(super) async fn create(caller: Caller, Json(wish): Json<CreateToken>) -> Reply<TokenCreated> {
    validate::label(&wish.name)?;
    let NewToken { view, secret } =
        new_token(&caller.store, caller.account, &wish.name, clock::now()).await?;
    Ok(Answer(StatusCode::CREATED, TokenCreated { token: view, secret }))
}

/// Your tokens, newest first.
#[utoipa::path(get, path = "/v1/tokens", tag = "tokens",
    responses((status = 200, description = "All.", body = TokenList)))]
pub(super) async fn list(caller: Caller) -> Reply<TokenList> {
    Ok(ok(TokenList { items: caller.store.list_tokens(caller.account).await? }))
}

/// Revokes a token at once; also the one that is used for this.
#[utoipa::path(delete, path = "/v1/tokens/{token}", tag = "tokens",
    params(("token" = TokenId, Path, description = "Its id.")),
    responses((status = 204, description = "Revoked.")))]
pub(super) async fn revoke(caller: Caller, Key(key): Key) -> Result<StatusCode, ApiError> {
    let token: TokenId =
        key.parse().map_err(|_| ApiError::new(ErrorCode::NotFound, "There is no token of that id."))?;
    caller.store.revoke_token(caller.account, token, clock::now()).await?;
    caller.forget_token(token);
    Ok(StatusCode::NO_CONTENT)
}
