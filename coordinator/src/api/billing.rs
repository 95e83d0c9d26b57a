//! The tenant's side of money: what there is and what it costs, the wallet, the mandate, prices, and the evidence of a
//! line. Deliberately absent: keys of users, which never come here, and moving money, which wallets do themselves.

use super::{
    ApiState,
    caller::{Asker, Caller, can},
    error::ApiError,
    extract::{Json, Key, Query, Reply, ok},
    statement, validate,
};
use crate::{
    clock,
    ledger::Account,
    logic::{funding, placement::Need, price},
    money::Money,
    store::{agreement::AgreementRow, mandate::MandateRow},
};
use http::StatusCode;
use std::collections::{BTreeMap, BTreeSet};
use ttalkak_escrow::{Typed, keccak, mandate_id, recover, recover_message};
use ttalkak_protocol::{
    ErrorCode,
    api::billing::{
        AgreementState, BillingView, ChargedReading, DeploymentCost, Estimate, Evidence, MandateView, Plan,
        PriceBook, PriceQuery, PricedOffer, SetMandate,
    },
    error::Problem,
    id::{AgreementId, DeploymentId},
    money::{Amount, Domain, EvmAddress, Mandate, reading_bytes},
    unit::UnixMillis,
};

impl ApiState {
    /// Money, or the answer where there is none.
    pub(super) fn money(&self) -> Result<&Money, ApiError> {
        let off = || ApiError::new(ErrorCode::PaymentsOff, "This coordinator charges nothing.");
        self.money.as_deref().ok_or_else(off)
    }
}

pub(super) fn sum(amounts: impl IntoIterator<Item = Amount>) -> Amount {
    amounts.into_iter().fold(Amount::ZERO, |sum, amount| sum.checked_add(amount).unwrap_or(Amount::MAX))
}

/// What there is, what it costs, and how long it lasts.
#[utoipa::path(get, path = "/v1/billing", tag = "billing", security(("token" = ["read"])),
    responses((status = 200, description = "At a glance.", body = BillingView)))]
pub(super) async fn read(caller: Caller<can::Read>) -> Reply<BillingView> {
    let money = caller.money()?;
    let (store, account) = (&caller.store, caller.account);
    let Purse { free, held, rows } = purse(&caller).await?;
    let running: BTreeSet<DeploymentId> = store.leased_deployments(account).await?.into_iter().collect();
    let at_work = |row: &&AgreementRow| matches!(row.state, AgreementState::Open | AgreementState::Ending);
    let mandate = match store.mandate_in_force(account).await? {
        Some(row) => Some(mandate_view(&caller, &row).await?),
        None => None,
    };
    let dates = store.end_dates(account).await?;
    let deployments = costs(&rows, &running, free, &dates);
    let cost_per_hour = sum(deployments.iter().filter(|one| one.running).map(|one| one.cost_per_hour));
    let left = sum(rows
        .iter()
        .filter(|row| row.state == AgreementState::Open)
        .map(AgreementRow::left)
        .chain([free]));
    let runway = price::seconds_left(left, cost_per_hour).filter(|_| cost_per_hour > Amount::ZERO);
    Ok(ok(BillingView {
        chain: money.view(),
        wallet: store.wallet(account).await?,
        free,
        locked: sum(rows.iter().filter(at_work).map(AgreementRow::left).chain([held])),
        accrued: sum(rows.iter().filter(at_work).map(|row| row.charged.saturating_sub(row.settled))),
        settled: sum(rows.iter().map(|row| row.settled)),
        mandate,
        cost_per_hour,
        runway_seconds: runway,
        display: money.display(clock::now()),
        deployments,
        notices: store.notices(account).await?,
    }))
}

/// An account's money, all of one moment.
struct Purse {
    free: Amount,
    held: Amount,
    rows: Vec<AgreementRow>,
}

/// Read again when something was booked meanwhile, so that nothing is shown twice or not at all.
async fn purse(caller: &Asker) -> Result<Purse, ApiError> {
    /// Under heavy booking the last look is shown as it is.
    const LOOKS: u32 = 5;
    let (store, account) = (&caller.store, caller.account);
    let mut look = 1;
    loop {
        let mark = store.journal_mark().await?;
        let rows = store.agreements_of_tenant(account).await?;
        let free = store.balance(Account::Free(account)).await?;
        let held = sum(store.pending_holds(account).await?.into_iter().map(|hold| hold.amount));
        if look == LOOKS || store.journal_mark().await? == mark {
            return Ok(Purse { free, held, rows });
        }
        look += 1;
    }
}

async fn mandate_view(state: &ApiState, row: &MandateRow) -> Result<MandateView, ApiError> {
    let used = state.store.mandate_used(row, clock::now()).await?;
    let Mandate { cap, period, .. } = row.mandate;
    Ok(MandateView {
        id: row.id,
        mandate: row.mandate,
        plan: Plan::of(period),
        used,
        left: cap.saturating_sub(used),
        fresh_at: funding::fresh_at(&row.mandate, clock::now()),
    })
}

