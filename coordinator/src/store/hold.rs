//! Holds: slices of a tenant's money set aside for an agreement until they stand on chain. The journal entry of each is
//! written in the same transaction.

use super::{RowExt, Store, StoreResult, Tx};
use sqlx::{AssertSqlSafe, sqlite::SqliteRow};
use ttalkak_protocol::{
    id::{AccountId, AgreementId, HoldId, SagaId},
    money::{Amount, ChainHash},
    unit::UnixMillis,
};

/// Where a hold stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    /// Set aside.
    Pending,
    /// It stands on chain, as part of an agreement's cap.
    Posted,
    /// Given back.
    Voided,
}

/// A hold as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRow {
    /// Its id.
    pub id: HoldId,
    /// Whose money.
    pub account: AccountId,
    /// For which agreement; `None` while none is made.
    pub agreement: Option<AgreementId>,
    /// For which rollout it was made.
    pub saga: Option<SagaId>,
    /// How much.
    pub amount: Amount,
    /// Where it stands.
    pub state: HoldState,
    /// When it was made.
    pub created_at: UnixMillis,
}

impl HoldRow {
    fn read(row: &SqliteRow) -> StoreResult<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            account: row.parsed("account_id")?,
            agreement: row.parsed_opt("agreement_id")?,
            saga: row.parsed_opt("saga_id")?,
            amount: row.parsed("amount")?,
            state: row.word("state")?,
            created_at: row.time("created_at")?,
        })
    }
}

impl Store {
    /// Holds of an account that do not stand on chain yet.
    pub async fn pending_holds(&self, account: AccountId) -> StoreResult<Vec<HoldRow>> {
        let rows = sqlx::query("SELECT * FROM hold WHERE account_id = ? AND state = 'pending' ORDER BY id")
            .bind(account.to_string())
            .fetch_all(self.read())
            .await?;
        rows.iter().map(HoldRow::read).collect()
    }
}

/// Writes a pending hold. The caller journals it.
pub async fn insert(tx: &mut Tx, hold: &HoldRow) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO hold (id, account_id, agreement_id, saga_id, amount, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(hold.id.to_string())
    .bind(hold.account.to_string())
    .bind(hold.agreement.map(|id| id.to_string()))
    .bind(hold.saga.map(|id| id.to_string()))
    .bind(hold.amount.to_string())
    .bind(super::row::word(hold.state))
    .bind(hold.created_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Pending holds of an agreement, oldest first.
pub async fn pending_of_agreement(tx: &mut Tx, agreement: AgreementId) -> StoreResult<Vec<HoldRow>> {
    pending(tx, "agreement_id = ?", agreement.to_string()).await
}

/// Pending holds of a rollout that belong to no agreement yet.
pub async fn pending_of_saga(tx: &mut Tx, saga: SagaId) -> StoreResult<Vec<HoldRow>> {
    pending(tx, "agreement_id IS NULL AND saga_id = ?", saga.to_string()).await
}

async fn pending(tx: &mut Tx, clause: &'static str, bound: String) -> StoreResult<Vec<HoldRow>> {
    let sql = format!("SELECT * FROM hold WHERE {clause} AND state = 'pending' ORDER BY created_at, id");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(bound).fetch_all(&mut **tx).await?;
    rows.iter().map(HoldRow::read).collect()
}

/// Ends a pending hold. The caller journals it. Returns `false` when it had ended before.
pub async fn end(tx: &mut Tx, id: HoldId, state: HoldState, now: UnixMillis) -> StoreResult<bool> {
    let done = sqlx::query("UPDATE hold SET state = ?2, ended_at = ?3 WHERE id = ?1 AND state = 'pending'")
        .bind(id.to_string())
        .bind(super::row::word(state))
        .bind(now.0)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Locked, or about to be, under a mandate since a time: what counts against its cap.
pub async fn used_under(tx: &mut Tx, mandate: ChainHash, since: UnixMillis) -> StoreResult<Amount> {
    let rows = sqlx::query(USED).bind(mandate.to_string()).bind(since.0).fetch_all(&mut **tx).await?;
    sum(&rows)
}

const USED: &str = "SELECT h.amount FROM hold h JOIN agreement a ON a.id = h.agreement_id
    WHERE a.mandate_id = ? AND h.state IN ('pending', 'posted') AND h.created_at >= ?";

fn sum(rows: &[SqliteRow]) -> StoreResult<Amount> {
    rows.iter().try_fold(Amount::ZERO, |sum, row| {
        let amount: Amount = row.parsed("amount")?;
        Ok(sum.checked_add(amount).unwrap_or(Amount::MAX))
    })
}

impl Store {
    /// As [`used_under`], for readers.
    pub async fn used_under_mandate(&self, mandate: ChainHash, since: UnixMillis) -> StoreResult<Amount> {
        let rows = sqlx::query(USED).bind(mandate.to_string()).bind(since.0).fetch_all(self.read()).await?;
        sum(&rows)
    }
}
