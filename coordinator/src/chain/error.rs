//! What can go wrong between us and a chain.

use std::time::Duration;

/// Why a question to the chain has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The node cannot be reached, or talks nonsense. Addresses of nodes may hold keys, so only the host is named.
    #[error("chain node {node} is not reachable: {reason}")]
    Unreachable {
        /// Host and port.
        node: String,
        /// In a few words.
        reason: String,
    },
    /// The node did not answer in time.
    #[error("chain node {node} did not answer {method} in time")]
    Timeout {
        /// Host and port.
        node: String,
        /// What was asked.
        method: &'static str,
    },
    /// It is another chain, contract or meter than configured.
    #[error("{what} is {found}, but {wanted} is configured")]
    Mismatch {
        /// What was compared.
        what: &'static str,
        /// On the chain.
        found: String,
        /// In the configuration.
        wanted: String,
    },
    /// The node refused; its own words.
    #[error("the chain node refused {method}: {message}")]
    Refused {
        /// What was asked.
        method: &'static str,
        /// The node's words.
        message: String,
    },
    /// The contract refused.
    #[error("the contract refused: {name}")]
    Reverted {
        /// Name of its error, with arguments.
        name: String,
        /// The raw answer.
        data: Vec<u8>,
    },
    /// The node does not have it (yet).
    #[error("the chain node has no {what}")]
    NotFound {
        /// What.
        what: String,
    },
    /// Two nodes say different things about what should be final.
    #[error("chain nodes disagree about {what}")]
    Disagree {
        /// About what.
        what: String,
    },
}

/// Whether asking again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same question gets the same answer.
    Never,
    /// At the next look.
    Soon,
    /// A person must change something; look now and then.
    After(Duration),
}

impl ChainError {
    /// When to ask again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::NotFound { .. } => Retry::Soon,
            Self::Mismatch { .. } | Self::Disagree { .. } => Retry::After(Duration::from_secs(30)),
            Self::Refused { .. } | Self::Reverted { .. } => Retry::Never,
        }
    }

    /// Whether another node may answer better: this one is silent, mute or on another chain.
    pub(super) fn is_the_nodes_own(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::NotFound { .. }
            | Self::Mismatch { .. }
            | Self::Disagree { .. } => true,
            Self::Refused { .. } | Self::Reverted { .. } => false,
        }
    }

    /// Whether the node was not heard, so that it must prove itself again.
    pub(super) fn is_silence(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Timeout { .. })
    }
}
