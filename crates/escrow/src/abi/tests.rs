use super::*;
use crate::batch::SettleItem;
use alloy_sol_types::{SolError as _, SolEvent as _};
use serde_json::Value;
use std::collections::BTreeSet;

/// `name(type,(type,...)[])` of each entry of one kind in an artifact's ABI.
fn signatures(artifact: &str, kind: &str) -> BTreeSet<String> {
    let artifact: Value = serde_json::from_str(artifact).unwrap();
    let entries = artifact["abi"].as_array().unwrap().iter().filter(|entry| entry["type"] == kind);
    entries.map(|entry| format!("{}({})", entry["name"].as_str().unwrap(), types(&entry["inputs"]))).collect()
}

fn types(inputs: &Value) -> String {
    let one = |input: &Value| {
        let kind = input["type"].as_str().unwrap();
        kind.strip_prefix("tuple")
            .map_or(kind.to_owned(), |array| format!("({}){array}", types(&input["components"])))
    };
    inputs.as_array().unwrap().iter().map(one).collect::<Vec<_>>().join(",")
}

/// Names of indexed fields of each event, since they decide how a log is read.
fn indexed(artifact: &str) -> BTreeSet<(String, Vec<bool>)> {
    let artifact: Value = serde_json::from_str(artifact).unwrap();
    let events = artifact["abi"].as_array().unwrap().iter().filter(|entry| entry["type"] == "event");
    let flags = |event: &Value| {
        event["inputs"].as_array().unwrap().iter().map(|input| input["indexed"] == true).collect()
    };
    events.map(|event| (event["name"].as_str().unwrap().to_owned(), flags(event))).collect()
}

fn set(signatures: &[&str]) -> BTreeSet<String> {
    signatures.iter().map(|&signature| signature.to_owned()).collect()
}

#[test]
fn the_bindings_are_those_of_the_compiled_escrow() {
    use TtalkakEscrow::{
        TtalkakEscrowCalls as Calls, TtalkakEscrowErrors as Errors, TtalkakEscrowEvents as Events,
    };
    assert_eq!(set(Calls::SIGNATURES), signatures(ESCROW_ARTIFACT, "function"));
    assert_eq!(set(Events::SIGNATURES), signatures(ESCROW_ARTIFACT, "event"));
    assert_eq!(set(Errors::SIGNATURES), signatures(ESCROW_ARTIFACT, "error"));
}

#[test]
fn the_bindings_are_those_of_the_compiled_token() {
    assert_eq!(set(DevToken::DevTokenCalls::SIGNATURES), signatures(TOKEN_ARTIFACT, "function"));
    assert_eq!(set(DevToken::DevTokenEvents::SIGNATURES), signatures(TOKEN_ARTIFACT, "event"));
    assert_eq!(set(DevToken::DevTokenErrors::SIGNATURES), signatures(TOKEN_ARTIFACT, "error"));
}

/// A signature does not say which fields are indexed; the words of the bindings do.
#[test]
fn events_index_the_same_fields_in_the_bindings_and_in_the_contracts() {
    let words = include_str!("bindings.rs");
    let (escrow, token) = words.split_at(words.find("contract DevToken").unwrap());
    for (words, artifact) in [(escrow, ESCROW_ARTIFACT), (token, TOKEN_ARTIFACT)] {
        let events = words.lines().filter_map(|line| line.trim().strip_prefix("event "));
        let read = |event: &str| {
            let (name, fields) = event.trim_end_matches(");").split_once('(').unwrap();
            let fields = fields.split(", ").filter(|field| !field.is_empty());
            (name.to_owned(), fields.map(|field| field.contains(" indexed ")).collect())
        };
        assert_eq!(events.map(read).collect::<BTreeSet<_>>(), indexed(artifact));
    }
}

/// What a view returns is not part of its signature either.
#[test]
fn views_return_what_the_contracts_return() {
    let words = include_str!("bindings.rs");
    let (escrow, token) = words.split_at(words.find("contract DevToken").unwrap());
    for (words, artifact) in [(escrow, ESCROW_ARTIFACT), (token, TOKEN_ARTIFACT)] {
        let artifact: Value = serde_json::from_str(artifact).unwrap();
        for entry in artifact["abi"].as_array().unwrap().iter().filter(|entry| entry["type"] == "function") {
            let name = entry["name"].as_str().unwrap();
            let line = words.lines().find(|line| line.contains(&format!("function {name}("))).unwrap();
            let returned = line.split_once(" returns (").map_or("", |(_, rest)| rest.trim_end_matches(");"));
            let kinds: Vec<_> = returned.split(", ").filter_map(|field| field.split(' ').next()).collect();
            assert_eq!(kinds.join(","), types(&entry["outputs"]), "{name}");
        }
    }
}

fn some_terms() -> Terms {
    let [tenant, provider, token] = [1, 2, 3].map(|byte| EvmAddress([byte; 20]));
    Terms { tenant, provider, token, rate_per_hour: Amount(1_150), start: 5, expiry: 9, salt: 7 }
}

#[test]
fn a_settlement_is_read_back_from_its_call_data() {
    let terms = some_terms();
    let item = SettleItem { terms, cumulative: Amount(77), ending: true };
    let (batch, token, groups) = decode_settle(&encode_settle(12, terms.token, &[item])).unwrap();
    assert_eq!((batch, token), (12, terms.token));
    assert_eq!(groups, [batch::Settled { provider: terms.provider, direct: true, items: vec![item] }]);
    assert_eq!(decode_settle(&encode_payout(&[terms.provider], token)), None);
    assert_eq!(decode_settle(&[]), None);
}

