//! Reads typed values out of rows: ids, times, JSON, words of closed lists. Shared by the files of this room.

use super::{StoreError, StoreResult};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row, sqlite::SqliteRow};
use std::str::FromStr;
use ttalkak_protocol::unit::UnixMillis;

/// Typed columns. Each errs with `Corrupt` when the column holds what was never written.
pub(crate) trait RowExt {
    /// An id, or anything else with a text form.
    fn parsed<T: FromStr>(&self, column: &str) -> StoreResult<T>;
    /// The same, or `None` for NULL.
    fn parsed_opt<T: FromStr>(&self, column: &str) -> StoreResult<Option<T>>;
    /// A word of a closed list, as serde writes it.
    fn word<T: DeserializeOwned>(&self, column: &str) -> StoreResult<T>;
    /// The same, or `None` for NULL.
    fn word_opt<T: DeserializeOwned>(&self, column: &str) -> StoreResult<Option<T>>;
    /// A JSON text, or `None` for NULL.
    fn json_opt<T: DeserializeOwned>(&self, column: &str) -> StoreResult<Option<T>>;
    /// A time.
    fn time(&self, column: &str) -> StoreResult<UnixMillis>;
    /// A time, or `None` for NULL.
    fn time_opt(&self, column: &str) -> StoreResult<Option<UnixMillis>>;
    /// A number that fits.
    fn number<T: TryFrom<i64>>(&self, column: &str) -> StoreResult<T>;
    /// The same, or `None` for NULL.
    fn number_opt<T: TryFrom<i64>>(&self, column: &str) -> StoreResult<Option<T>>;
    /// A text.
    fn text(&self, column: &str) -> StoreResult<String>;
    /// A text, or `None` for NULL.
    fn text_opt(&self, column: &str) -> StoreResult<Option<String>>;
}

impl RowExt for SqliteRow {
    fn parsed<T: FromStr>(&self, column: &str) -> StoreResult<T> {
        self.parsed_opt(column)?.ok_or_else(|| StoreError::corrupt(column))
    }

    fn parsed_opt<T: FromStr>(&self, column: &str) -> StoreResult<Option<T>> {
        let text: Option<&str> = self.try_get(column)?;
        text.map(|text| text.parse().map_err(|_| StoreError::corrupt(column))).transpose()
    }

    fn word<T: DeserializeOwned>(&self, column: &str) -> StoreResult<T> {
        self.word_opt(column)?.ok_or_else(|| StoreError::corrupt(column))
    }

    fn word_opt<T: DeserializeOwned>(&self, column: &str) -> StoreResult<Option<T>> {
        let text: Option<String> = self.try_get(column)?;
        text.map(|text| {
            serde_json::from_value(serde_json::Value::String(text)).map_err(|_| StoreError::corrupt(column))
        })
        .transpose()
    }

    fn json_opt<T: DeserializeOwned>(&self, column: &str) -> StoreResult<Option<T>> {
        let text: Option<&str> = self.try_get(column)?;
        text.map(|text| serde_json::from_str(text).map_err(|_| StoreError::corrupt(column))).transpose()
    }

    fn time(&self, column: &str) -> StoreResult<UnixMillis> {
        Ok(UnixMillis(self.try_get(column)?))
    }

    fn time_opt(&self, column: &str) -> StoreResult<Option<UnixMillis>> {
        let time: Option<i64> = self.try_get(column)?;
        Ok(time.map(UnixMillis))
    }

    fn number<T: TryFrom<i64>>(&self, column: &str) -> StoreResult<T> {
        self.number_opt(column)?.ok_or_else(|| StoreError::corrupt(column))
    }

    fn number_opt<T: TryFrom<i64>>(&self, column: &str) -> StoreResult<Option<T>> {
        let number: Option<i64> = self.try_get(column)?;
        number.map(|number| T::try_from(number).map_err(|_| StoreError::corrupt(column))).transpose()
    }

    fn text(&self, column: &str) -> StoreResult<String> {
        Ok(self.try_get(column)?)
    }

    fn text_opt(&self, column: &str) -> StoreResult<Option<String>> {
        Ok(self.try_get(column)?)
    }
}

/// The word that serde writes for a value of a closed list.
pub(crate) fn word<T: Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("closed lists are written as words, not as {other:?}"),
    }
}

/// JSON text of a value.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our values have string keys")
}
