//! The command line's sign-in, so that `ttalkak-agent tunnel` works wherever `ttalkak login` was done. Read only.
//! ```toml
//! default = "http://127.0.0.1:7780"
//! [coordinators."http://127.0.0.1:7780"]
//! token = "ttk_…"
//! ```

use crate::{address::Coordinator, config::Texts};
use serde::Deserialize;
use std::{collections::BTreeMap, io, path::PathBuf};
use ttalkak_protocol::Secret;

/// Where a coordinator is when nobody says: the one that runs on this machine.
const LOCAL: &str = "http://127.0.0.1:7780";

/// What the file holds. Fields that are not known here are the command line's own.
#[derive(Debug, Default, Deserialize)]
struct File {
    default: Option<String>,
    #[serde(default)]
    coordinators: BTreeMap<String, Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    token: Option<Secret<String>>,
}

/// Why there is nobody to speak to or nothing to sign in with.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file is there and cannot be read.
    #[error("read {path}")]
    Io {
        /// Which.
        path: PathBuf,
        #[source]
        /// What the disk said.
        cause: io::Error,
    },
    /// It is not what `ttalkak login` writes.
    #[error("{path} is damaged; sign in again with `ttalkak login`")]
    Damaged {
        /// Which.
        path: PathBuf,
    },
    /// The default in the file is not an address.
    #[error("the default coordinator in the credentials file is not an address")]
    Default(#[source] crate::address::AddressError),
    /// No token anywhere.
    #[error("no token for {0}; give --token, set TTALKAK_TOKEN, or sign in with `ttalkak login`")]
    NoToken(Coordinator),
}

/// Whom to speak to, and with which token: flags first, then the environment, then the file.
pub fn find(
    coordinator: Option<Coordinator>,
    token: Option<Secret<String>>,
    env: &Texts,
) -> Result<(Coordinator, Secret<String>), CredentialsError> {
    let said = token
        .or_else(|| env.get("TTALKAK_TOKEN").filter(|token| !token.is_empty()).cloned().map(Secret::new));
    // With both said the file is not needed, and a damaged one is no obstacle.
    let file = match (&coordinator, &said) {
        (Some(_), Some(_)) => File::default(),
        _ => read(env)?,
    };
    let coordinator = match coordinator {
        Some(coordinator) => coordinator,
        None => file.default.as_deref().unwrap_or(LOCAL).parse().map_err(CredentialsError::Default)?,
    };
    let kept = |coordinator: &Coordinator| {
        let same =
            |(url, _): &(&String, &Entry)| url.parse().is_ok_and(|url: Coordinator| url == *coordinator);
        file.coordinators.iter().find(same).and_then(|(_, entry)| entry.token.clone())
    };
    match said.or_else(|| kept(&coordinator)) {
        Some(token) => Ok((coordinator, token)),
        None => Err(CredentialsError::NoToken(coordinator)),
    }
}

fn read(env: &Texts) -> Result<File, CredentialsError> {
    let folder = |key: &str| env.get(key).map(PathBuf::from).filter(|path| path.is_absolute());
    let Some(config) = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))
    else {
        return Ok(File::default());
    };
    let path = config.join("ttalkak/credentials.toml");
    match std::fs::read_to_string(&path) {
        // The parser's message quotes the line, and the line may be the token.
        Ok(text) => toml::from_str(&text).map_err(|_| CredentialsError::Damaged { path }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(File::default()),
        Err(cause) => Err(CredentialsError::Io { path, cause }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "default = \"http://b:1\"\n[coordinators.\"http://a:1/\"]\ntoken = \"ta\"\n[coordinators.\"http://b:1\"]\ntoken = \"tb\"\nname = \"mine\"\n";

    fn env(file: Option<&str>, more: &[(&str, &str)]) -> (tempfile::TempDir, Texts) {
        let home = tempfile::tempdir().unwrap();
        if let Some(text) = file {
            std::fs::create_dir_all(home.path().join("ttalkak")).unwrap();
            std::fs::write(home.path().join("ttalkak/credentials.toml"), text).unwrap();
        }
        let mut env: Texts = more.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        env.insert("XDG_CONFIG_HOME".into(), home.path().display().to_string());
        (home, env)
    }

    fn found(
        coordinator: Option<&str>,
        token: Option<&str>,
        env: &Texts,
    ) -> Result<String, CredentialsError> {
        let token = token.map(|token| Secret::new(token.to_owned()));
        find(coordinator.map(|url| url.parse().unwrap()), token, env)
            .map(|(coordinator, token)| format!("{coordinator} {}", token.reveal()))
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let (_home, file) = env(Some(FILE), &[]);
        assert_eq!(found(None, None, &file).unwrap(), "http://b:1 tb");
        assert_eq!(found(Some("http://a:1"), None, &file).unwrap(), "http://a:1 ta");
        let (_home, both) = env(Some(FILE), &[("TTALKAK_TOKEN", "te")]);
        assert_eq!(found(None, None, &both).unwrap(), "http://b:1 te");
        assert_eq!(found(None, Some("tf"), &both).unwrap(), "http://b:1 tf");
    }

    #[test]
    fn without_a_file_the_local_coordinator_is_meant_and_a_token_is_asked_for() {
        let (_home, none) = env(None, &[]);
        assert!(
            matches!(found(None, None, &none), Err(CredentialsError::NoToken(url)) if url.to_string() == LOCAL)
        );
        assert_eq!(found(None, Some("t"), &none).unwrap(), format!("{LOCAL} t"));
    }

    #[test]
    fn a_damaged_file_is_named_without_its_content() {
        let (_home, damaged) = env(Some("[coordinators]\ntoken = ttk_secret"), &[]);
        let error = found(None, None, &damaged).unwrap_err();
        assert!(matches!(error, CredentialsError::Damaged { .. }));
        assert!(!format!("{error:?}").contains("ttk_secret"));
        assert!(found(Some("http://a:1"), Some("t"), &damaged).is_ok());
    }
}