#[test]
fn openings_keep_their_order_and_leave_out_known_signatures() {
    let (terms, signature) = (some_terms(), EvmSignature([5; 65]));
    let Terms { tenant, token, .. } = terms;
    let mandate = Mandate {
        tenant,
        token,
        rate_per_hour_max: Amount(9),
        cap: Amount(8),
        period: 0,
        start: 1,
        expiry: 2,
        salt: 3,
    };
    let first = MandatedOpening { terms, cap: Amount(1), mandate, signature: Some(signature) };
    let second =
        MandatedOpening { terms: Terms { salt: 8, ..terms }, cap: Amount(2), signature: None, ..first };
    let call = TtalkakEscrow::openUnderCall::abi_decode(&encode_open_under(&[first, second])).unwrap();
    assert_eq!(call.terms.iter().map(|terms| terms.salt).collect::<Vec<_>>(), [7, 8]);
    assert_eq!(call.caps, [U96::from(1), U96::from(2)]);
    assert_eq!(call.sigs.iter().map(|sig| sig.len()).collect::<Vec<_>>(), [65, 0]);
    let locked = TtalkakEscrow::openManyCall::abi_decode(&encode_open(&[Opening {
        terms,
        cap: Amount(4),
        signature,
    }]));
    assert_eq!(locked.unwrap().sigs[0].to_vec(), [5; 65]);
}

#[test]
fn a_permit_is_split_into_v_r_and_s() {
    let mut signature = [0x11; 65];
    signature[32..64].fill(0x22);
    signature[64] = 28;
    let [owner, token] = [1, 3].map(|byte| EvmAddress([byte; 20]));
    let data = encode_deposit_with_permit_for(owner, token, Amount(6), 9, &EvmSignature(signature));
    let call = TtalkakEscrow::depositWithPermitForCall::abi_decode(&data).unwrap();
    assert_eq!((call.v, call.r.0, call.s.0), (28, [0x11; 32], [0x22; 32]));
    assert_eq!((call.amount, call.deadline), (U256::from(6), U256::from(9)));
}

#[test]
fn a_revert_has_a_name() {
    let agreement = B256::from([7; 32]);
    let over = TtalkakEscrow::OverBound { agreement }.abi_encode();
    assert_eq!(revert_name(&over), format!("OverBound {{ agreement: {agreement} }}"));
    assert_eq!(revert_name(&TtalkakEscrow::NotMeter {}.abi_encode()), "NotMeter");
    assert!(revert_name(&TtalkakEscrow::BadBatch { expected: 4 }.abi_encode()).contains("expected: 4"));
    let late = DevToken::ERC2612ExpiredSignature { deadline: U256::from(3) }.abi_encode();
    assert!(revert_name(&late).starts_with("ERC2612ExpiredSignature"));
    assert_eq!(revert_name(&alloy_sol_types::Revert::from("too late").abi_encode()), "too late");
    assert_eq!(revert_name(&alloy_sol_types::Panic { code: U256::from(0x11) }.abi_encode()), "Panic(0x11)");
    assert_eq!(revert_name(&[1, 2, 3, 4, 5]), "0x01020304");
    assert_eq!((revert_name(&[]), revert_name(&[1, 2])), ("no reason".into(), "no reason".into()));
}

#[test]
fn a_deployment_is_the_committed_code_and_its_arguments() {
    let [meter, guardian, fee_to] = [1, 2, 3].map(|byte| EvmAddress([byte; 20]));
    let input = deploy_escrow(meter, guardian, fee_to, 500);
    let (code, arguments) = input.split_at(input.len() - 4 * 32);
    let words: Vec<_> = arguments.chunks(32).map(|word| word[12..].to_vec()).collect();
    let fee = U256::from(500).to_be_bytes::<32>()[12..].to_vec();
    assert_eq!(words, [meter.0.to_vec(), guardian.0.to_vec(), fee_to.0.to_vec(), fee]);
    assert!(
        code.len() > 1_000 && code.len() < 49_152,
        "EIP-3860 allows 49,152 bytes, this has {}",
        code.len()
    );
    assert!(deploy_token().len() > 1_000);
}

#[test]
fn a_log_is_read_by_the_bindings() {
    let opened = TtalkakEscrow::Opened {
        agreement: B256::from([1; 32]),
        tenant: inner(EvmAddress([2; 20])),
        provider: inner(EvmAddress([3; 20])),
        token: inner(EvmAddress([4; 20])),
        cap: U96::from(5),
        mandate: B256::ZERO,
    };
    assert_eq!(TtalkakEscrow::Opened::decode_log_data(&opened.encode_log_data()), Ok(opened));
}

#[test]
fn an_authorisation_is_sent_with_the_fields_that_were_signed() {
    let [from, to, token] = [1, 2, 3].map(|byte| EvmAddress([byte; 20]));
    let nonce = ChainHash([9; 32]);
    let signed = ReceiveAuthorization { from, to, value: Amount(7), valid_after: 4, valid_before: 5, nonce };
    let data = encode_deposit_with_authorization(token, &signed, &EvmSignature([27; 65]));
    let call = TtalkakEscrow::depositWithAuthorizationCall::abi_decode(&data).unwrap();
    assert_eq!((evm_address(call.from), evm_address(call.token), call.nonce.0), (from, token, nonce.0));
    assert_eq!([call.amount, call.validAfter, call.validBefore], [7, 4, 5].map(U256::from));
    assert_eq!(call.v, 27);
}
