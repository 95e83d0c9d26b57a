//! What the ladder and the raising of caps look at: who runs on whose money, and what was told. Deliberately absent:
//! deciding (`logic::ladder`, `logic::funding`), and journal entries.

use super::{RowExt, Store, StoreResult, agreement::AgreementRow, row::json};
use crate::{
    ledger::{Account, Reason},
    logic::ladder::{Given, NoticeKind, cycle},
};
use sqlx::sqlite::SqliteRow;
use std::collections::{BTreeMap, BTreeSet};
use ttalkak_protocol::{
    api::{billing::AgreementState, deployment::DeploymentState},
    error::Problem,
    id::{AccountId, AgreementId, DeploymentId},
    money::Amount,
    unit::UnixMillis,
};

/// A deployment that runs on money, or was stopped for want of it.
#[derive(Debug, Clone)]
pub struct PurseRow {
    /// Which.
    pub deployment: DeploymentId,
    /// Whose money.
    pub account: AccountId,
    /// How the deployment stands.
    pub state: DeploymentState,
    /// Since when it stands so.
    pub since: UnixMillis,
    /// When it ends by itself.
    pub until: Option<UnixMillis>,
    /// Stopped for want of money since.
    pub ended_at: Option<UnixMillis>,
    /// A saga is at work on it.
    pub busy: bool,
    /// What it runs under, or ran under last.
    pub agreement: Option<AgreementRow>,
    /// On its way to be locked for that agreement.
    pub pending: Amount,
}

impl PurseRow {
    /// Whether it may be charged now: it is up, or nearly, and its agreement stands on chain.
    pub fn runs(&self) -> bool {
        let open = self.agreement.as_ref().is_some_and(|row| row.state == AgreementState::Open);
        open && match self.state {
            DeploymentState::Ended | DeploymentState::Draining | DeploymentState::Requested => false,
            DeploymentState::Placed
            | DeploymentState::Building
            | DeploymentState::Starting
            | DeploymentState::Connecting
            | DeploymentState::Live
            | DeploymentState::Crashed
            | DeploymentState::Offline => true,
        }
    }

    /// Whether nothing of it runs, nor is about to.
    pub fn ended(&self) -> bool {
        self.state == DeploymentState::Ended && !self.busy
    }
}

impl Store {
    /// Deployments that have an agreement at work, or were stopped for want of money and are wanted still; by account.
    pub async fn purses(&self) -> StoreResult<BTreeMap<AccountId, Vec<PurseRow>>> {
        let rows = sqlx::query(
            "SELECT d.id, d.account_id, d.state, d.since, d.until, d.balance_ended_at,
               EXISTS (SELECT 1 FROM saga s WHERE s.deployment_id = d.id AND s.state IN ('running', 'undoing')) AS busy
             FROM deployment d WHERE d.wanted = 'running' AND (d.balance_ended_at IS NOT NULL OR d.id IN (
               SELECT deployment_id FROM agreement WHERE state IN ('pending', 'open'))) ORDER BY d.id",
        )
        .fetch_all(self.read())
        .await?;
        let pending = self.pending_by_agreement().await?;
        let mut purses: BTreeMap<AccountId, Vec<PurseRow>> = BTreeMap::new();
        for row in &rows {
            let mut purse = PurseRow {
                deployment: row.parsed("id")?,
                account: row.parsed("account_id")?,
                state: row.word("state")?,
                since: row.time("since")?,
                until: row.time_opt("until")?,
                ended_at: row.time_opt("balance_ended_at")?,
                busy: row.number::<i64>("busy")? == 1,
                agreement: None,
                pending: Amount::ZERO,
            };
            purse.agreement = newest(self.agreements_of_deployment(purse.deployment).await?);
            let id = purse.agreement.as_ref().map(|agreement| agreement.id);
            purse.pending = id.and_then(|id| pending.get(&id)).copied().unwrap_or_default();
            purses.entry(purse.account).or_default().push(purse);
        }
        Ok(purses)
    }

