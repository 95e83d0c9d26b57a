//! `/v1/me`: what is a person's own.

use super::{
    caller::{Caller, can},
    error::ApiError,
    extract::{Answer, Json, Key, Reply, ok},
    rate::Rate,
    validate,
};
use crate::{
    clock, fresh,
    mail::{MailError, is_address},
    store::{credential::Credential, user::CodeTried},
};
use http::StatusCode;
use sha2::{Digest, Sha256};
use ttalkak_protocol::{
    ErrorCode,
    api::user::{AskEmailCode, ChangeMe, EmailCodeSent, SessionList, UserView, VerifyEmail},
    id::{SessionId, UserId},
    unit::Millis,
};

/// A code is good for so long: the time that mail takes at its worst.
const CODE_GOOD_FOR: Millis = Millis(15 * 60 * 1000);
const DIGITS: usize = 6;
/// Codes that one person may let be sent.
pub(super) const CODE_RATE: Rate = Rate { burst: 3, every_ms: 60_000 };

/// You.
#[utoipa::path(get, path = "/v1/me", tag = "me", security(("token" = ["read"])),
    responses((status = 200, description = "You.", body = UserView)))]
pub(super) async fn read(caller: Caller<can::Read>) -> Reply<UserView> {
    Ok(ok(caller.store.user(caller.person()?).await?))
}

/// Changes what you are called.
#[utoipa::path(patch, path = "/v1/me", tag = "me", security(("token" = ["personal"])),
    request_body = ChangeMe, responses((status = 200, description = "You.", body = UserView)))]
pub(super) async fn change(caller: Caller<can::Personal>, Json(wish): Json<ChangeMe>) -> Reply<UserView> {
    let name = validate::person_name(&wish.name)?;
    Ok(ok(caller.store.rename_user(caller.person()?, name).await?))
}

/// Sends a code to an address, to see whether it is yours.
#[utoipa::path(post, path = "/v1/me/email", tag = "me", security(("token" = ["personal"])),
    request_body = AskEmailCode, responses((status = 202, description = "On its way.", body = EmailCodeSent)))]
pub(super) async fn ask_code(
    caller: Caller<can::Personal>,
    Json(wish): Json<AskEmailCode>,
) -> Reply<EmailCodeSent> {
    let (user, email, now) = (caller.person()?, wish.email.trim().to_owned(), clock::now());
    if !is_address(&email) {
        return Err(ApiError::new(ErrorCode::EmailInvalid, "Mail cannot be sent to this address."));
    }
    if !caller.room().mailing.take(user, now) {
        return Err(ApiError::new(ErrorCode::RateLimited, "Too many codes were asked for."));
    }
    let code = fresh::letters(b"0123456789", DIGITS);
    let expires_at = now.after(CODE_GOOD_FOR);
    caller.store.ask_email_code(user, &email, &hash(user, &email, &code), expires_at).await?;
    let text = format!(
        "{code} is your code for Ttalkak.\n{code} 이(가) 딸깍 확인 코드예요.\n\n\
         It is good for 15 minutes. If you did not ask for it, there is nothing to do.\n\
         15분 동안 쓸 수 있어요. 요청하지 않았다면 그냥 두셔도 돼요.\n"
    );
    let sent = caller.mail.send(&email, &format!("{code} – Ttalkak 딸깍"), text).await;
    sent.map_err(not_sent)?;
    Ok(Answer(StatusCode::ACCEPTED, EmailCodeSent { email, expires_at }))
}

/// What is told of a mail that was not sent; why is in the log.
pub(super) fn not_sent(error: MailError) -> ApiError {
    match error {
        MailError::Address(_) | MailError::Write(_) => {
            ApiError::new(ErrorCode::EmailInvalid, "Mail cannot be sent to this address.")
        }
        MailError::Off => ApiError::new(ErrorCode::MailUnavailable, "This coordinator sends no mail."),
        MailError::Send(cause) => {
            tracing::warn!(%cause, "the mail server did not take a mail");
            ApiError::new(ErrorCode::MailUnavailable, "The mail server did not take the mail.")
        }
    }
}

/// Shows that the address is yours.
#[utoipa::path(post, path = "/v1/me/email/verify", tag = "me", security(("token" = ["personal"])),
    request_body = VerifyEmail, responses((status = 200, description = "It is.", body = UserView)))]
pub(super) async fn verify(caller: Caller<can::Personal>, Json(wish): Json<VerifyEmail>) -> Reply<UserView> {
    let user = caller.person()?;
    let over = || ApiError::new(ErrorCode::EmailCodeExpired, "No code waits for this account.");
    let email = caller.store.email_asked(user).await?.ok_or_else(over)?;
    let code: String = wish.code.chars().filter(|c| !c.is_whitespace()).take(DIGITS + 1).collect();
    match caller.store.try_email_code(user, &hash(user, &email, &code), clock::now()).await? {
        CodeTried::Right => Ok(ok(caller.store.user(user).await?)),
        CodeTried::Wrong => {
            Err(ApiError::new(ErrorCode::EmailCodeWrong, "This is not the code that was sent."))
        }
        CodeTried::Over => Err(over()),
    }
}

fn hash(user: UserId, email: &str, code: &str) -> [u8; 32] {
    Sha256::digest(format!("{user}\n{email}\n{code}")).into()
}

/// The browsers that you are signed in with, last used first.
#[utoipa::path(get, path = "/v1/me/sessions", tag = "me", security(("token" = ["personal"])),
    responses((status = 200, description = "All.", body = SessionList)))]
pub(super) async fn sessions(caller: Caller<can::Personal>) -> Reply<SessionList> {
    let current = match caller.owner.credential {
        Credential::Session(session) => Some(session),
        Credential::Token(_) => None,
    };
    let items = caller.store.list_sessions(caller.person()?, current, clock::now()).await?;
    Ok(ok(SessionList { items }))
}

/// Signs one of your browsers out, at once.
#[utoipa::path(delete, path = "/v1/me/sessions/{session}", tag = "me", security(("token" = ["personal"])),
    params(("session" = SessionId, Path, description = "Its id.")),
    responses((status = 204, description = "Signed out.")))]
pub(super) async fn end_session(
    caller: Caller<can::Personal>,
    Key(key): Key,
) -> Result<StatusCode, ApiError> {
    let unknown = || ApiError::new(ErrorCode::NotFound, "There is no browser of that id.");
    let session: SessionId = key.parse().map_err(|_| unknown())?;
    caller.store.end_session_of(caller.person().map_err(|_| unknown())?, session).await?;
    caller.forget(|owner| owner.credential == Credential::Session(session));
    Ok(StatusCode::NO_CONTENT)
}
