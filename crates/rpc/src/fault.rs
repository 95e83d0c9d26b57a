//! What can go wrong between us and a chain, for people: a stable code, a sentence, the next move.

use serde_json::Value;
use ttalkak_protocol::{error::ErrorCode, money::ChainHash};

/// A question or transaction that failed.
#[derive(Debug, thiserror::Error)]
pub enum ChainFault {
    /// The endpoint's address is none.
    #[error("{text} is no http or https address of a chain.")]
    Address {
        /// As given.
        text: String,
    },
    /// No answer.
    #[error("The chain's endpoint does not answer.")]
    Unreachable {
        /// Why.
        #[source]
        cause: reqwest::Error,
    },
    /// An answer that is none of JSON-RPC's.
    #[error("The chain's endpoint answered {method} with something else.")]
    Puzzling {
        /// What was asked.
        method: &'static str,
    },
    /// The endpoint refused.
    #[error("The chain refused: {message}.")]
    Refused {
        /// Its words.
        message: String,
    },
    /// The contract refused.
    #[error("The contract refused: {name}.")]
    Reverted {
        /// The contract's error.
        name: String,
    },
    /// Another chain, contract, token or meter than the coordinator said.
    #[error("{what}")]
    Mismatch {
        /// A sentence.
        what: String,
    },
    /// It was sent, but did not come into a block in time.
    #[error("Transaction {hash} is not in a block yet.")]
    Waiting {
        /// Which.
        hash: ChainHash,
    },
    /// It came into a block and failed there.
    #[error("Transaction {hash} failed on chain; it moved no money but its fee.")]
    Failed {
        /// Which.
        hash: ChainHash,
    },
}

impl ChainFault {
    /// An error object of JSON-RPC.
    pub(crate) fn refusal(error: &Value) -> Self {
        let message = plain(error["message"].as_str().unwrap_or("it does not say why"));
        // Nodes put the revert data directly there, or one level deeper.
        let data = error["data"].as_str().or_else(|| error["data"]["data"].as_str()).unwrap_or_default();
        match super::wire::bytes(data).ok().filter(|data| data.len() >= 4) {
            Some(data) => Self::Reverted { name: plain(&ttalkak_escrow::abi::revert_name(&data)) },
            None if error["code"] == 3 || message.contains("revert") => Self::Reverted { name: message },
            None => Self::Refused { message: message.trim_end_matches('.').to_owned() },
        }
    }

    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Address { .. } => ErrorCode::InvalidQuery,
            Self::Unreachable { .. }
            | Self::Puzzling { .. }
            | Self::Refused { .. }
            | Self::Waiting { .. } => ErrorCode::ChainUnavailable,
            Self::Mismatch { .. } => ErrorCode::ChainMismatch,
            Self::Reverted { .. } | Self::Failed { .. } => ErrorCode::StateConflict,
        }
    }

    /// What to do about it.
    pub fn next_move(&self) -> String {
        match self {
            Self::Address { .. } => "Give one such as http://127.0.0.1:8545 with --rpc.".into(),
            Self::Unreachable { .. } | Self::Puzzling { .. } => {
                "Try again, or name another endpoint of the same chain with --rpc.".into()
            }
            Self::Refused { .. } => {
                "Check with `ttalkak wallet show` that the wallet has coin for fees.".into()
            }
            Self::Reverted { .. } => "Look at `ttalkak wallet show`, and run the command again.".into(),
            Self::Mismatch { .. } => {
                "Send nothing. Ask whoever runs the coordinator, and compare with what they publish.".into()
            }
            Self::Waiting { .. } => {
                "It may still come in: look at `ttalkak wallet show` before you send anything again.".into()
            }
            Self::Failed { .. } => "Look at `ttalkak wallet show`, and run the command again.".into(),
        }
    }
}

/// A stranger's words without what could command a terminal.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_of_the_node_and_one_of_the_contract_are_told_apart() {
        let refused = ChainFault::refusal(&json!({ "code": -32000, "message": "nonce too low." }));
        assert_eq!(refused.to_string(), "The chain refused: nonce too low.");
        let reverted = ChainFault::refusal(&json!({ "code": 3, "message": "execution reverted" }));
        assert!(matches!(reverted, ChainFault::Reverted { .. }), "{reverted}");
        let with_data = ChainFault::refusal(&json!({ "code": 3, "message": "x", "data": "0x01020304" }));
        assert!(matches!(with_data, ChainFault::Reverted { .. }), "{with_data}");
    }

    #[test]
    fn a_nodes_words_cannot_command_the_terminal() {
        let refused = ChainFault::refusal(&json!({ "code": 1, "message": "\u{1b}[2Ja" }));
        assert_eq!(refused.to_string(), "The chain refused: [2Ja.");
    }
}
