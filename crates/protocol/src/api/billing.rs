//! Money as the API shows it: what a tenant has, what runs and for how long, what a provider earned, what it all costs.

use crate::{
    error::Problem,
    id::{AgentId, AgreementId, DeploymentId},
    link::Countersigned,
    money::{
        Amount, ChainHash, Domain, EvmAddress, EvmSignature, Mandate, Rates, Reserved, SignedReading,
        SignedVoucher, Terms,
    },
    unit::UnixMillis,
};
use serde::{Deserialize, Serialize};

mod line;
pub use line::SettlementLine;

/// What is paid with, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChainView {
    /// Chain and escrow contract: the EIP-712 domain of everything that is signed.
    pub domain: Domain,
    /// The token's contract.
    pub token: EvmAddress,
    /// Its symbol, such as `tUSD`.
    pub symbol: String,
    /// Its decimals, as read on chain.
    pub decimals: u8,
    /// Whose signature makes a voucher.
    pub meter: EvmAddress,
    /// The platform's share of what providers earn, in hundredths of a percent.
    pub fee_bps: u16,
    /// An endpoint of the chain that wallets may use; absent when the operator names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpc_url: Option<String>,
    /// Whether the chain answers now.
    pub healthy: bool,
}

/// What a currency for people is worth, and when that was so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DisplayRate {
    /// `KRW` or `USD`.
    pub currency: String,
    /// Millionths of that currency for one whole token.
    pub micros_per_token: u64,
    /// Where the rate is from.
    pub source: String,
    /// When it was so.
    pub at: UnixMillis,
    /// It is older than it should be: no newer one came that could be believed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
}

/// `GET /v1/billing`: the tenant's side at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BillingView {
    /// What is paid with.
    pub chain: ChainView,
    /// The account's wallet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet: Option<EvmAddress>,
    /// Deposited and not set aside: can be withdrawn at once.
    pub free: Amount,
    /// Set aside for deployments and not used yet.
    pub locked: Amount,
    /// Used and not settled on chain yet.
    pub accrued: Amount,
    /// Settled on chain so far.
    pub settled: Amount,
    /// The mandate in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<MandateView>,
    /// What all running deployments cost in an hour.
    pub cost_per_hour: Amount,
    /// How long the money lasts at this cost, seconds; absent when nothing runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runway_seconds: Option<u64>,
    /// Approximate values for people.
    pub display: Vec<DisplayRate>,
    /// Each deployment that was ever charged, the running ones first.
    pub deployments: Vec<DeploymentCost>,
    /// What the owner should know, newest first.
    pub notices: Vec<NoticeView>,
}

/// A mandate and how much of it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MandateView {
    /// Its hash.
    pub id: ChainHash,
    /// What was signed.
    pub mandate: Mandate,
    /// How its cap counts.
    #[serde(default)]
    pub plan: Plan,
    /// Locked under it, in this period when it has periods.
    pub used: Amount,
    /// What may still be locked, in this period when it has periods.
    #[serde(default)]
    pub left: Amount,
    /// When the cap is fresh again; absent when it is for good, or the mandate ends before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh_at: Option<UnixMillis>,
}

/// How the cap of a mandate counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// Once and for all.
    #[default]
    Once,
    /// Fresh each day.
    Daily,
    /// Fresh each week.
    Weekly,
    /// Fresh each 30 days: a monthly plan.
    Monthly,
    /// Fresh after each of the mandate's periods.
    Periodic,
}

impl Plan {
    /// The plan that a mandate's period means.
    pub fn of(period_seconds: u64) -> Self {
        const DAY: u64 = 86_400;
        match period_seconds {
            0 => Self::Once,
            DAY => Self::Daily,
            seconds if seconds == 7 * DAY => Self::Weekly,
            seconds if seconds == 30 * DAY => Self::Monthly,
            _ => Self::Periodic,
        }
    }
}

/// What one deployment costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeploymentCost {
    /// Which.
    pub deployment: DeploymentId,
    /// Its name.
    pub name: String,
    /// Whether it is charged now.
    pub running: bool,
    /// What an hour costs now.
    pub cost_per_hour: Amount,
    /// Charged in all.
    pub charged: Amount,
    /// How long its money lasts, seconds; absent when it does not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runway_seconds: Option<u64>,
    /// Its end date, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UnixMillis>,
    /// What it still costs until then, at most; absent when it does not run or has no end date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_until: Option<Amount>,
    /// Its agreements, newest first; each is a line that can be verified.
    pub agreements: Vec<AgreementView>,
}

/// Where an agreement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgreementState {
    /// On its way to the chain.
    Pending,
    /// Open on chain; use is metered.
    Open,
    /// Over; the last of it is being settled.
    Ending,
    /// Settled, and the rest is back with the tenant.
    Closed,
    /// Never came onto the chain.
    Void,
}

