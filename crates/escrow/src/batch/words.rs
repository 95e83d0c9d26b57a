//! Bits of the packed words, in both directions.

use super::SettleItem;
use ttalkak_protocol::money::{Amount, EvmAddress, Terms};

/// Words that are not a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    /// A header announces more items than there are words.
    #[error("word {at} announces {count} agreements, more than follow")]
    Short {
        /// Index of the header.
        at: usize,
        /// What it says.
        count: u128,
    },
}

/// One provider's part of a settlement, as it stands in calldata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Who is paid.
    pub provider: EvmAddress,
    /// Directly, or as credit.
    pub direct: bool,
    /// For what.
    pub items: Vec<SettleItem>,
}

const LOW_96: u128 = (1 << 96) - 1;
const PAY: u128 = 1 << 95;
const LOW_40: u128 = (1 << 40) - 1;

/// provider(160) | pay flag, bit 95 | count(95).
pub(super) fn header(provider: EvmAddress, count: usize) -> [u8; 32] {
    let count = u128::try_from(count).expect("no machine counts beyond 128 bits");
    word(provider.0, PAY | count)
}

/// tenant(160) | rate(96), then end flag, bit 255 | start(40) at 200 | expiry(40) at 160 | salt(64) at 96 | cumulative(96).
/// A field beyond its width is cut to its largest value: the contract then finds no such agreement and refuses, where an
/// overflow into the neighbour could name another.
pub(super) fn item(item: &SettleItem) -> [[u8; 32]; 2] {
    let SettleItem { terms, cumulative, ending } = item;
    let high = u128::from(*ending) << 127
        | u128::from(terms.start).min(LOW_40) << 72
        | u128::from(terms.expiry).min(LOW_40) << 32
        | u128::from(terms.salt >> 32);
    let low = u128::from(terms.salt & 0xffff_ffff) << 96 | cumulative.0.min(LOW_96);
    let mut second = [0; 32];
    second[..16].copy_from_slice(&high.to_be_bytes());
    second[16..].copy_from_slice(&low.to_be_bytes());
    [word(terms.tenant.0, terms.rate_per_hour.0.min(LOW_96)), second]
}

/// Reads the words of a `settleFlat` call in `token` back: what a transaction on chain settled.
/// Errors: a header that announces more than follows.
pub fn unpack(token: EvmAddress, words: &[[u8; 32]]) -> Result<Vec<Settled>, UnpackError> {
    let mut groups = Vec::new();
    let mut at = 0;
    while let Some((header, rest)) = words.get(at..).and_then(<[_]>::split_first) {
        let (provider, low) = split(header);
        let count = low & (PAY - 1);
        let body = usize::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(2))
            .and_then(|len| rest.get(..len));
        let body = body.ok_or(UnpackError::Short { at, count })?;
        let (pairs, _) = body.as_chunks::<2>();
        let items = pairs.iter().map(|pair| read(token, provider, pair)).collect();
        groups.push(Settled { provider, direct: low & PAY != 0, items });
        at += 1 + body.len();
    }
    Ok(groups)
}

fn read(token: EvmAddress, provider: EvmAddress, [first, second]: &[[u8; 32]; 2]) -> SettleItem {
    let (tenant, rate) = split(first);
    let high = half(&second[..16]);
    let low = half(&second[16..]);
    // Masks leave at most 64 bits, so the cuts below lose nothing.
    let cut = |wide: u128, mask: u128| u64::try_from(wide & mask).unwrap_or(u64::MAX);
    let salt = cut(high, 0xffff_ffff) << 32 | cut(low >> 96, 0xffff_ffff);
    let terms = Terms {
        tenant,
        provider,
        token,
        rate_per_hour: Amount(rate),
        start: cut(high >> 72, LOW_40),
        expiry: cut(high >> 32, LOW_40),
        salt,
    };
    SettleItem { terms, cumulative: Amount(low & LOW_96), ending: high >> 127 == 1 }
}

fn word(address: [u8; 20], low: u128) -> [u8; 32] {
    let mut word = [0; 32];
    word[..20].copy_from_slice(&address);
    word[20..].copy_from_slice(&low.to_be_bytes()[4..]);
    word
}

fn split(word: &[u8; 32]) -> (EvmAddress, u128) {
    let mut address = [0; 20];
    address.copy_from_slice(&word[..20]);
    (EvmAddress(address), half(&word[16..]) & LOW_96)
}

fn half(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}
