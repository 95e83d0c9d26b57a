//! Our App itself: it proves with its key who it is, and gets a token for each installation.

use super::{GitHub, GitHubError, Installation, RepoName, client::Ask};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use serde::Deserialize;
use serde_json::json;
use std::sync::PoisonError;
use ttalkak_protocol::{Secret, unit::UnixMillis};

/// GitHub takes proofs of ten minutes at most, by its own clock.
const PROOF_MS: i64 = 9 * 60_000;
/// Clocks differ.
const PROOF_BACK_MS: i64 = 60_000;
/// A token is not used in its last minute: what it was got for should end within its life.
const SPARE_MS: i64 = 60_000;
/// Tokens kept in memory. When full all are forgotten, which costs one question each.
const KEPT_MAX: usize = 1_000;

/// The App's private key.
pub(super) struct AppKey(KeyPair);

impl AppKey {
    /// Reads what GitHub hands out: RSA in PEM. Errors: `Key`.
    pub(super) fn read(pem: &str) -> Result<Self, GitHubError> {
        let unusable = || GitHubError::Key("the App's key is no RSA key in PEM");
        let pair = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| unusable())? {
            PrivateKeyDer::Pkcs1(key) => KeyPair::from_der(key.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(key) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Sec1(_) | _ => return Err(unusable()),
        };
        pair.map(Self).map_err(|_| unusable())
    }

    /// A JSON Web Token that says who we are (RS256).
    pub(super) fn prove(&self, app: u64, now: UnixMillis) -> Result<Secret<String>, GitHubError> {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = part(json!({ "alg": "RS256", "typ": "JWT" }));
        let (from, until) = ((now.0 - PROOF_BACK_MS) / 1000, (now.0 + PROOF_MS) / 1000);
        let body = part(json!({ "iat": from, "exp": until, "iss": app.to_string() }));
        let said = format!("{head}.{body}");
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), said.as_bytes(), &mut signature)
            .map_err(|_| GitHubError::Key("the App's key does not sign"))?;
        Ok(Secret::new(format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

/// What lets us ask in the name of an installation.
#[derive(Debug, Clone)]
pub struct InstallationToken {
    /// It.
    pub token: Secret<String>,
    /// When it ends.
    pub until: UnixMillis,
}

#[derive(Deserialize)]
struct Answer {
    token: String,
    expires_at: UnixMillis,
}

impl GitHub {
    /// The token of an installation; a new one when the last is about to end.
    /// Errors: `NotFound` when our App is not installed there any more.
    pub async fn installation_token(
        &self,
        installation: u64,
        now: UnixMillis,
    ) -> Result<Secret<String>, GitHubError> {
        if let Some(kept) = self.kept(installation, now) {
            return Ok(kept);
        }
        let proof = self.inner.app_key.prove(self.inner.app_id, now)?;
        let id = installation.to_string();
        let path = ["app", "installations", id.as_str(), "access_tokens"];
        let ask = Ask { doing: "get an installation's token", token: &proof, path: &path, query: &[] };
        let answer: Answer = self.inner.client.post(ask, &json!({})).await?;
        let token = Secret::new(answer.token);
        let mut tokens = self.inner.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= KEPT_MAX {
            tokens.clear();
        }
        tokens.insert(installation, InstallationToken { token: token.clone(), until: answer.expires_at });
        Ok(token)
    }

    /// The installation that sees a repository. Errors: `NotFound` when there is none.
    pub async fn installation_of(
        &self,
        name: &RepoName,
        now: UnixMillis,
    ) -> Result<Installation, GitHubError> {
        let proof = self.inner.app_key.prove(self.inner.app_id, now)?;
        let path = ["repos", name.owner.as_str(), name.name.as_str(), "installation"];
        self.ask("look for the installation of a repository", &proof, &path, &[]).await
    }

    fn kept(&self, installation: u64, now: UnixMillis) -> Option<Secret<String>> {
        let tokens = self.inner.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = tokens.get(&installation).filter(|kept| kept.until.0 - SPARE_MS > now.0);
        kept.map(|kept| kept.token.clone())
    }
}
