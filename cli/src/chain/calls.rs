//! The read-only calls of escrow and token: what is asked and how the answer is read. Pure, and the only file here that
//! knows the bindings' own types.

use super::ChainFault;
use alloy_primitives::Address;
use alloy_sol_types::{SolCall, SolEvent as _};
use ttalkak_escrow::abi::{DevToken, TtalkakEscrow};
use ttalkak_protocol::money::{Amount, ChainHash, EvmAddress};

const PUZZLING: ChainFault = ChainFault::Puzzling { method: "a call" };

/// A call and how to read what it returns.
pub(crate) struct Question<C: SolCall, T> {
    /// Call data.
    pub(super) input: Vec<u8>,
    read: fn(C::Return) -> Option<T>,
}

impl<C: SolCall, T> Question<C, T> {
    fn new(call: &C, read: fn(C::Return) -> Option<T>) -> Self {
        Self { input: call.abi_encode(), read }
    }

    /// Errors: the answer is not what this call returns.
    pub(super) fn read(&self, answer: &[u8]) -> Result<T, ChainFault> {
        C::abi_decode_returns_validate(answer).ok().and_then(self.read).ok_or(PUZZLING)
    }
}

/// The token's units at an address.
pub(crate) fn balance_of(who: EvmAddress) -> Question<DevToken::balanceOfCall, Amount> {
    Question::new(&DevToken::balanceOfCall { account: inner(who) }, |units| Some(amount(units)))
}

/// What `spender` may take of `owner`'s.
pub(crate) fn allowance(owner: EvmAddress, spender: EvmAddress) -> Question<DevToken::allowanceCall, Amount> {
    let call = DevToken::allowanceCall { owner: inner(owner), spender: inner(spender) };
    Question::new(&call, |units| Some(amount(units)))
}

/// How many permits `owner` has used.
pub(crate) fn nonces(owner: EvmAddress) -> Question<DevToken::noncesCall, u64> {
    Question::new(&DevToken::noncesCall { owner: inner(owner) }, |nonce| nonce.try_into().ok())
}

/// The token's EIP-712 domain, hashed.
pub(crate) fn domain_separator() -> Question<DevToken::DOMAIN_SEPARATORCall, ChainHash> {
    Question::new(&DevToken::DOMAIN_SEPARATORCall {}, |hash| Some(ChainHash(hash.0)))
}

/// The token's name.
pub(crate) fn token_name() -> Question<DevToken::nameCall, String> {
    Question::new(&DevToken::nameCall {}, Some)
}

/// The token's symbol.
pub(crate) fn symbol() -> Question<DevToken::symbolCall, String> {
    Question::new(&DevToken::symbolCall {}, Some)
}

/// The token's decimals.
pub(crate) fn decimals() -> Question<DevToken::decimalsCall, u8> {
    Question::new(&DevToken::decimalsCall {}, Some)
}

/// Deposited and not set aside.
pub(crate) fn free(who: EvmAddress, token: EvmAddress) -> Question<TtalkakEscrow::freeCall, Amount> {
    let call = TtalkakEscrow::freeCall { who: inner(who), token: inner(token) };
    Question::new(&call, |units| Some(amount(units)))
}

/// Whose signature makes a voucher.
pub(crate) fn meter() -> Question<TtalkakEscrow::meterCall, EvmAddress> {
    Question::new(&TtalkakEscrow::meterCall {}, |meter| Some(EvmAddress(meter.into_array())))
}

/// Cap and claimed total of an agreement.
pub(crate) fn agreement(key: ChainHash) -> Question<TtalkakEscrow::agreementsCall, (Amount, Amount)> {
    let call = TtalkakEscrow::agreementsCall { id: key.0.into() };
    Question::new(&call, |found| Some((Amount(found.cap.to()), Amount(found.claimed.to()))))
}

/// What marks the events `Claimed` and `Settled`: the hash of their signature.
pub(crate) fn claimed_topic() -> ChainHash {
    ChainHash(TtalkakEscrow::Claimed::SIGNATURE_HASH.0)
}

/// The same for `Settled`.
pub(crate) fn settled_topic() -> ChainHash {
    ChainHash(TtalkakEscrow::Settled::SIGNATURE_HASH.0)
}

fn inner(address: EvmAddress) -> Address {
    Address::from(address.0)
}

/// More than 128 bits are shown as the most there is: a token of that many units is a toy.
fn amount(units: alloy_primitives::U256) -> Amount {
    Amount(u128::try_from(units).unwrap_or(u128::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_another_shape_is_refused() {
        let question = balance_of(EvmAddress([1; 20]));
        assert_eq!(question.input.len(), 36);
        assert!(question.read(&[0; 31]).is_err());
        let mut word = [0; 32];
        word[31] = 7;
        assert_eq!(question.read(&word).unwrap(), Amount(7));
        word[0] = 1;
        assert_eq!(question.read(&word).unwrap(), Amount(u128::MAX));
        assert!(meter().read(&[0xff; 32]).is_err(), "not an address");
    }
}
