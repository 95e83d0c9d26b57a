//! The structs that people and machines sign, hashed as EIP-712 says. Written out by hand, so that it stands here to be
//! read beside the contract's type strings; tests hold it against two other implementations. Deliberately absent: keys.

use alloy_primitives::keccak256;
use ttalkak_protocol::money::{Amount, ChainHash, Domain, EvmAddress, Mandate, Terms, Voucher};

/// The tenant's word that so much may be locked under an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// The agreement's key.
    pub agreement: ChainHash,
    /// In all; a higher lock replaces a lower one.
    pub cap: Amount,
}

/// The provider's word that it wants no more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    /// The agreement's key.
    pub agreement: ChainHash,
    /// The total that it is content with.
    pub cumulative: Amount,
}

const DOMAIN: &str = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const NAME: &str = "TtalkakEscrow";
const VERSION: &str = "1";

/// A struct that can be signed.
pub trait Typed {
    /// The EIP-712 struct hash, without a domain.
    fn struct_hash(&self) -> ChainHash;

    /// What is signed: the struct, on this chain and for this contract alone.
    fn digest(&self, domain: &Domain) -> ChainHash {
        digest_of(separator(NAME, VERSION, domain.chain_id, domain.contract), self.struct_hash())
    }
}

impl Typed for Terms {
    fn struct_hash(&self) -> ChainHash {
        let Terms { tenant, provider, token, rate_per_hour, start, expiry, salt } = self;
        hash_struct(
            "Terms(address tenant,address provider,address token,uint96 ratePerHour,uint40 start,uint40 expiry,uint64 salt)",
            &[
                address(tenant),
                address(provider),
                address(token),
                amount(rate_per_hour),
                number(*start),
                number(*expiry),
                number(*salt),
            ],
        )
    }
}

impl Typed for Mandate {
    fn struct_hash(&self) -> ChainHash {
        let Mandate { tenant, token, rate_per_hour_max, cap, period, start, expiry, salt } = self;
        hash_struct(
            "Mandate(address tenant,address token,uint96 ratePerHourMax,uint96 cap,uint40 period,uint40 start,uint40 expiry,uint64 salt)",
            &[
                address(tenant),
                address(token),
                amount(rate_per_hour_max),
                amount(cap),
                number(*period),
                number(*start),
                number(*expiry),
                number(*salt),
            ],
        )
    }
}

impl Typed for Lock {
    fn struct_hash(&self) -> ChainHash {
        hash_struct("Lock(bytes32 agreement,uint96 cap)", &[self.agreement.0, amount(&self.cap)])
    }
}

impl Typed for Voucher {
    fn struct_hash(&self) -> ChainHash {
        hash_struct(
            "Voucher(bytes32 agreement,uint96 cumulative)",
            &[self.agreement.0, amount(&self.cumulative)],
        )
    }
}

impl Typed for Close {
    fn struct_hash(&self) -> ChainHash {
        hash_struct(
            "Close(bytes32 agreement,uint96 cumulative)",
            &[self.agreement.0, amount(&self.cumulative)],
        )
    }
}

/// The key of an agreement on chain and in all books: the struct hash of its terms.
pub fn agreement_key(terms: &Terms) -> ChainHash {
    terms.struct_hash()
}

/// What the contract remembers a mandate by: its struct hash.
pub fn mandate_id(mandate: &Mandate) -> ChainHash {
    mandate.struct_hash()
}

/// An EIP-712 domain separator of the usual four fields.
pub(crate) fn separator(name: &str, version: &str, chain_id: u64, contract: EvmAddress) -> ChainHash {
    let name = keccak256(name).0;
    hash_struct(DOMAIN, &[name, keccak256(version).0, number(chain_id), address(&contract)])
}

/// What is signed for a struct within a domain.
pub(crate) fn digest_of(separator: ChainHash, hash: ChainHash) -> ChainHash {
    let bytes = [&[0x19, 0x01][..], &separator.0, &hash.0].concat();
    ChainHash(keccak256(bytes).0)
}

/// Hash of a struct without nested ones: each field is one word.
pub(crate) fn hash_struct(kind: &str, fields: &[[u8; 32]]) -> ChainHash {
    let bytes = [&keccak256(kind).0[..], &fields.concat()].concat();
    ChainHash(keccak256(bytes).0)
}

pub(crate) fn number(number: u64) -> [u8; 32] {
    wide(u128::from(number))
}

pub(crate) fn amount(amount: &Amount) -> [u8; 32] {
    wide(amount.0)
}

pub(crate) fn address(address: &EvmAddress) -> [u8; 32] {
    let mut word = [0; 32];
    word[12..].copy_from_slice(&address.0);
    word
}

fn wide(number: u128) -> [u8; 32] {
    let mut word = [0; 32];
    word[16..].copy_from_slice(&number.to_be_bytes());
    word
}

#[cfg(test)]
pub(crate) mod tests;
