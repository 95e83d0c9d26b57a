//! The journal, and the balances that are kept beside it in the same transaction. Entries are added and never changed;
//! no other file writes these three tables. Deliberately absent: deciding what an entry says (see `ledger`).

use super::{RowExt, Store, StoreResult, Tx};
use crate::ledger::{Account, Entry, EntryKey, Ledger, LedgerError, Posting, Reason};
use futures_util::TryStreamExt;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::collections::BTreeSet;
use ttalkak_protocol::{money::Amount, unit::UnixMillis};

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is in the journal from now on.
    New,
    /// It was there: the same fact was told again, and nothing has changed.
    Already,
}

/// An account whose kept balance is not what the journal comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unbalanced {
    /// Which.
    pub account: Account,
    /// As kept, with its sign.
    pub kept: i128,
    /// As replayed, with its sign.
    pub replayed: i128,
}

/// What one entry did to one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Its place in the journal; only grows.
    pub entry: i64,
    /// Its key.
    pub key: String,
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: UnixMillis,
    /// Base units, with their sign.
    pub amount: i128,
}

/// Adds an entry, and keeps the balances. The same key with the same entry again changes nothing.
/// Errors: `Ledger` with `KeyReused` when the key stands for another entry, with `Overdrawn` when an account would go
/// below zero; the transaction has not changed then and may go on.
pub async fn journal_append(
    tx: &mut Tx,
    entry: &Entry,
    key: EntryKey,
    at: UnixMillis,
) -> StoreResult<Appended> {
    let key = key.to_string();
    if let Some(kept) = entry_of(tx, &key).await? {
        let same = kept == *entry;
        return if same { Ok(Appended::Already) } else { Err(LedgerError::KeyReused { key }.into()) };
    }
    let mut balances = Vec::with_capacity(entry.postings().len());
    for posting in entry.postings() {
        balances.push((posting.account, signed_in(tx, posting.account).await?));
    }
    let mut ledger = Ledger::of(balances);
    ledger.apply(entry)?;
    let id: i64 =
        sqlx::query_scalar("INSERT INTO journal (key, reason, at) VALUES (?1, ?2, ?3) RETURNING id")
            .bind(&key)
            .bind(entry.reason().as_str())
            .bind(at.0)
            .fetch_one(&mut **tx)
            .await?;
    for (n, posting) in (1_i64..).zip(entry.postings()) {
        sqlx::query("INSERT INTO posting (entry_id, n, account, amount) VALUES (?1, ?2, ?3, ?4)")
            .bind(id)
            .bind(n)
            .bind(posting.account.to_string())
            .bind(posting.amount.to_string())
            .execute(&mut **tx)
            .await?;
        keep(tx, posting.account, ledger.balance(posting.account)).await?;
    }
    Ok(Appended::New)
}

/// An account's balance within a transaction; see [`Store::balance`].
pub async fn balance_in(tx: &mut Tx, account: Account) -> StoreResult<Amount> {
    Ok(Amount(signed_in(tx, account).await?.unsigned_abs()))
}

impl Store {
    /// What an account has; of the chain's, what the contract holds. Never below zero.
    pub async fn balance(&self, account: Account) -> StoreResult<Amount> {
        let mut connection = self.read().acquire().await?;
        Ok(Amount(signed_in(&mut connection, account).await?.unsigned_abs()))
    }

    /// Accounts that have something and whose text begins so, such as `hold:` or `payee:`, by text; with their sign.
    pub async fn balances_like(&self, prefix: &str) -> StoreResult<Vec<(Account, i128)>> {
        let mut connection = self.read().acquire().await?;
        kept_like(&mut connection, prefix).await
    }

    /// All balances from the journal alone. Reads all of it: for the start, the schedule and tests.
    /// Errors: `Ledger` when an entry of the journal cannot stand, `Corrupt`.
    pub async fn replay(&self) -> StoreResult<Ledger> {
        let mut connection = self.read().acquire().await?;
        replay_in(&mut connection).await
    }

    /// Accounts whose kept balance is not what the journal comes to, ordered; none when all is well. Errors as
    /// [`Store::replay`].
    pub async fn unbalanced(&self) -> StoreResult<Vec<Unbalanced>> {
        // One transaction: both sides are of one moment, whatever is appended meanwhile.
        let mut snapshot = self.read().begin().await?;
        let kept = Ledger::of(kept_like(&mut snapshot, "").await?);
        let replayed = replay_in(&mut snapshot).await?;
        let accounts: BTreeSet<Account> =
            kept.balances().chain(replayed.balances()).map(|(account, _)| account).collect();
        let sides = accounts.into_iter().map(|account| Unbalanced {
            account,
            kept: kept.balance(account),
            replayed: replayed.balance(account),
        });
        Ok(sides.filter(|side| side.kept != side.replayed).collect())
    }

