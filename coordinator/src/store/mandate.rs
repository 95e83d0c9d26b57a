//! Mandates: what tenants permit in advance. Deliberately absent: checking signatures, and asking the contract how far
//! one is used.

use super::{RowExt, Store, StoreError, StoreResult, hold, row::json};
use sqlx::sqlite::SqliteRow;
use ttalkak_escrow::mandate_id;
use ttalkak_protocol::{
    ErrorCode,
    id::AccountId,
    money::{Amount, ChainHash, EvmSignature, Mandate},
    unit::UnixMillis,
};

/// A mandate and its proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MandateRow {
    /// Its hash.
    pub id: ChainHash,
    /// Whose.
    pub account: AccountId,
    /// What was signed.
    pub mandate: Mandate,
    /// By the wallet.
    pub signature: EvmSignature,
}

impl MandateRow {
    fn read(row: &SqliteRow) -> StoreResult<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            account: row.parsed("account_id")?,
            mandate: row.json_opt("body")?.ok_or_else(|| StoreError::corrupt("body"))?,
            signature: row.parsed("signature")?,
        })
    }
}

/// Since when what was locked under a mandate counts against its cap: the begin of the period at `now`, or of time.
pub fn window_start(mandate: &Mandate, now: UnixMillis) -> UnixMillis {
    let seconds = u64::try_from(now.0 / 1000).unwrap_or(0);
    let Some(past) = seconds.saturating_sub(mandate.start).checked_div(mandate.period) else {
        return UnixMillis(0);
    };
    let start = mandate.start.saturating_add(past.saturating_mul(mandate.period));
    UnixMillis(i64::try_from(start.saturating_mul(1000)).unwrap_or(i64::MAX))
}

impl Store {
    /// The newest mandate of an account that was neither replaced nor revoked; it may be expired.
    pub async fn mandate_in_force(&self, account: AccountId) -> StoreResult<Option<MandateRow>> {
        let row = sqlx::query(
            "SELECT * FROM mandate WHERE account_id = ? AND state = 'active' ORDER BY created_at DESC LIMIT 1",
        )
        .bind(account.to_string())
        .fetch_optional(self.read())
        .await?;
        row.as_ref().map(MandateRow::read).transpose()
    }

    /// A mandate by its hash, whatever became of it.
    pub async fn mandate(&self, id: ChainHash) -> StoreResult<Option<MandateRow>> {
        let row = sqlx::query("SELECT * FROM mandate WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(self.read())
            .await?;
        row.as_ref().map(MandateRow::read).transpose()
    }

    /// What is locked, or about to be, under a mandate within its period at `now`.
    pub async fn mandate_used(&self, row: &MandateRow, now: UnixMillis) -> StoreResult<Amount> {
        self.used_under_mandate(row.id, window_start(&row.mandate, now)).await
    }

    /// From here on this is the account's mandate. The same one again changes nothing.
    /// Errors: `MandateInvalid` when it was revoked, or is another account's.
    pub async fn set_mandate(
        &self,
        account: AccountId,
        (mandate, signature): (&Mandate, &EvmSignature),
        now: UnixMillis,
    ) -> StoreResult<()> {
        let id = mandate_id(mandate);
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE mandate SET state = 'replaced' WHERE account_id = ? AND state = 'active' AND id != ?",
        )
        .bind(account.to_string())
        .bind(id.to_string())
        .execute(&mut *tx)
        .await?;
        let done = sqlx::query(
            "INSERT INTO mandate (id, account_id, body, signature, state, created_at) VALUES (?1, ?2, ?3, ?4, 'active', ?5)
             ON CONFLICT (id) DO UPDATE SET state = 'active', created_at = ?5
             WHERE mandate.account_id = ?2 AND mandate.state != 'revoked'",
        )
        .bind(id.to_string())
        .bind(account.to_string())
        .bind(json(mandate))
        .bind(signature.to_string())
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::money(ErrorCode::MandateInvalid, "The mandate was revoked."));
        }
        tx.commit().await
    }
}

/// What may still be locked under a mandate, as a transaction sees it.
pub async fn allowed(tx: &mut super::Tx, row: &MandateRow, now: UnixMillis) -> StoreResult<Amount> {
    let used = hold::used_under(tx, row.id, window_start(&row.mandate, now)).await?;
    Ok(row.mandate.cap.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::money::EvmAddress;

    fn mandate(period: u64) -> Mandate {
        Mandate {
            tenant: EvmAddress([1; 20]),
            token: EvmAddress([2; 20]),
            rate_per_hour_max: Amount(1),
            cap: Amount(1),
            period,
            start: 1000,
            expiry: 100_000,
            salt: 1,
        }
    }

    #[test]
    fn a_period_begins_where_the_contract_begins_it() {
        let at = |seconds: i64| UnixMillis(seconds * 1000);
        assert_eq!(window_start(&mandate(0), at(50_000)), UnixMillis(0));
        assert_eq!(window_start(&mandate(100), at(1000)), at(1000));
        assert_eq!(window_start(&mandate(100), at(1099)), at(1000));
        assert_eq!(window_start(&mandate(100), at(1100)), at(1100));
        assert_eq!(window_start(&mandate(100), at(1999)), at(1900));
    }
}
