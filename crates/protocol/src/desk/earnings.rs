//! Section `earnings`: the own book, and what the coordinator says. Amounts are base units of the token.

use crate::{
    error::Problem,
    money::{Amount, ChainHash, EvmAddress},
    unit::{Millis, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// Section `earnings`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Earnings {
    /// How amounts are shown.
    pub token: Token,
    /// Earned since midnight, local time, by the own book.
    pub today: Amount,
    /// Earned since the first of the month, local time, by the own book.
    pub month: Amount,
    /// All that the own book knows.
    pub total: Amount,
    /// Of the total the coordinator has vouched for.
    pub vouched: Amount,
    /// At this moment, by the agreed rates and without what is sent.
    pub per_hour: Amount,
    /// Each of the last days, oldest first, at most 92.
    pub days: Vec<DayEarned>,
    /// One for each agreement, newest change first, at most 200.
    pub agreements: Vec<AgreementRow>,
    /// What this month may come to; absent while there is not enough to go by.
    pub forecast: Option<Forecast>,
    /// What the electricity for it costs; absent when its price is not set.
    pub electricity: Option<ElectricityCost>,
    /// What the coordinator says.
    pub coordinator: CoordinatorSays,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Token {
    /// Such as `USDC`; absent before the coordinator said.
    pub symbol: Option<String>,
    /// Base units are 10 to this power in one token.
    pub decimals: u8,
    /// EIP-155 id; absent before anything was paid.
    pub chain_id: Option<u64>,
    /// Absent: the chain's own coin, or not known yet.
    pub address: Option<EvmAddress>,
    /// What one token is worth, as decimal numbers by currency such as `KRW`; absent where nobody says.
    pub worth: std::collections::BTreeMap<String, String>,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DayEarned {
    /// `2026-11-26`, local.
    pub day: String,
    /// Earned.
    pub amount: Amount,
}

/// What one agreement earned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AgreementRow {
    /// Its key.
    pub agreement: ChainHash,
    /// The deployment's name.
    pub name: String,
    /// Earned.
    pub earned: Amount,
    /// Vouched for.
    pub vouched: Amount,
    /// Worked without a voucher.
    pub unvouched: Millis,
    /// It is over.
    pub ending: bool,
    /// When it last changed.
    pub changed: UnixMillis,
}

/// An estimate and how far it may be off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Forecast {
    /// Most likely for the whole month.
    pub amount: Amount,
    /// Nine of ten times at least this.
    pub low: Amount,
    /// Nine of ten times at most this.
    pub high: Amount,
    /// From so many days of the own book.
    pub from_days: u32,
}

/// What electricity costs, by the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ElectricityCost {
    /// In the currency of the settings, a decimal number, since the first of the month.
    pub month: String,
    /// `KRW`, `USD`, ….
    pub currency: String,
    /// Kilowatt-hours since the first of the month that lending used beyond an idle machine, a decimal number.
    pub kilowatt_hours: String,
    /// The month's earnings less this, a decimal number; absent when the token's worth is not known.
    pub net: Option<String>,
}

/// What the coordinator knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CoordinatorSays {
    /// When it was last asked with success.
    pub at: Option<UnixMillis>,
    /// It is being asked.
    pub asking: bool,
    /// Why it could not be asked, or that nothing is paid there.
    pub problem: Option<Problem>,
    /// Vouched for and not yet settled.
    pub unsettled: Amount,
    /// On the way to the chain.
    pub pending: Amount,
    /// Settled on chain in all.
    pub settled: Amount,
    /// Settled by itself from this amount on.
    pub threshold: Option<Amount>,
    /// The smallest threshold that may be set.
    pub threshold_min: Option<Amount>,
    /// Newest first, at most 100.
    pub settlements: Vec<SettlementRow>,
}

/// One settlement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SettlementRow {
    /// When the coordinator sent it; absent for a claim of our own.
    pub at: Option<UnixMillis>,
    /// For this provider.
    pub amount: Amount,
    /// The transaction.
    pub transaction: Option<ChainHash>,
    /// Where to see it.
    pub url: Option<String>,
    /// How far it is.
    pub state: SettlementState,
}

/// How far a settlement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SettlementState {
    /// Decided, not sent yet.
    Due,
    /// Sent.
    Submitted,
    /// Deep enough in the chain.
    Confirmed,
    /// Given up; it comes again with the next.
    Failed,
}

/// How a statement is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum StatementFormat {
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
}