fn open<'a>(rows: &[&'a AgreementRow]) -> Option<&'a AgreementRow> {
    rows.iter().find(|row| row.state == AgreementState::Open).copied()
}

/// Agreements by deployment, the running ones first. What is free lasts for all that run, by their share of the cost.
fn costs(
    rows: &[AgreementRow],
    running: &BTreeSet<DeploymentId>,
    free: Amount,
    dates: &BTreeMap<DeploymentId, UnixMillis>,
) -> Vec<DeploymentCost> {
    let now = clock::now();
    let mut by_deployment: BTreeMap<DeploymentId, Vec<&AgreementRow>> = BTreeMap::new();
    for row in rows {
        by_deployment.entry(row.deployment).or_default().push(row);
    }
    let runs = |id: &DeploymentId| running.contains(id);
    let here = by_deployment.iter().filter(|(id, _)| runs(id));
    let all = sum(here.filter_map(|(_, rows)| Some(open(rows)?.cost_per_hour())));
    let mut costs: Vec<_> = by_deployment
        .iter()
        .map(|(id, rows)| {
            let paid = open(rows).filter(|_| runs(id));
            let cost_per_hour = paid.map(AgreementRow::cost_per_hour).unwrap_or_default();
            let share = funding::share(free, cost_per_hour, all);
            let runway = paid.and_then(|row| price::seconds_left(sum([row.left(), share]), cost_per_hour));
            DeploymentCost {
                deployment: *id,
                name: rows[0].deployment_name.clone(),
                running: runs(id),
                cost_per_hour,
                charged: sum(rows.iter().map(|row| row.charged)),
                runway_seconds: runway,
                until: dates.get(id).copied(),
                cost_until: dates
                    .get(id)
                    .filter(|_| paid.is_some())
                    .map(|until| price::cost_of(cost_per_hour, until.since(now))),
                agreements: rows.iter().map(|row| row.view()).collect(),
            }
        })
        .collect();
    costs.sort_by_key(|one| (!one.running, std::cmp::Reverse(one.agreements[0].id)));
    costs
}

/// The mandate from here on: what deployments may cost without asking again.
#[utoipa::path(put, path = "/v1/billing/mandate", tag = "billing", security(("token" = ["pay"])), request_body = SetMandate,
    responses((status = 204, description = "In force.")))]
pub(super) async fn set_mandate(
    caller: Caller<can::Pay>,
    Json(wish): Json<SetMandate>,
) -> Result<StatusCode, ApiError> {
    let money = caller.money()?;
    let SetMandate { mandate, signature } = wish;
    let wallet = caller.store.wallet(caller.account).await?;
    let wallet =
        wallet.ok_or_else(|| ApiError::new(ErrorCode::WalletRequired, "The account has no wallet."))?;
    check_mandate(&mandate, wallet, money.token(), clock::now())?;
    if recover(mandate.digest(&money.domain()), &signature) != Ok(wallet) {
        let message = "The signature is not of the account's wallet, or for another chain or contract.";
        return Err(ApiError::new(ErrorCode::WalletSignatureInvalid, message));
    }
    caller.store.set_mandate(caller.account, (&mandate, &signature), clock::now()).await?;
    caller.nudge.sagas();
    tracing::info!(account.id = %caller.account, mandate = %mandate_id(&mandate), "a mandate is in force");
    Ok(StatusCode::NO_CONTENT)
}

/// What the contract would refuse later is refused now.
fn check_mandate(
    mandate: &Mandate,
    wallet: EvmAddress,
    token: EvmAddress,
    now: UnixMillis,
) -> Result<(), Problem> {
    /// Fields of 40 bits on chain.
    const TIME_END: u64 = 1 << 40;
    /// JavaScript reads whole numbers below this.
    const SALT_END: u64 = 1 << 53;
    let now = u64::try_from(now.0 / 1000).unwrap_or(0);
    let wrong = [
        (mandate.tenant != wallet, "The mandate is of another wallet than the account's."),
        (mandate.token != token, "The mandate is for another token."),
        (mandate.expiry <= now, "The mandate has expired."),
        (mandate.start > now, "The mandate is not in force yet."),
        (mandate.expiry >= TIME_END || mandate.period >= TIME_END, "The mandate's times are out of range."),
        (mandate.salt >= SALT_END, "The mandate's salt is out of range."),
    ];
    match wrong.into_iter().find(|(wrong, _)| *wrong) {
        Some((_, message)) => Err(Problem::new(ErrorCode::MandateInvalid, message)),
        None => Ok(()),
    }
}

/// What providers that are online ask for, the cheapest first, and what a size costs.
#[utoipa::path(get, path = "/v1/billing/prices", tag = "billing", security(("token" = ["read"])), params(PriceQuery),
    responses((status = 200, description = "Now.", body = PriceBook)))]
