//! How the contracts are called and what they say: bindings, call data in the protocol's own types, and names for
//! reverts. A test holds the bindings against the committed artifacts. Deliberately absent: sending anything.

use crate::{address::inner, batch, permit::ReceiveAuthorization};
use alloy_primitives::{
    B256, FixedBytes, U256,
    aliases::{U40, U96},
};
use alloy_sol_types::SolCall as _;
use ttalkak_protocol::money::{Amount, ChainHash, EvmAddress, EvmSignature, Mandate, Terms};

mod artifact;
mod bindings;
mod revert;

pub use artifact::{ESCROW_ARTIFACT, TOKEN_ARTIFACT, deploy_escrow, deploy_token};
pub use bindings::{DevToken, TtalkakEscrow};
pub use revert::revert_name;

/// An agreement to open or to raise, with the proof that the tenant wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// What was agreed.
    pub terms: Terms,
    /// In all; a higher one tops up.
    pub cap: Amount,
    /// The tenant's, over [`crate::Lock`].
    pub signature: EvmSignature,
}

/// As [`Opening`], under a mandate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MandatedOpening {
    /// What was agreed.
    pub terms: Terms,
    /// In all; a higher one tops up.
    pub cap: Amount,
    /// Which mandate permits it.
    pub mandate: Mandate,
    /// The tenant's, over the mandate; absent when the contract has seen it before.
    pub signature: Option<EvmSignature>,
}

/// A total under an agreement, and a signature over it: the meter's (claim) or the provider's (close).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedTotal {
    /// What was agreed.
    pub terms: Terms,
    /// So much in all.
    pub cumulative: Amount,
    /// Absent where none is needed.
    pub signature: Option<EvmSignature>,
}

/// Call data of `openMany`.
pub fn encode_open(openings: &[Opening]) -> Vec<u8> {
    TtalkakEscrow::openManyCall {
        terms: openings.iter().map(|opening| terms(&opening.terms)).collect(),
        caps: openings.iter().map(|opening| uint96(opening.cap)).collect(),
        sigs: openings.iter().map(|opening| opening.signature.0.to_vec().into()).collect(),
    }
    .abi_encode()
}

/// Call data of `openUnder`.
pub fn encode_open_under(openings: &[MandatedOpening]) -> Vec<u8> {
    TtalkakEscrow::openUnderCall {
        terms: openings.iter().map(|opening| terms(&opening.terms)).collect(),
        caps: openings.iter().map(|opening| uint96(opening.cap)).collect(),
        mandates: openings.iter().map(|opening| mandate(&opening.mandate)).collect(),
        sigs: openings.iter().map(|opening| bytes(opening.signature)).collect(),
    }
    .abi_encode()
}

/// Call data of `revoke`.
pub fn encode_revoke(revoked: &Mandate) -> Vec<u8> {
    TtalkakEscrow::revokeCall { mandate: mandate(revoked) }.abi_encode()
}

/// Call data of `settleFlat`; `items` are of one token, as [`batch::chunks`] cuts them.
pub fn encode_settle(number: u64, token: EvmAddress, items: &[batch::SettleItem]) -> Vec<u8> {
    let words = batch::pack(items).into_iter().map(U256::from_be_bytes).collect();
    TtalkakEscrow::settleFlatCall { batch: number, token: inner(token), words }.abi_encode()
}

/// What a `settleFlat` call settles: its batch, its token, and each provider's part. `None` when it is another call or its
/// words are malformed.
pub fn decode_settle(input: &[u8]) -> Option<(u64, EvmAddress, Vec<batch::Settled>)> {
    let call = TtalkakEscrow::settleFlatCall::abi_decode(input).ok()?;
    let token = evm_address(call.token);
    let words: Vec<_> = call.words.iter().map(U256::to_be_bytes).collect();
    Some((call.batch, token, batch::unpack(token, &words).ok()?))
}

