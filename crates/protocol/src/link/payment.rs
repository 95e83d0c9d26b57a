//! Money on the link: what a provider asks for, how a lease is paid, what was metered and what it has earned. Readings
//! go up with every report until a voucher covers them, so a lost message costs nothing.

use crate::{
    money::{
        ChainHash, Domain, EvmAddress, EvmSignature, Rates, Reserved, SignedReading, SignedVoucher, Terms,
        Voucher,
    },
    unit::UnixMillis,
};
use serde::{Deserialize, Serialize};

/// The most unvouchered readings that one report carries; the oldest go first, the others wait.
pub const READINGS_MAX: usize = 200;

/// What a provider asks for and where it is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Offer {
    /// Where payments go; need not be an address whose key is on the machine.
    pub payee: EvmAddress,
    /// What is asked.
    pub rates: Rates,
}

/// How a lease is paid. The agent checks it against its own offer before it starts anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Chain and contract.
    pub domain: Domain,
    /// Whose signature makes a voucher.
    pub meter: EvmAddress,
    /// What stands on chain.
    pub terms: Terms,
    /// The provider's offer when the terms were made.
    pub rates: Rates,
    /// What the lease reserves.
    pub reserved: Reserved,
    /// Readings up to this are charged; the next has the number after it. 0 before the first.
    pub seq: u64,
    /// The next reading begins at this or later.
    pub charged_to: UnixMillis,
    /// The newest voucher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<SignedVoucher>,
    /// Whether the lock stands on chain and is final. Before that the image is made, which costs nobody, and nothing is
    /// started: work for which there is no money yet would be lost. Coordinators from before this field granted such
    /// leases to be started at once.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub secured: bool,
}

fn yes() -> bool {
    true
}

fn is_yes(flag: &bool) -> bool {
    *flag
}

/// Vouchers for agreements of one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouchers {
    /// One for each agreement that has news.
    pub items: Vec<VoucherNews>,
}

/// What readings have earned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherNews {
    /// All that was earned under the agreement so far.
    pub signed: SignedVoucher,
    /// Readings up to this are covered; the agent forgets them.
    pub seq: u64,
    /// The meter's own signatures on the readings that became charged, for the provider's records.
    pub countersigned: Vec<Countersigned>,
    /// The agreement is over: a provider that is content signs the close, so that the tenant gets the rest back at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ending: bool,
}

/// The meter stands for a reading, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Countersigned {
    /// Which reading.
    pub seq: u64,
    /// The meter's EIP-191 signature over the Keccak hash of the reading's bytes.
    pub signature: EvmSignature,
}

/// What a report says about money.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MoneyReport {
    /// What the provider asks for; absent: it lends for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// Readings that no voucher covers yet, oldest first within an agreement, at most [`READINGS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<SignedReading>,
    /// Totals that the provider is content with, for agreements that are over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closes: Vec<SignedClose>,
}

impl MoneyReport {
    /// Nothing to say.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A provider's word that it wants no more than this under an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedClose {
    /// The agreement's key and its total.
    #[serde(flatten)]
    pub total: Voucher,
    /// The payee's, over the EIP-712 digest of `Close`.
    pub signature: EvmSignature,
}

/// The key of an agreement, as a short text for logs.
pub fn short_key(agreement: ChainHash) -> String {
    agreement.to_string().chars().take(10).collect()
}
