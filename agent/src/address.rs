//! The coordinator's address: checked once, then asked for the forms that HTTP, WebSocket and TLS need. Pure.
//! Deliberately absent: resolving and dialling (io/dial.rs).

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use url::{Host, Url};

/// Where a coordinator answers: `http://127.0.0.1:7780` or `https://ttalkak.example`. No path, no password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Coordinator {
    url: Url,
    host: String,
    port: u16,
}

/// Why a text is not a coordinator's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not an address at all.
    #[error("{0:?} is not an address; an example is http://127.0.0.1:7780")]
    Unreadable(String, #[source] url::ParseError),
    /// Some other protocol, or no host.
    #[error("the coordinator's address starts with http:// or https:// and names a host")]
    Scheme,
    /// A user name or password; the agent proves itself by its key.
    #[error("the coordinator's address must not hold a user name or password")]
    Credentials,
    /// Something after the host and port.
    #[error("the coordinator's address ends after host and port")]
    Path,
}

impl Coordinator {
    /// Whether TLS is spoken.
    pub fn tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The host to resolve and to check the certificate against; IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port to dial.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The value of a Host header.
    pub fn authority(&self) -> &str {
        self.url.authority()
    }

    /// The whole address of an HTTP path such as `/v1/agents`.
    pub fn http(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// The whole address of a WebSocket path.
    pub fn websocket(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.tls() { "wss" } else { "ws" }, self.authority())
    }

    /// Whether what is said could be read on the way: no TLS, and the host is not this machine.
    pub fn readable_by_others(&self) -> bool {
        let here = match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        !self.tls() && !here
    }
}

impl FromStr for Coordinator {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let url = Url::parse(text).map_err(|error| AddressError::Unreadable(text.to_owned(), error))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(AddressError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials);
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(AddressError::Path);
        }
        let host = match url.host().ok_or(AddressError::Scheme)? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => ip.to_string(),
        };
        let port = url.port_or_known_default().ok_or(AddressError::Scheme)?;
        Ok(Self { url, host, port })
    }
}

impl fmt::Display for Coordinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.url.scheme(), self.url.authority())
    }
}

impl From<Coordinator> for String {
    fn from(coordinator: Coordinator) -> String {
        coordinator.to_string()
    }
}

impl TryFrom<String> for Coordinator {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gives_every_form_that_is_needed() {
        let plain: Coordinator = "http://127.0.0.1:7780/".parse().unwrap();
        assert_eq!(plain.to_string(), "http://127.0.0.1:7780");
        assert_eq!(plain.websocket("/v1/link"), "ws://127.0.0.1:7780/v1/link");
        assert!(!plain.readable_by_others());
        let tls: Coordinator = "https://ttalkak.example".parse().unwrap();
        assert_eq!((tls.host(), tls.port(), tls.authority()), ("ttalkak.example", 443, "ttalkak.example"));
        assert_eq!(tls.websocket("/x"), "wss://ttalkak.example/x");
        let six: Coordinator = "http://[::1]:80".parse().unwrap();
        assert_eq!((six.host(), six.authority()), ("::1", "[::1]"));
    }

    #[test]
    fn what_is_not_a_coordinators_address_is_refused_with_its_reason() {
        for (text, error) in [
            ("ftp://a", AddressError::Scheme),
            ("localhost:7780", AddressError::Scheme),
            ("http://me:secret@a", AddressError::Credentials),
            ("http://a/v1", AddressError::Path),
            ("http://a/?x=1", AddressError::Path),
        ] {
            assert_eq!(text.parse::<Coordinator>(), Err(error), "{text}");
        }
        assert!(matches!("".parse::<Coordinator>(), Err(AddressError::Unreadable(..))));
    }

    #[test]
    fn only_plain_text_to_another_machine_is_readable_by_others() {
        for (text, readable) in [
            ("http://10.0.0.1:7780", true),
            ("http://ttalkak.example", true),
            ("https://ttalkak.example", false),
            ("http://[::1]:7780", false),
            ("http://api.localhost:7780", false),
        ] {
            assert_eq!(text.parse::<Coordinator>().unwrap().readable_by_others(), readable, "{text}");
        }
    }
}
