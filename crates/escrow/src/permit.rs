//! What a tenant signs so that a token may move into the escrow without a transaction of its own: EIP-2612 permits and
//! EIP-3009 authorisations. The token's own domain is used, not the escrow's.

use crate::typed::{address, amount, digest_of, hash_struct, number, separator};
use ttalkak_protocol::money::{Amount, ChainHash, EvmAddress};

/// The EIP-712 domain of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenDomain {
    /// `name()` of the token.
    pub name: String,
    /// `1` for most tokens; `2` for USDC.
    pub version: String,
    /// EIP-155 id.
    pub chain_id: u64,
    /// The token.
    pub token: EvmAddress,
}

impl TokenDomain {
    /// As the token's `DOMAIN_SEPARATOR()` has it; compare before anybody signs.
    pub fn separator(&self) -> ChainHash {
        separator(&self.name, &self.version, self.chain_id, self.token)
    }
}

/// EIP-2612: `spender` may take so much of `owner`'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    /// Who signs.
    pub owner: EvmAddress,
    /// The escrow.
    pub spender: EvmAddress,
    /// How much.
    pub value: Amount,
    /// `nonces(owner)` of the token.
    pub nonce: u64,
    /// After this it is void, seconds since 1970.
    pub deadline: u64,
}

impl Permit {
    /// What the owner signs.
    pub fn digest(&self, domain: &TokenDomain) -> ChainHash {
        let Self { owner, spender, value, nonce, deadline } = self;
        let hash = hash_struct(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)",
            &[address(owner), address(spender), amount(value), number(*nonce), number(*deadline)],
        );
        digest_of(domain.separator(), hash)
    }
}

/// EIP-3009 `receiveWithAuthorization`: only the receiver itself can use it, so nobody can take the transfer out of the
/// deposit that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiveAuthorization {
    /// Who signs.
    pub from: EvmAddress,
    /// The escrow.
    pub to: EvmAddress,
    /// How much.
    pub value: Amount,
    /// Not at or before this, seconds since 1970.
    pub valid_after: u64,
    /// Not at or after this, seconds since 1970.
    pub valid_before: u64,
    /// Any 32 bytes that were never used.
    pub nonce: ChainHash,
}

impl ReceiveAuthorization {
    /// What the owner signs.
    pub fn digest(&self, domain: &TokenDomain) -> ChainHash {
        let Self { from, to, value, valid_after, valid_before, nonce } = self;
        let hash = hash_struct(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
            &[
                address(from),
                address(to),
                amount(value),
                number(*valid_after),
                number(*valid_before),
                nonce.0,
            ],
        );
        digest_of(domain.separator(), hash)
    }
}

#[cfg(test)]
mod tests;
