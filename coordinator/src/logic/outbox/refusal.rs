//! What nodes and the contract mean when they refuse. Nodes have no codes for it, so their words are read: those of geth,
//! Nethermind, Erigon, Besu, reth and anvil.

use ttalkak_protocol::error::{ErrorCode, Problem};

/// Why a node did not take a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It has the same one already: as good as taken.
    Known,
    /// The nonce is used: by ours, which its receipt will tell, or by another.
    NonceUsed,
    /// It asks for a higher price.
    TooLow,
    /// The sender has not enough coin.
    NoFunds,
    /// Anything else.
    Other,
}

impl Refusal {
    /// Reads a node's words.
    pub fn of(message: &str) -> Self {
        let message = message.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        if says(&[
            "already known",
            "already imported",
            "alreadyknown",
            "known transaction",
            "already in mempool",
        ]) {
            Self::Known
        } else if says(&["nonce too low", "nonce is too low", "oldnonce", "old nonce", "nonce_too_low"]) {
            Self::NonceUsed
        } else if says(&[
            "underpriced",
            "less than block base fee",
            "fee too low",
            "feetoolow",
            "gas price too low",
            "gas price below",
        ]) {
            Self::TooLow
        } else if says(&["insufficient funds", "insufficientfunds", "insufficient balance"]) {
            Self::NoFunds
        } else {
            Self::Other
        }
    }
}

/// What a refused simulation means for the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It will never go through as it is: whoever wanted it decides anew.
    Fail,
    /// A person must act, then it goes through unchanged.
    Wait,
}

/// Judges an error of the contract by its name.
pub fn verdict(error: &str) -> Verdict {
    match bare(error) {
        "NotMeter" | "IsPaused" => Verdict::Wait,
        _ => Verdict::Fail,
    }
}

/// What is told about a call that the contract refused.
pub fn refused(error: &str) -> Problem {
    let code = match bare(error) {
        "Insufficient" => ErrorCode::FundsInsufficient,
        "MandateExhausted" => ErrorCode::MandateExhausted,
        "OutsideMandate" | "MandateOver" | "BadSignature" => ErrorCode::MandateInvalid,
        _ => ErrorCode::Internal,
    };
    Problem::new(code, format!("The contract refused: {error}."))
}

/// The name without arguments.
fn bare(error: &str) -> &str {
    error.split([' ', '(', '{']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_nodes_are_understood() {
        for (words, refusal) in [
            ("already known", Refusal::Known),
            ("transaction already imported", Refusal::Known),
            ("AlreadyKnown", Refusal::Known),
            ("nonce too low: next nonce 5, tx nonce 4", Refusal::NonceUsed),
            ("OldNonce, Current nonce: 5", Refusal::NonceUsed),
            ("replacement transaction underpriced", Refusal::TooLow),
            ("transaction underpriced", Refusal::TooLow),
            ("max fee per gas less than block base fee: address 0x…", Refusal::TooLow),
            ("insufficient funds for gas * price + value", Refusal::NoFunds),
            ("Insufficient funds for gas * price + value", Refusal::NoFunds),
            ("intrinsic gas too low", Refusal::Other),
            ("invalid chain id for signer", Refusal::Other),
        ] {
            assert_eq!(Refusal::of(words), refusal, "{words}");
        }
    }

    #[test]
    fn a_refusal_tells_the_tenant_what_to_do_where_it_can() {
        assert_eq!(refused("Insufficient { who: 0x01 }").code, ErrorCode::FundsInsufficient);
        assert_eq!(refused("MandateOver { mandate: 0x01 }").code, ErrorCode::MandateInvalid);
        assert_eq!(refused("OverBound { agreement: 0x01 }").code, ErrorCode::Internal);
    }

    #[test]
    fn a_pause_or_a_new_meter_waits_for_a_person_and_the_rest_is_decided_anew() {
        assert_eq!(verdict("IsPaused"), Verdict::Wait);
        assert_eq!(verdict("NotMeter"), Verdict::Wait);
        assert_eq!(verdict("OverBound { agreement: 0x01 }"), Verdict::Fail);
        assert_eq!(verdict("BadBatch { expected: 4 }"), Verdict::Fail);
        assert_eq!(verdict("no reason"), Verdict::Fail);
    }
}
