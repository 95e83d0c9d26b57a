//! The system's key store, for real: each case runs this very program again, in a session bus of its own with a home of
//! its own, and with a keyring that is unlocked, locked, or not there.
//! Needs `dbus-run-session` and `gnome-keyring-daemon`, and skips aloud without them.
#![cfg(target_os = "linux")]
#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a failed step ends the test, and a skip is told aloud"
)]

use std::{path::Path, process::Command};
use ttalkak_agent::{
    io::{
        key_store::{self, KeyStoreError},
        wallet::{Kept, Wallet, WalletError},
    },
    wallet_desk,
};
use ttalkak_protocol::{Secret, desk::KeyStore, error::ErrorCode};

const UNLOCKED: &str = "eval \"$(printf %s a-passphrase | gnome-keyring-daemon --unlock --components=secrets)\"; \
exec \"$0\" \"$@\"";
const LOGIN: &str = "/org/freedesktop/secrets/collection/login";

fn there(program: &str) -> bool {
    ["/usr/bin", "/bin", "/usr/local/bin"].iter().any(|folder| Path::new(folder).join(program).exists())
}

/// Set in the second run of a test: it is in surroundings of its own then.
const INSIDE: &str = "TTALKAK_KEY_STORE_INSIDE";

/// Runs this test again in surroundings of its own, where the case itself is looked at.
fn within(test: &str, setup: Option<&str>, case: fn()) {
    #[allow(clippy::disallowed_methods, reason = "how the second run of this test knows that it is one")]
    if std::env::var(INSIDE).is_ok() {
        return case();
    }
    if !there("dbus-run-session") || !there("gnome-keyring-daemon") {
        eprintln!("SKIPPED: there is no dbus-run-session or gnome-keyring-daemon; this test shows nothing");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let this = std::env::current_exe().unwrap();
    let mut command = match setup {
        Some(script) => {
            let mut command = Command::new("dbus-run-session");
            command.args(["--", "bash", "-c", script]).arg(&this);
            command
        }
        None => {
            let mut command = Command::new(&this);
            command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/there/is/no/bus");
            command
        }
    };
    let ended = command
        .args(["--exact", "--nocapture", test])
        .env(INSIDE, "1")
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env_remove("XDG_DATA_HOME")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}\n{}", String::from_utf8_lossy(&ended.stderr));
    assert!(said.contains("1 passed"), "the case did not run: {said}");
}

#[test]
fn an_unlocked_key_store_keeps_the_wallet_and_a_lock_is_told() {
    within("an_unlocked_key_store_keeps_the_wallet_and_a_lock_is_told", Some(UNLOCKED), unlocked);
}

#[test]
fn with_a_locked_key_store_the_wallet_goes_to_a_file() {
    within("with_a_locked_key_store_the_wallet_goes_to_a_file", Some("exec \"$0\" \"$@\""), locked);
}

#[test]
fn without_a_key_store_the_wallet_goes_to_a_file() {
    within("without_a_key_store_the_wallet_goes_to_a_file", None, absent);
}

fn unlocked() {
    assert_eq!(key_store::probe(), KeyStore::Usable);
    // The try leaves nothing behind.
    assert_eq!(key_store::get("probe").unwrap_err(), KeyStoreError::Missing);
    let data = tempfile::tempdir().unwrap();
    let wallet = Wallet::new(data.path(), true);
    let record = wallet.make(None).unwrap();
    assert_eq!(record.kept, Kept::Keyring);
    assert!(!data.path().join("wallet/keystore.json").exists());
    assert_eq!(wallet.key().unwrap().address(), record.address);
    let sealed = wallet.export(&Secret::new("correct horse battery".to_owned())).unwrap();
    assert!(sealed.reveal().contains("\"version\":3"));
    lock();
    assert_eq!(key_store::probe(), KeyStore::Locked);
    assert!(matches!(wallet.key(), Err(WalletError::Keyring(KeyStoreError::Locked | KeyStoreError::Silent))));
    let told = wallet_desk::news(&wallet, None, KeyStore::Locked);
    assert_eq!(told.problem.unwrap().code, ErrorCode::KeyStoreLocked);
    assert_eq!(wallet_desk::back_up(&wallet, None).unwrap_err().code, ErrorCode::KeyStoreLocked);
}

fn lock() {
    let array = format!("array:objpath:{LOGIN}");
    let arguments =
        ["--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"];
    let mut command = Command::new("dbus-send");
    command.args(arguments).args(["org.freedesktop.Secret.Service.Lock", &array]);
    let locked = command.output().unwrap();
    assert!(locked.status.success(), "{}", String::from_utf8_lossy(&locked.stderr));
}

fn locked() {
    assert_eq!(key_store::probe(), KeyStore::Locked);
    file_instead();
}

fn absent() {
    assert_eq!(key_store::probe(), KeyStore::Absent);
    file_instead();
}

fn file_instead() {
    let data = tempfile::tempdir().unwrap();
    let wallet = Wallet::new(data.path(), true);
    let record = wallet.make(None).unwrap();
    assert_eq!(record.kept, Kept::Keystore);
    assert_eq!(wallet.key().unwrap().address(), record.address);
}
