//! Whether something could be called so, while somebody types. The binding answer is given when it is made.

use super::{
    caller::{Caller, can},
    error::ApiError,
    extract::{Reply, ok},
};
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use ttalkak_protocol::{
    api::push::{NameReason, NameView},
    name::{self, NameError},
};

/// Suggestions that are tried.
const TRIES: u32 = 20;
/// What is looked at of a text that may be anything.
const CHARS_MAX: usize = 200;

/// Any text at all, cut.
pub(super) struct Asked(String);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        // What is not even text cannot be a name.
        let text = path.map_or_else(|_| String::new(), |Path(text)| text);
        Ok(Self(text.chars().take(CHARS_MAX).collect()))
    }
}

/// Whether a deployment or tunnel could be called so; else why not, and a name that is near and free.
#[utoipa::path(get, path = "/v1/names/{name}", tag = "names", security(("token" = ["read"])),
    params(("name" = String, Path, description = "What is asked about.")),
    responses((status = 200, description = "The answer.", body = NameView)))]
pub(super) async fn read(caller: Caller<can::Read>, Asked(text): Asked) -> Reply<NameView> {
    let reason = match name::check(&text) {
        Ok(()) if caller.store.name_is_taken(&text).await? => NameReason::Taken,
        Ok(()) => return Ok(ok(NameView { free: true, reason: None, suggestion: None })),
        Err(NameError::Reserved(_)) => NameReason::Reserved,
        Err(NameError::LooksLike(_)) => NameReason::LookAlike,
        Err(NameError::Empty | NameError::TooLong(_) | NameError::Shape) => NameReason::Malformed,
    };
    let suggestion = suggestion(&caller, &text, reason).await?;
    Ok(ok(NameView { free: false, reason: Some(reason), suggestion }))
}

async fn suggestion(
    caller: &Caller<can::Read>,
    text: &str,
    reason: NameReason,
) -> Result<Option<String>, ApiError> {
    let base = match reason {
        NameReason::Malformed => name::suggest(text),
        NameReason::Taken => Some(text.to_owned()),
        NameReason::Reserved | NameReason::LookAlike => Some(format!("my-{text}")),
    };
    let Some(base) = base else { return Ok(None) };
    let numbered = (2..TRIES).map(|number| format!("{base}-{number}"));
    for name in std::iter::once(base.clone()).chain(numbered) {
        if name::check(&name).is_ok() && !caller.store.name_is_taken(&name).await? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
