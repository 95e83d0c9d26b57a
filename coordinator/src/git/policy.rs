//! What a coordinator lets Git do: which addresses, how long, how large. Pure.

use std::{collections::BTreeMap, time::Duration};

use ttalkak_source::Limits;

/// Variables that reach `git`; everything else of our environment stays here.
const PASSED_ON: [&str; 12] = [
    "PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "CURL_CA_BUNDLE",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "http_proxy",
];

/// What Git may do here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitPolicy {
    /// Development only: `file://` paths, and `http://` to this machine.
    pub allow_local: bool,
    /// Limits of the fetch.
    pub fetch: FetchLimits,
    /// Limits of the archive that is made of it.
    pub source: Limits,
    env: BTreeMap<String, String>,
}

impl GitPolicy {
    /// A policy with the usual limits. Of `env`, only the search path, certificates and proxies are passed on.
    pub fn new(allow_local: bool, env: impl IntoIterator<Item = (String, String)>) -> Self {
        let env = env.into_iter().filter(|(key, _)| PASSED_ON.contains(&key.as_str())).collect();
        Self { allow_local, env, ..Self::default() }
    }

    pub(super) fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// Whether the host's address is looked up by a proxy and not by us.
    pub(super) fn has_proxy(&self) -> bool {
        ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
            .iter()
            .any(|key| self.env.get(*key).is_some_and(|value| !value.is_empty()))
    }
}

/// Limits of one fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchLimits {
    /// Bytes that the bare repository may take on our disk. Packs hold one commit, compressed; twice the limit of
    /// the source leaves room for Git's temporary files.
    pub max_repository_bytes: u64,
    /// How often the size is looked at. At 100 MB/s, half a second lets 50 MB too much through.
    pub watch_every: Duration,
    /// For the list of branches.
    pub resolve_deadline: Duration,
    /// For the fetch, and again for the packing.
    pub fetch_deadline: Duration,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            max_repository_bytes: 512 * 1024 * 1024,
            watch_every: Duration::from_millis(500),
            resolve_deadline: Duration::from_secs(30),
            fetch_deadline: Duration::from_secs(120),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_search_path_certificates_and_proxies_are_passed_on() {
        let env = ["PATH", "HTTPS_PROXY", "AWS_SECRET_ACCESS_KEY", "GIT_SSH_COMMAND", "LD_PRELOAD", "HOME"];
        let policy = GitPolicy::new(false, env.map(|key| (key.to_owned(), "x".to_owned())));
        assert_eq!(policy.env().keys().collect::<Vec<_>>(), ["HTTPS_PROXY", "PATH"]);
        assert!(policy.has_proxy());
    }
}
