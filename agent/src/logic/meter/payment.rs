//! Whether a lease is paid as its provider asks. Checked before anything is started for it.

use super::{Lending, Trusted, book::Page};
use ttalkak_escrow::{agreement_key, price, recover, typed::Typed};
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    link::{Lease, Payment},
    money::{ChainHash, Rates},
    unit::UnixMillis,
};

/// What was agreed once stays agreed: a known agreement is held to its own rates and not to today's offer.
/// Errors: what is wrong, as the coordinator is told.
pub(super) fn check(
    lease: &Lease,
    payment: &Payment,
    lending: &Lending,
    page: Option<&Page>,
    now: UnixMillis,
) -> Result<(), Problem> {
    match page {
        Some(page) => {
            want(page.domain == payment.domain, "Chain or contract of a known agreement changed.")?;
            want(covers(&payment.rates, &page.rates), "The rates are below those that were agreed.")?;
        }
        None => first_sight(payment, lending)?,
    }
    let Payment { terms, rates, reserved, .. } = payment;
    let enough = terms.rate_per_hour >= price::rate_per_hour(rates, reserved);
    want(enough, "What stands on chain is below the rates for what the lease reserves.")?;
    let reserves = reserved.cpu >= lease.run.cpu && reserved.memory >= lease.run.memory;
    want(reserves, "The lease runs with more than it pays for.")?;
    let seconds = u64::try_from(now.0 / 1000).unwrap_or(0);
    want(terms.expiry > seconds, "The agreement has expired, and nothing more can be earned under it.")
}

fn first_sight(payment: &Payment, lending: &Lending) -> Result<(), Problem> {
    let Some(offer) = &lending.offer else {
        return Err(refused("This machine has no address at which it could be paid."));
    };
    want(payment.terms.provider == offer.payee, "The terms pay somebody else.")?;
    want(covers(&payment.rates, &offer.rates), "The rates are below the offer.")?;
    let Trusted { chain_id, escrow, token } = lending.trusted;
    want(chain_id.is_none_or(|id| id == payment.domain.chain_id), "The terms are for another chain.")?;
    want(escrow.is_none_or(|at| at == payment.domain.contract), "The terms are for another contract.")?;
    want(token.is_none_or(|token| token == payment.terms.token), "The terms pay in another token.")?;
    let signed = payment.voucher.is_none_or(|signed| {
        let meter = recover(signed.voucher.digest(&payment.domain), &signed.signature);
        signed.voucher.agreement == key(payment) && meter == Ok(payment.meter)
    });
    want(signed, "The voucher of the agreement is not the meter's.")
}

/// Under which the agreement stands in the book.
pub(super) fn key(payment: &Payment) -> ChainHash {
    agreement_key(&payment.terms)
}

fn covers(paid: &Rates, asked: &Rates) -> bool {
    paid.cpu_hour >= asked.cpu_hour
        && paid.memory_gib_hour >= asked.memory_gib_hour
        && paid.disk_gib_hour >= asked.disk_gib_hour
        && paid.egress_gib >= asked.egress_gib
}

fn want(holds: bool, otherwise: &str) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(refused(otherwise)) }
}

fn refused(message: &str) -> Problem {
    Problem::new(ErrorCode::PaymentRefused, message)
}
