use super::*;
use crate::Key;
use expect_test::expect;

const MINUTE: i64 = 60_000;
const NOW: UnixMillis = UnixMillis(1_795_000_000_000);
const EXPECTED: Expected<'_> = Expected {
    domain: "ttalkak.example",
    uri: "https://ttalkak.example/wallet",
    chain_id: 8453,
    nonce: "k3J9xQ2mZ7",
};

fn message(key: &Key) -> Message {
    Message {
        domain: EXPECTED.domain.into(),
        address: key.address(),
        statement: "Link this wallet to your account.".into(),
        uri: EXPECTED.uri.into(),
        chain_id: EXPECTED.chain_id,
        nonce: EXPECTED.nonce.into(),
        issued_at: NOW,
        expires_at: UnixMillis(NOW.0 + 10 * MINUTE),
    }
}

fn key() -> Key {
    Key::from_bytes([7; 32]).unwrap()
}

/// What comes of a message that was changed before it was signed.
fn changed(change: impl FnOnce(&mut Message)) -> Result<EvmAddress, SiweError> {
    let mut message = message(&key());
    change(&mut message);
    let text = message.to_text();
    verify(&text, &key().sign_message(text.as_bytes()), &EXPECTED, NOW)
}

#[test]
fn the_text_is_that_of_the_standard() {
    expect![[r"
        ttalkak.example wants you to sign in with your Ethereum account:
        0x4a62316623ad457F02cDC5D997deD67a383EC569

        Link this wallet to your account.

        URI: https://ttalkak.example/wallet
        Version: 1
        Chain ID: 8453
        Nonce: k3J9xQ2mZ7
        Issued At: 2026-11-18T11:06:40.000Z
        Expiration Time: 2026-11-18T11:16:40.000Z"]]
    .assert_eq(&message(&key()).to_text());
}

#[test]
fn a_right_sign_in_names_its_wallet_and_is_read_back() {
    assert_eq!(changed(|_| ()), Ok(key().address()));
    assert_eq!(Message::parse(&message(&key()).to_text()), Ok(message(&key())));
}

#[test]
fn a_message_for_another_site_purpose_chain_or_request_is_refused() {
    assert_eq!(changed(|message| message.domain = "evil.example".into()), Err(SiweError::Other("site")));
    assert_eq!(changed(|message| message.uri.push('2')), Err(SiweError::Other("purpose")));
    assert_eq!(changed(|message| message.chain_id = 1), Err(SiweError::Other("chain")));
    assert_eq!(changed(|message| message.nonce = "k3J9xQ2mZ8".into()), Err(SiweError::Other("request")));
}

#[test]
fn a_message_counts_within_its_time_only() {
    let at = |now: i64| {
        let text = message(&key()).to_text();
        verify(&text, &key().sign_message(text.as_bytes()), &EXPECTED, UnixMillis(NOW.0 + now))
    };
    assert_eq!(at(-MINUTE - 1), Err(SiweError::NotYet));
    assert!(at(-MINUTE).is_ok() && at(10 * MINUTE - 1).is_ok());
    assert_eq!(at(10 * MINUTE), Err(SiweError::Expired));
}

#[test]
fn another_wallets_signature_and_an_altered_text_are_refused() {
    let text = message(&key()).to_text();
    let other = Key::from_bytes([8; 32]).unwrap();
    let check = |text: &str, signature| verify(text, &signature, &EXPECTED, NOW);
    assert_eq!(check(&text, other.sign_message(text.as_bytes())), Err(SiweError::Signer));
    let signature = key().sign_message(text.as_bytes());
    let altered = text.replace("Link this wallet", "Give away this wallet");
    assert_eq!(check(&altered, signature), Err(SiweError::Signer));
    let mut bare = signature.0;
    bare[64] -= 27;
    assert!(matches!(
        check(&text, EvmSignature(bare)),
        Err(SiweError::Signature(SignatureError::Recovery(_)))
    ));
}

#[test]
fn a_text_in_any_other_form_is_refused_however_well_it_is_signed() {
    let text = message(&key()).to_text();
    let small = crate::checksum(&key().address()).to_lowercase();
    let forms = [
        String::new(),
        text.replace("Version: 1", "Version: 2"),
        text.replace('\n', "\r\n"),
        text.replace("Chain ID: 8453", "Chain ID: 08453"),
        text.replace("Chain ID: 8453", "Chain ID: +8453"),
        text.replace(".000Z\nExp", "Z\nExp"),
        text.replace(&crate::checksum(&key().address()), &small),
        format!("{text}\n"),
        format!(" {text}"),
        format!("{text}\nResources:\n- https://evil.example"),
        format!("{text}\nNot Before: 2030-01-01T00:00:00.000Z"),
        text.replace("your account.", "your account.\nURI: https://evil.example"),
        text.replace("k3J9xQ2mZ7", "short"),
        text.replace("k3J9xQ2mZ7", "k3J9xQ2m-Z7"),
        text.replace("Link this wallet to your account.", ""),
        text.replace("account.", &"a".repeat(TEXT_MAX)),
    ];
    for form in forms {
        let outcome = verify(&form, &key().sign_message(form.as_bytes()), &EXPECTED, NOW);
        assert_eq!(outcome, Err(SiweError::Shape), "{form}");
    }
}
