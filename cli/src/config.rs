//! The only reader of the environment, apart from the options that clap reads itself (`TTALKAK_COORDINATOR`,
//! `TTALKAK_TOKEN`, `TTALKAK_GIT_TOKEN`). Deliberately absent: a settings file; credentials are the only state.

use std::{
    ffi::OsString,
    io::IsTerminal,
    path::{Path, PathBuf},
};

/// What the surroundings say.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    /// Where credentials are kept; `None` when there is no home folder.
    pub(crate) credentials: Option<PathBuf>,
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
    fn no_color_counts_only_when_it_is_not_empty() {
        assert!(!colour_allowed(with(&[("NO_COLOR", "1")])));
        assert!(colour_allowed(with(&[("NO_COLOR", "")])));
        assert!(!colour_allowed(with(&[("TERM", "dumb")])));
    }
}
