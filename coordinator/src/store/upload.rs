//! Uploaded archives: their rows. The files lie beneath the data directory, named by digest.

use super::{RowExt, Store, StoreResult};
use ttalkak_protocol::{
    api::upload::UploadView,
    id::{AccountId, UploadId},
    unit::{Bytes, UnixMillis},
};

impl Store {
    /// Keeps the row of an archive that is in its place on disk.
    pub async fn create_upload(
        &self,
        account: AccountId,
        view: &UploadView,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO upload (id, account_id, digest, bytes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(view.id.to_string())
        .bind(account.to_string())
        .bind(&view.digest)
        .bind(view.bytes.0.cast_signed())
        .bind(now.0)
        .bind(view.expires_at.0)
        .execute(&mut *tx)
        .await?;
        tx.commit_unseen().await
    }

    /// One upload. Errors: `NotFound`.
    pub async fn upload(&self, account: AccountId, upload: UploadId) -> StoreResult<UploadView> {
        let row = sqlx::query("SELECT * FROM upload WHERE id = ? AND account_id = ?")
            .bind(upload.to_string())
            .bind(account.to_string())
            .fetch_optional(self.read())
            .await?
            .ok_or_else(|| super::StoreError::UploadUnknown(upload.to_string()))?;
        Ok(UploadView {
            id: upload,
            digest: row.text("digest")?,
            bytes: Bytes(row.number("bytes")?),
            expires_at: row.time("expires_at")?,
        })
    }

    /// Forgets uploads whose time is over and that no deployment and no release names.
    /// Returns how many; the archives that nothing names then are swept with the others.
    pub async fn expire_uploads(&self, now: UnixMillis) -> StoreResult<u64> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "DELETE FROM upload WHERE expires_at <= ?1
             AND id NOT IN (SELECT upload_id FROM deployment WHERE upload_id IS NOT NULL)
             AND id NOT IN (SELECT upload_id FROM release WHERE upload_id IS NOT NULL)",
        )
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit_unseen().await?;
        Ok(done.rows_affected())
    }
}
