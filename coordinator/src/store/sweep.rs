//! Forgets what has served its time.

use super::{RowExt, Store, StoreResult};
use std::collections::BTreeSet;
use ttalkak_protocol::unit::UnixMillis;

impl Store {
    /// Forgets expired codes, and first answers older than `answers_before`.
    pub async fn forget_expired(&self, now: UnixMillis, answers_before: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM enrolment WHERE expires_at < ?").bind(now.0).execute(&mut *tx).await?;
        sqlx::query("DELETE FROM idempotency WHERE created_at < ?")
            .bind(answers_before.0)
            .execute(&mut *tx)
            .await?;
        tx.commit_unseen().await
    }

    /// Digests of the archives that an upload, or one of the last ten releases of a deployment, still needs.
    pub async fn archives_in_use(&self) -> StoreResult<BTreeSet<String>> {
        let rows = sqlx::query(
            "SELECT digest FROM upload UNION
             SELECT source_digest FROM (
               SELECT source_digest, ROW_NUMBER() OVER (PARTITION BY deployment_id ORDER BY number DESC) AS place
               FROM release WHERE source_digest IS NOT NULL) WHERE place <= 10",
        )
        .fetch_all(self.read())
        .await?;
        rows.iter()
            .map(|row| match row.text_opt("digest")? {
                Some(digest) => Ok(digest),
                None => Err(super::StoreError::corrupt("digest")),
            })
            .collect()
    }
}
