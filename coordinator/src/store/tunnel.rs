//! Tunnels of their own: a name, a port if need be, and the hash of the token that holds them open.

use super::{
    RowExt, Store, StoreError, StoreResult,
    name::{self, PortPool},
    row::word,
};
use sqlx::sqlite::SqliteRow;
use ttalkak_protocol::{
    api::deployment::Exposure,
    id::{AccountId, TunnelId},
    unit::{PublicPort, UnixMillis},
};

/// A tunnel as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelRow {
    /// Its id.
    pub id: TunnelId,
    /// The first label of its address.
    pub name: String,
    /// HTTP or raw TCP.
    pub exposure: Exposure,
    /// The public port of raw TCP.
    pub public_port: Option<PublicPort>,
    /// When it was made.
    pub created_at: UnixMillis,
}

const VIEW: &str = "SELECT t.id, t.name, t.exposure, t.created_at, p.port FROM tunnel t LEFT JOIN public_port p ON p.owner = t.id";

fn read(row: &SqliteRow) -> StoreResult<TunnelRow> {
    let port: Option<i64> = row.number_opt("port")?;
    Ok(TunnelRow {
        id: row.parsed("id")?,
        name: row.text("name")?,
        exposure: row.word("exposure")?,
        public_port: port.map(|port| port.try_into().map_err(|_| StoreError::corrupt("port"))).transpose()?,
        created_at: row.time("created_at")?,
    })
}

impl Store {
    /// Makes a tunnel; `hash`: SHA-256 of its connect token. Errors: `NameTaken`, `PublicPortsExhausted`.
    pub async fn create_tunnel(
        &self,
        account: AccountId,
        (id, hash): (TunnelId, &[u8; 32]),
        (label, exposure): (&str, Exposure),
        ports: &PortPool,
        now: UnixMillis,
    ) -> StoreResult<TunnelRow> {
        let mut tx = self.begin().await?;
        name::claim_name(&mut tx, label, &id.to_string()).await?;
        let public_port = match exposure {
            Exposure::Http => None,
            Exposure::Tcp => Some(name::claim_port(&mut tx, ports, &id.to_string()).await?),
        };
        sqlx::query(
            "INSERT INTO tunnel (id, account_id, name, exposure, hash, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(id.to_string())
        .bind(account.to_string())
        .bind(label)
        .bind(word(exposure))
        .bind(&hash[..])
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(TunnelRow { id, name: label.to_owned(), exposure, public_port, created_at: now })
    }

    /// The tunnel that this connect token opens; `None` when there is none.
    pub async fn tunnel_of_token(&self, hash: &[u8; 32]) -> StoreResult<Option<TunnelRow>> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{VIEW} WHERE t.hash = ?")))
            .bind(&hash[..])
            .fetch_optional(self.read())
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// An account's tunnels, by name.
    pub async fn list_tunnels(&self, account: AccountId) -> StoreResult<Vec<TunnelRow>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{VIEW} WHERE t.account_id = ? ORDER BY t.name")))
            .bind(account.to_string())
            .fetch_all(self.read())
            .await?;
        rows.iter().map(read).collect()
    }

    /// Deletes a tunnel by id or name, and gives its name and port back. Returns what it was. Errors: `NotFound`.
    pub async fn delete_tunnel(&self, account: AccountId, key: &str) -> StoreResult<TunnelRow> {
        let mut tx = self.begin().await?;
        let sql = format!("{VIEW} WHERE t.account_id = ?1 AND (t.id = ?2 OR t.name = ?2)");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(account.to_string())
            .bind(key)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or_else(|| StoreError::not_found("tunnel", key))?;
        let tunnel = read(&row)?;
        let id = tunnel.id.to_string();
        sqlx::query("DELETE FROM tunnel WHERE id = ?").bind(&id).execute(&mut *tx).await?;
        name::release_claims(&mut tx, &id).await?;
        tx.commit().await?;
        Ok(tunnel)
    }
}
