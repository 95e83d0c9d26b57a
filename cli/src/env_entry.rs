//! From `KEY=value` arguments and `.env` files to the entries that the API takes. Pure, but for reading the files.

use crate::{
    dotenv::{self, DotenvError, is_key},
    error::{CliError, CliResult},
    output::plain,
};
use std::{collections::BTreeMap, io::Read, path::Path};
use ttalkak_protocol::{
    Secret,
    api::env::{EnvEntry, EnvScope},
    error::ErrorCode,
};

/// A `KEY=value` argument, read later: the parser of the command line would repeat a mistaken one, and with it perhaps
/// a secret, in its message.
#[derive(Clone)]
pub(crate) struct Assignment(Secret<String>);

impl From<&str> for Assignment {
    fn from(text: &str) -> Self {
        Self(Secret::new(text.to_owned()))
    }
}

impl Assignment {
    /// Key and value. Errors: it is not `KEY=value`; the message never repeats the value.
    fn read(&self) -> CliResult<(String, Secret<String>)> {
        let wrong = |message: String| {
            CliError::usage(ErrorCode::EnvKeyInvalid, message, ErrorCode::EnvKeyInvalid.next_move())
        };
        let (key, value) = self
            .0
            .reveal()
            .split_once('=')
            .ok_or_else(|| wrong("A variable is given without its value: expected KEY=value.".into()))?;
        if !is_key(key) {
            return Err(wrong(format!("`{}` is not a key.", plain(key))));
        }
        Ok((key.to_owned(), Secret::new(value.to_owned())))
    }
}

/// Reads a key argument.
pub(crate) fn parse_key(text: &str) -> Result<String, String> {
    if is_key(text) {
        Ok(text.to_owned())
    } else {
        Err("a key has letters, digits and underscores, and does not start with a digit".into())
    }
}

/// Collects entries; a later one of the same key takes the earlier one's place.
pub(crate) struct EnvBuilder {
    scope: EnvScope,
    entries: BTreeMap<String, EnvEntry>,
}

impl EnvBuilder {
    /// Entries of this scope.
    pub(crate) fn new(scope: EnvScope) -> Self {
        Self { scope, entries: BTreeMap::new() }
    }

    /// Adds arguments. Errors: the same key twice in the arguments.
    pub(crate) fn assignments(&mut self, given: &[Assignment], secret: bool) -> CliResult<()> {
        let mut seen = std::collections::BTreeSet::new();
        for (key, value) in given.iter().map(Assignment::read).collect::<CliResult<Vec<_>>>()? {
            if !seen.insert(key.clone()) {
                let message = format!("{key} is given twice.");
                return Err(CliError::usage(ErrorCode::EnvKeyInvalid, message, "Give each key once."));
            }
            self.put(key, value, secret);
        }
        Ok(())
    }

    /// Adds a `.env` file. Errors: it cannot be read, or breaks a rule.
    pub(crate) fn file(&mut self, path: &Path, secret: bool) -> CliResult<()> {
        for (key, value) in read_file(path)? {
            self.put(key, Secret::new(value), secret);
        }
        Ok(())
    }

    /// All entries, by key.
    pub(crate) fn finish(self) -> Vec<EnvEntry> {
        self.entries.into_values().collect()
    }

    fn put(&mut self, key: String, value: Secret<String>, secret: bool) {
        let entry = EnvEntry { key: key.clone(), value, scope: self.scope, secret };
        self.entries.insert(key, entry);
    }
}

fn read_file(path: &Path) -> CliResult<Vec<(String, String)>> {
    let shown = path.display();
    let doing = || format!("read {shown}");
    let file = std::fs::File::open(path).map_err(|cause| CliError::file(doing(), cause))?;
    let mut bytes = Vec::new();
    // One byte over the limit is enough to know that it is over; a device or pipe could be endless.
    file.take(dotenv::FILE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|cause| CliError::file(doing(), cause))?;
    dotenv::parse(&bytes).map_err(|error| {
        let (code, message) = match &error {
            DotenvError::TooLarge(_) => (
                ErrorCode::EnvTooLarge,
                format!(
                    "{shown}: the file is larger than an environment may be, {} bytes.",
                    dotenv::FILE_BYTES_MAX
                ),
            ),
            DotenvError::Nul(_) => (ErrorCode::EnvValueInvalid, format!("{shown}: {error}")),
            DotenvError::NotText(_)
            | DotenvError::Shape(_)
            | DotenvError::Key { .. }
            | DotenvError::Duplicate { .. }
            | DotenvError::Unclosed(_)
            | DotenvError::AfterQuote(_) => (ErrorCode::EnvKeyInvalid, format!("{shown}: {error}")),
        };
        CliError::usage(code, message, "Mend the file and try again; nothing was changed.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_cut_at_the_first_equals_sign() {
        let (key, value) = Assignment::from("A=b=c").read().unwrap();
        assert_eq!((key.as_str(), value.reveal().as_str()), ("A", "b=c"));
    }

    #[test]
    fn a_mistaken_argument_is_told_without_its_value() {
        for bad in ["hunter2", "=hunter2", "1A=hunter2", "A B=hunter2", "A-B=hunter2"] {
            let error = Assignment::from(bad).read().unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn arguments_win_over_files_and_secrets_over_plain() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(".env");
        std::fs::write(&file, "A=file\nB=file\n").unwrap();
        let mut env = EnvBuilder::new(EnvScope::Run);
        env.file(&file, false).unwrap();
        env.assignments(&["A=flag".into()], false).unwrap();
        env.assignments(&["C=hidden".into()], true).unwrap();
        let shown: Vec<_> =
            env.finish().into_iter().map(|e| (e.key.clone(), e.value.reveal().clone(), e.secret)).collect();
        assert_eq!(
            shown,
            [
                ("A".into(), "flag".into(), false),
                ("B".into(), "file".into(), false),
                ("C".into(), "hidden".into(), true)
            ]
        );
    }

    #[test]
    fn a_key_given_twice_is_a_mistake() {
        let twice = ["A=1".into(), "A=2".into()];
        assert!(EnvBuilder::new(EnvScope::Both).assignments(&twice, false).is_err());
    }

    #[test]
    fn a_file_with_a_mistake_names_file_and_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.env");
        std::fs::write(&file, "A=1\nA=2\n").unwrap();
        let error = EnvBuilder::new(EnvScope::Both).file(&file, false).unwrap_err();
        assert!(error.to_string().ends_with("x.env: Line 2: A was already set in line 1."), "{error}");
    }
}
