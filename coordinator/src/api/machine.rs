//! `/v1/agents/me`: what an agent asks about its own machine, for its owner's screen.
//!
//! The agent shows the token that its welcome carried. A signed request of its own would need a clock, a nonce store and
//! a second meaning for the agent's key; the welcome follows a proof with that key already, and its token is void the
//! moment the link ends, another link begins or the right is taken away: what is replayed later says nothing. It opens
//! these routes only, and neither an account nor the tunnel.

use super::{
    ApiState, Room,
    billing::sum,
    caller::{Door, bearer, unauthorized},
    error::ApiError,
    extract::{Json, Query, Reply, ok},
    rate::Rate,
    statement,
    wallet::{self, Host},
};
use crate::{
    clock,
    online::{AGENT_TOKEN_PREFIX, token_hash},
    store::{agreement::AgreementRow, billing::Side},
};
use axum::{extract::FromRequestParts, response::Response};
use http::{StatusCode, request::Parts};
use std::ops::Deref;
use ttalkak_protocol::{
    ErrorCode,
    api::{
        billing::{AskWalletMessage, LinkWallet, SetThreshold, WalletMessage},
        machine::{MachineEarnings, MachineLine, MachineSettlement},
    },
    id::{AccountId, AgentId},
    money::Amount,
};

/// Name of this token's scheme in the description.
pub(super) const SCHEME: &str = "agent_token";
/// Let through for one agent: a screen that is looked at asks every few seconds.
pub(super) const RATE: Rate = Rate { burst: 30, every_ms: 500 };
/// Agreements whose transactions are listed; older ones are in the statements.
const SETTLED_AGREEMENTS_MAX: usize = 100;
const PURPOSE: wallet::Purpose = wallet::Purpose {
    statement: "Let this Ttalkak machine earn for this wallet. This moves no money.",
    uri: "urn:ttalkak:link-payee",
};

/// An agent whose link stands.
pub(super) struct Machine {
    agent: AgentId,
    account: AccountId,
    door: Door,
}

impl Deref for Machine {
    type Target = ApiState;

    fn deref(&self) -> &ApiState {
        self.door.room_state()
    }
}

impl FromRequestParts<Door> for Machine {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, ApiError> {
        let token = bearer(&parts.headers, AGENT_TOKEN_PREFIX)?;
        let void = || unauthorized("The token is not of a standing link.");
        let state = door.room_state();
        let agent = state.online.api_owner(&token_hash(token)).ok_or_else(void)?;
        let account = state.store.owner_of_agent(agent).await?.ok_or_else(void)?;
        let machine = Self { agent, account, door: door.clone() };
        if !machine.room().asking.take(agent, clock::now()) {
            return Err(ApiError::new(ErrorCode::RateLimited, "This machine asks too often."));
        }
        Ok(machine)
    }
}

impl Machine {
    fn room(&self) -> &Room {
        self.door.inner()
    }
}

fn due(row: &AgreementRow) -> Amount {
    row.charged.saturating_sub(row.settled)
}

/// What this machine earned.
#[utoipa::path(get, path = "/v1/agents/me/earnings", tag = "agents", security(("agent_token" = [])),
    responses((status = 200, description = "At a glance.", body = MachineEarnings)))]
pub(super) async fn earnings(machine: Machine) -> Reply<MachineEarnings> {
    let money = machine.money()?;
    let store = &machine.store;
    let rows = store.agreements_of_agent(machine.agent).await?;
    let vouchered = |row: &AgreementRow| row.voucher.map_or(Amount::ZERO, |signed| signed.voucher.cumulative);
    let settled = sum(rows.iter().map(|row| row.settled));
    let fee = Amount(
        settled.0 / 10_000 * u128::from(money.facts.fee_bps)
            + settled.0 % 10_000 * u128::from(money.facts.fee_bps) / 10_000,
    );
    let payee = store.offer(machine.agent).await?.map(|offer| offer.payee);
    let linked = store.linked_payee(machine.agent).await?;
    let lines = rows.iter().map(|row| MachineLine {
        deployment: row.deployment,
        name: row.deployment_name.clone(),
        earned: row.charged.max(row.settled),
        due: due(row),
        agreement: row.view(),
    });
    Ok(ok(MachineEarnings {
        agent: machine.agent,
        chain: money.view(),
        earned: sum(rows.iter().map(|row| row.charged.max(row.settled))),
        due: sum(rows.iter().map(due)),
        vouchered: sum(rows.iter().map(|row| vouchered(row).saturating_sub(row.settled))),
        settled,
        fee,
        paid: settled.saturating_sub(fee),
        next_settlement_at: money.next_settlement(),
        threshold: store.payout_threshold(machine.account).await?,
        payee,
        payee_linked: payee.is_some() && payee == linked,
        display: money.config.display_rates.clone(),
        lines: lines.collect(),
        settlements: settlements(&machine, &rows).await?,
    }))
}

