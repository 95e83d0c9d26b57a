//! What invoices and statements are made of: names, charges of a month, batches that carried an agreement. Deliberately
//! absent: sums, which the API makes, and anything that writes.

use super::{RowExt, Store, StoreError, StoreResult};
use crate::logic::chain::EscrowEvent;
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, sqlite::SqliteRow};
use std::collections::BTreeMap;
use ttalkak_protocol::{
    api::billing::{CapLine, NoticeView, SettlementLine},
    error::Problem,
    id::{AccountId, AgentId, AgreementId, DeploymentId},
    money::{Amount, ChainHash, EvmAddress, Reading},
    unit::{Bytes, Millis, UnixMillis},
};

/// What an agreement was charged for on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// Under which agreement.
    pub agreement: AgreementId,
    /// Its deployment's name.
    pub deployment: String,
    /// Who earned it.
    pub agent: AgentId,
    /// Readings charged.
    pub readings: u64,
    /// Healthy time.
    pub healthy: Millis,
    /// Sent to visitors.
    pub egress: Bytes,
    /// For the day.
    pub charge: Amount,
    /// In all at its end.
    pub cumulative: Amount,
}

/// Days since 1970 in UTC, and agreements within.
pub type Days = BTreeMap<(i64, AgreementId), DayRow>;

/// Whose statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What an account paid.
    Tenant,
    /// What an account's agents earned.
    Provider,
    /// What one of them earned.
    Machine(AgentId),
}

const DAY_MS: i64 = 24 * 3_600_000;

impl Store {
    /// Charges of an account in a span of time, by day. Rows are read one by one: a month has many.
    pub async fn charges(
        &self,
        account: AccountId,
        side: Side,
        (from, until): (UnixMillis, UnixMillis),
    ) -> StoreResult<Days> {
        let whose = match side {
            Side::Tenant => "a.account_id = ?1",
            Side::Provider => "a.agent_id IN (SELECT id FROM agent WHERE account_id = ?1)",
            Side::Machine(_) => "a.agent_id IN (SELECT id FROM agent WHERE account_id = ?1 AND id = ?4)",
        };
        let sql = format!(
            "SELECT r.at, r.body, r.charge, r.cumulative, a.id, a.deployment_name, a.agent_id
             FROM agreement a JOIN reading r ON r.agreement_id = a.id
             WHERE {whose} AND r.at >= ?2 AND r.at < ?3 ORDER BY a.id, r.seq"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(account.to_string()).bind(from.0).bind(until.0);
        if let Side::Machine(agent) = side {
            query = query.bind(agent.to_string());
        }
        let mut rows = query.fetch(self.read());
        let mut days = Days::new();
        while let Some(row) = rows.try_next().await? {
            add(&mut days, &row)?;
        }
        Ok(days)
    }

    /// What went on chain for an agreement, in order: batches of ours, and claims of its provider (batch 0).
    pub async fn settlement_lines(
        &self,
        agreement: AgreementId,
        key: ChainHash,
    ) -> StoreResult<Vec<SettlementLine>> {
        let rows = sqlx::query(
            "SELECT e.block, e.log_index, e.transaction_hash, o.batch, s.cumulative, o.created_at AS sent_at FROM settlement s
               JOIN outbox o ON o.id = s.outbox_id JOIN chain_event e ON json_extract(e.body, '$.batch') = o.batch
             WHERE s.agreement_id = ?1
             UNION ALL
             SELECT block, log_index, transaction_hash, 0, json_extract(body, '$.cumulative'), NULL FROM chain_event
             WHERE json_extract(body, '$.kind') = 'claimed' AND json_extract(body, '$.agreement') = ?2
               AND transaction_hash NOT IN (SELECT hash FROM attempt)
             ORDER BY 1, 2",
        )
        .bind(agreement.to_string())
        .bind(key.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(SettlementLine {
                    batch: row.number("batch")?,
                    cumulative: row.parsed("cumulative")?,
                    transaction: row.parsed("transaction_hash")?,
                    block: row.number("block")?,
                    sent_at: row.time_opt("sent_at")?,
                })
            })
            .collect()
    }

    /// What an agreement's cap was raised to, in the order of the chain.
    pub async fn cap_lines(&self, key: ChainHash) -> StoreResult<Vec<CapLine>> {
        let rows = sqlx::query(
            "SELECT block, transaction_hash, json_extract(body, '$.cap') AS cap FROM chain_event
             WHERE json_extract(body, '$.kind') = 'opened' AND json_extract(body, '$.agreement') = ?
             ORDER BY block, log_index",
        )
        .bind(key.to_string())
        .fetch_all(self.read())
        .await?;
        let line = |row: &SqliteRow| {
            let (cap, transaction) = (row.parsed("cap")?, row.parsed("transaction_hash")?);
            Ok(CapLine { cap, transaction, block: row.number("block")? })
        };
        rows.iter().map(line).collect()
    }

