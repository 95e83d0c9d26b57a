use super::*;
use std::error::Error as _;

fn word(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

struct Kept {
    dir: tempfile::TempDir,
    path: PathBuf,
    key: Key,
}

fn kept() -> Kept {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wallet.json");
    let key = Key::random();
    save(&path, &key, &word("open sesame")).unwrap();
    Kept { dir, path, key }
}

#[test]
fn a_key_comes_back_with_its_passphrase_and_with_no_other() {
    let Kept { dir: _dir, path, key } = kept();
    assert_eq!(load(&path, &word("open sesame")).unwrap().address(), key.address());
    for wrong in ["", "Open sesame", "open sesame "] {
        assert!(matches!(load(&path, &word(wrong)), Err(KeystoreError::Passphrase { .. })));
    }
}

#[test]
fn the_file_is_geths_and_does_not_hold_the_key() {
    let Kept { dir: _dir, path, key } = kept();
    let text = fs::read_to_string(path).unwrap();
    let store: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(store["version"], 3);
    assert_eq!(store["address"], hex::encode(key.address().0));
    assert_eq!(store["crypto"]["kdf"], "scrypt");
    assert!(!text.contains(&key.to_hex().reveal()[2..]));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_file_and_nothing_else_is_left() {
    use std::os::unix::fs::PermissionsExt as _;
    let Kept { dir, path, .. } = kept();
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_key_is_never_written_over() {
    let Kept { dir: _dir, path, key } = kept();
    let again = save(&path, &Key::random(), &word("open sesame"));
    assert!(matches!(again, Err(KeystoreError::Exists { .. })));
    assert_eq!(load(&path, &word("open sesame")).unwrap().address(), key.address());
}

#[test]
fn a_file_that_is_missing_or_cannot_be_made_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let missing = load(&dir.path().join("none"), &word("x")).unwrap_err();
    assert!(matches!(missing, KeystoreError::Io { what: "read", .. }) && missing.source().is_some());
    let nowhere = save(&dir.path().join("no/such/dir/key"), &Key::random(), &word("x")).unwrap_err();
    assert!(matches!(nowhere, KeystoreError::Io { what: "make", .. }));
}

#[test]
fn a_damaged_or_absurd_file_is_refused_without_a_panic() {
    let Kept { dir: _dir, path, .. } = kept();
    let whole: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let with = |pointer: &str, value: serde_json::Value| {
        let mut store = whole.clone();
        *store.pointer_mut(pointer).unwrap() = value;
        store.to_string()
    };
    let texts = [
        String::new(),
        "{}".to_owned(),
        whole.to_string()[..100].to_owned(),
        with("/version", 4.into()),
        with("/crypto/kdfparams/dklen", 8.into()),
        with("/crypto/kdfparams/n", (1_u64 << 30).into()),
        with("/crypto/kdfparams/n", 1000.into()),
        with("/crypto/kdfparams/r", 0.into()),
        with("/crypto/kdfparams/p", 1_000_000.into()),
        with("/crypto/cipherparams/iv", "00".into()),
        with("/crypto/ciphertext", "00".into()),
    ];
    for text in texts {
        fs::write(&path, &text).unwrap();
        let outcome = load(&path, &word("open sesame"));
        assert!(matches!(outcome, Err(KeystoreError::Malformed { .. })), "{text} {outcome:?}");
    }
    fs::write(&path, with("/crypto/mac", "00".repeat(32).into())).unwrap();
    assert!(matches!(load(&path, &word("open sesame")), Err(KeystoreError::Passphrase { .. })));
}