    /// What moved on an account, oldest first: those after the journal's place `after` (0: from the begin), at most
    /// `limit`. For statements.
    pub async fn movements(&self, account: Account, after: i64, limit: u32) -> StoreResult<Vec<Movement>> {
        let rows = sqlx::query(
            "SELECT j.id, j.key, j.reason, j.at, p.amount FROM posting p JOIN journal j ON j.id = p.entry_id
             WHERE p.account = ?1 AND p.entry_id > ?2 ORDER BY p.entry_id LIMIT ?3",
        )
        .bind(account.to_string())
        .bind(after)
        .bind(limit)
        .fetch_all(self.read())
        .await?;
        let movement = |row: &SqliteRow| {
            Ok(Movement {
                entry: row.number("id")?,
                key: row.text("key")?,
                reason: row.parsed("reason")?,
                at: row.time("at")?,
                amount: row.parsed("amount")?,
            })
        };
        rows.iter().map(movement).collect()
    }

    /// How many entries of this reason ever moved money on an account. A tenant's deposits number the cycles of its
    /// notices. Looks at all its movements: ask only when a notice may be due.
    pub async fn movements_of(&self, account: Account, reason: Reason) -> StoreResult<u64> {
        let row = sqlx::query(
            "SELECT count(*) AS found FROM posting p JOIN journal j ON j.id = p.entry_id
             WHERE p.account = ?1 AND j.reason = ?2",
        )
        .bind(account.to_string())
        .bind(reason.as_str())
        .fetch_one(self.read())
        .await?;
        row.number("found")
    }
}

/// The entry that a key stands for.
async fn entry_of(tx: &mut Tx, key: &str) -> StoreResult<Option<Entry>> {
    let row = sqlx::query("SELECT id, reason FROM journal WHERE key = ?")
        .bind(key)
        .fetch_optional(&mut **tx)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let postings = sqlx::query("SELECT account, amount FROM posting WHERE entry_id = ? ORDER BY n")
        .bind(row.number::<i64>("id")?)
        .fetch_all(&mut **tx)
        .await?;
    let postings = postings.iter().map(posting).collect::<StoreResult<Vec<_>>>()?;
    Ok(Some(Entry::new(row.parsed("reason")?, postings)?))
}

fn posting(row: &SqliteRow) -> StoreResult<Posting> {
    Ok(Posting { account: row.parsed("account")?, amount: row.parsed("amount")? })
}

async fn signed_in(connection: &mut SqliteConnection, account: Account) -> StoreResult<i128> {
    let row = sqlx::query("SELECT amount FROM balance WHERE account = ?")
        .bind(account.to_string())
        .fetch_optional(connection)
        .await?;
    row.map_or(Ok(0), |row| row.parsed("amount"))
}

async fn keep(tx: &mut Tx, account: Account, balance: i128) -> StoreResult<()> {
    // An account without money has no row: finished holds and agreements are many.
    let query = if balance == 0 {
        sqlx::query("DELETE FROM balance WHERE account = ?1").bind(account.to_string())
    } else {
        sqlx::query(
            "INSERT INTO balance (account, amount) VALUES (?1, ?2)
             ON CONFLICT (account) DO UPDATE SET amount = excluded.amount",
        )
        .bind(account.to_string())
        .bind(balance.to_string())
    };
    query.execute(&mut **tx).await?;
    Ok(())
}

async fn kept_like(connection: &mut SqliteConnection, prefix: &str) -> StoreResult<Vec<(Account, i128)>> {
    // Accounts are ASCII, so DEL stands behind all that may follow the prefix, and the key's order serves the range.
    let rows = sqlx::query("SELECT account, amount FROM balance WHERE account >= ?1 AND account < ?1 || char(127) ORDER BY account")
        .bind(prefix)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok((row.parsed("account")?, row.parsed("amount")?))).collect()
}

/// Reads the journal as a stream, entry by entry: it may be longer than memory.
async fn replay_in(connection: &mut SqliteConnection) -> StoreResult<Ledger> {
    let mut rows = sqlx::query(
        "SELECT j.id, j.reason, p.account, p.amount FROM journal j JOIN posting p ON p.entry_id = j.id
         ORDER BY j.id, p.n",
    )
    .fetch(connection);
    let mut ledger = Ledger::default();
    let mut open: Option<(i64, Reason, Vec<Posting>)> = None;
    while let Some(row) = rows.try_next().await? {
        let id: i64 = row.try_get("id")?;
        match &mut open {
            Some((entry, _, postings)) if *entry == id => postings.push(posting(&row)?),
            other => {
                let next = (id, row.parsed("reason")?, vec![posting(&row)?]);
                if let Some((_, reason, postings)) = other.replace(next) {
                    ledger.apply(&Entry::new(reason, postings)?)?;
                }
            }
        }
    }
    if let Some((_, reason, postings)) = open {
        ledger.apply(&Entry::new(reason, postings)?)?;
    }
    Ok(ledger)
}

#[cfg(test)]
mod tests;
