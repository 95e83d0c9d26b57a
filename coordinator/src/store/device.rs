//! Programs without a browser that wait for their owner's yes. Only hashes of both codes are kept. Deliberately absent:
//! counting guesses, which the API does.

use super::{
    RowExt, Store, StoreError, StoreResult,
    token::{self, TokenWish},
};
use ttalkak_protocol::{
    api::{device::DeviceView, team::TokenScope},
    id::{AccountId, TokenId, UserId},
    unit::UnixMillis,
};

/// Devices that may wait at a time. They end by themselves after ten minutes.
const WAITING_MAX: i64 = 10_000;

/// A device that asks.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// SHA-256 of what it asks with.
    pub poll: [u8; 32],
    /// SHA-256 of what it shows.
    pub code: [u8; 32],
    /// What it calls itself, where it is, how much it wants to do.
    pub view: DeviceView,
}

/// How a device stands when it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceFound {
    /// Nobody has answered.
    Waiting,
    /// Its owner said no.
    Denied,
    /// Its owner said yes, and its token is made with this.
    Token(TokenId),
    /// It is over, never was, or has its token already.
    Gone,
}

impl Store {
    /// Notes that a device waits; `false` when too many do, or the code is another's at this moment.
    pub async fn add_device(&self, new: &NewDevice) -> StoreResult<bool> {
        let (now, expires_at) = (new.view.asked_at, new.view.expires_at);
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM device WHERE expires_at <= ?").bind(now.0).execute(&mut *tx).await?;
        let done = sqlx::query(
            "INSERT INTO device (poll, code, name, address, scope, asked_at, expires_at, state)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting' WHERE (SELECT count(*) FROM device) < ?8
             ON CONFLICT DO NOTHING",
        )
        .bind(&new.poll[..])
        .bind(&new.code[..])
        .bind(&new.view.device)
        .bind(&new.view.address)
        .bind(new.view.scope.as_str())
        .bind(now.0)
        .bind(expires_at.0)
        .bind(WAITING_MAX)
        .execute(&mut *tx)
        .await?;
        tx.commit_unseen().await?;
        Ok(done.rows_affected() == 1)
    }

    /// The device that shows this code and waits. Errors: `DeviceGone`.
    pub async fn device(&self, code: &[u8; 32], now: UnixMillis) -> StoreResult<DeviceView> {
        let sql = "SELECT * FROM device WHERE code = ? AND expires_at > ? AND state = 'waiting'";
        let row = sqlx::query(sql).bind(&code[..]).bind(now.0).fetch_optional(self.read()).await?;
        let row = row.ok_or(StoreError::DeviceGone)?;
        Ok(DeviceView {
            device: row.text("name")?,
            address: row.text_opt("address")?,
            asked_at: row.time("asked_at")?,
            expires_at: row.time("expires_at")?,
            scope: row.word("scope")?,
        })
    }

    /// Its owner's answer. `yes`: who says so, for which team and scope; `None`: no. Errors: `DeviceGone`.
    pub async fn answer_device(
        &self,
        code: &[u8; 32],
        yes: Option<(UserId, AccountId, TokenScope)>,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE device SET state = ?3, user_id = ?4, account_id = ?5, scope = coalesce(?6, scope)
             WHERE code = ?1 AND expires_at > ?2 AND state = 'waiting'",
        )
        .bind(&code[..])
        .bind(now.0)
        .bind(if yes.is_some() { "approved" } else { "denied" })
        .bind(yes.map(|(user, _, _)| user.to_string()))
        .bind(yes.map(|(_, account, _)| account.to_string()))
        .bind(yes.map(|(_, _, scope)| scope.as_str()))
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::DeviceGone);
        }
        tx.commit_unseen().await
    }

    /// How a device stands. Once approved, its token is made now, by the SHA-256 of a secret that only the asker gets.
    pub async fn poll_device(
        &self,
        poll: &[u8; 32],
        fresh: (TokenId, &[u8; 32]),
        expires_at: UnixMillis,
        now: UnixMillis,
    ) -> StoreResult<DeviceFound> {
        let mut tx = self.begin().await?;
        let sql = "SELECT * FROM device WHERE poll = ? AND expires_at > ?";
        let row = sqlx::query(sql).bind(&poll[..]).bind(now.0).fetch_optional(&mut *tx).await?;
        let Some(row) = row else { return Ok(DeviceFound::Gone) };
        match row.text("state")?.as_str() {
            "waiting" => return Ok(DeviceFound::Waiting),
            "denied" => return Ok(DeviceFound::Denied),
            "approved" => {}
            _ => return Ok(DeviceFound::Gone),
        }
        let name = row.text("name")?;
        let wish = TokenWish {
            account: row.parsed("account_id")?,
            user: row.parsed_opt("user_id")?,
            name: &name,
            scope: row.word("scope")?,
            expires_at: Some(expires_at),
        };
        token::insert(&mut tx, &wish, fresh.0, fresh.1, now).await?;
        let sql = "UPDATE device SET state = 'taken' WHERE poll = ?";
        sqlx::query(sql).bind(&poll[..]).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(DeviceFound::Token(fresh.0))
    }
}