    /// Grows with every entry of the journal.
    pub async fn journal_mark(&self) -> StoreResult<i64> {
        let row =
            sqlx::query("SELECT COALESCE(MAX(id), 0) AS mark FROM journal").fetch_one(self.read()).await?;
        row.number("mark")
    }

    /// What arrived at payees, on chain or as credit, after the platform's share.
    pub async fn paid_to(&self, payees: &[EvmAddress]) -> StoreResult<Amount> {
        let rows =
            sqlx::query("SELECT body FROM chain_event WHERE json_extract(body, '$.kind') = 'provider_paid'")
                .fetch_all(self.read())
                .await?;
        let mut paid = Amount::ZERO;
        for row in &rows {
            if let Some(EscrowEvent::ProviderPaid { provider, net, .. }) = row.json_opt("body")?
                && payees.contains(&provider)
            {
                paid = paid.checked_add(net).unwrap_or(Amount::MAX);
            }
        }
        Ok(paid)
    }

    /// What an account's owner was told about money, newest first, at most 100.
    pub async fn notices(&self, account: AccountId) -> StoreResult<Vec<NoticeView>> {
        let rows = sqlx::query(
            "SELECT deployment_id, kind, problem, at FROM notice WHERE account_id = ? ORDER BY at DESC, kind LIMIT 100",
        )
        .bind(account.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter()
            .map(|row| {
                let problem: Option<Problem> = row.json_opt("problem")?;
                Ok(NoticeView {
                    deployment: row.parsed("deployment_id")?,
                    kind: row.text("kind")?,
                    problem: problem.ok_or_else(|| StoreError::corrupt("problem"))?,
                    at: row.time("at")?,
                })
            })
            .collect()
    }

    /// Deployments of an account that a lease is in force for.
    pub async fn leased_deployments(&self, account: AccountId) -> StoreResult<Vec<DeploymentId>> {
        let rows = sqlx::query(
            "SELECT DISTINCT l.deployment_id FROM lease l JOIN deployment d ON d.id = l.deployment_id
             WHERE d.account_id = ? AND l.state = 'active' AND l.agreement_id IS NOT NULL ORDER BY 1",
        )
        .bind(account.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(|row| row.parsed("deployment_id")).collect()
    }

    /// What agents ask for that have ever reported an offer, with their names; `revoked` ones are left out.
    pub async fn named_offers(&self) -> StoreResult<Vec<(AgentId, String, ttalkak_protocol::link::Offer)>> {
        let rows = sqlx::query(
            "SELECT id, name, offer FROM agent WHERE offer IS NOT NULL AND revoked_at IS NULL ORDER BY id",
        )
        .fetch_all(self.read())
        .await?;
        rows.iter()
            .map(|row| {
                let offer = row.json_opt("offer")?.ok_or_else(|| StoreError::corrupt("offer"))?;
                Ok((row.parsed("id")?, row.text("name")?, offer))
            })
            .collect()
    }

    /// An agreement that this account pays or earns under; `None` for anybody else's.
    pub async fn agreement_seen_by(
        &self,
        account: AccountId,
        id: AgreementId,
    ) -> StoreResult<Option<super::agreement::AgreementRow>> {
        let Some(row) = self.agreement(id).await? else { return Ok(None) };
        let owner = sqlx::query("SELECT account_id FROM agent WHERE id = ?")
            .bind(row.agent.to_string())
            .fetch_one(self.read())
            .await?;
        let provider: AccountId = owner.parsed("account_id")?;
        Ok(Some(row).filter(|row| row.account == account || provider == account))
    }
}

fn add(days: &mut Days, row: &SqliteRow) -> StoreResult<()> {
    let reading: Reading = row.json_opt("body")?.ok_or_else(|| StoreError::corrupt("body"))?;
    let agreement = row.parsed("id")?;
    let (deployment, agent) = (row.text("deployment_name")?, row.parsed("agent_id")?);
    let day = days.entry((row.time("at")?.0.div_euclid(DAY_MS), agreement)).or_insert(DayRow {
        agreement,
        deployment,
        agent,
        readings: 0,
        healthy: Millis(0),
        egress: Bytes(0),
        charge: Amount::ZERO,
        cumulative: Amount::ZERO,
    });
    day.readings += 1;
    day.healthy.0 = day.healthy.0.saturating_add(reading.to.since(reading.from).0);
    day.egress.0 = day.egress.0.saturating_add(reading.egress.0);
    day.charge = day.charge.checked_add(row.parsed("charge")?).unwrap_or(Amount::MAX);
    day.cumulative = row.parsed("cumulative")?;
    Ok(())
}
