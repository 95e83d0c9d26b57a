//! The routes of money.

use super::{Api, call::Patience, routes::NO_BODY};
use crate::error::{CliError, CliResult};
use reqwest::Method;
use serde_json::json;
use ttalkak_protocol::{
    api::billing::{
        AskWalletMessage, BillingView, EarningsView, Evidence, LinkWallet, PriceBook, PriceQuery, SetMandate,
        SetThreshold, WalletMessage,
    },
    error::ErrorCode,
};

/// Whose statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// What was paid.
    Tenant,
    /// What was earned.
    Provider,
}

impl Api {
    /// `GET /v1/billing`.
    pub(crate) async fn billing(&self) -> CliResult<BillingView> {
        self.call(Method::GET, self.url(&["billing"]), NO_BODY, Patience::Some).await
    }

    /// The same; `None` where nothing is charged, also by coordinators from before money.
    pub(crate) async fn find_billing(&self) -> CliResult<Option<BillingView>> {
        let off = |status, code| code == ErrorCode::PaymentsOff || status == 404;
        match self.call(Method::GET, self.url(&["billing"]), NO_BODY, Patience::None).await {
            Ok(view) => Ok(Some(view)),
            Err(CliError::Answer { status, detail }) if off(status, detail.problem.code) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `POST /v1/billing/wallet/message`.
    pub(crate) async fn wallet_message(&self, body: &AskWalletMessage) -> CliResult<WalletMessage> {
        let url = self.url(&["billing", "wallet", "message"]);
        self.call(Method::POST, url, Some(body), Patience::Some).await
    }

    /// `PUT /v1/billing/wallet`. Makes one try: its message is good once.
    pub(crate) async fn link_wallet(&self, body: &LinkWallet) -> CliResult<()> {
        self.call_unit(Method::PUT, self.url(&["billing", "wallet"]), Some(body)).await
    }

    /// `PUT /v1/billing/mandate`.
    pub(crate) async fn set_mandate(&self, body: &SetMandate) -> CliResult<()> {
        self.call_unit(Method::PUT, self.url(&["billing", "mandate"]), Some(body)).await
    }

    /// `GET /v1/billing/prices`.
    pub(crate) async fn prices(&self, query: &PriceQuery) -> CliResult<PriceBook> {
        let url = self.url_with(&["billing", "prices"], query);
        self.call(Method::GET, url, NO_BODY, Patience::Some).await
    }

    /// `GET /v1/billing/agreements/{agreement}/evidence`.
    pub(crate) async fn evidence(&self, agreement: &str) -> CliResult<Evidence> {
        let url = self.url(&["billing", "agreements", agreement, "evidence"]);
        self.call(Method::GET, url, NO_BODY, Patience::Some).await
    }

    /// `GET /v1/earnings`.
    pub(crate) async fn earnings(&self) -> CliResult<EarningsView> {
        self.call(Method::GET, self.url(&["earnings"]), NO_BODY, Patience::Some).await
    }

    /// `PUT /v1/earnings/threshold`.
    pub(crate) async fn set_threshold(&self, body: &SetThreshold) -> CliResult<()> {
        self.call_unit(Method::PUT, self.url(&["earnings", "threshold"]), Some(body)).await
    }

    /// `POST /v1/earnings/settle`.
    pub(crate) async fn settle(&self) -> CliResult<()> {
        self.call_unit(Method::POST, self.url(&["earnings", "settle"]), NO_BODY).await
    }

    /// `GET /v1/billing/statement.csv` or `/v1/earnings/statement.csv`, as it comes. `month`: `2026-11`.
    pub(crate) async fn statement(&self, side: Side, month: &str) -> CliResult<String> {
        let room = match side {
            Side::Tenant => "billing",
            Side::Provider => "earnings",
        };
        let url = self.url_with(&[room, "statement.csv"], &json!({ "month": month }));
        let response =
            self.send(Method::GET, url, Patience::Some, |request| std::future::ready(Ok(request))).await?;
        response.text().await.map_err(|cause| self.unreachable(cause))
    }
}
