//! Writing an entry whose fact has happened already: what the books refuse is told to a person, and the rest goes on.

use crate::{
    ledger::{Entry, EntryKey, LedgerError},
    logic::chain::EscrowLog,
    store::{
        StoreError, StoreResult, Tx,
        journal::{Appended, journal_append},
    },
};
use ttalkak_protocol::unit::UnixMillis;

/// Appends. `None`: the books refused, which was told aloud.
pub(super) async fn append(
    tx: &mut Tx,
    log: &EscrowLog,
    entry: Result<Entry, LedgerError>,
    key: EntryKey,
    now: UnixMillis,
) -> StoreResult<Option<Appended>> {
    let appended = match entry {
        Ok(entry) => journal_append(tx, &entry, key, now).await,
        Err(error) => Err(error.into()),
    };
    match appended {
        Ok(appended) => Ok(Some(appended)),
        Err(StoreError::Ledger(error)) => {
            alarm(log, &error.to_string());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Calls a person: books and chain differ here.
pub(super) fn alarm(log: &EscrowLog, why: &str) {
    tracing::error!(
        code = "chain_event_unfit",
        block = log.block,
        log_index = log.log_index,
        transaction = %log.tx,
        event = ?log.event,
        "an event of the contract does not fit the books: {why}"
    );
}
