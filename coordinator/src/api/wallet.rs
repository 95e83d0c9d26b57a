//! Linking a wallet with an account: a text with a nonce that is good once (EIP-4361), signed by the wallet.

use super::{
    caller::{Caller, can},
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
    money::EvmAddress,
    unit::{Millis, UnixMillis},
};

/// A message is good for so long: the time to unlock a wallet.
const GOOD_FOR: Millis = Millis(10 * 60 * 1000);
const PURPOSE: Purpose = Purpose {
    statement: "Link this wallet with your Ttalkak account. This moves no money.",
    uri: "urn:ttalkak:link-wallet",
};
const HOST_CHARS_MAX: usize = 255;

/// The host that the caller asked, as its own address bar has it. Wallets show it, so that nobody signs for another.
pub(super) struct Host(pub(super) String);

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
#[utoipa::path(post, path = "/v1/billing/wallet/message", tag = "billing", security(("token" = ["pay"])), request_body = AskWalletMessage,
    responses((status = 200, description = "To be signed as it is.", body = WalletMessage)))]
pub(super) async fn message(
    caller: Caller<can::Pay>,
    Host(domain): Host,
    Json(wish): Json<AskWalletMessage>,
) -> Reply<WalletMessage> {
    let money = caller.money()?;
    let (message, expires_at) = PURPOSE.message(domain, wish.wallet, money);
    let whose = (caller.account, wish.wallet);
    caller.store.add_wallet_nonce(&message.nonce, whose, expires_at, clock::now()).await?;
    Ok(ok(WalletMessage { message: message.to_text(), expires_at }))
}

/// Links the wallet that signed. What it deposited before counts from now on.
#[utoipa::path(put, path = "/v1/billing/wallet", tag = "billing", security(("token" = ["pay"])), request_body = LinkWallet,
    responses((status = 204, description = "Linked.")))]
pub(super) async fn link(
    caller: Caller<can::Pay>,
    Host(domain): Host,
    Json(wish): Json<LinkWallet>,
) -> Result<StatusCode, ApiError> {
    let money = caller.money()?;
    let now = clock::now();
    let (nonce, signer) = PURPOSE.signer(&wish, &domain, money)?;
    let mut tx = caller.store.begin().await?;
    wallet::use_nonce(&mut tx, &nonce, (caller.account, signer), now).await?;
    wallet::link(&mut tx, caller.account, signer).await?;
    on_chain::wallet_linked(&mut tx, caller.account, signer, money.token(), now).await?;
    tx.commit().await?;
    tracing::info!(account.id = %caller.account, wallet = %signer, "linked a wallet");
    Ok(StatusCode::NO_CONTENT)
}

/// What a wallet signs in to; stands in the text so that a signature serves nothing else.
pub(super) struct Purpose {
    /// For the wallet's owner.
    pub(super) statement: &'static str,
    /// For us.
    pub(super) uri: &'static str,
}

impl Purpose {
    /// A fresh text for a wallet, and when it ends. Its nonce is still to be noted.
    pub(super) fn message(
        &self,
        domain: String,
        address: EvmAddress,
        money: &Money,
    ) -> (Message, UnixMillis) {
        let (nonce, issued_at) = (fresh::secret(""), clock::now());
        let expires_at = issued_at.after(GOOD_FOR);
        let (statement, uri) = (self.statement.to_owned(), self.uri.to_owned());
        let chain_id = money.domain().chain_id;
        (Message { domain, address, statement, uri, chain_id, nonce, issued_at, expires_at }, expires_at)
    }

    /// Who signed, and the nonce, which is still to be used up. Errors: `WalletNonceInvalid`, `WalletSignatureInvalid`.
    pub(super) fn signer(
        &self,
        signed: &LinkWallet,
        domain: &str,
        money: &Money,
    ) -> Result<(String, EvmAddress), ApiError> {
        let nonce = Message::parse(&signed.message).map_err(|error| refused(&error))?.nonce;
        let expected = Expected { domain, uri: self.uri, chain_id: money.domain().chain_id, nonce: &nonce };
        let signer = verify(&signed.message, &signed.signature, &expected, clock::now())
            .map_err(|error| refused(&error))?;
        Ok((nonce, signer))
    }
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
