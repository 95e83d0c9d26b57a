use super::*;
use ed25519_dalek::{Signer, SigningKey};
use ttalkak_protocol::{
    link::{Capacity, LogBatch},
    unit::{Bytes, MilliCpu},
};

const OURS: VersionRange = VersionRange { min: Version(2), max: Version(3) };

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn hello(min: u32, max: u32) -> FromAgent {
    FromAgent::Hello(Hello {
        versions: VersionRange { min: Version(min), max: Version(max) },
        agent: AgentId::new(uuid::Uuid::from_u128(1)),
        build: "0.1.0".into(),
        capacity: Capacity {
            os: "linux".into(),
            arch: "x86_64".into(),
            cpu: MilliCpu(1000),
            memory: Bytes::mib(512),
            workloads_max: 1,
            engine: None,
        },
        lending: ttalkak_protocol::link::Lending::default(),
    })
}

fn record(revoked: bool) -> AgentRecord {
    AgentRecord { public_key: key().verifying_key().to_bytes(), revoked, leaves: false }
}

fn challenged(nonce: u8) -> (Challenge, Challenged) {
    greet(hello(1, 3), OURS).unwrap().challenge(Some(record(false)), "co-1", [nonce; 32], OURS).unwrap()
}

fn sign(challenge: &Challenge, audience: &str) -> FromAgent {
    let bytes = challenge_bytes(audience, &challenge.nonce, AgentId::new(uuid::Uuid::from_u128(1)));
    FromAgent::Proof(Proof { signature: hex::encode(key().sign(&bytes).to_bytes()) })
}

fn code<T: std::fmt::Debug>(result: Result<T, Refused>) -> ErrorCode {
    result.unwrap_err().problem.code
}

#[test]
fn older_and_newer_agents_are_told_what_is_spoken_here() {
    for (min, max) in [(1, 1), (4, 9)] {
        let refused = greet(hello(min, max), OURS).unwrap_err();
        assert_eq!(refused.problem.code, ErrorCode::VersionUnsupported);
        assert_eq!(refused.supported, OURS);
    }
    assert_eq!(challenged(1).0.version, Version(3));
}

#[test]
fn an_agent_that_is_unknown_or_revoked_gets_no_challenge() {
    let unknown = greet(hello(3, 3), OURS).unwrap().challenge(None, "co-1", [1; 32], OURS);
    assert_eq!(code(unknown), ErrorCode::AgentUnknown);
    let revoked = greet(hello(3, 3), OURS).unwrap().challenge(Some(record(true)), "co-1", [1; 32], OURS);
    assert_eq!(code(revoked), ErrorCode::AgentRevoked);
}

#[test]
fn only_a_signature_over_this_nonce_and_audience_counts() {
    let (first, state) = challenged(1);
    assert!(state.prove(sign(&first, "co-1"), OURS).is_ok());
    let (_, state) = challenged(2);
    assert_eq!(code(state.prove(sign(&first, "co-1"), OURS)), ErrorCode::SignatureInvalid, "replayed");
    let (second, state) = challenged(2);
    assert_eq!(code(state.prove(sign(&second, "co-2"), OURS)), ErrorCode::SignatureInvalid, "elsewhere");
    for signature in ["", "zz", &"0".repeat(128), &"0".repeat(126)] {
        let (_, state) = challenged(3);
        let proof = FromAgent::Proof(Proof { signature: signature.to_owned() });
        assert_eq!(code(state.prove(proof, OURS)), ErrorCode::SignatureInvalid);
    }
}

#[test]
fn messages_out_of_order_are_refused() {
    let logs = || FromAgent::Logs(LogBatch { lines: vec![] });
    assert_eq!(code(greet(logs(), OURS)), ErrorCode::UnexpectedMessage);
    assert_eq!(code(challenged(1).1.prove(logs(), OURS)), ErrorCode::UnexpectedMessage);
    assert_eq!(code(challenged(1).1.prove(hello(3, 3), OURS)), ErrorCode::UnexpectedMessage);
}