/// What a call of `open`, `openMany` or `openUnder` opens or raises, each with the mandate that permits it. Empty when it is
/// another call.
pub fn decode_open(input: &[u8]) -> Vec<(Terms, Option<Mandate>)> {
    if let Ok(call) = TtalkakEscrow::openCall::abi_decode(input) {
        return vec![(terms_of(&call.terms), None)];
    }
    if let Ok(call) = TtalkakEscrow::openManyCall::abi_decode(input) {
        return call.terms.iter().map(|terms| (terms_of(terms), None)).collect();
    }
    let Ok(call) = TtalkakEscrow::openUnderCall::abi_decode(input) else { return Vec::new() };
    let mandates = call.mandates.iter().map(|mandate| Some(mandate_of(mandate)));
    call.terms.iter().map(terms_of).zip(mandates).collect()
}

/// Call data of `claim`; `pay`: to the provider at once, else as credit.
pub fn encode_claim(claims: &[SignedTotal], pay: bool) -> Vec<u8> {
    let (terms, cumulative, sigs) = totals(claims);
    TtalkakEscrow::claimCall { terms, cumulative, sigs, pay }.abi_encode()
}

/// Call data of `close`.
pub fn encode_close(closes: &[SignedTotal]) -> Vec<u8> {
    let (terms, cumulative, sigs) = totals(closes);
    TtalkakEscrow::closeCall { terms, cumulative, sigs }.abi_encode()
}

/// Call data of `requestClose`.
pub fn encode_request_close(ended: &Terms) -> Vec<u8> {
    TtalkakEscrow::requestCloseCall { terms: terms(ended) }.abi_encode()
}

/// Call data of `deposit`; with the chain's own coin (token zero) the transaction's value must be the amount.
pub fn encode_deposit(token: EvmAddress, amount: Amount) -> Vec<u8> {
    TtalkakEscrow::depositCall { token: inner(token), amount: U256::from(amount.0) }.abi_encode()
}

/// Call data of `depositWithPermit`: the sender's own permit for the escrow.
pub fn encode_deposit_with_permit(
    token: EvmAddress,
    amount: Amount,
    deadline: u64,
    signature: &EvmSignature,
) -> Vec<u8> {
    let (r, s, v) = parts(signature);
    let (amount, deadline) = (U256::from(amount.0), U256::from(deadline));
    TtalkakEscrow::depositWithPermitCall { token: inner(token), amount, deadline, v, r, s }.abi_encode()
}

/// Call data of `depositWithPermitFor`: somebody else's permit, sent for them.
pub fn encode_deposit_with_permit_for(
    owner: EvmAddress,
    token: EvmAddress,
    amount: Amount,
    deadline: u64,
    signature: &EvmSignature,
) -> Vec<u8> {
    let (r, s, v) = parts(signature);
    let (amount, deadline) = (U256::from(amount.0), U256::from(deadline));
    let call = TtalkakEscrow::depositWithPermitForCall {
        owner: inner(owner),
        token: inner(token),
        amount,
        deadline,
        v,
        r,
        s,
    };
    call.abi_encode()
}

/// Call data of `depositWithAuthorization`: an EIP-3009 authorisation made out to the escrow, sent by anybody.
pub fn encode_deposit_with_authorization(
    token: EvmAddress,
    authorization: &ReceiveAuthorization,
    signature: &EvmSignature,
) -> Vec<u8> {
    let (r, s, v) = parts(signature);
    TtalkakEscrow::depositWithAuthorizationCall {
        from: inner(authorization.from),
        token: inner(token),
        amount: U256::from(authorization.value.0),
        validAfter: U256::from(authorization.valid_after),
        validBefore: U256::from(authorization.valid_before),
        nonce: B256::from(authorization.nonce.0),
        v,
        r,
        s,
    }
    .abi_encode()
}

/// Call data of `withdraw`.
pub fn encode_withdraw(token: EvmAddress, amount: Amount) -> Vec<u8> {
    TtalkakEscrow::withdrawCall { token: inner(token), amount: U256::from(amount.0) }.abi_encode()
}

