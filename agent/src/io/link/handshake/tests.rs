use super::*;
use crate::identity::AgentRecord;
use ttalkak_protocol::{
    error::ErrorCode,
    id::AgentId,
    link::{Assignment, Renewed},
    secret::Secret,
    unit::Millis,
};
use uuid::Uuid;

fn identity() -> Identity {
    let record = AgentRecord {
        agent: AgentId::new(Uuid::from_u128(7)),
        coordinator: "http://127.0.0.1:7780".parse().unwrap(),
        name: "attic".into(),
    };
    Identity::in_memory(record, [7; 32])
}

fn start() -> Handshake {
    Handshake::AwaitChallenge { offered: VersionRange { min: Version(1), max: Version(2) } }
}

fn challenge(version: u32, nonce: &str, audience: &str) -> FromCoordinator {
    FromCoordinator::Challenge(Challenge {
        version: Version(version),
        nonce: nonce.into(),
        audience: audience.into(),
    })
}

fn welcome(version: u32) -> FromCoordinator {
    FromCoordinator::Welcome(Welcome {
        version: Version(version),
        report_every: Millis(5000),
        lease_ttl: Millis(30_000),
        tunnel_token: Secret::new("t".into()),
        log_marks: vec![],
        api_token: None,
    })
}

fn nonce() -> String {
    "ab".repeat(32)
}

#[test]
fn challenge_then_welcome_stands_on_the_chosen_version() {
    let Ok(Step::Send(next, proof)) = start().on(challenge(2, &nonce(), "cloud"), &identity()) else {
        panic!("a good challenge is answered")
    };
    assert_eq!(proof.signature, identity().sign_challenge("cloud", &nonce()));
    assert!(matches!(next.on(welcome(2), &identity()), Ok(Step::Stands(_))));
    assert_eq!(next.on(welcome(1), &identity()), Err(HandshakeError::Version(Version(1))));
}

#[test]
fn a_refusal_is_heard_at_every_point() {
    for state in [start(), Handshake::AwaitAnswer { version: Version(1) }] {
        let refused = Refused::new(ErrorCode::VersionUnsupported, "too old");
        assert_eq!(
            state.on(FromCoordinator::Refused(refused.clone()), &identity()),
            Ok(Step::Refused(refused))
        );
    }
}

#[test]
fn nothing_out_of_shape_is_signed() {
    for (nonce, audience) in
        [("ab".to_owned(), "cloud"), ("zz".repeat(32), "cloud"), (nonce(), ""), (nonce(), "a\nb")]
    {
        let result = start().on(challenge(1, &nonce, audience), &identity());
        assert_eq!(result, Err(HandshakeError::Challenge), "{nonce} {audience:?}");
    }
    let long = "a".repeat(AUDIENCE_CHARS_MAX + 1);
    assert_eq!(start().on(challenge(1, &nonce(), &long), &identity()), Err(HandshakeError::Challenge));
    assert_eq!(
        start().on(challenge(3, &nonce(), "cloud"), &identity()),
        Err(HandshakeError::Version(Version(3)))
    );
}

#[test]
fn what_comes_too_early_or_twice_ends_the_handshake() {
    let assignment =
        || FromCoordinator::Assignment(Assignment { generation: 1, leases: vec![], pinned: vec![] });
    let answered = Handshake::AwaitAnswer { version: Version(1) };
    for (state, message) in [
        (start(), welcome(1)),
        (start(), assignment()),
        (answered, assignment()),
        (answered, challenge(1, &nonce(), "cloud")),
        (answered, FromCoordinator::Renewed(Renewed { report: 1 })),
    ] {
        let said = kind(&message);
        assert_eq!(state.on(message, &identity()), Err(HandshakeError::OutOfOrder(said)));
    }
}
