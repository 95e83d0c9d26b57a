//! Where a keystore's passphrase comes from: the environment, a file, or a person at the terminal.

use crate::error::{CliError, CliResult};
use std::path::PathBuf;
use ttalkak_protocol::{Secret, error::ErrorCode};

/// The source of a passphrase.
#[derive(Debug, Clone)]
pub(crate) enum Passphrase {
    /// `TTALKAK_WALLET_PASSPHRASE`.
    Given(Secret<String>),
    /// `TTALKAK_WALLET_PASSPHRASE_FILE`; its first line.
    File(PathBuf),
    /// Typed, unseen.
    Ask,
}

impl Passphrase {
    /// For a keystore that exists. `person`: somebody can be asked.
    pub(crate) fn for_known(&self, person: bool) -> CliResult<Secret<String>> {
        match self {
            Self::Ask => ask(person, "Passphrase of the wallet (it is not shown):"),
            Self::Given(_) | Self::File(_) => self.read(),
        }
    }

    /// For a keystore to be made: typed twice.
    pub(crate) fn for_new(&self, person: bool) -> CliResult<Secret<String>> {
        let chosen = match self {
            Self::Given(_) | Self::File(_) => self.read()?,
            Self::Ask => {
                let first = ask(person, "Choose a passphrase for the wallet (it is not shown):")?;
                let again = ask(person, "Once more:")?;
                if first != again {
                    let message = "The two are not the same; nothing was kept.";
                    return Err(CliError::usage(ErrorCode::InvalidBody, message, "Run the command again."));
                }
                first
            }
        };
        if chosen.reveal().is_empty() {
            let message = "An empty passphrase protects nothing.";
            return Err(CliError::usage(ErrorCode::InvalidBody, message, "Choose a longer one."));
        }
        Ok(chosen)
    }

    fn read(&self) -> CliResult<Secret<String>> {
        match self {
            Self::Given(passphrase) => Ok(passphrase.clone()),
            Self::File(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|cause| CliError::file(format!("read {}", path.display()), cause))?;
                Ok(Secret::new(text.lines().next().unwrap_or_default().to_owned()))
            }
            Self::Ask => Err(CliError::Bug("a passphrase that is asked for was read")),
        }
    }
}

fn ask(person: bool, question: &str) -> CliResult<Secret<String>> {
    if !person {
        return Err(CliError::usage(
            ErrorCode::WalletRequired,
            "The wallet needs its passphrase, and nobody can be asked.",
            "Set TTALKAK_WALLET_PASSPHRASE_FILE to a file that holds it.",
        ));
    }
    let terminal = console::Term::stderr();
    let read = terminal.write_line(question).and_then(|()| terminal.read_secure_line());
    read.map(Secret::new).map_err(|cause| CliError::file("read the passphrase", cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_its_first_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        std::fs::write(&path, "one\ntwo\n").unwrap();
        assert_eq!(Passphrase::File(path).for_known(false).unwrap().reveal(), "one");
    }

    #[test]
    fn an_empty_passphrase_is_refused_for_a_new_wallet() {
        assert!(Passphrase::Given(Secret::new(String::new())).for_new(false).is_err());
    }
}
