//! Tokens of installations, for who proves to be the App: the signature of its JSON Web Token is really checked.

use super::{APP_ID, Site, json_answer, refused};
use axum::{
    extract::{Path, State},
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderMap;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use std::time::SystemTime;

const PUBLIC: &[u8] = include_bytes!("app.public.der");

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Whether the request comes from the App itself.
pub(super) fn is_app(headers: &HeaderMap) -> bool {
    let proof = || {
        let (said, signature) = bearer(headers)?.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, PUBLIC)
            .verify(said.as_bytes(), &signature)
            .ok()?;
        let body = URL_SAFE_NO_PAD.decode(said.split_once('.')?.1).ok()?;
        let claims: Value = serde_json::from_slice(&body).ok()?;
        let now = now().cast_signed();
        let (from, until) = (claims["iat"].as_i64()?, claims["exp"].as_i64()?);
        let in_time = from <= now && now < until && until - from <= 660;
        let app = APP_ID.to_string();
        (in_time && claims["iss"].as_str() == Some(&app)).then_some(())
    };
    proof().is_some()
}

#[allow(clippy::disallowed_methods, reason = "a stand-in has a clock of its own")]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |span| span.as_secs())
}

pub(super) async fn access_token(
    State(site): State<Site>,
    Path(id): Path<u64>,
    headers: HeaderMap,
) -> Response {
    if !is_app(&headers) {
        return refused(401, "A JSON web token could not be decoded");
    }
    let mut held = site.held();
    if !held.repos.values().any(|repo| repo.installation == Some(id)) {
        return refused(404, "Not Found");
    }
    let token = held.fresh("ghs_");
    held.installation_tokens.insert(token.clone(), id);
    let mut answer = json_answer(json!({ "token": token, "expires_at": "2099-01-01T00:00:00Z" }));
    *answer.status_mut() = http::StatusCode::CREATED;
    answer
}
