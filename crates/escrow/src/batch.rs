//! The words of `settleFlat`: a header per provider and two words per agreement, because calldata is what a rollup
//! charges for. Deliberately absent: which agreements are due, and the gas that a chunk takes.

use crate::typed::agreement_key;
use std::collections::BTreeMap;
use ttalkak_protocol::money::{Amount, ChainHash, EvmAddress, Terms};

mod words;
pub use words::{Settled, UnpackError, unpack};

/// The most agreements of one transaction. 400 payees that were never paid before take 14.3 M gas, below the 16.8 M that a
/// transaction may take (EIP-7825); 500 do not fit.
pub const CHUNK_MAX: usize = 400;

/// One agreement of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettleItem {
    /// What was agreed.
    pub terms: Terms,
    /// All that was earned so far.
    pub cumulative: Amount,
    /// Ask for the agreement's end in the same write.
    pub ending: bool,
}

/// The words of one `settleFlat` call, grouped by provider; providers and agreements in the order of their addresses and
/// keys, so that equal items give equal calldata. All items should have one token (the call names it once): [`chunks`]
/// sees to that. Every provider is paid directly.
pub fn pack(items: &[SettleItem]) -> Vec<[u8; 32]> {
    let mut groups: BTreeMap<EvmAddress, BTreeMap<ChainHash, &SettleItem>> = BTreeMap::new();
    for item in items {
        groups.entry(item.terms.provider).or_default().insert(agreement_key(&item.terms), item);
    }
    let group = |(provider, items): (EvmAddress, BTreeMap<ChainHash, &SettleItem>)| {
        let header = words::header(provider, items.len());
        let body: Vec<_> = items.into_values().flat_map(words::item).collect();
        std::iter::once(header).chain(body)
    };
    groups.into_iter().flat_map(group).collect()
}

/// Cuts items into calls: one token each, at most `max` agreements each (and never none), providers kept together where
/// they fit in order. Of two items of one agreement the larger total stays.
pub fn chunks(items: &[SettleItem], max: usize) -> Vec<Vec<SettleItem>> {
    let mut sorted: BTreeMap<(EvmAddress, EvmAddress, ChainHash), SettleItem> = BTreeMap::new();
    for item in items {
        let place = (item.terms.token, item.terms.provider, agreement_key(&item.terms));
        let kept = sorted.entry(place).or_insert(*item);
        kept.cumulative = kept.cumulative.max(item.cumulative);
        kept.ending |= item.ending;
    }
    let sorted: Vec<_> = sorted.into_values().collect();
    let tokens = sorted.chunk_by(|one, next| one.terms.token == next.terms.token);
    tokens.flat_map(|token| token.chunks(max.max(1)).map(<[_]>::to_vec)).collect()
}

/// All totals together; `None` beyond [`Amount::MAX`].
pub fn sum(items: &[SettleItem]) -> Option<Amount> {
    items.iter().try_fold(Amount::ZERO, |sum, item| sum.checked_add(item.cumulative))
}

#[cfg(test)]
mod tests;
