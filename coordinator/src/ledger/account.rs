//! The accounts there can be, and how tables spell them.

use std::{fmt, str::FromStr};
use ttalkak_protocol::{
    id::{AccountId, AgreementId, HoldId},
    money::EvmAddress,
};

/// One bucket of money. The contract's holdings are spread over all accounts but `Chain`, which mirrors them: so all
/// balances together are always zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// A tenant's deposited money that nothing is set aside from. On chain: `free`, less the open holds.
    Free(AccountId),
    /// Set aside for a lock that is on its way to the chain. On chain it is still `free`.
    Hold(HoldId),
    /// Locked on chain for an agreement and not used yet.
    Locked(AgreementId),
    /// Used under an agreement and not settled on chain yet. On chain it is still locked.
    Accrued(AgreementId),
    /// Earned, settled, and still in the contract since it was not sent to the payee.
    Credit(EvmAddress),
    /// The platform's share, still in the contract.
    FeeCredit,
    /// Where money comes from and goes to: below zero by what the contract holds.
    Chain,
}

/// A text that names no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an account such as tenant:<account>:free")]
pub struct ParseAccountError;

impl Account {
    /// Whether its balance may be below zero.
    pub fn may_be_negative(self) -> bool {
        self == Self::Chain
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free(account) => write!(f, "tenant:{account}:free"),
            Self::Hold(hold) => write!(f, "hold:{hold}"),
            Self::Locked(agreement) => write!(f, "agreement:{agreement}:locked"),
            Self::Accrued(agreement) => write!(f, "agreement:{agreement}:accrued"),
            Self::Credit(payee) => write!(f, "payee:{payee}:credit"),
            Self::FeeCredit => f.write_str("fee:credit"),
            Self::Chain => f.write_str("chain"),
        }
    }
}

impl FromStr for Account {
    type Err = ParseAccountError;

    fn from_str(text: &str) -> Result<Self, ParseAccountError> {
        let mut parts = text.split(':');
        let parts = [parts.next(), parts.next(), parts.next(), parts.next()];
        match parts {
            [Some("tenant"), Some(id), Some("free"), None] => id.parse().map(Self::Free).ok(),
            [Some("hold"), Some(id), None, None] => id.parse().map(Self::Hold).ok(),
            [Some("agreement"), Some(id), Some("locked"), None] => id.parse().map(Self::Locked).ok(),
            [Some("agreement"), Some(id), Some("accrued"), None] => id.parse().map(Self::Accrued).ok(),
            [Some("payee"), Some(payee), Some("credit"), None] => payee.parse().map(Self::Credit).ok(),
            [Some("fee"), Some("credit"), None, None] => Some(Self::FeeCredit),
            [Some("chain"), None, None, None] => Some(Self::Chain),
            _ => None,
        }
        .ok_or(ParseAccountError)
    }
}
