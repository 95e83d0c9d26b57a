//! Keyset paging: what a list sorts by, and the cursor that continues it. A cursor names the last row by its sort
//! value and id, so rows that come or go in between shift nothing. Pure; the SQL stands with each aggregate.

use super::{StoreError, StoreResult};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ttalkak_protocol::api::page::{LIMIT_DEFAULT, LIMIT_MAX, ListQuery};

/// A cursor longer than this is none of ours: it holds two short texts and the search word.
const CURSOR_CHARS_MAX: usize = 2048;
const SUM_BYTES: usize = 8;

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortKey {
    /// By name.
    Name,
    /// By time of making.
    CreatedAt,
    /// By time of the last change.
    UpdatedAt,
    /// By state; deployments only.
    State,
}

impl SortKey {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "name" => Some(Self::Name),
            "created_at" => Some(Self::CreatedAt),
            "updated_at" => Some(Self::UpdatedAt),
            "state" => Some(Self::State),
            _ => None,
        }
    }

    /// The column's name; the only text that ever enters a statement.
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::State => "state",
        }
    }
}

/// Where a page begins: behind this row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The row's value in the sorted column.
    pub key: KeyValue,
    /// Its id, which settles ties.
    pub id: String,
}

/// A value of a sorted column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum KeyValue {
    /// A time.
    Number(i64),
    /// A name or state.
    Text(String),
}

/// A list query that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSpec {
    /// Part of the name, in small letters; names have no others.
    pub q: Option<String>,
    /// The sorted column.
    pub sort: SortKey,
    /// Downwards.
    pub descending: bool,
    /// Rows on a page.
    pub limit: u32,
    /// Project id or name, as given.
    pub project: Option<String>,
    pub(super) after: Option<Place>,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    list: String,
    after: Place,
}

impl ListSpec {
    /// Checks a query. `by_state`: whether this list has states.
    /// Errors: `SortUnknown`, `CursorInvalid`; the limit is put into its bounds.
    pub fn new(query: &ListQuery, by_state: bool) -> StoreResult<Self> {
        let asked = query.sort.as_deref().unwrap_or("-created_at");
        let (descending, word) = asked.strip_prefix('-').map_or((false, asked), |word| (true, word));
        let sort = SortKey::parse(word)
            .filter(|sort| by_state || *sort != SortKey::State)
            .ok_or_else(|| StoreError::SortUnknown(asked.chars().take(40).collect()))?;
        let mut spec = Self {
            q: query.q.as_ref().map(|q| q.trim().to_lowercase()).filter(|q| !q.is_empty()),
            sort,
            descending,
            limit: query.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX),
            project: query.project.clone(),
            after: None,
        };
        spec.after = query.cursor.as_deref().map(|text| spec.read_cursor(text)).transpose()?;
        Ok(spec)
    }

    /// What a cursor must belong to: everything but page size and place.
    fn list(&self) -> String {
        let direction = if self.descending { "-" } else { "" };
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{direction}{}\n{}\n{}", self.sort.column(), part(&self.project), part(&self.q))
    }

    pub(super) fn write_cursor(&self, key: KeyValue, id: String) -> String {
        let cursor = Cursor { list: self.list(), after: Place { key, id } };
        let mut bytes = super::row::json(&cursor).into_bytes();
        bytes.extend_from_slice(&sum(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read_cursor(&self, text: &str) -> StoreResult<Place> {
        let invalid = || StoreError::CursorInvalid;
        if text.len() > CURSOR_CHARS_MAX {
            return Err(invalid());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let at = bytes.len().checked_sub(SUM_BYTES).ok_or_else(invalid)?;
        let (body, told) = bytes.split_at(at);
        if told != sum(body) {
            return Err(invalid());
        }
        let cursor: Cursor = serde_json::from_slice(body).map_err(|_| invalid())?;
        let fits = match (&cursor.after.key, self.sort) {
            (KeyValue::Number(_), SortKey::CreatedAt | SortKey::UpdatedAt)
            | (KeyValue::Text(_), SortKey::Name | SortKey::State) => true,
            (KeyValue::Number(_), SortKey::Name | SortKey::State)
            | (KeyValue::Text(_), SortKey::CreatedAt | SortKey::UpdatedAt) => false,
        };
        (cursor.list == self.list() && fits).then_some(cursor.after).ok_or_else(invalid)
    }

    /// `ORDER BY` and the comparison that continues behind the cursor, for table alias `t`.
    /// The comparison takes two parameters, `?key` and `?id`; without a cursor it is always true.
    pub(super) fn clauses(&self, t: &str, key: &str, id: &str) -> (String, String) {
        let (column, direction, than) = (
            self.sort.column(),
            if self.descending { "DESC" } else { "ASC" },
            if self.descending { "<" } else { ">" },
        );
        let order = format!("ORDER BY {t}.{column} {direction}, {t}.id {direction}");
        let after = match self.after {
            Some(_) => format!("({t}.{column}, {t}.id) {than} ({key}, {id})"),
            None => "1".to_owned(),
        };
        (order, after)
    }
}

/// Tells an altered cursor. Not a signature: whoever forges one only starts a list of his own elsewhere.
fn sum(bytes: &[u8]) -> [u8; SUM_BYTES] {
    let digest = Sha256::new().chain_update(b"ttalkak cursor 1\n").chain_update(bytes).finalize();
    std::array::from_fn(|at| digest[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(sort: &str, cursor: Option<String>) -> ListQuery {
        ListQuery { sort: Some(sort.to_owned()), cursor, ..ListQuery::default() }
    }

    #[test]
    fn a_cursor_continues_its_own_list_and_no_other() {
        let spec = ListSpec::new(&query("name", None), true).unwrap();
        let cursor = spec.write_cursor(KeyValue::Text("shop".into()), "dep_1".into());
        let next = ListSpec::new(&query("name", Some(cursor.clone())), true).unwrap();
        assert_eq!(next.after, Some(Place { key: KeyValue::Text("shop".into()), id: "dep_1".into() }));
        for other in ["-name", "created_at"] {
            let answer = ListSpec::new(&query(other, Some(cursor.clone())), true);
            assert!(matches!(answer, Err(StoreError::CursorInvalid)), "{other}");
        }
        let searched = ListQuery { q: Some("x".into()), ..query("name", Some(cursor)) };
        assert!(matches!(ListSpec::new(&searched, true), Err(StoreError::CursorInvalid)));
    }

    #[test]
    fn every_altered_character_of_a_cursor_is_refused() {
        let spec = ListSpec::new(&query("name", None), true).unwrap();
        let cursor = spec.write_cursor(KeyValue::Text("shop".into()), "dep_1".into());
        for at in 0..cursor.len() {
            let mut altered = cursor.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(ListSpec::new(&query("name", Some(altered)), true).is_err(), "character {at}");
        }
        for bad in ["", "x", "💥", &"A".repeat(3000)] {
            assert!(ListSpec::new(&query("name", Some(bad.to_owned())), true).is_err());
        }
    }

    #[test]
    fn only_lists_with_states_are_sorted_by_state() {
        assert!(ListSpec::new(&query("state", None), true).is_ok());
        assert!(matches!(ListSpec::new(&query("state", None), false), Err(StoreError::SortUnknown(_))));
        assert!(matches!(ListSpec::new(&query("name; DROP", None), true), Err(StoreError::SortUnknown(_))));
    }
}
