//! What is unique on the whole platform: hostname labels and public ports, each with one owner.

use super::{RowExt, Store, StoreError, StoreResult, Tx};
use std::{collections::BTreeSet, ops::RangeInclusive};
use ttalkak_protocol::unit::PublicPort;

/// Where public ports are taken from.
#[derive(Debug, Clone)]
pub struct PortPool {
    /// All that are ours to give.
    pub all: RangeInclusive<u16>,
    /// Those that another program listens on now. One of them is given only when there is no other: the edge
    /// tries again until that program has left.
    pub busy: BTreeSet<u16>,
}

impl Store {
    /// Whether a name has an owner.
    pub async fn name_is_taken(&self, name: &str) -> StoreResult<bool> {
        let found = sqlx::query("SELECT 1 FROM name_claim WHERE name = ?")
            .bind(name)
            .fetch_optional(self.read())
            .await?;
        Ok(found.is_some())
    }
}

/// Takes a name for `owner`. Errors: `NameTaken`.
pub(super) async fn claim_name(tx: &mut Tx, name: &str, owner: &str) -> StoreResult<()> {
    let done = sqlx::query("INSERT INTO name_claim (name, owner) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(name)
        .bind(owner)
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 0 { Err(StoreError::NameTaken(name.to_owned())) } else { Ok(()) }
}

/// Gives `owner` the lowest free port of `pool`. Errors: `PublicPortsExhausted`.
pub(super) async fn claim_port(tx: &mut Tx, pool: &PortPool, owner: &str) -> StoreResult<PublicPort> {
    let rows = sqlx::query("SELECT port FROM public_port WHERE port BETWEEN ? AND ? ORDER BY port")
        .bind(*pool.all.start())
        .bind(*pool.all.end())
        .fetch_all(&mut **tx)
        .await?;
    let taken: BTreeSet<u16> = rows.iter().map(|row| row.number("port")).collect::<StoreResult<_>>()?;
    let port = lowest_free(pool, &taken).ok_or(StoreError::PublicPortsExhausted)?;
    sqlx::query("INSERT INTO public_port (port, owner) VALUES (?, ?)")
        .bind(port.get())
        .bind(owner)
        .execute(&mut **tx)
        .await?;
    Ok(port)
}

/// Gives back everything that `owner` had.
pub(super) async fn release_claims(tx: &mut Tx, owner: &str) -> StoreResult<()> {
    for sql in ["DELETE FROM name_claim WHERE owner = ?", "DELETE FROM public_port WHERE owner = ?"] {
        sqlx::query(sql).bind(owner).execute(&mut **tx).await?;
    }
    Ok(())
}

fn lowest_free(pool: &PortPool, taken: &BTreeSet<u16>) -> Option<PublicPort> {
    let free = || pool.all.clone().filter(|port| !taken.contains(port));
    let port = free().find(|port| !pool.busy.contains(port)).or_else(|| free().next())?;
    PublicPort::try_from(i64::from(port)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_port_is_given_until_none_is_left() {
        assert_eq!(free(&[], &[]), Some(20));
        assert_eq!(free(&[20, 22], &[]), Some(21));
        assert_eq!(free(&[20, 21, 22], &[]), None);
    }

    #[test]
    fn a_port_that_another_program_holds_is_given_last() {
        assert_eq!(free(&[], &[20]), Some(21));
        assert_eq!(free(&[21, 22], &[20]), Some(20));
        assert_eq!(free(&[20, 21, 22], &[20]), None);
    }

    fn free(taken: &[u16], busy: &[u16]) -> Option<u16> {
        let pool = PortPool { all: 20..=22, busy: busy.iter().copied().collect() };
        lowest_free(&pool, &taken.iter().copied().collect()).map(PublicPort::get)
    }
}
