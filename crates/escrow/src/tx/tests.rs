use super::*;

fn transfer() -> Eip1559 {
    Eip1559 {
        chain_id: 31337,
        nonce: 7,
        gas_limit: 100_000,
        max_fee: 2_000_000_000,
        tip: 1,
        to: Some(EvmAddress([5; 20])),
        value: 0,
        input: vec![1, 2, 3],
    }
}

#[test]
fn signing_again_gives_the_same_bytes_and_the_hash_is_theirs() {
    let key = Key::from_bytes([7; 32]).unwrap();
    let signed = transfer().sign(&key);
    assert_eq!(signed, transfer().sign(&key));
    assert_eq!(signed.hash, crate::keccak(&signed.raw));
}

#[test]
fn every_field_is_under_the_signature() {
    let key = Key::from_bytes([7; 32]).unwrap();
    let others = [
        Eip1559 { chain_id: 1, ..transfer() },
        Eip1559 { nonce: 8, ..transfer() },
        Eip1559 { gas_limit: 100_001, ..transfer() },
        Eip1559 { max_fee: 2, ..transfer() },
        Eip1559 { tip: 2, ..transfer() },
        Eip1559 { to: None, ..transfer() },
        Eip1559 { value: 1, ..transfer() },
        Eip1559 { input: vec![], ..transfer() },
        transfer(),
    ];
    let hashes: std::collections::BTreeSet<_> = others.iter().map(|tx| tx.sign(&key).hash).collect();
    assert_eq!(hashes.len(), others.len());
}