async fn settlements(machine: &Machine, rows: &[AgreementRow]) -> Result<Vec<MachineSettlement>, ApiError> {
    let explorer = machine.money()?.config.explorer.as_deref();
    let mut all = Vec::new();
    let settled = rows.iter().filter(|row| row.settled > Amount::ZERO);
    for row in settled.take(SETTLED_AGREEMENTS_MAX) {
        let mut before = Amount::ZERO;
        for line in machine.store.settlement_lines(row.id, row.key).await? {
            let amount = line.cumulative.saturating_sub(before);
            before = line.cumulative;
            let url = explorer.map(|base| format!("{}/tx/{}", base.trim_end_matches('/'), line.transaction));
            let (agreement, name) = (row.id, row.deployment_name.clone());
            all.push(MachineSettlement { agreement, name, amount, line, url });
        }
    }
    all.sort_by_key(|one| std::cmp::Reverse((one.line.block, one.line.batch, one.agreement)));
    Ok(all)
}

/// Pays out what is due now to this machine's payees, whatever the threshold.
#[utoipa::path(post, path = "/v1/agents/me/earnings/settle", tag = "agents", security(("agent_token" = [])),
    responses((status = 202, description = "On its way to the chain.")))]
pub(super) async fn settle(machine: Machine) -> Result<StatusCode, ApiError> {
    let money = machine.money()?;
    let rows = machine.store.agreements_of_agent(machine.agent).await?;
    money.claim_now(rows.iter().map(|row| row.terms.provider));
    Ok(StatusCode::ACCEPTED)
}

/// Pay out once so much is due; for all machines of the account.
#[utoipa::path(put, path = "/v1/agents/me/earnings/threshold", tag = "agents", request_body = SetThreshold,
    security(("agent_token" = [])),
    responses((status = 204, description = "From the next settlement on.")))]
pub(super) async fn set_threshold(
    machine: Machine,
    Json(wish): Json<SetThreshold>,
) -> Result<StatusCode, ApiError> {
    machine.money()?;
    machine.store.set_payout_threshold(machine.account, wish.threshold).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What this machine earned in a month, as CSV: one line for each agreement and day.
#[utoipa::path(get, path = "/v1/agents/me/earnings/statement.csv", tag = "agents", params(statement::MonthQuery),
    security(("agent_token" = [])),
    responses((status = 200, description = "The month.", body = String, content_type = "text/csv")))]
pub(super) async fn month(
    machine: Machine,
    Query(query): Query<statement::MonthQuery>,
) -> Result<Response, ApiError> {
    statement::of(&machine, machine.account, Side::Machine(machine.agent), &query).await
}

/// A text for the payee's wallet to sign (EIP-4361), so that this machine's earnings are known to be its.
#[utoipa::path(post, path = "/v1/agents/me/payee/message", tag = "agents", request_body = AskWalletMessage,
    security(("agent_token" = [])),
    responses((status = 200, description = "To be signed as it is.", body = WalletMessage)))]
pub(super) async fn payee_message(
    machine: Machine,
    Host(domain): Host,
    Json(wish): Json<AskWalletMessage>,
) -> Reply<WalletMessage> {
    let money = machine.money()?;
    let (message, expires_at) = PURPOSE.message(domain, wish.wallet, money);
    let whose = (machine.agent, wish.wallet);
    machine.store.add_payee_nonce(&message.nonce, whose, expires_at, clock::now()).await?;
    Ok(ok(WalletMessage { message: message.to_text(), expires_at }))
}

/// Links this machine with the wallet that signed: whoever has the wallet owns what it earns, with or without an account.
#[utoipa::path(put, path = "/v1/agents/me/payee", tag = "agents", request_body = LinkWallet,
    security(("agent_token" = [])),
    responses((status = 204, description = "Linked.")))]
pub(super) async fn link_payee(
    machine: Machine,
    Host(domain): Host,
    Json(wish): Json<LinkWallet>,
) -> Result<StatusCode, ApiError> {
    let (nonce, signer) = PURPOSE.signer(&wish, &domain, machine.money()?)?;
    machine.store.link_payee(&nonce, (machine.agent, signer), clock::now()).await?;
    tracing::info!(agent.id = %machine.agent, wallet = %signer, "linked a payee");
    Ok(StatusCode::NO_CONTENT)
}
