//! One function per reason: the entries that the books know. Amounts are whole base units; an amount of nothing makes an
//! entry without postings. All err with `TooMuch` beyond 96 bits and with nothing else that a caller can cause, except
//! where said.

use super::{Account, Entry, LedgerError, Posting, Reason};
use ttalkak_protocol::{
    id::{AccountId, AgreementId, HoldId},
    money::{Amount, EvmAddress},
};

/// Money of a tenant arrived in the contract (`Deposited`). Also for one from before the wallet was linked, with the key
/// of its event.
pub fn deposit(tenant: AccountId, amount: Amount) -> Result<Entry, LedgerError> {
    moved(Reason::Deposit, Account::Chain, Account::Free(tenant), amount)
}

/// A tenant took free money out (`Withdrawn`). The chain knows no holds: when this overdraws, void what
/// [`super::hold::voids_for`] names first, since those locks cannot be opened any more.
pub fn withdraw(tenant: AccountId, amount: Amount) -> Result<Entry, LedgerError> {
    moved(Reason::Withdraw, Account::Free(tenant), Account::Chain, amount)
}

/// Sets money aside for a lock that is about to be sent. Refused at append as `Overdrawn` when it is not there.
pub fn hold(tenant: AccountId, hold: HoldId, amount: Amount) -> Result<Entry, LedgerError> {
    moved(Reason::Hold, Account::Free(tenant), Account::Hold(hold), amount)
}

/// The lock of a hold stands on chain (`Opened`): by so much the agreement's cap grew. What is left of the hold is to be
/// voided.
pub fn hold_post(hold: HoldId, agreement: AgreementId, amount: Amount) -> Result<Entry, LedgerError> {
    moved(Reason::HoldPost, Account::Hold(hold), Account::Locked(agreement), amount)
}

/// A hold, or what is left of it, is free again.
pub fn hold_void(hold: HoldId, tenant: AccountId, amount: Amount) -> Result<Entry, LedgerError> {
    moved(Reason::HoldVoid, Account::Hold(hold), Account::Free(tenant), amount)
}

/// A lock stands on chain (`Opened`) that no hold was made for, or beyond its hold: the agreement's cap grew by so much.
pub fn lock(tenant: AccountId, agreement: AgreementId, amount: Amount) -> Result<Entry, LedgerError> {
    moved(Reason::Lock, Account::Free(tenant), Account::Locked(agreement), amount)
}

/// The charge of one reading.
pub fn charge(agreement: AgreementId, amount: Amount) -> Result<Entry, LedgerError> {
    moved(Reason::Charge, Account::Locked(agreement), Account::Accrued(agreement), amount)
}

/// What the chain settled under one agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// Which agreement.
    pub agreement: AgreementId,
    /// By how much `claimed` grew: before the platform's share.
    pub gross: Amount,
    /// The balance of its `accrued` now. What was settled beyond it, by a voucher of the tenant's own, comes out of
    /// `locked`.
    pub accrued: Amount,
}

/// What a payee got for it (`ProviderPaid`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// Who.
    pub payee: EvmAddress,
    /// After the platform's share.
    pub net: Amount,
    /// Sent to the payee; if not, it is credit in the contract.
    pub pushed: bool,
}

/// The chain paid one payee for these agreements, each named once. The platform's share is what the payee did not get; it
/// is rounded per payment and not per agreement, so agreements that were paid as one stand in one entry.
/// Errors: also `Misplaced` when the payee got more than was settled.
pub fn settle(parts: &[Settled], paid: Paid) -> Result<Entry, LedgerError> {
    let mut postings = Vec::with_capacity(2 * parts.len() + 2);
    let mut gross = 0_i128;
    for part in parts {
        let (all, used) = (signed(part.gross)?, signed(part.gross.min(part.accrued))?);
        gross = gross.checked_add(all).ok_or(LedgerError::TooMuch)?;
        postings.push(Posting { account: Account::Accrued(part.agreement), amount: -used });
        postings.push(Posting { account: Account::Locked(part.agreement), amount: used - all });
    }
    let net = signed(paid.net)?;
    let payee = if paid.pushed { Account::Chain } else { Account::Credit(paid.payee) };
    postings.push(Posting { account: payee, amount: net });
    postings.push(Posting { account: Account::FeeCredit, amount: gross - net });
    Entry::new(Reason::Settle, postings)
}

/// Credit of a payee left the contract (`Paid`).
pub fn payout(payee: EvmAddress, amount: Amount) -> Result<Entry, LedgerError> {
    moved(Reason::Payout, Account::Credit(payee), Account::Chain, amount)
}

/// The same for whoever collects the platform's share, who may have lent a machine too: `fees` is the balance of
/// `fee:credit` now, and what is beyond it was earned as a payee.
pub fn payout_fees(payee: EvmAddress, amount: Amount, fees: Amount) -> Result<Entry, LedgerError> {
    let (all, shared) = (signed(amount)?, signed(amount.min(fees))?);
    let postings =
        [(Account::FeeCredit, -shared), (Account::Credit(payee), shared - all), (Account::Chain, all)];
    Entry::new(Reason::Payout, postings.map(|(account, amount)| Posting { account, amount }))
}

/// An agreement closed (`Closed`) and its tenant has back what was not used: the balance of `locked` now.
pub fn release(agreement: AgreementId, tenant: AccountId, locked: Amount) -> Result<Entry, LedgerError> {
    moved(Reason::Release, Account::Locked(agreement), Account::Free(tenant), locked)
}

/// An agreement closed with use that was not settled: the balance of `accrued` then. It should never come to this; who
/// writes it raises an alarm.
pub fn lost(agreement: AgreementId, tenant: AccountId, accrued: Amount) -> Result<Entry, LedgerError> {
    moved(Reason::Lost, Account::Accrued(agreement), Account::Free(tenant), accrued)
}

fn moved(reason: Reason, from: Account, to: Account, amount: Amount) -> Result<Entry, LedgerError> {
    let amount = signed(amount)?;
    Entry::new(reason, [Posting { account: from, amount: -amount }, Posting { account: to, amount }])
}

fn signed(amount: Amount) -> Result<i128, LedgerError> {
    let within = Some(amount).filter(|amount| *amount <= Amount::MAX);
    within.and_then(|amount| i128::try_from(amount.0).ok()).ok_or(LedgerError::TooMuch)
}
