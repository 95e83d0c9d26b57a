//! The authorisation code flow with PKCE: codes work once, for the page and the verifier that they were made for.

use super::{CLIENT_ID, CLIENT_SECRET, Site, json_answer, refused};
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A code that was handed out.
#[derive(Debug)]
pub(super) struct Code {
    login: String,
    challenge: String,
    redirect_uri: String,
}

type Fields = BTreeMap<String, String>;

pub(super) async fn authorize(State(site): State<Site>, Query(asked): Query<Fields>) -> Response {
    let field = |name: &str| asked.get(name).cloned().unwrap_or_default();
    if field("client_id") != CLIENT_ID || field("code_challenge_method") != "S256" {
        return refused(404, "no such App");
    }
    let (back, state) = (field("redirect_uri"), field("state"));
    let mut held = site.held();
    let Some(login) = held.signs_in.clone() else {
        return Redirect::to(&format!("{back}?error=access_denied&state={state}")).into_response();
    };
    let code = held.fresh("code");
    let kept = Code { login, challenge: field("code_challenge"), redirect_uri: back.clone() };
    held.codes.insert(code.clone(), kept);
    (http::StatusCode::FOUND, [("location", format!("{back}?code={code}&state={state}"))]).into_response()
}

pub(super) async fn access_token(State(site): State<Site>, body: String) -> Response {
    let form: http::Uri = format!("/?{body}").parse().expect("a form");
    let Query(asked) = Query::<Fields>::try_from_uri(&form).expect("a form");
    let field = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let error = |code: &str| json_answer(json!({ "error": code, "error_description": "said the stand-in" }));
    if field("client_id") != CLIENT_ID || field("client_secret") != CLIENT_SECRET {
        return error("incorrect_client_credentials");
    }
    let mut held = site.held();
    let login = if field("grant_type") == "refresh_token" {
        match held.refresh.remove(field("refresh_token")) {
            Some(login) => login,
            None => return error("bad_refresh_token"),
        }
    } else {
        let Some(code) = held.codes.remove(field("code")) else { return error("bad_verification_code") };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
        if challenge != code.challenge || field("redirect_uri") != code.redirect_uri {
            return error("bad_verification_code");
        }
        code.login
    };
    let (access, refresh) = (held.fresh("ghu_"), held.fresh("ghr_"));
    held.access.insert(access.clone(), login.clone());
    held.refresh.insert(refresh.clone(), login);
    json_answer(json!({
        "access_token": access, "token_type": "bearer", "scope": "", "expires_in": 28_800,
        "refresh_token": refresh, "refresh_token_expires_in": 15_897_600,
    }))
}
