//! How JSON-RPC writes numbers, bytes and what it tells about transactions. Pure.

use super::ChainFault;
use serde::Deserialize;
use ttalkak_protocol::money::{ChainHash, EvmAddress};

/// A number as `0x1f`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Quantity(pub(crate) u128);

impl TryFrom<String> for Quantity {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix("0x").filter(|digits| !digits.starts_with('+'));
        let number = digits.and_then(|digits| u128::from_str_radix(digits, 16).ok());
        number.map(Self).ok_or_else(|| format!("`{text}` is no quantity"))
    }
}

impl Quantity {
    /// The same where 64 bits must do. Errors: they do not.
    pub(crate) fn small(self) -> Result<u64, ChainFault> {
        u64::try_from(self.0).map_err(|_| ChainFault::Puzzling { method: "a number" })
    }
}

/// What a transaction may cost for each unit of gas, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// At most.
    pub max: u128,
    /// Of it to whoever builds the block.
    pub tip: u128,
}

impl Fees {
    /// Twice the base fee lets a transaction through six full blocks in a row, each of which raises it by an eighth.
    pub(crate) fn over(base: u128, tip: u128) -> Self {
        Self { max: base.saturating_mul(2).saturating_add(tip), tip }
    }
}

/// The head of a block, as far as it is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head {
    /// How many came before it.
    #[serde(default)]
    pub(crate) number: Quantity,
    /// When it was made, seconds since 1970.
    #[serde(default)]
    pub(crate) timestamp: Quantity,
    /// Absent on chains from before 2021.
    pub(crate) base_fee_per_gas: Option<Quantity>,
}

/// What became of a transaction.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    status: Quantity,
    block_number: Quantity,
    gas_used: Quantity,
    effective_gas_price: Quantity,
    /// What the contracts reported.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// Whether it did what it was to do.
    pub fn succeeded(&self) -> bool {
        self.status.0 == 1
    }

    /// Its block.
    pub fn block(&self) -> u128 {
        self.block_number.0
    }

    /// What it cost, in wei.
    pub fn fee(&self) -> u128 {
        self.gas_used.0.saturating_mul(self.effective_gas_price.0)
    }
}

/// One event of a contract.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Log {
    /// The contract.
    pub address: EvmAddress,
    /// What kind of event, then its indexed fields.
    pub topics: Vec<ChainHash>,
    data: String,
    /// Which transaction it came of; absent in a receipt of some nodes.
    #[serde(default)]
    pub transaction_hash: Option<ChainHash>,
    /// In which block; absent likewise.
    #[serde(default)]
    block_number: Option<Quantity>,
}

impl Log {
    /// Its block, when it is told.
    pub fn block(&self) -> Option<u128> {
        self.block_number.map(|number| number.0)
    }

    /// The fields that are not indexed. Errors: not hex.
    pub fn data(&self) -> Result<Vec<u8>, ChainFault> {
        bytes(&self.data)
    }
}

/// A transaction as the chain has it.
#[derive(Debug, Deserialize)]
pub struct Transaction {
    /// The contract that was called; none when one was made.
    pub to: Option<EvmAddress>,
    /// Who sent it; absent at endpoints that do not tell.
    #[serde(default)]
    pub from: Option<EvmAddress>,
    /// Its call data, hex.
    pub input: String,
}

impl Transaction {
    /// Its call data. Errors: not hex.
    pub fn input(&self) -> Result<Vec<u8>, ChainFault> {
        bytes(&self.input)
    }
}

/// Bytes as JSON-RPC writes them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// A number as JSON-RPC writes it.
pub(crate) fn quantity(number: u128) -> String {
    format!("{number:#x}")
}

/// Bytes from JSON-RPC. Errors: not hex.
pub(crate) fn bytes(text: &str) -> Result<Vec<u8>, ChainFault> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode(digits).map_err(|_| ChainFault::Puzzling { method: "bytes" })
}

/// Wei in the chain's coin: `0.000042 ETH`-like, without the name; six digits after the point, rounded up, so that a
/// fee is never told smaller than it is.
pub fn in_coin(wei: u128) -> String {
    let micros = wei.div_ceil(1_000_000_000_000);
    let part = format!("{:06}", micros % 1_000_000);
    let part = part.trim_end_matches('0');
    if part.is_empty() { (micros / 1_000_000).to_string() } else { format!("{}.{part}", micros / 1_000_000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_hex_and_nothing_else() {
        let read = |text: &str| Quantity::try_from(text.to_owned());
        assert_eq!(read("0x1f"), Ok(Quantity(31)));
        for bad in ["1f", "0x", "0x+1", "-0x1", "0xg", "", "0x100000000000000000000000000000000"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(Quantity(1 << 64).small().is_err());
    }

    #[test]
    fn a_fee_is_never_told_smaller_than_it_is() {
        for (wei, text) in
            [(0, "0"), (1, "0.000001"), (42_000_000_000_000, "0.000042"), (1_500_000_000_000_000_000, "1.5")]
        {
            assert_eq!(in_coin(wei), text);
        }
    }

    #[test]
    fn fees_leave_room_for_a_rising_base_fee() {
        assert_eq!(Fees::over(7, 2), Fees { max: 16, tip: 2 });
        assert_eq!(Fees::over(u128::MAX, 2).max, u128::MAX);
    }

    #[test]
    fn bytes_that_are_not_hex_are_refused() {
        assert_eq!(bytes("0x00ff").unwrap(), [0, 255]);
        assert!(bytes("0x0").is_err() && bytes("0xzz").is_err());
    }
}