/// One agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AgreementView {
    /// Our id.
    pub id: AgreementId,
    /// Its key on chain.
    pub key: ChainHash,
    /// The provider's agent.
    pub provider: AgentId,
    /// Where it stands.
    pub state: AgreementState,
    /// What was agreed.
    pub terms: Terms,
    /// The most that can be earned under it, as it stands on chain.
    pub cap: Amount,
    /// Earned so far, secured by a signature.
    pub vouchered: Amount,
    /// Settled on chain.
    pub settled: Amount,
}

/// Something about money that its owner should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NoticeView {
    /// Which deployment.
    pub deployment: DeploymentId,
    /// `runway_week`, `runway_day`, `runway_hour`, `grace`, `stopped`, `resumed`, `deletion_week`, `deletion_day`, and of an
    /// end date `term_week`, `term_day`, `term_hour`, `term_ended`.
    pub kind: String,
    /// What it means and what to do.
    pub problem: Problem,
    /// When.
    pub at: UnixMillis,
}

/// `POST /v1/billing/wallet/message`: ask for a message to sign (EIP-4361).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskWalletMessage {
    /// The wallet that will sign.
    pub wallet: EvmAddress,
}

/// The message; to be signed as it is (EIP-191).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WalletMessage {
    /// EIP-4361 text with a nonce that is good once.
    pub message: String,
    /// After this it is void.
    pub expires_at: UnixMillis,
}

/// `PUT /v1/billing/wallet`: link the wallet that signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkWallet {
    /// As it was given.
    pub message: String,
    /// The wallet's, over the message.
    pub signature: EvmSignature,
}

/// `PUT /v1/billing/mandate`: the mandate from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMandate {
    /// What was signed.
    pub mandate: Mandate,
    /// The wallet's, over the EIP-712 digest.
    pub signature: EvmSignature,
}

/// `GET /v1/billing/prices`: what providers ask for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PriceBook {
    /// Offers of providers that are online, the cheapest first.
    pub offers: Vec<PricedOffer>,
    /// What was asked about costs at the cheapest offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
}

/// One provider's offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PricedOffer {
    /// Whose.
    pub provider: AgentId,
    /// Its name.
    pub name: String,
    /// What it asks.
    pub rates: Rates,
    /// What the asked size costs in an hour there.
    pub cost_per_hour: Amount,
}

/// What a size costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Estimate {
    /// The size.
    pub reserved: Reserved,
    /// An hour.
    pub per_hour: Amount,
    /// Thirty days without a pause.
    pub per_month: Amount,
    /// From now until the end that was asked about, without a pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_end: Option<Amount>,
}

/// The size to estimate.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PriceQuery {
    /// Memory in bytes; the default of a deployment when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Processor share in thousandths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milli_cpu: Option<u32>,
    /// An end date, to be told what it costs until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UnixMillis>,
}

/// `GET /v1/earnings`: the provider's side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EarningsView {
    /// What is paid with.
    pub chain: ChainView,
    /// Earned in all, before the platform's share.
    pub earned: Amount,
    /// Of it secured by a voucher and not on chain yet.
    pub vouchered: Amount,
    /// Settled on chain, before the platform's share.
    pub settled: Amount,
    /// Arrived at payees, after the platform's share.
    pub paid: Amount,
    /// When the next settlement is due.
    pub next_settlement_at: UnixMillis,
    /// Settled only once so much is due; the owner's choice.
    pub threshold: Amount,
    /// Approximate values for people.
    pub display: Vec<DisplayRate>,
    /// Each agreement of this account's agents, newest first.
    pub agreements: Vec<AgreementView>,
}

/// `PUT /v1/earnings/threshold`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetThreshold {
    /// Pay out once so much is due; 0: at every settlement.
    pub threshold: Amount,
}

/// `GET /v1/billing/agreements/{agreement}/evidence`: all that is needed to recompute a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Evidence {
    /// Chain and contract.
    pub domain: Domain,
    /// The line.
    pub agreement: AgreementView,
    /// The provider's prices when it was made.
    pub rates: Rates,
    /// What was reserved.
    pub reserved: Reserved,
    /// The agent's Ed25519 public key, hex.
    pub agent_key: String,
    /// Whose signature makes a voucher now.
    pub meter: EvmAddress,
    /// Every key whose signature is in here, in the order in which they were the meter; the present one is the last.
    #[serde(default)]
    pub meters: Vec<EvmAddress>,
    /// What its cap was raised to, in order; the first is its opening.
    #[serde(default)]
    pub caps: Vec<CapLine>,
    /// Every reading that was charged, in order.
    pub readings: Vec<ChargedReading>,
    /// The newest voucher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<SignedVoucher>,
    /// What went on chain.
    pub settlements: Vec<SettlementLine>,
}

/// One raise of an agreement's cap on chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CapLine {
    /// In all after it.
    pub cap: Amount,
    /// The transaction.
    pub transaction: ChainHash,
    /// Its block.
    pub block: u64,
}

/// A reading, who stands for it, and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChargedReading {
    /// With the agent's signature.
    #[serde(flatten)]
    pub signed: SignedReading,
    /// The meter's.
    pub countersigned: Countersigned,
    /// Earned in all after it.
    pub cumulative: Amount,
}
