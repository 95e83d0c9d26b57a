//! The signed-in coordinators, kept in a file that only its owner can read. Deliberately absent: the system keyring;
//! the command line must also work on servers and in CI, where there is none.

use crate::error::{CliError, CliResult};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs, io, path::Path};
use ttalkak_protocol::{Secret, error::ErrorCode};

/// The file's content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// The coordinator that is meant when none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<String>,
    /// By address.
    #[serde(default)]
    pub(crate) coordinators: BTreeMap<String, Credential>,
}

/// How to sign in to one coordinator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credential {
    /// Bearer token.
    pub(crate) token: Secret<String>,
}

impl Credentials {
    /// Reads the file; an absent one is empty. Errors: it cannot be read, or holds something else.
    pub(crate) fn load(path: &Path) -> CliResult<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(cause) => return Err(CliError::file(format!("read {}", path.display()), cause)),
        };
        // The parser's own message would quote the line, and with it perhaps a token.
        toml::from_str(&text).map_err(|_| {
            CliError::usage(
                ErrorCode::InvalidBody,
                format!("{} is not a credentials file.", path.display()),
                "Remove it and sign in again with `ttalkak login`.",
            )
        })
    }

    /// Writes the file as a whole, readable by its owner alone. Errors: the folder or file cannot be written.
    pub(crate) fn save(&self, path: &Path) -> CliResult<()> {
        let failed = |cause| CliError::file(format!("write {}", path.display()), cause);
        let text = toml::to_string(self).map_err(|cause| failed(io::Error::other(cause)))?;
        ttalkak_keep::replace(path, text.as_bytes()).map_err(failed)
    }

    /// Signs in: later calls without an address mean this coordinator.
    pub(crate) fn sign_in(&mut self, coordinator: &str, token: Secret<String>) {
        self.default = Some(coordinator.to_owned());
        self.coordinators.insert(coordinator.to_owned(), Credential { token });
    }

    /// Signs out. Returns whether there was something to forget.
    pub(crate) fn sign_out(&mut self, coordinator: &str) -> bool {
        let known = self.coordinators.remove(coordinator).is_some();
        if self.default.as_deref() == Some(coordinator) {
            self.default = self.coordinators.keys().next().cloned();
        }
        known
    }
}

/// Brings an address to its one spelling: scheme, host and port, a path when there is one, no slash at the end.
/// Errors: a sentence for the command line.
pub(crate) fn parse_coordinator(text: &str) -> Result<String, String> {
    let text = text.trim();
    let given = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = url::Url::parse(&given).map_err(|cause| format!("not an address: {cause}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("give an http or https address, such as https://api.example.com".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("leave user and password out of the address; sign in with a token".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("give the address alone, without ? or #".into());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Whether a token would travel where others can read it: plain http to another machine.
pub(crate) fn is_in_the_clear(coordinator: &str) -> bool {
    let Ok(url) = url::Url::parse(coordinator) else { return false };
    url.scheme() == "http" && !ttalkak_rpc::is_loopback(&url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_spelling() {
        for (given, kept) in [
            ("https://API.example.com/", "https://api.example.com"),
            ("api.example.com:8443", "https://api.example.com:8443"),
            ("http://127.0.0.1:7770", "http://127.0.0.1:7770"),
            ("https://example.com/ttalkak/", "https://example.com/ttalkak"),
        ] {
            assert_eq!(parse_coordinator(given).as_deref(), Ok(kept));
        }
        for bad in ["", "ftp://x", "https://u:p@x", "https://x/?a=1", "http://"] {
            assert!(parse_coordinator(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_plain_http_to_another_machine_is_in_the_clear() {
        for (address, clear) in [
            ("http://example.com", true),
            ("http://10.0.0.2:7770", true),
            ("https://example.com", false),
            ("http://localhost:7770", false),
            ("http://[::1]:7770", false),
            ("http://127.0.0.1", false),
        ] {
            assert_eq!(is_in_the_clear(address), clear, "{address}");
        }
    }

    #[test]
    fn signing_in_is_kept_for_the_owner_alone_and_signing_out_forgets_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/credentials.toml");
        let mut kept = Credentials::load(&path).unwrap();
        assert_eq!(kept, Credentials::default());
        kept.sign_in("https://a", Secret::new("ttk_a".into()));
        kept.sign_in("https://b", Secret::new("ttk_b".into()));
        kept.save(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let mut read = Credentials::load(&path).unwrap();
        assert_eq!(read, kept);
        assert!(read.sign_out("https://b") && !read.sign_out("https://b"));
        assert_eq!(read.default.as_deref(), Some("https://a"));
    }

    #[test]
    fn a_damaged_file_is_told_without_its_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("credentials.toml");
        fs::write(&path, "token = ttk_secret").unwrap();
        let error = Credentials::load(&path).unwrap_err();
        assert!(!format!("{error}{}", error.causes()).contains("ttk_secret"));
    }
}
