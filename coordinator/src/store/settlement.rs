//! What batches settle, and what is due for one. Deliberately absent: choosing (`logic::settling`), call data, and the
//! outbox's own rows.

use super::{RowExt, Store, StoreError, StoreResult, Tx, agreement::AgreementRow};
use crate::logic::settling::Due;
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, BTreeSet};
use ttalkak_protocol::{
    api::billing::AgreementState,
    id::{AccountId, AgreementId, OutboxId},
    money::{Amount, ChainHash, EvmAddress},
    unit::UnixMillis,
};

/// Lists of agreements in the `refs` of settlements: all, and those whose end is asked for.
pub const SETTLES: &str = "agreements";
/// See [`SETTLES`].
pub const ENDING: &str = "ending";
/// The list of agreements in the `refs` of a close.
pub const CLOSES: &str = "agreements";
/// A call that failed is tried again after this, ms: what made it fail may last, and each try costs somebody's time.
const TRY_AGAIN: i64 = 10 * 60 * 1000;
const CLOSING: &str = "'close' AND (o.state NOT IN ('final', 'failed') OR (o.state IN ('final', 'failed') AND o.updated_at > ?2))";

/// The lines of one batch, with the number that it has on chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRow {
    /// Its number.
    pub batch: u64,
    /// What each agreement was settled to.
    pub lines: Vec<(AgreementId, Amount)>,
}

/// An agreement that stands on chain, and what is due under it.
#[derive(Debug, Clone)]
pub struct DueRow {
    /// The agreement.
    pub agreement: AgreementRow,
    /// As the plan looks at it.
    pub due: Due,
    /// A close of it is on its way, or failed a moment ago.
    pub closing: bool,
    /// A batch with it failed a moment ago: it waits a little.
    pub failed: bool,
}

impl Store {
    /// Agreements that stand on chain and are not closed.
    pub async fn dues(&self, now: UnixMillis) -> StoreResult<Vec<DueRow>> {
        let (thresholds, at_work) = (self.thresholds().await?, self.lines_at_work().await?);
        let asked = self.named_in("'settle' AND o.state != 'failed' AND ?2", ENDING, now).await?;
        let closing = self.named_in(CLOSING, CLOSES, now).await?;
        let failed =
            self.named_in("'settle' AND o.state = 'failed' AND o.updated_at > ?2", SETTLES, now).await?;
        let mut rows = self.agreements_at_work().await?;
        rows.retain(|row| row.opened_at.is_some());
        let due = |row: AgreementRow| {
            let settled = at_work.get(&row.id).copied().unwrap_or_default().max(row.settled);
            let due = Due {
                agreement: row.id,
                payee: row.terms.provider,
                vouchered: row.voucher.map_or(Amount::ZERO, |signed| signed.voucher.cumulative),
                settled,
                threshold: thresholds.get(&row.agent.to_string()).copied().unwrap_or_default(),
                ended_at: row.ended_at.filter(|_| row.state == AgreementState::Ending),
                end_asked: asked.contains(&row.id),
                content: row.close_signature.is_some(),
            };
            let (closing, failed) = (closing.contains(&row.id), failed.contains(&row.id));
            DueRow { due, closing, failed, agreement: row }
        };
        Ok(rows.into_iter().map(due).collect())
    }

    /// By agent, as text.
    async fn thresholds(&self) -> StoreResult<BTreeMap<String, Amount>> {
        let rows = sqlx::query(
            "SELECT g.id, a.payout_threshold FROM agent g JOIN account a ON a.id = g.account_id
             WHERE a.payout_threshold != '0'",
        )
        .fetch_all(self.read())
        .await?;
        rows.iter().map(|row| Ok((row.text("id")?, row.parsed("payout_threshold")?))).collect()
    }

    /// The highest total of each agreement in a batch that is not final yet.
    async fn lines_at_work(&self) -> StoreResult<BTreeMap<AgreementId, Amount>> {
        let rows = sqlx::query(
            "SELECT s.agreement_id, s.cumulative FROM outbox o JOIN settlement s ON s.outbox_id = o.id
             WHERE o.state NOT IN ('final', 'failed')",
        )
        .fetch_all(self.read())
        .await?;
        let mut totals = BTreeMap::new();
        for row in &rows {
            let (agreement, cumulative): (AgreementId, Amount) =
                (row.parsed("agreement_id")?, row.parsed("cumulative")?);
            let total: &mut Amount = totals.entry(agreement).or_default();
            *total = cumulative.max(*total);
        }
        Ok(totals)
    }

    /// Agreements that the `refs` of some calls name in a list. `kind`: which calls; `?2` in it is a little while ago.
    async fn named_in(
        &self,
        kind: &'static str,
        list: &'static str,
        now: UnixMillis,
    ) -> StoreResult<BTreeSet<AgreementId>> {
        let sql = format!(
            "SELECT DISTINCT e.value AS agreement FROM outbox o, json_each(o.refs, '$.' || ?1) e WHERE o.kind = {kind}"
        );
        let ago = UnixMillis(now.0.saturating_sub(TRY_AGAIN));
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(list).bind(ago.0).fetch_all(self.read()).await?;
        rows.iter().map(|row| row.parsed("agreement")).collect()
    }

    /// Payees of an account's agents: who is paid when it claims.
    pub async fn payees_of(&self, account: AccountId) -> StoreResult<Vec<EvmAddress>> {
        let rows = self.agreements_of_provider(account).await?;
        let payees: BTreeSet<EvmAddress> = rows.into_iter().map(|row| row.terms.provider).collect();
        Ok(payees.into_iter().collect())
    }
}

/// Writes down what a batch settles.
pub async fn add_lines(tx: &mut Tx, outbox: OutboxId, lines: &[(AgreementId, Amount)]) -> StoreResult<()> {
    for (agreement, cumulative) in lines {
        sqlx::query("INSERT INTO settlement (outbox_id, agreement_id, cumulative) VALUES (?1, ?2, ?3)")
            .bind(outbox.to_string())
            .bind(agreement.to_string())
            .bind(cumulative.to_string())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// The batch that a transaction carried; `None` when it is none of ours.
pub async fn batch_of(tx: &mut Tx, transaction: ChainHash) -> StoreResult<Option<BatchRow>> {
    let rows = sqlx::query(
        "SELECT o.batch, s.agreement_id, s.cumulative FROM attempt t JOIN outbox o ON o.id = t.outbox_id
         JOIN settlement s ON s.outbox_id = o.id
         WHERE t.hash = ? AND o.kind = 'settle' ORDER BY s.agreement_id",
    )
    .bind(transaction.to_string())
    .fetch_all(&mut **tx)
    .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let batch = first.number("batch")?;
    let line =
        |row| Ok::<_, StoreError>((RowExt::parsed(row, "agreement_id")?, RowExt::parsed(row, "cumulative")?));
    Ok(Some(BatchRow { batch, lines: rows.iter().map(line).collect::<StoreResult<_>>()? }))
}

/// The end of an agreement was asked for on chain at a time that may be before what is known here.
pub async fn note_closing(tx: &mut Tx, agreement: AgreementId, ended_at: UnixMillis) -> StoreResult<()> {
    sqlx::query(
        "UPDATE agreement SET state = CASE state WHEN 'closed' THEN state ELSE 'ending' END,
         ended_at = MIN(COALESCE(ended_at, ?2), ?2) WHERE id = ?1",
    )
    .bind(agreement.to_string())
    .bind(ended_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
