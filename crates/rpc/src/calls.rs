//! The read-only calls of escrow and token: what is asked and how the answer is read. Pure, and the only file here that
//! knows the bindings' own types.

use super::ChainFault;
use alloy_primitives::Address;
use alloy_sol_types::{SolCall, SolEvent as _};
use ttalkak_escrow::abi::{DevToken, TtalkakEscrow};
use ttalkak_protocol::money::{Amount, ChainHash, EvmAddress};

const PUZZLING: ChainFault = ChainFault::Puzzling { method: "a call" };

/// A call and how to read what it returns.
pub struct Question<C: SolCall, T> {
    /// Call data.
    pub(crate) input: Vec<u8>,
    read: fn(C::Return) -> Option<T>,
}

impl<C: SolCall, T> Question<C, T> {
    fn new(call: &C, read: fn(C::Return) -> Option<T>) -> Self {
        Self { input: call.abi_encode(), read }
    }

    /// Errors: the answer is not what this call returns.
    pub(crate) fn read(&self, answer: &[u8]) -> Result<T, ChainFault> {
        C::abi_decode_returns_validate(answer).ok().and_then(self.read).ok_or(PUZZLING)
    }
}

/// The token's units at an address.
pub fn balance_of(who: EvmAddress) -> Question<DevToken::balanceOfCall, Amount> {
    Question::new(&DevToken::balanceOfCall { account: inner(who) }, |units| Some(amount(units)))
}

/// What `spender` may take of `owner`'s.
pub fn allowance(owner: EvmAddress, spender: EvmAddress) -> Question<DevToken::allowanceCall, Amount> {
    let call = DevToken::allowanceCall { owner: inner(owner), spender: inner(spender) };
    Question::new(&call, |units| Some(amount(units)))
}

/// How many permits `owner` has used.
pub fn nonces(owner: EvmAddress) -> Question<DevToken::noncesCall, u64> {
    Question::new(&DevToken::noncesCall { owner: inner(owner) }, |nonce| nonce.try_into().ok())
}

/// The token's EIP-712 domain, hashed.
pub fn domain_separator() -> Question<DevToken::DOMAIN_SEPARATORCall, ChainHash> {
    Question::new(&DevToken::DOMAIN_SEPARATORCall {}, |hash| Some(ChainHash(hash.0)))
}

/// The token's name.
pub fn token_name() -> Question<DevToken::nameCall, String> {
    Question::new(&DevToken::nameCall {}, Some)
}

/// The token's symbol.
pub fn symbol() -> Question<DevToken::symbolCall, String> {
    Question::new(&DevToken::symbolCall {}, Some)
}

/// The token's decimals.
pub fn decimals() -> Question<DevToken::decimalsCall, u8> {
    Question::new(&DevToken::decimalsCall {}, Some)
}

/// Deposited and not set aside.
pub fn free(who: EvmAddress, token: EvmAddress) -> Question<TtalkakEscrow::freeCall, Amount> {
    let call = TtalkakEscrow::freeCall { who: inner(who), token: inner(token) };
    Question::new(&call, |units| Some(amount(units)))
}

/// Whose signature makes a voucher.
pub fn meter() -> Question<TtalkakEscrow::meterCall, EvmAddress> {
    Question::new(&TtalkakEscrow::meterCall {}, |meter| Some(EvmAddress(meter.into_array())))
}

/// Where an agreement stands on chain. After a close `cap` equals `claimed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Locked in all.
    pub cap: Amount,
    /// Of it paid to the provider.
    pub claimed: Amount,
    /// When an end was asked for, seconds since 1970.
    pub ended_at: Option<u64>,
}

/// Where an agreement stands.
pub fn agreement(key: ChainHash) -> Question<TtalkakEscrow::agreementsCall, Standing> {
    let call = TtalkakEscrow::agreementsCall { id: key.0.into() };
    Question::new(&call, |found| {
        let ended_at: u64 = found.endedAt.to();
        Some(Standing {
            cap: Amount(found.cap.to()),
            claimed: Amount(found.claimed.to()),
            ended_at: (ended_at != 0).then_some(ended_at),
        })
    })
}

/// Earned and not paid out.
pub fn credit(who: EvmAddress, token: EvmAddress) -> Question<TtalkakEscrow::creditCall, Amount> {
    let call = TtalkakEscrow::creditCall { who: inner(who), token: inner(token) };
    Question::new(&call, |units| Some(amount(units)))
}

/// How long a provider may redeem vouchers after the end, seconds.
pub fn notice() -> Question<TtalkakEscrow::NOTICECall, u64> {
    Question::new(&TtalkakEscrow::NOTICECall {}, |seconds| seconds.try_into().ok())
}

/// The platform's share of earnings, in 1/10000.
pub fn fee_bps() -> Question<TtalkakEscrow::feeBpsCall, u16> {
    Question::new(&TtalkakEscrow::feeBpsCall {}, Some)
}

/// Whether a mandate was revoked.
pub fn is_revoked(mandate: ChainHash) -> Question<TtalkakEscrow::mandatesCall, bool> {
    let call = TtalkakEscrow::mandatesCall { id: mandate.0.into() };
    Question::new(&call, |found| Some(found.revoked))
}

/// The meter before the present one, and until when its vouchers hold, seconds since 1970.
pub fn previous_meter() -> Question<TtalkakEscrow::previousMeterCall, EvmAddress> {
    Question::new(&TtalkakEscrow::previousMeterCall {}, |meter| Some(EvmAddress(meter.into_array())))
}

/// What marks the event `Opened`.
pub fn opened_topic() -> ChainHash {
    ChainHash(TtalkakEscrow::Opened::SIGNATURE_HASH.0)
}

/// What marks the event `MeterChanged`.
pub fn meter_changed_topic() -> ChainHash {
    ChainHash(TtalkakEscrow::MeterChanged::SIGNATURE_HASH.0)
}

/// An address as an indexed field.
pub fn address_topic(address: EvmAddress) -> ChainHash {
    let mut word = [0; 32];
    word[12..].copy_from_slice(&address.0);
    ChainHash(word)
}

/// What marks the events `Claimed` and `Settled`: the hash of their signature.
pub fn claimed_topic() -> ChainHash {
    ChainHash(TtalkakEscrow::Claimed::SIGNATURE_HASH.0)
}

/// The same for `Settled`.
pub fn settled_topic() -> ChainHash {
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
