//! How parts of an account stand, as short texts that differ when something changed there. For whoever watches.

use super::{Store, StoreResult};
use crate::ledger::Account;
use sqlx::Row;
use ttalkak_protocol::id::AccountId;

impl Store {
    /// Of its projects.
    pub async fn projects_mark(&self, account: AccountId) -> StoreResult<String> {
        let sql = "SELECT count(*) || ':' || coalesce(max(updated_at), 0) FROM project WHERE account_id = ?";
        let row = sqlx::query(sql).bind(account.to_string()).fetch_one(self.read()).await?;
        Ok(row.try_get(0)?)
    }

    /// Of its money, and of what it permits to be spent.
    pub async fn billing_mark(&self, account: AccountId) -> StoreResult<String> {
        let row = sqlx::query(
            "SELECT coalesce((SELECT max(entry_id) FROM posting WHERE account = ?2), 0) || ':' ||
               coalesce((SELECT max(created_at) FROM mandate WHERE account_id = ?1), 0) || ':' ||
               coalesce((SELECT wallet FROM account WHERE id = ?1), '')",
        )
        .bind(account.to_string())
        .bind(Account::Free(account).to_string())
        .fetch_one(self.read())
        .await?;
        Ok(row.try_get(0)?)
    }
}
