//! What tenant, provider and coordinator sign and count: amounts, addresses, and the structs of the escrow contract.
//! Hashes and signatures over them live in `ttalkak-escrow`. Deliberately absent: floats, and any currency but a
//! token's smallest unit.

use crate::{
    id::LeaseId,
    unit::{Bytes, MilliCpu, UnixMillis},
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

mod hex_text;
pub use hex_text::{ChainHash, EvmAddress, EvmSignature, ParseHexError};

/// A text that is not a whole number of base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number of base units, such as 1500000")]
pub struct ParseAmountError;

/// So many base units of one token (the smallest there is; a token of 6 decimals has 1,000,000 in one). A decimal string
/// in JSON. On chain amounts have 96 bits, so [`Amount::MAX`] is the largest that is ever accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
pub struct Amount(pub u128);

impl Amount {
    /// The most that the contract can hold in one field.
    pub const MAX: Self = Self((1 << 96) - 1);
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The sum; `None` beyond [`Amount::MAX`].
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self).filter(|sum| *sum <= Self::MAX)
    }

    /// What is left; zero when `other` is more.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// With so many decimals, without trailing zeros beyond two: `1.50`, `0.000001`.
    pub fn in_units(self, decimals: u8) -> String {
        let digits = format!("{:0>width$}", self.0, width = usize::from(decimals) + 1);
        let (whole, part) = digits.split_at(digits.len() - usize::from(decimals));
        let part = part.trim_end_matches('0');
        let width = usize::from(decimals.min(2));
        if decimals == 0 { whole.to_owned() } else { format!("{whole}.{part:0<width$}") }
    }

    /// Reads `12`, `12.5`, `0.000001` of a token with so many decimals.
    /// Errors: not such a number, more decimals than the token has, or more than [`Amount::MAX`].
    pub fn parse_units(text: &str, decimals: u8) -> Result<Self, ParseAmountError> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(part) || part.len() > usize::from(decimals) {
            return Err(ParseAmountError);
        }
        format!("{whole}{part:0<width$}", width = usize::from(decimals)).parse()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Amount {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, ParseAmountError> {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let amount = text.parse().ok().filter(|_| plain).map(Self).ok_or(ParseAmountError)?;
        if amount <= Self::MAX { Ok(amount) } else { Err(ParseAmountError) }
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> String {
        amount.to_string()
    }
}

impl TryFrom<String> for Amount {
    type Error = ParseAmountError;

    fn try_from(text: String) -> Result<Self, ParseAmountError> {
        text.parse()
    }
}

impl utoipa::PartialSchema for Amount {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some("^[0-9]{1,29}$"))
            .into()
    }
}

impl utoipa::ToSchema for Amount {}

/// Where signatures count: one chain and one contract on it. The EIP-712 domain, with the name and version that the
/// contract has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Domain {
    /// EIP-155 id.
    pub chain_id: u64,
    /// The escrow contract.
    pub contract: EvmAddress,
}

/// What one tenant and one provider agree on for one deployment. Its EIP-712 struct hash is the agreement's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Terms {
    /// Who pays.
    pub tenant: EvmAddress,
    /// Who is paid, and nobody else.
    pub provider: EvmAddress,
    /// The token; all zeros is the chain's own coin.
    pub token: EvmAddress,
    /// The most that an hour may cost.
    pub rate_per_hour: Amount,
    /// From when use counts, seconds since 1970.
    pub start: u64,
    /// After this nothing more can be earned, seconds since 1970.
    pub expiry: u64,
    /// Tells agreements of the same two apart. Below 2^53, so that JavaScript reads it.
    pub salt: u64,
}

/// A tenant's standing permission: agreements with any provider, within these bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Mandate {
    /// Who permits and pays.
    pub tenant: EvmAddress,
    /// In which token.
    pub token: EvmAddress,
    /// The most that an hour of one agreement may cost.
    pub rate_per_hour_max: Amount,
    /// The most that may be locked: in all, or per period.
    pub cap: Amount,
    /// Seconds of a period after which the cap is fresh again; 0: never.
    pub period: u64,
    /// From when it counts, seconds since 1970.
    pub start: u64,
    /// After this it permits nothing, seconds since 1970.
    pub expiry: u64,
    /// Tells mandates apart. Below 2^53.
    pub salt: u64,
}

/// So much has been earned in all under an agreement; replaces every smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Voucher {
    /// The agreement's key.
    pub agreement: ChainHash,
    /// Base units since its start.
    pub cumulative: Amount,
}

/// A voucher and the proof of who gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SignedVoucher {
    /// What.
    #[serde(flatten)]
    pub voucher: Voucher,
    /// The meter's, over the EIP-712 digest.
    pub signature: EvmSignature,
}

/// What a provider asks for, in base units of the token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Rates {
    /// One whole processor for an hour.
    pub cpu_hour: Amount,
    /// One GiB of memory for an hour.
    pub memory_gib_hour: Amount,
    /// One GiB of disk for an hour.
    #[serde(default)]
    pub disk_gib_hour: Amount,
    /// One GiB sent to visitors.
    #[serde(default)]
    pub egress_gib: Amount,
}

/// What a workload reserves and is charged for, beside what it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reserved {
    /// Processor share.
    pub cpu: MilliCpu,
    /// Memory.
    pub memory: Bytes,
    /// Disk.
    pub disk: Bytes,
}

/// One line of a meter: a span in which a workload was healthy, as the agent saw it. Spans of an agreement never overlap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reading {
    /// The agreement's key.
    pub agreement: ChainHash,
    /// 1, 2, 3 … within the agreement.
    pub seq: u64,
    /// The lease that ran.
    pub lease: LeaseId,
    /// Begin of the span, by the agent's clock.
    pub from: UnixMillis,
    /// End of the span; `to` is not part of it.
    pub to: UnixMillis,
    /// Sent to visitors in the span.
    pub egress: Bytes,
}

/// A reading and who stands for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SignedReading {
    /// What.
    #[serde(flatten)]
    pub reading: Reading,
    /// Ed25519 of the agent over [`reading_bytes`], hex, 64 bytes.
    pub agent_signature: String,
}

/// The bytes of a reading that the agent signs (Ed25519), and whose Keccak hash the meter signs in turn.
pub fn reading_bytes(domain: &Domain, reading: &Reading) -> Vec<u8> {
    let Reading { agreement, seq, lease, from, to, egress } = reading;
    let Domain { chain_id, contract } = domain;
    format!(
        "ttalkak reading v1\n{chain_id}\n{contract}\n{agreement}\n{seq}\n{lease}\n{}\n{}\n{}",
        from.0, to.0, egress.0
    )
    .into_bytes()
}

#[cfg(test)]
mod tests;
