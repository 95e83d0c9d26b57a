//! From what a visitor wrote as the host to the name of an app. Pure.

use std::borrow::Cow;

/// A host and port that could be written in a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Authority<'a> {
    /// As it was written.
    pub(super) text: &'a str,
    /// Without the port.
    pub(super) host: &'a str,
    /// When it was written.
    pub(super) port: Option<u16>,
}

/// Splits `host[:port]`. `None` for what no URL could hold: user names, spaces, a port out of range.
pub(super) fn parse(text: &str) -> Option<Authority<'_>> {
    let (host, port) = match text.rsplit_once(':') {
        // A colon inside brackets belongs to the address.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        Some(_) | None => (text, None),
    };
    let port = match port {
        // RFC 3986 lets the digits be missing after the colon.
        None | Some("") => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
    };
    let plain =
        |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte));
    let bracketed = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|address| address.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte)));
    // 253 is the longest name that DNS knows, plus a trailing dot.
    let fits = !host.is_empty() && host.len() <= 254 && (bracketed || plain(host));
    fits.then_some(Authority { text, host, port })
}

impl<'a> Authority<'a> {
    /// The one label before the apps' domain, in lower case. `None` when the host is something else.
    pub(super) fn name(&self, apps_domain: &str) -> Option<Cow<'a, str>> {
        let host = self.host.strip_suffix('.').unwrap_or(self.host);
        let split = host.len().checked_sub(apps_domain.len())?;
        let (label, domain) = (host.get(..split)?, host.get(split..)?);
        let label = label.strip_suffix('.')?;
        let fits = domain.eq_ignore_ascii_case(apps_domain) && !label.is_empty() && !label.contains('.');
        fits.then(|| match label.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(label.to_ascii_lowercase()),
            false => Cow::Borrowed(label),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_the_host_is_written() {
        for text in [
            "shop.localhost",
            "SHOP.LocalHost",
            "shop.localhost.",
            "shop.localhost:8080",
            "shop.localhost.:1",
        ] {
            assert_eq!(parse(text).unwrap().name("localhost").as_deref(), Some("shop"), "{text}");
        }
        assert_eq!(parse("a.apps.example").unwrap().name("apps.example").as_deref(), Some("a"));
    }

    #[test]
    fn other_hosts_have_no_name() {
        for text in [
            "localhost",
            "a.b.localhost",
            ".localhost",
            "shoplocalhost",
            "127.0.0.1",
            "[::1]:80",
            "shop.localhost..",
        ] {
            assert_eq!(parse(text).unwrap().name("localhost"), None, "{text}");
        }
    }

    #[test]
    fn what_no_url_could_hold_is_refused() {
        let long = "a".repeat(255);
        for text in [
            "",
            ":80",
            "a b",
            "me@shop.localhost",
            "shop.localhost:99999",
            "shop:80:80",
            "shop:x",
            "<b>",
            "[::1",
            &long,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("[::1]:80").unwrap().port, Some(80));
        assert_eq!(parse("shop.localhost:").unwrap().port, None);
    }
}
