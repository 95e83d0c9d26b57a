//! What a request shows of who sends it: one bearer token, or a browser's cookie. A cookie comes by itself with every
//! request that any page makes the browser send, so one that changes something must also come from our own page, and
//! carry what only our own page can read.

use super::super::error::ApiError;
use crate::seal::Sealer;
use http::{HeaderMap, Method, Uri, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use ttalkak_protocol::{
    ErrorCode,
    api::session::{CSRF_HEADER, SESSION_COOKIE},
    id::SessionId,
};

/// What every API token starts with, for secret scanners.
pub const TOKEN_PREFIX: &str = "ttk_";
/// What every cookie's value starts with.
pub(in crate::api) const COOKIE_PREFIX: &str = "tss_";
/// A header longer than this holds no token of ours.
const HEADER_BYTES_MAX: usize = 256;
/// Cookies of one host share a header; browsers send no more than this.
const COOKIES_BYTES_MAX: usize = 8 * 1024;

/// What was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Shown<'h> {
    /// An API token.
    Token(&'h str),
    /// A session's cookie.
    Cookie(&'h str),
}

impl Shown<'_> {
    pub(in crate::api) fn hash(self) -> [u8; 32] {
        let (Self::Token(text) | Self::Cookie(text)) = self;
        Sha256::digest(text).into()
    }
}

/// The one thing that a request shows. Errors: `Unauthorized` when there is nothing, or something of another kind.
pub(in crate::api) fn shown(headers: &HeaderMap) -> Result<Shown<'_>, ApiError> {
    if headers.contains_key(header::AUTHORIZATION) {
        return bearer(headers, TOKEN_PREFIX).map(Shown::Token);
    }
    let found = cookie(headers, SESSION_COOKIE).filter(|value| value.starts_with(COOKIE_PREFIX));
    found.map(Shown::Cookie).ok_or_else(|| unauthorized("A token is needed."))
}

/// The value of a cookie, the first of its name.
pub(in crate::api) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.filter(|text| text.len() <= COOKIES_BYTES_MAX)
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

/// What our own page shows beside the cookie. It stays when the cookie changes, and nobody can make it who has neither
/// our key nor what our own page can read.
pub(in crate::api) fn csrf_of(sealer: &Sealer, session: SessionId) -> String {
    hex::encode(sealer.mac("csrf", session.to_string().as_bytes()))
}

/// Whether a request with a cookie was sent by our own page. `csrf`: what it must carry, if it changes something.
/// Errors: `CsrfRefused`.
pub(in crate::api) fn from_our_page(
    method: &Method,
    headers: &HeaderMap,
    csrf: impl FnOnce() -> String,
) -> Result<(), ApiError> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let told = headers.get(CSRF_HEADER).map(|value| value.as_bytes()).unwrap_or_default();
    if same_origin(headers) && bool::from(told.ct_eq(csrf().as_bytes())) {
        Ok(())
    } else {
        Err(not_our_page())
    }
}

pub(in crate::api) fn not_our_page() -> ApiError {
    ApiError::new(ErrorCode::CsrfRefused, "This request did not come from the console's own page.")
}

/// Browsers tell where a request comes from; a page cannot change what they say.
pub(in crate::api) fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let origin = text(header::ORIGIN).and_then(|origin| origin.parse::<Uri>().ok());
    let from = origin.as_ref().and_then(|origin| origin.authority());
    from.is_some_and(|from| text(header::HOST).is_some_and(|host| from.as_str().eq_ignore_ascii_case(host)))
}

pub(in crate::api) fn unauthorized(message: &str) -> ApiError {
    ApiError::new(ErrorCode::Unauthorized, message)
}

/// The one bearer token of a request. Errors: `Unauthorized` when there is none, two, or one of another kind.
pub(in crate::api) fn bearer<'h>(headers: &'h HeaderMap, prefix: &str) -> Result<&'h str, ApiError> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (all.next(), all.next());
    let value = first.ok_or_else(|| unauthorized("A token is needed."))?;
    if second.is_some() || value.len() > HEADER_BYTES_MAX {
        return Err(unauthorized("Send one Authorization header with one token."));
    }
    value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| token.starts_with(prefix))
        .ok_or_else(|| unauthorized("The Authorization header holds no token of ours."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn one_bearer_token_of_our_kind_is_taken_and_nothing_else() {
        let bearers = |values: &[&str]| {
            headers(&values.iter().map(|value| ("authorization", *value)).collect::<Vec<_>>())
        };
        assert_eq!(bearer(&bearers(&["Bearer ttk_1"]), "ttk_").unwrap(), "ttk_1");
        assert_eq!(bearer(&bearers(&["bearer ttk_1"]), "ttk_").unwrap(), "ttk_1");
        let long = format!("Bearer ttk_{}", "a".repeat(1_000_000));
        for bad in [
            &[][..],
            &["Bearer ttk_1", "Bearer ttk_1"],
            &["Basic ttk_1"],
            &["ttk_1"],
            &["Bearer x"],
            &[&long],
        ] {
            assert!(bearer(&bearers(bad), "ttk_").is_err(), "{} header(s)", bad.len());
        }
    }

    #[test]
    fn a_cookie_is_found_among_others_and_a_token_goes_before_it() {
        let both = headers(&[("cookie", "a=1; __Host-ttalkak=tss_2; b"), ("authorization", "Bearer ttk_1")]);
        assert_eq!(shown(&both).unwrap(), Shown::Token("ttk_1"));
        let one = headers(&[("cookie", "a=1;__Host-ttalkak=tss_2")]);
        assert_eq!(shown(&one).unwrap(), Shown::Cookie("tss_2"));
        for bad in ["ttalkak=tss_2", "__Host-ttalkak=ttk_1", "__Host-ttalkak"] {
            assert!(shown(&headers(&[("cookie", bad)])).is_err(), "{bad}");
        }
        let wrong_token = headers(&[("cookie", "__Host-ttalkak=tss_2"), ("authorization", "Basic x")]);
        assert!(shown(&wrong_token).is_err(), "a wrong token is not mended by a cookie");
    }

    #[test]
    fn only_our_own_page_changes_something_with_a_cookie() {
        let csrf = csrf_of(&Sealer::new([1; 32]), SessionId::new(uuid::Uuid::from_u128(1)));
        let ours =
            [("host", "console.test"), ("origin", "https://console.test"), (CSRF_HEADER, csrf.as_str())];
        let check = |pairs: &[(&'static str, &str)]| {
            from_our_page(&Method::POST, &headers(pairs), || csrf.clone()).is_ok()
        };
        assert!(check(&ours));
        assert!(check(&[("sec-fetch-site", "same-origin"), (CSRF_HEADER, &csrf)]));
        assert!(!check(&ours[..2]), "without what only our page can read");
        assert!(!check(&[ours[0], ours[2]]), "from nowhere");
        assert!(!check(&[ours[0], ("origin", "https://evil.test"), ours[2]]));
        assert!(!check(&[ours[0], ("origin", "null"), ours[2]]));
        assert!(
            !check(&[ours[0], ours[1], ours[2], ("sec-fetch-site", "same-site")]),
            "an app's page is another"
        );
        assert!(from_our_page(&Method::GET, &HeaderMap::new(), || csrf.clone()).is_ok());
    }
}