/// Call data of `payout`.
pub fn encode_payout(payees: &[EvmAddress], token: EvmAddress) -> Vec<u8> {
    let payees = payees.iter().copied().map(inner).collect();
    TtalkakEscrow::payoutCall { payees, token: inner(token) }.abi_encode()
}

/// Call data of a token's `approve`.
pub fn encode_approve(spender: EvmAddress, amount: Amount) -> Vec<u8> {
    DevToken::approveCall { spender: inner(spender), value: U256::from(amount.0) }.abi_encode()
}

/// Call data of the development token's `mint`.
pub fn encode_mint(to: EvmAddress, amount: Amount) -> Vec<u8> {
    DevToken::mintCall { to: inner(to), amount: U256::from(amount.0) }.abi_encode()
}

/// The contract's form of terms. A field beyond its width is cut to its largest value: the contract then finds no such
/// agreement and refuses.
pub fn terms(terms: &Terms) -> TtalkakEscrow::Terms {
    let Terms { tenant, provider, token, rate_per_hour, start, expiry, salt } = *terms;
    TtalkakEscrow::Terms {
        tenant: inner(tenant),
        provider: inner(provider),
        token: inner(token),
        ratePerHour: uint96(rate_per_hour),
        start: U40::saturating_from(start),
        expiry: U40::saturating_from(expiry),
        salt,
    }
}

/// The contract's form of a mandate; widths as in [`terms`].
pub fn mandate(mandate: &Mandate) -> TtalkakEscrow::Mandate {
    let Mandate { tenant, token, rate_per_hour_max, cap, period, start, expiry, salt } = *mandate;
    TtalkakEscrow::Mandate {
        tenant: inner(tenant),
        token: inner(token),
        ratePerHourMax: uint96(rate_per_hour_max),
        cap: uint96(cap),
        period: U40::saturating_from(period),
        start: U40::saturating_from(start),
        expiry: U40::saturating_from(expiry),
        salt,
    }
}

/// The protocol's form of terms.
fn terms_of(terms: &TtalkakEscrow::Terms) -> Terms {
    Terms {
        tenant: evm_address(terms.tenant),
        provider: evm_address(terms.provider),
        token: evm_address(terms.token),
        rate_per_hour: Amount(terms.ratePerHour.to()),
        start: terms.start.to(),
        expiry: terms.expiry.to(),
        salt: terms.salt,
    }
}

/// The protocol's form of a mandate.
fn mandate_of(mandate: &TtalkakEscrow::Mandate) -> Mandate {
    Mandate {
        tenant: evm_address(mandate.tenant),
        token: evm_address(mandate.token),
        rate_per_hour_max: Amount(mandate.ratePerHourMax.to()),
        cap: Amount(mandate.cap.to()),
        period: mandate.period.to(),
        start: mandate.start.to(),
        expiry: mandate.expiry.to(),
        salt: mandate.salt,
    }
}

type Totals = (Vec<TtalkakEscrow::Terms>, Vec<U96>, Vec<alloy_primitives::Bytes>);

fn totals(items: &[SignedTotal]) -> Totals {
    let each = |item: &SignedTotal| (terms(&item.terms), uint96(item.cumulative), bytes(item.signature));
    items.iter().map(each).collect()
}

fn uint96(amount: Amount) -> U96 {
    U96::saturating_from(amount.0)
}

fn bytes(signature: Option<EvmSignature>) -> alloy_primitives::Bytes {
    signature.map(|signature| signature.0.to_vec()).unwrap_or_default().into()
}

/// r, s, v as token functions take them.
fn parts(signature: &EvmSignature) -> (B256, B256, u8) {
    let half = |at: usize| FixedBytes::<32>::from_slice(&signature.0[at..at + 32]);
    (half(0), half(32), signature.0[64])
}

/// An address of the bindings, in the protocol's type.
pub fn evm_address(address: alloy_primitives::Address) -> EvmAddress {
    EvmAddress(address.into_array())
}

/// A hash of the bindings, in the protocol's type.
pub fn chain_hash(hash: B256) -> ChainHash {
    ChainHash(hash.0)
}

#[cfg(test)]
mod tests;