    async fn pending_by_agreement(&self) -> StoreResult<BTreeMap<AgreementId, Amount>> {
        let rows = sqlx::query(
            "SELECT agreement_id, amount FROM hold WHERE state = 'pending' AND agreement_id IS NOT NULL",
        )
        .fetch_all(self.read())
        .await?;
        let mut sums: BTreeMap<AgreementId, Amount> = BTreeMap::new();
        for row in &rows {
            let sum = sums.entry(row.parsed("agreement_id")?).or_default();
            *sum = sum.checked_add(row.parsed("amount")?).unwrap_or(Amount::MAX);
        }
        Ok(sums)
    }

    /// The cycle of notices that a deployment is in, and what was told in it.
    pub async fn told(&self, account: AccountId, deployment: DeploymentId) -> StoreResult<(u64, Given)> {
        let deposits = self.movements_of(Account::Free(account), Reason::Deposit).await?;
        let resumed =
            sqlx::query("SELECT count(*) AS found FROM notice WHERE deployment_id = ?1 AND kind = ?2")
                .bind(deployment.to_string())
                .bind(NoticeKind::Resumed.as_str())
                .fetch_one(self.read())
                .await?;
        let at_hand = cycle(deposits, resumed.number("found")?);
        let rows = sqlx::query("SELECT kind, at FROM notice WHERE deployment_id = ?1 AND cycle = ?2")
            .bind(deployment.to_string())
            .bind(at_hand.cast_signed())
            .fetch_all(self.read())
            .await?;
        let told = |row: &SqliteRow| Ok((row.parsed("kind")?, row.time("at")?));
        Ok((at_hand, rows.iter().map(told).collect::<StoreResult<_>>()?))
    }

    /// Keeps that an owner was told; once in a cycle. Returns whether it is news.
    pub async fn tell_owner(
        &self,
        (account, deployment): (AccountId, DeploymentId),
        at_hand: u64,
        (kind, problem): (NoticeKind, &Problem),
        now: UnixMillis,
    ) -> StoreResult<bool> {
        // Coming back begins the next cycle, so it belongs there.
        let cycle = if kind == NoticeKind::Resumed { at_hand + 1 } else { at_hand };
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "INSERT INTO notice (account_id, deployment_id, cycle, kind, problem, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO NOTHING",
        )
        .bind(account.to_string())
        .bind(deployment.to_string())
        .bind(cycle.cast_signed())
        .bind(kind.as_str())
        .bind(json(problem))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Agreements for which a call that opens or raises failed a moment ago.
    pub async fn failed_opens(&self, since: UnixMillis) -> StoreResult<BTreeSet<AgreementId>> {
        let rows = sqlx::query(
            "SELECT json_extract(refs, '$.agreement') AS agreement FROM outbox
             WHERE kind = 'open' AND state = 'failed' AND updated_at > ? AND json_extract(refs, '$.agreement') IS NOT NULL",
        )
        .bind(since.0)
        .fetch_all(self.read())
        .await?;
        rows.iter().map(|row| row.parsed("agreement")).collect()
    }

    /// Agreements that will never stand on chain: no call that could open them is left.
    pub async fn never_opened(&self) -> StoreResult<Vec<AgreementId>> {
        let rows = sqlx::query(
            "SELECT id FROM agreement a WHERE a.state IN ('pending', 'ending') AND a.opened_at IS NULL
             AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.kind = 'open' AND o.state != 'failed'
               AND json_extract(o.refs, '$.agreement') = a.id)",
        )
        .fetch_all(self.read())
        .await?;
        rows.iter().map(|row| row.parsed("id")).collect()
    }
}

/// What stands on chain comes first: a new one beside it is not used yet. Else the newest.
fn newest(agreements: Vec<AgreementRow>) -> Option<AgreementRow> {
    let at = agreements.iter().position(|row| row.state == AgreementState::Open).unwrap_or(0);
    agreements.into_iter().nth(at)
}
