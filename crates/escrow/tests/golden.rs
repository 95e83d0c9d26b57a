//! Values that other implementations (ethers 6, viem 2, and both where both can) computed from the same fields:
//! hashes, signatures, transactions, a sign-in and a keystore. The file is never edited to please a change here.

use serde::Deserialize;
use std::collections::BTreeMap;
use ttalkak_escrow::{
    Close, Key, Lock, Typed, agreement_key, checksum, keccak, keystore, mandate_id,
    permit::{Permit, ReceiveAuthorization, TokenDomain},
    recover, recover_message, siwe, tx,
};
use ttalkak_protocol::{
    Secret,
    money::{Amount, ChainHash, Domain, EvmAddress, EvmSignature, Mandate, Terms, Voucher},
    unit::UnixMillis,
};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    key: String,
    address: String,
    signature: EvmSignature,
    message: String,
    message_signature: EvmSignature,
    keccak: ChainHash,
    transactions: Vec<Transaction>,
    created: Created,
    token: Token,
    siwe: SignIn,
    keystore: serde_json::Value,
}

#[derive(Deserialize)]
struct Case {
    domain: Domain,
    terms: Terms,
    mandate: Mandate,
    total: Amount,
    hashes: BTreeMap<String, ChainHash>,
    digests: BTreeMap<String, ChainHash>,
}

#[derive(Deserialize)]
struct Transaction {
    chain_id: u64,
    nonce: u64,
    gas_limit: u64,
    max_fee: String,
    tip: String,
    to: Option<EvmAddress>,
    value: String,
    input: String,
    raw: String,
    hash: ChainHash,
}

#[derive(Deserialize)]
struct Created {
    nonce: u64,
    address: EvmAddress,
}

#[derive(Deserialize)]
struct Token {
    name: String,
    version: String,
    chain_id: u64,
    token: EvmAddress,
    separator: ChainHash,
    spender: EvmAddress,
    nonce: ChainHash,
    permit: ChainHash,
    receive: ChainHash,
}

#[derive(Deserialize)]
struct SignIn {
    text: String,
    signature: EvmSignature,
}

fn golden() -> (Golden, Key) {
    let golden: Golden = serde_json::from_str(include_str!("golden.json")).expect("the golden file");
    let key = Key::from_hex(&golden.key).expect("a key");
    (golden, key)
}

#[test]
fn all_structs_hash_as_ethers_and_viem_hash_them() {
    for Case { domain, terms, mandate, total, hashes, digests } in golden().0.cases {
        let agreement = agreement_key(&terms);
        let typed: [(&str, &dyn Typed); 5] = [
            ("terms", &terms),
            ("mandate", &mandate),
            ("lock", &Lock { agreement, cap: total }),
            ("voucher", &Voucher { agreement, cumulative: total }),
            ("close", &Close { agreement, cumulative: total }),
        ];
        for (name, typed) in typed {
            assert_eq!(typed.struct_hash(), hashes[name], "struct hash of {name}");
            assert_eq!(typed.digest(&domain), digests[name], "digest of {name}");
        }
        assert_eq!((agreement, mandate_id(&mandate)), (hashes["terms"], hashes["mandate"]));
    }
}

#[test]
fn signatures_are_those_of_ethers_and_viem() {
    let (golden, key) = golden();
    let digest = golden.cases[0].digests["voucher"];
    assert_eq!(checksum(&key.address()), golden.address);
    assert_eq!(key.sign(digest), golden.signature);
    assert_eq!(recover(digest, &golden.signature), Ok(key.address()));
    assert_eq!(key.sign_message(golden.message.as_bytes()), golden.message_signature);
    assert_eq!(recover_message(golden.message.as_bytes(), &golden.message_signature), Ok(key.address()));
    assert_eq!(keccak(golden.message.as_bytes()), golden.keccak);
}

#[test]
fn transactions_are_those_of_ethers_and_viem_to_the_byte() {
    let (golden, key) = golden();
    for case in golden.transactions {
        let tx = tx::Eip1559 {
            chain_id: case.chain_id,
            nonce: case.nonce,
            gas_limit: case.gas_limit,
            max_fee: case.max_fee.parse().unwrap(),
            tip: case.tip.parse().unwrap(),
            to: case.to,
            value: case.value.parse().unwrap(),
            input: hex::decode(&case.input[2..]).unwrap(),
        };
        let signed = tx.sign(&key);
        assert_eq!(format!("0x{}", hex::encode(&signed.raw)), case.raw);
        assert_eq!(signed.hash, case.hash);
    }
    assert_eq!(tx::created_address(key.address(), golden.created.nonce), golden.created.address);
}

#[test]
fn permits_hash_as_ethers_hashes_them() {
    let (golden, key) = golden();
    let Token { name, version, chain_id, token, separator, spender, nonce, permit, receive } = golden.token;
    let domain = TokenDomain { name, version, chain_id, token };
    let (owner, value) = (key.address(), Amount(1_500_000));
    let asked = Permit { owner, spender, value, nonce: 3, deadline: 1_795_003_600 };
    let (valid_after, valid_before) = (1_795_000_000, 1_795_003_600);
    let received = ReceiveAuthorization { from: owner, to: spender, value, valid_after, valid_before, nonce };
    assert_eq!(domain.separator(), separator);
    assert_eq!(asked.digest(&domain), permit);
    assert_eq!(received.digest(&domain), receive);
}

#[test]
fn a_sign_in_written_and_signed_by_viem_and_ethers_counts() {
    let (golden, key) = golden();
    let expected = siwe::Expected {
        domain: "ttalkak.example:8443",
        uri: "https://ttalkak.example:8443/wallet",
        chain_id: 31337,
        nonce: "k3J9xQ2mZ7",
    };
    let SignIn { text, signature } = golden.siwe;
    let signer = siwe::verify(&text, &signature, &expected, UnixMillis(1_795_000_001_000));
    assert_eq!(signer, Ok(key.address()));
}

#[test]
fn a_keystore_of_ethers_opens() {
    let (golden, key) = golden();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wallet.json");
    std::fs::write(&path, golden.keystore.to_string()).unwrap();
    let loaded = keystore::load(&path, &Secret::new("correct horse".to_owned())).unwrap();
    assert_eq!(loaded.address(), key.address());
}
