//! A person's way in: authorisation code with PKCE, and the tokens that come of it.

use super::{GitHub, GitHubError};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ttalkak_protocol::{Secret, unit::UnixMillis};
use url::Url;

/// A proof key (RFC 7636): whoever began a sign-in is the one that ends it.
#[derive(Debug, Clone)]
pub struct Pkce {
    /// Kept until the code comes back.
    pub verifier: Secret<String>,
}

impl Pkce {
    /// Of 32 random bytes.
    pub fn new(chance: [u8; 32]) -> Self {
        Self { verifier: Secret::new(URL_SAFE_NO_PAD.encode(chance)) }
    }

    /// What is shown at the beginning.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.reveal()))
    }
}

/// What lets us ask in a person's name. To be kept sealed: it is serialised in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserTokens {
    /// Asks.
    pub access: Secret<String>,
    /// When it ends; absent: the App's tokens do not end.
    pub access_until: Option<UnixMillis>,
    /// Gets the next pair, once.
    pub refresh: Option<Secret<String>>,
    /// When that ends.
    pub refresh_until: Option<UnixMillis>,
}

impl UserTokens {
    /// Whether a new pair should be got before asking: less than a minute is left.
    pub fn is_stale(&self, now: UnixMillis) -> bool {
        self.access_until.is_some_and(|until| until.0 - 60_000 <= now.0)
    }
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    expires_in: Option<i64>,
    refresh_token: Option<String>,
    refresh_token_expires_in: Option<i64>,
    error: Option<String>,
}

impl GitHub {
    /// Where a browser is sent to begin.
    pub fn authorize_url(&self, state: &str, pkce: &Pkce, redirect_uri: &str) -> Result<String, GitHubError> {
        let url = Url::parse(&format!("{}/login/oauth/authorize", self.inner.client.web()));
        let mut url = url.map_err(|_| GitHubError::Key("github_url is no address"))?;
        url.query_pairs_mut()
            .append_pair("client_id", &self.inner.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("state", state)
            .append_pair("code_challenge", &pkce.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// Ends a sign-in. Errors: `CodeRefused` for a code that is wrong, used or not of this verifier.
    pub async fn exchange(
        &self,
        code: &str,
        verifier: &Secret<String>,
        redirect_uri: &str,
        now: UnixMillis,
    ) -> Result<UserTokens, GitHubError> {
        let fields =
            [("code", code), ("redirect_uri", redirect_uri), ("code_verifier", verifier.reveal().as_str())];
        self.tokens("end a sign-in", &fields, now).await
    }

    /// The next pair of tokens; the old refresh token is used up. Errors: `CodeRefused`.
    pub async fn refresh(
        &self,
        refresh: &Secret<String>,
        now: UnixMillis,
    ) -> Result<UserTokens, GitHubError> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh.reveal().as_str())];
        self.tokens("renew a sign-in", &fields, now).await
    }

    async fn tokens(
        &self,
        doing: &'static str,
        fields: &[(&str, &str)],
        now: UnixMillis,
    ) -> Result<UserTokens, GitHubError> {
        let ours = [
            ("client_id", self.inner.client_id.as_str()),
            ("client_secret", self.inner.client_secret.reveal().as_str()),
        ];
        let fields = [&ours[..], fields].concat();
        let answer: Answer = self.inner.client.form(doing, "/login/oauth/access_token", &fields).await?;
        // GitHub answers a refusal with status 200.
        if let Some(error) = answer.error {
            return Err(GitHubError::CodeRefused(
                error.chars().filter(char::is_ascii_graphic).take(60).collect(),
            ));
        }
        let until = |seconds: i64| UnixMillis(now.0.saturating_add(seconds.saturating_mul(1000)));
        Ok(UserTokens {
            access: Secret::new(answer.access_token.ok_or(GitHubError::Garbled { doing })?),
            access_until: answer.expires_in.map(until),
            refresh: answer.refresh_token.map(Secret::new),
            refresh_until: answer.refresh_token_expires_in.map(until),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_key_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
        assert_eq!(Pkce { verifier }.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(Pkce::new([7; 32]).verifier.reveal().len(), 43);
    }

    #[test]
    fn tokens_are_renewed_a_minute_before_they_end_and_never_when_they_do_not() {
        let tokens = |until: Option<i64>| UserTokens {
            access: Secret::new("a".to_owned()),
            access_until: until.map(UnixMillis),
            refresh: None,
            refresh_until: None,
        };
        let stale = |until| tokens(until).is_stale(UnixMillis(1_000_000));
        assert!(stale(Some(1_060_000)) && !stale(Some(1_060_001)) && !stale(None));
    }
}
