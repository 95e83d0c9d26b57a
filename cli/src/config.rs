//! The only reader of the environment, apart from the options that clap reads itself (`TTALKAK_COORDINATOR`,
//! `TTALKAK_TOKEN`, `TTALKAK_GIT_TOKEN`, `TTALKAK_RPC`). Deliberately absent: a settings file; credentials are the only state.

use crate::wallet::{Passphrase, Wallet};
use std::{
    ffi::OsString,
    io::IsTerminal,
    path::{Path, PathBuf},
};
use ttalkak_protocol::Secret;

/// What the surroundings say.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    /// Where credentials are kept; `None` when there is no home folder.
    pub(crate) credentials: Option<PathBuf>,
    /// Where the wallet is kept; the same holds.
    pub(crate) wallet: Option<Wallet>,
    /// Colours may be used, as far as the environment goes.
    pub(crate) colour: bool,
    /// Standard input is a person at a terminal.
    pub(crate) stdin_is_terminal: bool,
    /// Standard output is a terminal.
    pub(crate) stdout_is_terminal: bool,
    /// Standard error is a terminal.
    pub(crate) stderr_is_terminal: bool,
}

impl Surroundings {
    /// Reads them.
    pub(crate) fn read() -> Self {
        let read = |key: &str| std::env::var_os(key);
        Self {
            credentials: credentials_path(read),
            wallet: wallet(read),
            colour: colour_allowed(read),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
        }
    }
}

/// `$XDG_CONFIG_HOME/ttalkak/credentials.toml`, by default below `~/.config`; below `%APPDATA%` on Windows.
fn credentials_path(read: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // The XDG rule: a path that is not absolute is to be ignored.
    let absolute = |key: &str| read(key).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CONFIG_HOME")
        .or_else(|| absolute("APPDATA").filter(|_| cfg!(windows)))
        .or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(base.join(Path::new("ttalkak/credentials.toml")))
}

/// The wallet in `TTALKAK_WALLET_DIR`, by default beside the credentials.
fn wallet(read: impl Fn(&str) -> Option<OsString>) -> Option<Wallet> {
    let given = |key: &str| read(key).filter(|value| !value.is_empty());
    let own = given("TTALKAK_WALLET_DIR").map(PathBuf::from);
    let folder = own.or_else(|| credentials_path(&read)?.parent().map(Path::to_owned))?;
    let passphrase = given("TTALKAK_WALLET_PASSPHRASE").and_then(|text| text.into_string().ok());
    let passphrase = match (passphrase, given("TTALKAK_WALLET_PASSPHRASE_FILE")) {
        (Some(text), _) => Passphrase::Given(Secret::new(text)),
        (None, Some(file)) => Passphrase::File(file.into()),
        (None, None) => Passphrase::Ask,
    };
    Some(Wallet { folder, passphrase })
}

/// The no-color.org rule, and terminals that cannot.
fn colour_allowed(read: impl Fn(&str) -> Option<OsString>) -> bool {
    read("NO_COLOR").is_none_or(|value| value.is_empty()) && read("TERM").is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        move |key| pairs.iter().find(|(k, _)| *k == key).map(|(_, v)| v.into())
    }

    #[test]
    #[cfg(not(windows))]
    fn credentials_lie_where_the_system_keeps_settings() {
        let path = |pairs| credentials_path(with(pairs)).map(|p| p.display().to_string());
        assert_eq!(path(&[("HOME", "/h")]).as_deref(), Some("/h/.config/ttalkak/credentials.toml"));
        assert_eq!(
            path(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]).as_deref(),
            Some("/x/ttalkak/credentials.toml")
        );
        assert_eq!(
            path(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")]).as_deref(),
            Some("/h/.config/ttalkak/credentials.toml")
        );
        assert_eq!(path(&[]), None);
    }

    #[test]
    #[cfg(not(windows))]
    fn the_wallet_lies_beside_the_credentials_unless_told_otherwise() {
        let folder = |pairs| wallet(with(pairs)).map(|wallet| wallet.folder.display().to_string());
        assert_eq!(folder(&[("HOME", "/h")]).as_deref(), Some("/h/.config/ttalkak"));
        assert_eq!(folder(&[("HOME", "/h"), ("TTALKAK_WALLET_DIR", "/w")]).as_deref(), Some("/w"));
        assert_eq!(folder(&[("TTALKAK_WALLET_DIR", "")]), None);
        let passphrase = |pairs| wallet(with(pairs)).unwrap().passphrase;
        let both = [("TTALKAK_WALLET_DIR", "/w"), ("TTALKAK_WALLET_PASSPHRASE_FILE", "/p")];
        assert!(matches!(passphrase(Box::leak(Box::new(both))), Passphrase::File(_)));
        assert!(matches!(passphrase(&[("HOME", "/h")]), Passphrase::Ask));
    }

    #[test]
    fn no_color_counts_only_when_it_is_not_empty() {
        assert!(!colour_allowed(with(&[("NO_COLOR", "1")])));
        assert!(colour_allowed(with(&[("NO_COLOR", "")])));
        assert!(!colour_allowed(with(&[("TERM", "dumb")])));
    }
}
