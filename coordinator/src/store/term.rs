//! End dates of deployments: setting one, the mark that it is over, and what was told of it. Deliberately absent: deciding
//! when (`logic::term_end`).

use super::{
    RowExt, Store, StoreResult,
    row::{json, word},
    view::{self, StoredDeployment},
    wish::{self, cancel_open, insert_saga, roll},
};
use crate::{
    logic::{
        deployment::Fact,
        request::{Refusal, Wanted},
        term_end::{Term, TermNotice},
    },
    seal::Sealer,
};
use sqlx::sqlite::SqliteRow;
use std::collections::{BTreeMap, BTreeSet};
use ttalkak_protocol::{
    api::deployment::{DeploymentState, EndReason},
    error::{ErrorCode, Problem},
    id::{AccountId, AgreementId, DeploymentId},
    unit::UnixMillis,
};

/// A deployment that is wanted and has an end date.
#[derive(Debug, Clone)]
pub struct TermRow {
    /// Which.
    pub deployment: DeploymentId,
    /// Whose.
    pub account: AccountId,
    /// Its end and what was told of it.
    pub term: Term,
}

/// What everybody is told of a deployment whose time is over.
pub fn term_over() -> Problem {
    Problem::new(ErrorCode::TermOver, "The end date of this deployment is reached.")
}

impl Store {
    /// All deployments that are wanted and have an end date.
    pub async fn terms(&self) -> StoreResult<Vec<TermRow>> {
        let rows = sqlx::query(
            "SELECT id, account_id, until, until_set_at FROM deployment
             WHERE until IS NOT NULL AND wanted = 'running' ORDER BY id",
        )
        .fetch_all(self.read())
        .await?;
        let mut terms = Vec::new();
        for row in &rows {
            let (deployment, until) = (row.parsed("id")?, row.time("until")?);
            let set_at = row.time_opt("until_set_at")?.unwrap_or(until);
            let told = self.told_of_term(deployment, until).await?;
            terms.push(TermRow {
                deployment,
                account: row.parsed("account_id")?,
                term: Term { until, set_at, told },
            });
        }
        Ok(terms)
    }

    /// End dates of an account's deployments.
    pub async fn end_dates(&self, account: AccountId) -> StoreResult<BTreeMap<DeploymentId, UnixMillis>> {
        let rows = sqlx::query("SELECT id, until FROM deployment WHERE account_id = ? AND until IS NOT NULL")
            .bind(account.to_string())
            .fetch_all(self.read())
            .await?;
        let one = |row: &SqliteRow| Ok((row.parsed("id")?, row.time("until")?));
        rows.iter().map(one).collect()
    }

    /// Notices belong to the very end that they tell of: another date is told of anew.
    async fn told_of_term(
        &self,
        deployment: DeploymentId,
        until: UnixMillis,
    ) -> StoreResult<BTreeSet<TermNotice>> {
        let rows = sqlx::query("SELECT kind FROM notice WHERE deployment_id = ?1 AND cycle = ?2")
            .bind(deployment.to_string())
            .bind(until.0)
            .fetch_all(self.read())
            .await?;
        rows.iter().map(|row| row.parsed("kind")).collect()
    }