pub(super) async fn prices(caller: Caller<can::Read>, Query(query): Query<PriceQuery>) -> Reply<PriceBook> {
    caller.money()?;
    let now = clock::now();
    validate::until(query.until, now)?;
    let need = Need {
        memory: validate::memory(query.memory_bytes)?,
        cpu: validate::cpu(query.milli_cpu)?,
        rate_max: None,
    };
    let reserved = price::reserved(&need);
    let named = caller.store.named_offers().await?.into_iter();
    let mut offers: Vec<PricedOffer> = named
        .filter(|(agent, ..)| caller.online.contains(*agent))
        .map(|(provider, name, offer)| {
            let cost_per_hour = ttalkak_escrow::price::rate_per_hour(&offer.rates, &reserved);
            PricedOffer { provider, name, rates: offer.rates, cost_per_hour }
        })
        .collect();
    offers.sort_by_key(|offer| (offer.cost_per_hour, offer.provider));
    let estimate = offers.first().map(|cheapest| Estimate {
        reserved,
        per_hour: cheapest.cost_per_hour,
        per_month: price::per_month(cheapest.cost_per_hour),
        until_end: query.until.map(|until| price::cost_of(cheapest.cost_per_hour, until.since(now))),
    });
    Ok(ok(PriceBook { offers, estimate }))
}

/// All that is needed to recompute a line, for those who pay or earn under it.
#[utoipa::path(get, path = "/v1/billing/agreements/{agreement}/evidence", tag = "billing", security(("token" = ["read"])),
    params(("agreement" = AgreementId, Path, description = "Its id.")),
    responses((status = 200, description = "From readings to the chain.", body = Evidence)))]
pub(super) async fn evidence(caller: Caller<can::Read>, Key(key): Key) -> Reply<Evidence> {
    let unknown = || ApiError::new(ErrorCode::NotFound, "There is no agreement of that id.");
    let id: AgreementId = key.parse().map_err(|_| unknown())?;
    let row = caller.store.agreement_seen_by(caller.account, id).await?.ok_or_else(unknown)?;
    let money = caller.money()?;
    let agent = caller.store.agent_key(row.agent).await?.ok_or_else(unknown)?;
    let readings = caller.store.readings(id).await?;
    Ok(ok(Evidence {
        meters: meters(&readings, &money.domain(), money.meter.address()),
        caps: caller.store.cap_lines(row.key).await?,
        domain: money.domain(),
        agreement: row.view(),
        rates: row.rates,
        reserved: row.reserved,
        agent_key: hex::encode(agent.public_key),
        meter: money.meter.address(),
        readings,
        voucher: row.voucher,
        settlements: caller.store.settlement_lines(id, row.key).await?,
    }))
}

/// Who signed, in the order of the readings; the present meter is the last, also when it signed nothing yet.
fn meters(readings: &[ChargedReading], domain: &Domain, present: EvmAddress) -> Vec<EvmAddress> {
    let mut meters = Vec::new();
    let signer = |charged: &ChargedReading| {
        let digest = keccak(&reading_bytes(domain, &charged.signed.reading));
        recover_message(&digest.0, &charged.countersigned.signature).ok()
    };
    for meter in readings.iter().filter_map(signer).chain([present]) {
        if meters.last() != Some(&meter) {
            meters.push(meter);
        }
    }
    meters
}

/// What was charged in a month, as CSV: one line for each agreement and day.
#[utoipa::path(get, path = "/v1/billing/statement.csv", tag = "billing", security(("token" = ["read"])), params(statement::MonthQuery),
    responses((status = 200, description = "The month.", body = String, content_type = "text/csv")))]
pub(super) async fn statement(
    caller: Caller<can::Read>,
    Query(query): Query<statement::MonthQuery>,
) -> Result<axum::response::Response, ApiError> {
    statement::of(&caller, caller.account, crate::store::billing::Side::Tenant, &query).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mandate() -> Mandate {
        Mandate {
            tenant: EvmAddress([1; 20]),
            token: EvmAddress([2; 20]),
            rate_per_hour_max: Amount(1),
            cap: Amount(1),
            period: 0,
            start: 0,
            expiry: 2_000,
            salt: 1,
        }
    }

    #[test]
    fn a_mandate_that_the_contract_would_refuse_is_refused_at_once() {
        let judged = |mandate: &Mandate| {
            check_mandate(mandate, EvmAddress([1; 20]), EvmAddress([2; 20]), UnixMillis(1_000_000))
        };
        assert_eq!(judged(&mandate()), Ok(()));
        for bad in [
            Mandate { tenant: EvmAddress([3; 20]), ..mandate() },
            Mandate { token: EvmAddress([3; 20]), ..mandate() },
            Mandate { expiry: 1_000, ..mandate() },
            Mandate { start: 1_001, ..mandate() },
            Mandate { expiry: 1 << 40, ..mandate() },
            Mandate { period: 1 << 40, ..mandate() },
            Mandate { salt: 1 << 53, ..mandate() },
        ] {
            assert_eq!(judged(&bad).unwrap_err().code, ErrorCode::MandateInvalid, "{bad:?}");
        }
    }
}
