//! What a browser may do with the console, and in which form it gets a file. Pure.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Sent with every answer of this room. `rpc`: the chain's endpoint that wallet pages may ask. `apps`: where apps answer,
/// with `*` for their names: their icons are shown.
pub(super) fn guards(rpc: Option<&str>, apps: &str) -> Vec<(HeaderName, HeaderValue)> {
    let origin = rpc.and_then(|rpc| url::Url::parse(rpc).ok()).map(|url| url.origin().ascii_serialization());
    let connect = origin.map_or_else(|| "'self'".to_owned(), |origin| format!("'self' {origin}"));
    let icons = app_origins(apps).unwrap_or_default();
    // Wallets announce their icons as data: addresses (EIP-6963).
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:{icons}; \
         connect-src {connect}; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let fixed = HeaderValue::from_static;
    let policy = HeaderValue::from_str(&policy).unwrap_or(fixed("default-src 'none'"));
    vec![
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (header::REFERRER_POLICY, fixed("no-referrer")),
        (header::X_FRAME_OPTIONS, fixed("DENY")),
        (HeaderName::from_static("cross-origin-opener-policy"), fixed("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), fixed("same-origin")),
        (HeaderName::from_static("permissions-policy"), fixed("camera=(), geolocation=(), microphone=()")),
    ]
}

/// A source of a policy, after a blank: scheme, `*.` and a host with its port. Anything else is none, so that no setting can
/// add a rule of its own.
fn app_origins(apps: &str) -> Option<String> {
    let (scheme, host) = apps.split_once("://*.")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    let good = matches!(scheme, "http" | "https") && !host.is_empty() && host.chars().all(plain);
    good.then(|| format!(" {scheme}://*.{host}"))
}

/// Whether an answer in this coding is welcome. What is not named is not taken, `q=0` neither.
pub(super) fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|weight| weight.parse().ok());
        named && weight.unwrap_or(1.0_f32) > 0.0
    })
}

/// Whether the visitor has this very content already.
pub(super) fn has(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == tag || one == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_coding_counts_when_it_is_named_and_not_refused() {
        let takes = |value, coding| accepts(&headers(header::ACCEPT_ENCODING, value), coding);
        assert!(takes("gzip, deflate, br", "br") && takes("BR;q=0.5", "br") && takes("gzip", "gzip"));
        assert!(!takes("br;q=0, gzip", "br") && !takes("brotli", "br") && !takes("", "gzip"));
        assert!(!accepts(&HeaderMap::new(), "gzip"));
    }

    #[test]
    fn only_the_chains_origin_may_be_asked_besides_us() {
        let policy = |rpc| guards(rpc, "")[0].1.to_str().unwrap().to_owned();
        assert!(policy(None).contains("connect-src 'self';"));
        let with = policy(Some("https://rpc.example.com/key?a=b; script-src *"));
        assert!(with.contains("connect-src 'self' https://rpc.example.com;"), "{with}");
        assert!(!with.contains("key") && !with.contains("script-src *"), "{with}");
    }

    #[test]
    fn icons_of_apps_are_shown_and_pictures_of_nobody_else() {
        let policy = |apps| guards(None, apps)[0].1.to_str().unwrap().to_owned();
        assert!(policy("http://*.localhost:7780").contains("img-src 'self' data: http://*.localhost:7780;"));
        for odd in ["", "https://apps.example.com", "https://*.a; script-src *", "data://*.a", "http://*."] {
            assert!(policy(odd).contains("img-src 'self' data:;"), "{odd}");
        }
    }

    #[test]
    fn a_tag_is_known_in_either_form() {
        let knows = |value| has(&headers(header::IF_NONE_MATCH, value), "\"ab\"");
        assert!(knows("\"ab\"") && knows("W/\"ab\"") && knows("\"x\", \"ab\"") && knows("*"));
        assert!(!knows("\"abc\"") && !has(&HeaderMap::new(), "\"ab\""));
    }
}
