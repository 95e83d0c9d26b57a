//! The handshake, pure: each step takes the one before by value, so a nonce can answer one proof only and no step
//! can be left out. Deliberately absent: sockets, deadlines, chance.

use super::AgentRecord;
use ed25519_dalek::{Signature, VerifyingKey};
use ttalkak_protocol::{
    error::ErrorCode,
    id::AgentId,
    link::{Challenge, FromAgent, Hello, Proof, Refused, challenge_bytes},
    version::{Version, VersionRange, negotiate},
};

/// A hello whose version fits. What is missing: whether the agent is known.
#[derive(Debug)]
pub(super) struct Greeted {
    hello: Hello,
    version: Version,
}

/// A challenge is out. What is missing: the proof.
#[derive(Debug)]
pub(super) struct Challenged {
    hello: Hello,
    version: Version,
    key: [u8; 32],
    audience: String,
    nonce: String,
}

/// An agent that proved who it is.
#[derive(Debug)]
pub(super) struct Proved {
    /// What it said of itself.
    pub(super) hello: Hello,
    /// The version to speak.
    pub(super) version: Version,
}

/// A refusal that names what is spoken here.
pub(super) fn refuse(code: ErrorCode, message: impl Into<String>, ours: VersionRange) -> Refused {
    Refused { supported: ours, ..Refused::new(code, message) }
}

/// Takes the first message, which must be a hello in a version that is spoken here.
pub(super) fn greet(message: FromAgent, ours: VersionRange) -> Result<Greeted, Refused> {
    let FromAgent::Hello(hello) = message else {
        return Err(refuse(ErrorCode::UnexpectedMessage, "The first message must be a hello.", ours));
    };
    let Some(version) = negotiate(ours, hello.versions) else {
        let text = format!(
            "This coordinator speaks versions {} to {}, the agent {} to {}.",
            ours.min.0, ours.max.0, hello.versions.min.0, hello.versions.max.0
        );
        return Err(refuse(ErrorCode::VersionUnsupported, text, ours));
    };
    Ok(Greeted { hello, version })
}

impl Greeted {
    /// Who says to be here.
    pub(super) fn agent(&self) -> AgentId {
        self.hello.agent
    }

    /// Challenges an agent that is known. `nonce`: 32 fresh random bytes.
    pub(super) fn challenge(
        self,
        record: Option<AgentRecord>,
        audience: &str,
        nonce: [u8; 32],
        ours: VersionRange,
    ) -> Result<(Challenge, Challenged), Refused> {
        let record = record.ok_or_else(|| {
            refuse(ErrorCode::AgentUnknown, format!("Agent {} is not enrolled here.", self.hello.agent), ours)
        })?;
        if record.revoked {
            return Err(revoked(self.hello.agent, ours));
        }
        let nonce = hex::encode(nonce);
        let challenge =
            Challenge { version: self.version, nonce: nonce.clone(), audience: audience.to_owned() };
        let key = record.public_key;
        let challenged = Challenged {
            hello: self.hello,
            version: self.version,
            key,
            audience: audience.to_owned(),
            nonce,
        };
        Ok((challenge, challenged))
    }
}

/// The refusal of an agent whose right was taken away.
pub(super) fn revoked(agent: AgentId, ours: VersionRange) -> Refused {
    refuse(ErrorCode::AgentRevoked, format!("The right of agent {agent} was taken away."), ours)
}

impl Challenged {
    /// Takes the second message, which must be the proof.
    pub(super) fn prove(self, message: FromAgent, ours: VersionRange) -> Result<Proved, Refused> {
        let FromAgent::Proof(proof) = message else {
            return Err(refuse(ErrorCode::UnexpectedMessage, "A proof must follow the challenge.", ours));
        };
        if !self.holds(&proof) {
            let text = format!("The proof is not signed with the key of agent {}.", self.hello.agent);
            return Err(refuse(ErrorCode::SignatureInvalid, text, ours));
        }
        Ok(Proved { hello: self.hello, version: self.version })
    }

    fn holds(&self, proof: &Proof) -> bool {
        let mut bytes = [0; 64];
        let Ok(key) = VerifyingKey::from_bytes(&self.key) else { return false };
        let signed = challenge_bytes(&self.audience, &self.nonce, self.hello.agent);
        // Strict: neither a weak key nor a second spelling of a signature counts.
        hex::decode_to_slice(&proof.signature, &mut bytes).is_ok()
            && key.verify_strict(&signed, &Signature::from_bytes(&bytes)).is_ok()
    }
}

#[cfg(test)]
mod tests;
