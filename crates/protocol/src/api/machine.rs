//! What an agent asks about its own machine (`/v1/agents/me`), for its owner's screen, and how an agent without a code is
//! paired with an account.

use super::billing::{AgreementView, ChainView, DisplayRate, SettlementLine};
use crate::{
    id::{AgentId, AgreementId, DeploymentId},
    money::{Amount, EvmAddress},
    secret::Secret,
    unit::{Millis, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// `GET /v1/agents/me/earnings`: what one machine earned. Amounts but `paid` are before the platform's share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MachineEarnings {
    /// Which.
    pub agent: AgentId,
    /// What is paid with.
    pub chain: ChainView,
    /// Earned in all.
    pub earned: Amount,
    /// Of it not settled on chain yet.
    pub due: Amount,
    /// Of what is due, secured by a voucher.
    pub vouchered: Amount,
    /// Settled on chain.
    pub settled: Amount,
    /// The platform's share of what is settled, floored; the contract floors each batch.
    pub fee: Amount,
    /// What is settled without that share: arrived at the payee, or waits for it in the contract.
    pub paid: Amount,
    /// When the next settlement is due.
    pub next_settlement_at: UnixMillis,
    /// Settled only once so much is due; for all machines of the account.
    pub threshold: Amount,
    /// Where the machine wants to be paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<EvmAddress>,
    /// The payee's own wallet signed that the machine earns for it.
    pub payee_linked: bool,
    /// Approximate values for people.
    pub display: Vec<DisplayRate>,
    /// Each agreement of the machine, newest first.
    pub lines: Vec<MachineLine>,
    /// What went on chain, newest first.
    pub settlements: Vec<MachineSettlement>,
}

/// What was earned under one agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MachineLine {
    /// Whose workload.
    pub deployment: DeploymentId,
    /// What the deployment was called.
    pub name: String,
    /// Earned so far.
    pub earned: Amount,
    /// Of it not settled yet.
    pub due: Amount,
    /// The agreement.
    pub agreement: AgreementView,
}

/// One agreement in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MachineSettlement {
    /// Which agreement.
    pub agreement: AgreementId,
    /// What its deployment was called.
    pub name: String,
    /// Settled by this transaction.
    pub amount: Amount,
    /// The transaction.
    #[serde(flatten)]
    pub line: SettlementLine,
    /// Where people can look at it; absent when the operator names no explorer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// `POST /v1/agents/pairings`: an agent without a code asks to be let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskPairing {
    /// Ed25519 public key, 32 bytes, hex; the private half never leaves the machine.
    pub public_key: String,
    /// What to call the machine, 1 to 64 characters.
    pub name: String,
}

/// A pairing that waits for its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pairing {
    /// To be shown on the machine's screen, and typed by the owner: `ACDE-3467`, without look-alikes.
    pub code: String,
    /// For [`PollPairing`]; never to be shown.
    #[schema(value_type = String)]
    pub poll: Secret<String>,
    /// Ask not more often than this.
    pub every: Millis,
    /// After this it is void.
    pub expires_at: UnixMillis,
}

/// `POST /v1/agents/pairings/poll`: has somebody approved it?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PollPairing {
    /// Out of [`Pairing`].
    #[schema(value_type = String)]
    pub poll: Secret<String>,
}

/// How a pairing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PairingState {
    /// Nobody approved it yet.
    Waiting,
    /// The machine is an agent now; it proves itself with its key.
    Approved {
        /// Its id from now on.
        agent: AgentId,
    },
}

/// `POST /v1/providers/approve`: let a machine in that shows this code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovePairing {
    /// As it is shown; small letters and a missing hyphen are fine.
    pub code: String,
}

/// Letters of a pairing code: none that could be taken for another.
pub const PAIRING_LETTERS: &[u8; 25] = b"34679ACDEFGHJKMNPQRTUVWXY";
/// How many of them a code has.
pub const PAIRING_CHARS: usize = 8;

/// A pairing code as it is kept: capitals without spaces and hyphens. `None` for what cannot be one.
pub fn pairing_code(text: &str) -> Option<String> {
    let code: String =
        text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    let good = code.len() == PAIRING_CHARS && code.bytes().all(|c| PAIRING_LETTERS.contains(&c));
    good.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pairing_code_is_read_as_people_type_it() {
        for text in ["ACDE-3467", "acde3467", " acde - 3467 "] {
            assert_eq!(pairing_code(text).as_deref(), Some("ACDE3467"), "{text}");
        }
        for text in ["", "ACDE-346", "ACDE-34677", "ACDE-346O", "ACDE-346\u{0661}", "ACDE_3467"] {
            assert_eq!(pairing_code(text), None, "{text}");
        }
    }
}
