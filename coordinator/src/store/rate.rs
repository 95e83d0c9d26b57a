//! What a token was worth for people, and when: statements of a day that is over keep the rate of that day. Deliberately
//! absent: which rate is believed.

use super::{RowExt, Store, StoreResult};
use sqlx::sqlite::SqliteRow;
use ttalkak_protocol::{api::billing::DisplayRate, unit::UnixMillis};

/// One rate of a currency is kept for each of these, ms: days need no finer grain.
const GRAIN_MS: i64 = 3_600_000;

impl Store {
    /// Keeps a rate; the newest of an hour takes the place of the others.
    pub async fn keep_rate(&self, rate: &DisplayRate) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO display_rate (currency, hour, micros_per_token, source, at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (currency, hour) DO UPDATE SET micros_per_token = ?3, source = ?4, at = ?5 WHERE at <= ?5",
        )
        .bind(&rate.currency)
        .bind(rate.at.0.div_euclid(GRAIN_MS))
        .bind(rate.micros_per_token.cast_signed())
        .bind(&rate.source)
        .bind(rate.at.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// The newest rate of each currency.
    pub async fn newest_rates(&self) -> StoreResult<Vec<DisplayRate>> {
        self.rates_until(UnixMillis(i64::MAX)).await
    }

    /// The newest rate of each currency at or before a moment.
    pub async fn rates_until(&self, moment: UnixMillis) -> StoreResult<Vec<DisplayRate>> {
        let rows = sqlx::query(
            "SELECT currency, micros_per_token, source, MAX(at) AS at FROM display_rate WHERE at <= ?
             GROUP BY currency ORDER BY currency",
        )
        .bind(moment.0)
        .fetch_all(self.read())
        .await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &SqliteRow) -> StoreResult<DisplayRate> {
    Ok(DisplayRate {
        currency: row.text("currency")?,
        micros_per_token: row.number("micros_per_token")?,
        source: row.text("source")?,
        at: row.time("at")?,
        stale: false,
    })
}
