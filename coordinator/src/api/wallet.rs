//! Linking a wallet with an account: a text with a nonce that is good once (EIP-4361), signed by the wallet.

use super::{
    caller::Caller,
    error::ApiError,
    extract::{Json, Reply, ok},
};
use crate::{clock, fresh, jobs::on_chain, money::Money, store::wallet};
use axum::extract::FromRequestParts;
use http::{StatusCode, header, request::Parts};
use ttalkak_escrow::siwe::{Expected, Message, SiweError, verify};
use ttalkak_protocol::{
    ErrorCode,
    api::billing::{AskWalletMessage, LinkWallet, WalletMessage},
    unit::Millis,
};

/// A message is good for so long: the time to unlock a wallet.
const GOOD_FOR: Millis = Millis(10 * 60 * 1000);
const STATEMENT: &str = "Link this wallet with your Ttalkak account. This moves no money.";
/// What is signed in to; stands in the text so that it serves nothing else.
const PURPOSE: &str = "urn:ttalkak:link-wallet";
const HOST_CHARS_MAX: usize = 255;

/// The host that the caller asked, as its own address bar has it. Wallets show it, so that nobody signs for another.
pub(super) struct Host(String);

impl<S: Sync> FromRequestParts<S> for Host {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let named = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = named.or_else(|| parts.uri.authority().map(|host| host.as_str())).unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        if !host.is_empty() && host.len() <= HOST_CHARS_MAX && host.chars().all(plain) {
            return Ok(Self(host.to_owned()));
        }
        Err(ApiError::new(ErrorCode::InvalidBody, "The request names no host."))
    }
}

/// A text for a wallet to sign, so that it can be linked.
#[utoipa::path(post, path = "/v1/billing/wallet/message", tag = "billing", request_body = AskWalletMessage,
    responses((status = 200, description = "To be signed as it is.", body = WalletMessage)))]
pub(super) async fn message(
    caller: Caller,
    Host(domain): Host,
    Json(wish): Json<AskWalletMessage>,
) -> Reply<WalletMessage> {
    let money = caller.money()?;
    let (nonce, now) = (fresh::secret(""), clock::now());
    let expires_at = now.after(GOOD_FOR);
    let whose = (caller.account, wish.wallet);
    caller.store.add_wallet_nonce(&nonce, whose, expires_at, now).await?;
    let message = Message {
        domain,
        address: wish.wallet,
        statement: STATEMENT.to_owned(),
        uri: PURPOSE.to_owned(),
        chain_id: money.domain().chain_id,
        nonce,
        issued_at: now,
        expires_at,
    };
    Ok(ok(WalletMessage { message: message.to_text(), expires_at }))
}

/// Links the wallet that signed. What it deposited before counts from now on.
#[utoipa::path(put, path = "/v1/billing/wallet", tag = "billing", request_body = LinkWallet,
    responses((status = 204, description = "Linked.")))]
pub(super) async fn link(
    caller: Caller,
    Host(domain): Host,
    Json(wish): Json<LinkWallet>,
) -> Result<StatusCode, ApiError> {
    let money = caller.money()?;
    let now = clock::now();
    let nonce = Message::parse(&wish.message).map_err(|error| refused(&error))?.nonce;
    let expected = expected(&domain, money, &nonce);
    let signer = verify(&wish.message, &wish.signature, &expected, now).map_err(|error| refused(&error))?;
    let mut tx = caller.store.begin().await?;
    wallet::use_nonce(&mut tx, &nonce, (caller.account, signer), now).await?;
    wallet::link(&mut tx, caller.account, signer).await?;
    on_chain::wallet_linked(&mut tx, caller.account, signer, money.token(), now).await?;
    tx.commit().await?;
    tracing::info!(account.id = %caller.account, wallet = %signer, "linked a wallet");
    Ok(StatusCode::NO_CONTENT)
}

fn expected<'a>(domain: &'a str, money: &Money, nonce: &'a str) -> Expected<'a> {
    Expected { domain, uri: PURPOSE, chain_id: money.domain().chain_id, nonce }
}

fn refused(error: &SiweError) -> ApiError {
    let code = match error {
        SiweError::Shape | SiweError::Other(_) | SiweError::Expired | SiweError::NotYet => {
            ErrorCode::WalletNonceInvalid
        }
        SiweError::Signature(_) | SiweError::Signer => ErrorCode::WalletSignatureInvalid,
    };
    let mut message = error.to_string();
    message.get_mut(..1).map(str::make_ascii_uppercase);
    ApiError::new(code, format!("{message}."))
}
