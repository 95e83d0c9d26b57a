//! What the owner asks for lending, and how much unpaid work is too much.

use super::{layers::Layers, units};
use crate::logic::meter::Trusted;
use std::time::Duration;
use ttalkak_escrow::parse_address;
use ttalkak_protocol::money::{Amount, EvmAddress, Rates};

/// Decimals of a token when nobody says: those of the usual dollar tokens.
const DECIMALS: u8 = 6;
/// Vouchers come every half minute; with less than this a slow moment would stop the apps.
const WILLING_LEAST: Duration = Duration::from_secs(60);

/// The settings about money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyConfig {
    /// Where payments go; the wallet on this machine when not said.
    pub payee: Option<EvmAddress>,
    /// What is asked.
    pub rates: Rates,
    /// For reading and showing amounts.
    pub token_decimals: u8,
    /// The most work without a voucher.
    pub willing_to_lose: Duration,
    /// A reading at least so often.
    pub reading_every: Duration,
    /// Whether a new wallet may go to the system's key store.
    pub wallet_keyring: bool,
    /// An endpoint of the chain, for claims without the coordinator.
    pub rpc: Option<String>,
    /// Where payments must be.
    pub trusted: Trusted,
}

impl MoneyConfig {
    pub(super) fn take(layers: &mut Layers) -> Self {
        let token_decimals = layers.take("token_decimals", "6", decimals).unwrap_or(DECIMALS);
        let mut rate =
            |key: &str| layers.take(key, "0.01", |text| amount(text, token_decimals)).unwrap_or_default();
        let rates = Rates {
            cpu_hour: rate("rate_cpu_hour"),
            memory_gib_hour: rate("rate_memory_gib_hour"),
            disk_gib_hour: rate("rate_disk_gib_hour"),
            egress_gib: rate("rate_egress_gib"),
        };
        const ADDRESS: &str = "0x52908400098527886E0F7030069857D2E4169EE7";
        Self {
            payee: layers.take("payee", ADDRESS, address),
            rates,
            token_decimals,
            willing_to_lose: layers
                .take("willing_to_lose", "3m", willing_to_lose)
                .unwrap_or(Duration::from_secs(180)),
            reading_every: layers
                .take("reading_every", "30s", reading_every)
                .unwrap_or(Duration::from_secs(30)),
            wallet_keyring: layers.take("wallet_keyring", "true", super::yes_or_no).unwrap_or(true),
            rpc: layers.take("pay_rpc", "http://127.0.0.1:8545", |text| {
                ttalkak_rpc::endpoint(text).map(|_| text.to_owned()).map_err(|fault| fault.to_string())
            }),
            trusted: Trusted {
                chain_id: layers.take("pay_chain_id", "8453", |text| {
                    text.parse().map_err(|_| "a chain's id is a whole number".to_owned())
                }),
                escrow: layers.take("pay_escrow", ADDRESS, address),
                token: layers.take("pay_token", ADDRESS, address),
            },
        }
    }
}

fn decimals(text: &str) -> Result<u8, String> {
    text.parse().ok().filter(|count| *count <= 18).ok_or_else(|| "a token has 0 to 18 decimals".to_owned())
}

/// With a point it is a number of tokens, without one a number of base units.
fn amount(text: &str, decimals: u8) -> Result<Amount, String> {
    let read = if text.contains('.') { Amount::parse_units(text, decimals) } else { text.parse() };
    read.map_err(|_| {
        format!(
            "an amount is a whole number of base units such as 10000, or of tokens with a point such as 0.01 and at most {decimals} decimals"
        )
    })
}

fn address(text: &str) -> Result<EvmAddress, String> {
    parse_address(text).map_err(|error| error.to_string())
}

/// Each reading is a signature and a transaction of the coordinator's database; a minute is what tenants are promised.
fn reading_every(text: &str) -> Result<Duration, String> {
    let time = units::duration(text)?;
    let fits = (Duration::from_secs(1)..=Duration::from_secs(60)).contains(&time);
    if fits { Ok(time) } else { Err("from 1s to 60s".to_owned()) }
}

fn willing_to_lose(text: &str) -> Result<Duration, String> {
    let time = units::duration(text)?;
    if time < WILLING_LEAST { Err("a minute is the least".to_owned()) } else { Ok(time) }
}
