//! Environments: the variables of a deployment, each value sealed, and the sealed snapshot that each release keeps of
//! what it was made with.

use super::{
    RowExt, Store, StoreResult, Tx,
    row::{json, word},
};
use crate::{
    logic::request::Refusal,
    seal::{SealError, Sealer},
};
use sqlx::Row;
use std::collections::BTreeMap;
use ttalkak_protocol::{
    Secret,
    api::env::{EnvEntry, EnvList, EnvView, is_public},
    codec::{ENV_BYTES_MAX, ENV_KEYS_MAX},
    id::{AccountId, DeploymentId, ReleaseId},
    unit::UnixMillis,
};

/// A change of an environment.
#[derive(Debug, Clone, Default)]
pub struct EnvChange {
    /// Forget all that was set before.
    pub replace: bool,
    /// To set; the caller has checked keys and values, and that none stands twice.
    pub set: Vec<EnvEntry>,
    /// Keys to remove; a key that is not set is passed over.
    pub unset: Vec<String>,
}

fn value_purpose(deployment: DeploymentId, key: &str) -> String {
    format!("env:{deployment}:{key}")
}

fn snapshot_purpose(release: ReleaseId) -> String {
    format!("release_env:{release}")
}

impl Store {
    /// The variables as they are shown: values of secrets are not even opened. Errors: `NotFound`.
    pub async fn env(&self, sealer: &Sealer, account: AccountId, key: &str) -> StoreResult<EnvList> {
        let deployment = self.deployment_id(account, key).await?;
        let rows = sqlx::query("SELECT * FROM env_var WHERE deployment_id = ? ORDER BY key")
            .bind(deployment.to_string())
            .fetch_all(self.read())
            .await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            let (key, secret) = (row.text("key")?, row.number::<i64>("secret")? != 0);
            let value = if secret { None } else { Some(open_value(sealer, deployment, &key, row)?) };
            items.push(EnvView { public: is_public(&key), key, value, scope: row.word("scope")?, secret });
        }
        let pending = sqlx::query(
            "SELECT COALESCE(r.env_version != d.env_version, 0) AS pending FROM deployment d
             LEFT JOIN release r ON r.id = d.release_id WHERE d.id = ?",
        )
        .bind(deployment.to_string())
        .fetch_one(self.read())
        .await?
        .number::<i64>("pending")?;
        Ok(EnvList { items, pending: pending != 0 })
    }

    /// Changes the variables. What runs is not touched. Errors: `NotFound`, `Refused(EnvTooLarge)`.
    pub async fn change_env(
        &self,
        sealer: &Sealer,
        account: AccountId,
        key: &str,
        change: &EnvChange,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let deployment = super::wish::find(&mut tx, account, key, now).await?.id;
        if apply(&mut tx, sealer, deployment, change).await? {
            sqlx::query("UPDATE deployment SET updated_at = ?2 WHERE id = ?1")
                .bind(deployment.to_string())
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// Opens the snapshot of a release. Errors: `Seal` when it was altered or is another release's.
pub fn open_snapshot(sealer: &Sealer, release: ReleaseId, sealed: &[u8]) -> StoreResult<Vec<EnvEntry>> {
    let purpose = snapshot_purpose(release);
    let plain = sealer.open_sealed(&purpose, sealed)?;
    serde_json::from_slice(&plain).map_err(|_| SealError::Broken { purpose }.into())
}

/// Applies a change within a transaction; `true` when anything is different afterwards.
pub(super) async fn apply(
    tx: &mut Tx,
    sealer: &Sealer,
    deployment: DeploymentId,
    change: &EnvChange,
) -> StoreResult<bool> {
    let before = read(tx, sealer, deployment).await?;
    let mut after = if change.replace { BTreeMap::new() } else { before.clone() };
    for key in &change.unset {
        after.remove(key);
    }
    after.extend(change.set.iter().map(|entry| (entry.key.clone(), entry.clone())));
    let bytes: usize = after.values().map(|entry| entry.key.len() + entry.value.reveal().len()).sum();
    if bytes > ENV_BYTES_MAX || after.len() > ENV_KEYS_MAX {
        return Err(Refusal::EnvTooLarge.into());
    }
    if after == before {
        return Ok(false);
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        sqlx::query("DELETE FROM env_var WHERE deployment_id = ? AND key = ?")
            .bind(deployment.to_string())
            .bind(key)
            .execute(&mut **tx)
            .await?;
    }
    for (key, entry) in after.iter().filter(|(key, entry)| before.get(*key) != Some(*entry)) {
        let sealed = sealer.seal(&value_purpose(deployment, key), entry.value.reveal().as_bytes());
        sqlx::query(
            "INSERT OR REPLACE INTO env_var (deployment_id, key, value, scope, secret) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(deployment.to_string())
        .bind(key)
        .bind(sealed)
        .bind(word(entry.scope))
        .bind(i64::from(entry.secret))
        .execute(&mut **tx)
        .await?;
    }
    sqlx::query("UPDATE deployment SET env_version = env_version + 1 WHERE id = ?")
        .bind(deployment.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(true)
}

/// The environment of a deployment sealed for a release of it.
pub(super) async fn snapshot(
    tx: &mut Tx,
    sealer: &Sealer,
    deployment: DeploymentId,
    release: ReleaseId,
) -> StoreResult<Vec<u8>> {
    let entries: Vec<EnvEntry> = read(tx, sealer, deployment).await?.into_values().collect();
    Ok(sealer.seal(&snapshot_purpose(release), json(&entries).as_bytes()))
}

/// All variables, opened.
pub(super) async fn read(
    tx: &mut Tx,
    sealer: &Sealer,
    deployment: DeploymentId,
) -> StoreResult<BTreeMap<String, EnvEntry>> {
    let rows = sqlx::query("SELECT * FROM env_var WHERE deployment_id = ?")
        .bind(deployment.to_string())
        .fetch_all(&mut **tx)
        .await?;
    let mut entries = BTreeMap::new();
    for row in &rows {
        let key = row.text("key")?;
        let value = Secret::new(open_value(sealer, deployment, &key, row)?);
        let secret = row.number::<i64>("secret")? != 0;
        entries.insert(key.clone(), EnvEntry { key, value, scope: row.word("scope")?, secret });
    }
    Ok(entries)
}

fn open_value(
    sealer: &Sealer,
    deployment: DeploymentId,
    key: &str,
    row: &sqlx::sqlite::SqliteRow,
) -> StoreResult<String> {
    let purpose = value_purpose(deployment, key);
    let plain = sealer.open_sealed(&purpose, row.try_get("value")?)?;
    Ok(String::from_utf8(plain).map_err(|_| SealError::Broken { purpose })?)
}