    /// Keeps that an owner was told of an end date; once for each. Returns whether it is news.
    pub async fn tell_of_term(
        &self,
        row: &TermRow,
        (notice, problem): (TermNotice, &Problem),
        now: UnixMillis,
    ) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "INSERT INTO notice (account_id, deployment_id, cycle, kind, problem, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO NOTHING",
        )
        .bind(row.account.to_string())
        .bind(row.deployment.to_string())
        .bind(row.term.until.0)
        .bind(notice.as_str())
        .bind(json(problem))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        let news = done.rows_affected() > 0;
        tx.commit().await?;
        Ok(news)
    }

    /// Another end date, or none. What ended since its time was over runs again. Errors: `NotFound`, `Refused`.
    pub async fn set_term(
        &self,
        sealer: &Sealer,
        (account, key): (AccountId, &str),
        until: Option<UnixMillis>,
        now: UnixMillis,
    ) -> StoreResult<StoredDeployment> {
        let mut tx = self.begin().await?;
        let found = wish::find(&mut tx, account, key, now).await?;
        if found.standing.wanted == Wanted::Deleted {
            return Err(Refusal::Deleted.into());
        }
        let before = sqlx::query(
            "UPDATE deployment SET until = ?2, until_set_at = CASE WHEN until IS ?2 THEN until_set_at ELSE ?3 END,
             updated_at = ?3 WHERE id = ?1 RETURNING term_ended_at",
        )
        .bind(found.id.to_string())
        .bind(until.map(|until| until.0))
        .bind(now.0)
        .fetch_one(&mut *tx)
        .await?;
        let was_over = before.time_opt("term_ended_at")?.is_some();
        match found.serving().filter(|_| was_over) {
            Some(release) => Ok(roll(tx, sealer, &found, release, now).await?.deployment),
            None => {
                let view = view::read_in(&mut tx, found.id).await?;
                tx.commit().await?;
                Ok(view)
            }
        }
    }

    /// Stops a deployment gracefully because its time is over. A rollout on its way is given up.
    /// Returns `false`, with nothing changed, when its owner ended it already or set another date.
    pub async fn stop_for_term(&self, deployment: DeploymentId, now: UnixMillis) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "UPDATE deployment SET term_ended_at = ?2, wanted = 'stopped', balance_ended_at = NULL, updated_at = ?2
             WHERE id = ?1 AND wanted = 'running' AND until <= ?2 RETURNING state",
        )
        .bind(deployment.to_string())
        .bind(now.0)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(false) };
        let problem = term_over();
        cancel_open(&mut tx, deployment, &problem).await?;
        let state: DeploymentState = row.word("state")?;
        if state == DeploymentState::Ended {
            // Stopped for want of money before: from here on it is over for good, and not deleted for the money.
            sqlx::query("UPDATE deployment SET reason = ?2, problem = ?3 WHERE id = ?1")
                .bind(deployment.to_string())
                .bind(word(EndReason::Term))
                .bind(json(&problem))
                .execute(&mut *tx)
                .await?;
        } else {
            insert_saga(&mut tx, deployment, None, now).await?;
            // A state that cannot drain is told by the saga.
            let _ =
                super::standing::apply(&mut tx, deployment, Fact::DrainStarted, Some(Some(&problem)), now)
                    .await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Deployments that serve under an agreement whose terms end before they do, as far as tables know: each with its
    /// agreement and end date. One whose last rollout failed a moment ago is left out.
    pub async fn serving_under_terms(
        &self,
        failed_since: UnixMillis,
    ) -> StoreResult<Vec<(DeploymentId, AccountId, AgreementId, Option<UnixMillis>)>> {
        let rows = sqlx::query(
            "SELECT d.id, d.account_id, d.until, a.id AS agreement FROM deployment d
             JOIN route ro ON ro.deployment_id = d.id JOIN lease l ON l.id = ro.lease_id
             JOIN agreement a ON a.id = l.agreement_id
             WHERE d.wanted = 'running' AND a.state = 'open' AND d.state = 'live'
             AND NOT EXISTS (SELECT 1 FROM saga s WHERE s.deployment_id = d.id
               AND (s.state IN ('running', 'undoing') OR (s.state = 'failed' AND s.since > ?)))",
        )
        .bind(failed_since.0)
        .fetch_all(self.read())
        .await?;
        let one = |row: &SqliteRow| {
            let (id, account) = (row.parsed("id")?, row.parsed("account_id")?);
            Ok((id, account, row.parsed("agreement")?, row.time_opt("until")?))
        };
        rows.iter().map(one).collect()
    }

    /// Whether the end of this deployment, now or on its way, is its end date.
    pub async fn ends_for_term(&self, deployment: DeploymentId) -> StoreResult<bool> {
        let row = sqlx::query(
            "SELECT 1 FROM deployment WHERE id = ? AND wanted = 'stopped' AND term_ended_at IS NOT NULL",
        )
        .bind(deployment.to_string())
        .fetch_optional(self.read())
        .await?;
        Ok(row.is_some())
    }
}
