//! Why money moves: a closed list, and which way each reason may move it.

use super::Account;
use std::{fmt, str::FromStr};

/// The reason code of an entry. There is none for a correction: what is wrong is told, and mended where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Money arrived in the contract.
    Deposit,
    /// A tenant took free money out.
    Withdraw,
    /// Money is set aside for a lock that is on its way.
    Hold,
    /// The lock of a hold stands on chain.
    HoldPost,
    /// A hold's lock will not come, or not for this much.
    HoldVoid,
    /// A lock stands on chain that nothing was set aside for: its tenant sent it.
    Lock,
    /// Use was metered.
    Charge,
    /// The chain paid what was used.
    Settle,
    /// Credit left the contract.
    Payout,
    /// An agreement closed and what was not used is free again.
    Release,
    /// An agreement closed before all use was settled: the tenant has it back, the provider has lost it.
    Lost,
}

/// A text that is no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a reason such as deposit")]
pub struct ParseReasonError;

impl Reason {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Deposit,
        Self::Withdraw,
        Self::Hold,
        Self::HoldPost,
        Self::HoldVoid,
        Self::Lock,
        Self::Charge,
        Self::Settle,
        Self::Payout,
        Self::Release,
        Self::Lost,
    ];

    /// Its word in tables and statements.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Withdraw => "withdraw",
            Self::Hold => "hold",
            Self::HoldPost => "hold_post",
            Self::HoldVoid => "hold_void",
            Self::Lock => "lock",
            Self::Charge => "charge",
            Self::Settle => "settle",
            Self::Payout => "payout",
            Self::Release => "release",
            Self::Lost => "lost",
        }
    }

    /// Whether an entry of this reason may take from the account.
    pub fn takes_from(self, account: Account) -> bool {
        use Account as A;
        match self {
            Self::Deposit => account == A::Chain,
            Self::Withdraw | Self::Hold | Self::Lock => matches!(account, A::Free(_)),
            Self::HoldPost | Self::HoldVoid => matches!(account, A::Hold(_)),
            Self::Charge | Self::Release => matches!(account, A::Locked(_)),
            // A tenant may have vouched for more than was metered; that comes out of what is locked.
            Self::Settle => matches!(account, A::Accrued(_) | A::Locked(_)),
            Self::Payout => matches!(account, A::Credit(_) | A::FeeCredit),
            Self::Lost => matches!(account, A::Accrued(_)),
        }
    }

    /// Whether an entry of this reason may add to the account.
    pub fn adds_to(self, account: Account) -> bool {
        use Account as A;
        match self {
            Self::Deposit | Self::HoldVoid | Self::Release | Self::Lost => matches!(account, A::Free(_)),
            Self::Withdraw | Self::Payout => account == A::Chain,
            Self::Hold => matches!(account, A::Hold(_)),
            Self::HoldPost | Self::Lock => matches!(account, A::Locked(_)),
            Self::Charge => matches!(account, A::Accrued(_)),
            Self::Settle => matches!(account, A::Chain | A::Credit(_) | A::FeeCredit),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Reason {
    type Err = ParseReasonError;

    fn from_str(text: &str) -> Result<Self, ParseReasonError> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or(ParseReasonError)
    }
}
