//! What every command is given: how to print, and which coordinator to talk to with which token.

use crate::{
    api::Api,
    config::Surroundings,
    credentials::Credentials,
    error::{CliError, CliResult},
    output::Output,
    wallet::Wallet,
};
use std::{path::Path, sync::Mutex};
use ttalkak_protocol::{Secret, error::ErrorCode};

/// Where a coordinator listens that was started with its defaults.
pub(crate) const LOCAL_COORDINATOR: &str = "http://127.0.0.1:7700";

/// One run of the program.
pub(crate) struct Context {
    /// How to print.
    pub(crate) output: Output,
    surroundings: Surroundings,
    coordinator: Option<String>,
    token: Option<Secret<String>>,
    note: Mutex<Note>,
}

/// What Ctrl-C means at this moment.
#[derive(Debug, Clone)]
struct Note {
    message: String,
    next: String,
}

impl Context {
    /// `coordinator` and `token`: as given on the command line or in the environment.
    pub(crate) fn new(
        surroundings: Surroundings,
        output: Output,
        coordinator: Option<String>,
        token: Option<Secret<String>>,
    ) -> Self {
        let note =
            Note { message: "Interrupted.".into(), next: "Run the command again when you like.".into() };
        Self { output, surroundings, coordinator, token, note: Mutex::new(note) }
    }

    /// The API of the chosen coordinator, with its token. Errors: `NotSignedIn`, or the credentials cannot be read.
    pub(crate) fn api(&self) -> CliResult<Api> {
        let kept = self.credentials()?;
        let (coordinator, token) = choose(&kept, self.coordinator.as_deref(), self.token.as_ref())?;
        Api::new(&coordinator, Some(token))
    }

    /// The coordinator that a sign-in or sign-out is about, and the token given with it.
    pub(crate) fn sign_in_target(&self, kept: &Credentials) -> (String, Option<Secret<String>>) {
        let coordinator = self.coordinator.clone().or_else(|| kept.default.clone());
        (coordinator.unwrap_or_else(|| LOCAL_COORDINATOR.to_owned()), self.token.clone())
    }

    /// Which coordinator is meant, signed in or not; `None` when nobody says.
    pub(crate) fn coordinator_meant(&self) -> Option<String> {
        let kept = || self.credentials().ok().and_then(|kept| kept.default);
        self.coordinator.clone().or_else(kept)
    }

    /// The kept credentials.
    pub(crate) fn credentials(&self) -> CliResult<Credentials> {
        self.surroundings.credentials.as_deref().map_or_else(|| Ok(Credentials::default()), Credentials::load)
    }

    /// Where they are kept. Errors: there is no home folder.
    pub(crate) fn credentials_path(&self) -> CliResult<&Path> {
        self.surroundings.credentials.as_deref().ok_or_else(|| {
            CliError::usage(
                ErrorCode::InvalidBody,
                "There is no home folder to keep the token in.",
                "Set HOME, or give TTALKAK_COORDINATOR and TTALKAK_TOKEN with each command.",
            )
        })
    }

    /// The wallet's place on this machine. Errors: there is no home folder.
    pub(crate) fn wallet(&self) -> CliResult<&Wallet> {
        self.surroundings.wallet.as_ref().ok_or_else(|| {
            let message = "There is no home folder to keep a wallet in.";
            CliError::usage(ErrorCode::WalletRequired, message, "Set HOME or TTALKAK_WALLET_DIR.")
        })
    }

    /// From here on, Ctrl-C means this.
    pub(crate) fn on_interrupt(&self, message: impl Into<String>, next: impl Into<String>) {
        *self.note.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
            Note { message: message.into(), next: next.into() };
    }

    /// The error that Ctrl-C leads to now.
    pub(crate) fn interrupted(&self) -> CliError {
        let note = self.note.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        CliError::Interrupted { message: note.message, next: note.next }
    }
}

/// Picks coordinator and token: what was given wins over what is kept. Pure.
fn choose(
    kept: &Credentials,
    coordinator: Option<&str>,
    token: Option<&Secret<String>>,
) -> CliResult<(String, Secret<String>)> {
    let coordinator = match (coordinator, &kept.default, token) {
        (Some(given), _, _) => given.to_owned(),
        (None, Some(default), _) => default.clone(),
        (None, None, Some(_)) => LOCAL_COORDINATOR.to_owned(),
        (None, None, None) => return Err(CliError::NotSignedIn { coordinator: None }),
    };
    let token = token.or_else(|| kept.coordinators.get(&coordinator).map(|known| &known.token)).cloned();
    token
        .map(|token| (coordinator.clone(), token))
        .ok_or(CliError::NotSignedIn { coordinator: Some(coordinator) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_wins_over_what_is_kept() {
        let mut kept = Credentials::default();
        let secret = |text: &str| Secret::new(text.to_owned());
        assert!(matches!(choose(&kept, None, None), Err(CliError::NotSignedIn { coordinator: None })));
        assert_eq!(choose(&kept, None, Some(&secret("t"))).unwrap().0, LOCAL_COORDINATOR);
        kept.sign_in("https://a", secret("ttk_a"));
        kept.sign_in("https://b", secret("ttk_b"));
        assert_eq!(choose(&kept, None, None).unwrap(), ("https://b".into(), secret("ttk_b")));
        assert_eq!(choose(&kept, Some("https://a"), None).unwrap(), ("https://a".into(), secret("ttk_a")));
        assert_eq!(choose(&kept, Some("https://a"), Some(&secret("x"))).unwrap().1, secret("x"));
    }

    #[test]
    fn a_token_is_never_sent_to_another_coordinator() {
        let mut kept = Credentials::default();
        kept.sign_in("https://a", Secret::new("ttk_a".into()));
        assert!(matches!(
            choose(&kept, Some("https://c"), None),
            Err(CliError::NotSignedIn { coordinator: Some(_) })
        ));
    }
}
