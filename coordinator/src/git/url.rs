//! The addresses that we fetch from. Pure: the host's numbers are looked up, and judged by the same rule, in `fetch`.

use std::{fmt, net::IpAddr};

use super::{error::GitError, policy::GitPolicy};

/// Addresses above this are not addresses.
const LONGEST: usize = 2048;

/// A checked address of a repository, without any credential in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitUrl {
    text: String,
    host: Option<(String, u16)>,
}

impl GitUrl {
    /// Checks an address. Errors: `UrlRefused` with the reason, `CredentialsInUrl`; neither repeats the address.
    pub fn parse(text: &str, policy: &GitPolicy) -> Result<Self, GitError> {
        let refuse = |reason| Err(GitError::UrlRefused(reason));
        if text.is_empty() {
            return refuse("is empty");
        }
        if text.len() > LONGEST {
            return refuse("is too long");
        }
        if text.starts_with('-') {
            return refuse("starts with a dash");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse("holds spaces or characters outside of ASCII");
        }
        if text.contains(['\\', '\'', '"', '`', '<', '>', '{', '}', '|', '^']) {
            return refuse("holds characters that no address has");
        }
        let Some((scheme, _)) = text.split_once("://") else {
            return refuse(if text.contains("::") {
                "names a remote helper"
            } else {
                "does not start with https://"
            });
        };
        let local = policy.allow_local;
        match scheme.to_ascii_lowercase().as_str() {
            "https" => Self::web(text, local),
            "http" if local => Self::web(text, local),
            "file" if local => Self::file(text),
            _ => refuse("does not start with https://"),
        }
    }

    fn web(text: &str, local: bool) -> Result<Self, GitError> {
        let refuse = |reason| Err(GitError::UrlRefused(reason));
        let Ok(url) = url::Url::parse(text) else {
            return refuse("cannot be read");
        };
        if authority(text).is_empty() {
            return refuse("names no host");
        }
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(GitError::CredentialsInUrl);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("holds a query or a fragment");
        }
        if url.path().trim_matches('/').is_empty() {
            return refuse("names no repository");
        }
        let path = url.path().to_ascii_lowercase();
        if ["%00", "%0a", "%0d"].iter().any(|code| path.contains(code)) {
            return refuse("holds control characters");
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return refuse("names no host");
        };
        if let Some(reason) = refused_host(&host, local) {
            return refuse(reason);
        }
        if url.scheme() == "http" && !is_this_machine(&host) {
            return refuse("does not start with https://");
        }
        Ok(Self { text: url.to_string(), host: Some((host.to_string(), port)) })
    }

    fn file(text: &str) -> Result<Self, GitError> {
        // Read by hand: the path goes to `git` as it is, with no other host and nothing escaped.
        match text.split_once("://").map(|(_, path)| path) {
            Some(path) if path.starts_with('/') && !path.starts_with("//") => {
                Ok(Self { text: format!("file://{path}"), host: None })
            }
            _ => Err(GitError::UrlRefused("is not an absolute path")),
        }
    }

    /// Host and port; `None` for a local path.
    pub fn host(&self) -> Option<(&str, u16)> {
        self.host.as_ref().map(|(host, port)| (host.as_str(), *port))
    }

    /// As it is given to `git` and may be shown.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same with `.git` at its end, if it has none: some hosts redirect the shorter form to this one.
    pub(super) fn with_suffix(&self) -> Option<Self> {
        let bare = self.text.trim_end_matches('/');
        let wanted = self.host.is_some() && !bare.ends_with(".git");
        wanted.then(|| Self { text: format!("{bare}.git"), host: self.host.clone() })
    }
}

impl fmt::Display for GitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or("")
}

fn refused_host(host: &url::Host<&str>, local: bool) -> Option<&'static str> {
    let domain = match host {
        url::Host::Ipv4(address) => return refused_number(IpAddr::V4(*address), local),
        url::Host::Ipv6(address) => return refused_number(IpAddr::V6(*address), local),
        url::Host::Domain(domain) => domain.trim_end_matches('.'),
    };
    // A name in another script, or its ASCII form, can look like another one.
    if domain.split('.').any(|label| label.starts_with("xn--")) {
        return Some("has an internationalised host name");
    }
    let inside = !domain.contains('.')
        || ["localhost", "local", "internal", "lan", "home", "intranet", "corp", "arpa"]
            .iter()
            .any(|end| domain.rsplit('.').next() == Some(end));
    (inside && !local).then_some("names a host of a private network")
}

fn refused_number(address: IpAddr, local: bool) -> Option<&'static str> {
    (!is_public(address) && !local).then_some("names a host of a private network")
}

fn is_this_machine(host: &url::Host<&str>) -> bool {
    match host {
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
        url::Host::Domain(domain) => *domain == "localhost",
    }
}

/// Whether an address is one of the open internet. What is not could be our own network, or a cloud's metadata.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let special = v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                // Carrier-grade NAT, protocol assignments, benchmarking.
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (b == 18 || b == 19));
            !special
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_public(IpAddr::V4(v4));
            }
            // 2000::/3 is all that is routed, less the ranges that carry an IPv4 address (6to4, Teredo) or are
            // for documentation.
            let [first, second, ..] = v6.segments();
            first & 0xe000 == 0x2000 && first != 0x2002 && !(first == 0x2001 && matches!(second, 0 | 0x0db8))
        }
    }
}

#[cfg(test)]
mod tests;
