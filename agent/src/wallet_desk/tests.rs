use super::*;
use std::fs;

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn address(reply: &Reply) -> String {
    let Reply::WalletMade { address, .. } = reply else { panic!("{reply:?}") };
    address.clone()
}

const KEY: &str = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
const KEY_ADDRESS: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const PASSPHRASE: &str = "correct horse battery";

#[test]
fn a_wallet_is_made_once_backed_up_and_taken_over_elsewhere() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let wallet = Wallet::new(here.path(), false);
    let made = create(&wallet, None).unwrap();
    assert_eq!(create(&wallet, None).unwrap_err().code, ErrorCode::WalletExists);
    let Reply::WalletSecret { secret: bare, encrypted: false } = back_up(&wallet, None).unwrap() else {
        panic!()
    };
    let Reply::WalletSecret { secret: sealed, encrypted: true } =
        back_up(&wallet, Some(&secret(PASSPHRASE))).unwrap()
    else {
        panic!()
    };
    assert!(!sealed.reveal().contains(&bare.reveal()[2..]));
    let other = Wallet::new(there.path(), false);
    let taken = import(&other, &sealed, Some(&secret(PASSPHRASE)), false).unwrap();
    assert_eq!(address(&taken), address(&made));
    assert_eq!(back_up(&other, None).unwrap(), Reply::WalletSecret { secret: bare, encrypted: false });
}

#[test]
fn a_wallet_with_earnings_is_set_aside_only_when_asked_and_the_reply_says_where() {
    let data = tempfile::tempdir().unwrap();
    let wallet = Wallet::new(data.path(), false);
    let old = address(&create(&wallet, None).unwrap());
    let refused = import(&wallet, &secret(KEY), None, false).unwrap_err();
    assert!(refused.code == ErrorCode::WalletExists && refused.message.contains(&old));
    let Reply::WalletMade { address, set_aside: Some(folder), .. } =
        import(&wallet, &secret(KEY), None, true).unwrap()
    else {
        panic!()
    };
    assert_eq!(address, KEY_ADDRESS);
    assert!(fs::read_to_string(std::path::Path::new(&folder).join("keystore.json")).is_ok());
}

#[test]
fn what_is_no_key_or_a_poor_passphrase_is_refused_without_being_repeated_and_leaves_nothing_behind() {
    let data = tempfile::tempdir().unwrap();
    let wallet = Wallet::new(data.path(), false);
    let long = "f".repeat(KEY_TEXT_MAX + 1);
    for text in ["", "hunter2hunter2", &KEY[..60], "{\"version\": 3}", "{ not json", &long] {
        let refused = import(&wallet, &secret(text), None, false).unwrap_err();
        assert_eq!(refused.code, ErrorCode::KeyInvalid, "{text:.20}");
        assert!(text.is_empty() || !refused.message.contains(text));
    }
    for poor in ["", "short", "aaaaaaaaaaaaaaaa", "abababababababab", "with a\nline end in it"] {
        assert_eq!(create(&wallet, Some(&secret(poor))).unwrap_err().code, ErrorCode::PassphraseShort);
    }
    assert_eq!(back_up(&wallet, None).unwrap_err().code, ErrorCode::WalletMissing);
    let left: Vec<_> = fs::read_dir(data.path().join("wallet")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_keystore_opens_by_its_own_passphrase_only() {
    let data = tempfile::tempdir().unwrap();
    let wallet = Wallet::new(data.path(), false);
    create(&wallet, Some(&secret(PASSPHRASE))).unwrap();
    let file = fs::read_to_string(data.path().join("wallet/keystore.json")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let other = Wallet::new(elsewhere.path(), false);
    let wrong = import(&other, &secret(&file), Some(&secret("another one entirely")), false).unwrap_err();
    assert_eq!(wrong.code, ErrorCode::PassphraseWrong);
    assert!(import(&other, &secret(&file), Some(&secret(PASSPHRASE)), false).is_ok());
    assert_eq!(news(&other, None, KeyStore::Absent).own.unwrap().kept, WalletKept::File);
}

#[test]
fn a_payee_is_checked_to_the_last_digit() {
    assert_eq!(payee(KEY_ADDRESS).map(|address| checksum(&address)).unwrap(), KEY_ADDRESS);
    assert!(payee(&KEY_ADDRESS.to_lowercase()).is_ok());
    let mistyped = KEY_ADDRESS.replace("C518", "c518");
    for text in [mistyped.as_str(), "0x12", "", "vitalik.eth", "0x0000000000000000000000000000000000000000"] {
        assert_eq!(payee(text).unwrap_err().code, ErrorCode::AddressInvalid, "{text}");
    }
}

#[test]
fn the_section_says_where_payments_go_and_what_keeps_the_wallet_from_use() {
    let data = tempfile::tempdir().unwrap();
    let wallet = Wallet::new(data.path(), false);
    assert_eq!(news(&wallet, None, KeyStore::Unknown).payee, None);
    create(&wallet, None).unwrap();
    backed_up(&wallet, UnixMillis(7)).unwrap();
    let told = news(&wallet, None, KeyStore::Locked);
    assert!(told.payee.is_some() && !told.payee_set && told.problem.is_none());
    assert_eq!(told.own.unwrap().backed_up, Some(UnixMillis(7)));
    let path = data.path().join("wallet/wallet.json");
    let text = fs::read_to_string(&path).unwrap().replace("keystore", "keyring");
    fs::write(&path, text).unwrap();
    assert_eq!(news(&wallet, None, KeyStore::Locked).problem.unwrap().code, ErrorCode::KeyStoreLocked);
    fs::write(&path, "half a rec").unwrap();
    assert_eq!(news(&wallet, None, KeyStore::Usable).problem.unwrap().code, ErrorCode::WalletMissing);
}
