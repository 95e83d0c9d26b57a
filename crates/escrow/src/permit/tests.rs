use super::*;

#[test]
fn a_permit_counts_for_one_token_one_nonce_and_one_amount() {
    let domain =
        TokenDomain { name: "A".into(), version: "1".into(), chain_id: 1, token: EvmAddress([1; 20]) };
    let [owner, spender] = [2, 3].map(|byte| EvmAddress([byte; 20]));
    let permit = Permit { owner, spender, value: Amount(1), nonce: 0, deadline: 9 };
    let digests = [
        permit.digest(&domain),
        permit.digest(&TokenDomain { name: "B".into(), ..domain.clone() }),
        permit.digest(&TokenDomain { version: "2".into(), ..domain.clone() }),
        permit.digest(&TokenDomain { token: EvmAddress([4; 20]), ..domain.clone() }),
        Permit { nonce: 1, ..permit }.digest(&domain),
        Permit { value: Amount(2), ..permit }.digest(&domain),
        Permit { spender: owner, ..permit }.digest(&domain),
    ];
    let different: std::collections::BTreeSet<_> = digests.iter().collect();
    assert_eq!(different.len(), digests.len());
}
