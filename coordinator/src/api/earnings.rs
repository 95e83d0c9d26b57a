//! The provider's side of money: what was earned and where it is, when it is paid, and being paid now.

use super::{
    billing::sum,
    caller::{Caller, can},
    error::ApiError,
    extract::{Json, Query, Reply, ok},
    statement,
};
use crate::store::{agreement::AgreementRow, billing::Side};
use http::StatusCode;
use ttalkak_protocol::{
    api::billing::{EarningsView, SetThreshold},
    money::Amount,
};

/// What this account's machines earned.
#[utoipa::path(get, path = "/v1/earnings", tag = "earnings", security(("token" = ["read"])),
    responses((status = 200, description = "At a glance.", body = EarningsView)))]
pub(super) async fn read(caller: Caller<can::Read>) -> Reply<EarningsView> {
    let money = caller.money()?;
    let (store, account) = (&caller.store, caller.account);
    let rows = store.agreements_of_provider(account).await?;
    let vouchered = |row: &AgreementRow| row.voucher.map_or(Amount::ZERO, |signed| signed.voucher.cumulative);
    let payees = store.payees_of(account).await?;
    Ok(ok(EarningsView {
        chain: money.view(),
        earned: sum(rows.iter().map(|row| row.charged.max(row.settled))),
        vouchered: sum(rows.iter().map(|row| vouchered(row).saturating_sub(row.settled))),
        settled: sum(rows.iter().map(|row| row.settled)),
        paid: store.paid_to(&payees).await?,
        next_settlement_at: money.next_settlement(),
        threshold: store.payout_threshold(account).await?,
        display: money.display(crate::clock::now()),
        agreements: rows.iter().map(AgreementRow::view).collect(),
    }))
}

/// Pay out once so much is due.
#[utoipa::path(put, path = "/v1/earnings/threshold", tag = "earnings", security(("token" = ["lend"])), request_body = SetThreshold,
    responses((status = 204, description = "From the next settlement on.")))]
pub(super) async fn set_threshold(
    caller: Caller<can::Lend>,
    Json(wish): Json<SetThreshold>,
) -> Result<StatusCode, ApiError> {
    caller.money()?;
    caller.store.set_payout_threshold(caller.account, wish.threshold).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pays out what is due now, whatever the threshold.
#[utoipa::path(post, path = "/v1/earnings/settle", tag = "earnings", security(("token" = ["lend"])),
    responses((status = 202, description = "On its way to the chain.")))]
pub(super) async fn settle(caller: Caller<can::Lend>) -> Result<StatusCode, ApiError> {
    let money = caller.money()?;
    money.claim_now(caller.store.payees_of(caller.account).await?);
    Ok(StatusCode::ACCEPTED)
}

/// What was earned in a month, as CSV: one line for each agreement and day.
#[utoipa::path(get, path = "/v1/earnings/statement.csv", tag = "earnings", security(("token" = ["read"])), params(statement::MonthQuery),
    responses((status = 200, description = "The month.", body = String, content_type = "text/csv")))]
pub(super) async fn statement(
    caller: Caller<can::Read>,
    Query(query): Query<statement::MonthQuery>,
) -> Result<axum::response::Response, ApiError> {
    statement::of(&caller, caller.account, Side::Provider, &query).await
}
