//! Signed transactions, made offline (what the seed product's library calls `signTransaction`): equal fields give equal
//! bytes and an equal hash, so signing again after a crash can never make a second payment. Deliberately absent: nonces,
//! fees and sending, which belong to whoever owns the key's queue.

use crate::{Key, address::inner};
use alloy_consensus::{SignableTransaction as _, TxEip1559};
use alloy_eips::Encodable2718 as _;
use alloy_primitives::{TxKind, U256};
use alloy_signer::SignerSync as _;
use ttalkak_protocol::money::{ChainHash, EvmAddress};

/// Everything of an EIP-1559 transaction but its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eip1559 {
    /// EIP-155 id.
    pub chain_id: u64,
    /// Which one of the sender's.
    pub nonce: u64,
    /// The most gas it may take.
    pub gas_limit: u64,
    /// The most that a unit of gas may cost in all, wei.
    pub max_fee: u128,
    /// Of it for whoever makes the block, wei.
    pub tip: u128,
    /// Absent: creates a contract.
    pub to: Option<EvmAddress>,
    /// Coin that goes with it, wei.
    pub value: u128,
    /// Call data, or a contract's code and arguments.
    pub input: Vec<u8>,
}

/// What is sent, and the name it will have on chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTx {
    /// For `eth_sendRawTransaction`.
    pub raw: Vec<u8>,
    /// Known before anybody has seen it.
    pub hash: ChainHash,
}

impl Eip1559 {
    /// Signs; deterministic (RFC 6979).
    pub fn sign(&self, key: &Key) -> SignedTx {
        let tx = TxEip1559 {
            chain_id: self.chain_id,
            nonce: self.nonce,
            gas_limit: self.gas_limit,
            max_fee_per_gas: self.max_fee,
            max_priority_fee_per_gas: self.tip,
            to: self.to.map_or(TxKind::Create, |to| TxKind::Call(inner(to))),
            value: U256::from(self.value),
            access_list: alloy_eips::eip2930::AccessList::default(),
            input: self.input.clone().into(),
        };
        let signature = key.signer().sign_hash_sync(&tx.signature_hash());
        let signed = tx.into_signed(signature.expect("a local key signs any 32 bytes"));
        SignedTx { raw: signed.encoded_2718(), hash: ChainHash(signed.hash().0) }
    }
}

/// Where a contract that this sender creates with this nonce will stand.
pub fn created_address(sender: EvmAddress, nonce: u64) -> EvmAddress {
    EvmAddress(inner(sender).create(nonce).into_array())
}

#[cfg(test)]
mod tests;
