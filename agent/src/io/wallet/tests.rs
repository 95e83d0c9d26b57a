use super::*;

fn wallet(data: &Path) -> Wallet {
    Wallet::new(data, false)
}

#[test]
fn a_wallet_is_made_once_and_its_key_signs_for_its_address() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(wallet(data.path()).record().unwrap(), None);
    assert!(matches!(wallet(data.path()).key(), Err(WalletError::Absent)));
    let record = wallet(data.path()).open_or_make().unwrap();
    assert_eq!(record.kept, Kept::Keystore);
    assert_eq!(wallet(data.path()).open_or_make().unwrap(), record);
    assert_eq!(wallet(data.path()).key().unwrap().address(), record.address);
}

#[test]
fn a_first_run_that_was_cut_short_keeps_its_key() {
    let data = tempfile::tempdir().unwrap();
    let record = wallet(data.path()).open_or_make().unwrap();
    fs::remove_file(data.path().join("wallet/wallet.json")).unwrap();
    assert_eq!(wallet(data.path()).open_or_make().unwrap(), record);
}

#[test]
fn a_wallet_is_never_overwritten_and_only_set_aside_when_forced() {
    let data = tempfile::tempdir().unwrap();
    let old = wallet(data.path()).open_or_make().unwrap();
    let key = Key::random();
    assert!(
        matches!(wallet(data.path()).import(&key, false), Err(WalletError::Exists(address)) if address == old.address)
    );
    assert_eq!(wallet(data.path()).import(&key, true).unwrap().address, key.address());
    assert_eq!(wallet(data.path()).key().unwrap().address(), key.address());
    fs::rename(data.path().join("wallet"), data.path().join("new")).unwrap();
    fs::rename(data.path().join("wallet.old-1"), data.path().join("wallet")).unwrap();
    assert_eq!(wallet(data.path()).key().unwrap().address(), old.address);
}

#[test]
fn a_key_of_another_address_is_not_used() {
    let data = tempfile::tempdir().unwrap();
    let record = wallet(data.path()).open_or_make().unwrap();
    let other = WalletRecord { address: EvmAddress([1; 20]), ..record };
    fs::write(data.path().join("wallet/wallet.json"), serde_json::to_vec(&other).unwrap()).unwrap();
    assert!(matches!(wallet(data.path()).key(), Err(WalletError::Mismatch(_))));
    fs::write(data.path().join("wallet/wallet.json"), "half a rec").unwrap();
    assert!(matches!(wallet(data.path()).open_or_make(), Err(WalletError::Damaged(_))));
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_key_or_passphrase() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().unwrap();
    let record = wallet(data.path()).open_or_make().unwrap();
    let mode = |path: &str| fs::metadata(data.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("wallet"), 0o700);
    assert_eq!((mode("wallet/keystore.json"), mode("wallet/passphrase")), (0o600, 0o600));
    let text = fs::read_to_string(data.path().join("wallet/keystore.json")).unwrap();
    let key = wallet(data.path()).key().unwrap().to_hex();
    assert!(!text.contains(&key.reveal()[2..]) && text.contains(&record.address.to_string()[2..]));
}
