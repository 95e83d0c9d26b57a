//! SQL, one file per aggregate; no other room writes any. Methods of [`Store`] are intentions ("create a
//! deployment"), each in one transaction.
//!
//! One connection writes, several read: SQLite has one writer at a time anyway, and a reader that turns into a writer
//! in the middle of a transaction fails at once ("database is locked") whatever its timeout. So every write begins
//! with `BEGIN IMMEDIATE` on the one writer. Deliberately absent: waiting, retrying, deciding.

pub mod agent;
pub mod agreement;
pub mod audit;
pub mod balance_end;
pub mod billing;
pub mod chain_event;
pub mod chain_money;
pub mod credential;
pub mod delivery;
pub mod deployment;
pub mod device;
pub mod env;
pub mod error;
pub mod hold;
pub mod idempotency;
pub mod invitation;
pub mod journal;
pub mod lease;
pub mod leaving;
pub mod list;
pub mod log;
pub mod machine;
pub mod mandate;
pub mod mark;
pub mod name;
pub mod opening;
pub mod outbox;
pub mod pairing;
pub mod preview;
pub mod project;
pub mod provider;
pub mod purse;
pub mod push;
pub mod rate;
pub mod reading;
pub mod release;
pub mod rollout;
pub mod route;
mod row;
pub mod saga;
mod schema;
pub mod session;
pub mod settlement;
pub mod shape;
pub mod standing;
pub mod sweep;
pub mod team;
pub mod term;
pub mod token;
pub mod tunnel;
pub mod upload;
pub mod user;
pub mod view;
pub mod wallet;
pub mod wish;

pub use error::StoreError;
pub(crate) use row::RowExt;

use sqlx::{
    Sqlite, SqliteConnection, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    ops::{Deref, DerefMut},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;

/// What the methods of this room return.
pub type StoreResult<T> = Result<T, StoreError>;

/// Readers of the tables. Four: twice the cores of a small machine, so that one slow list delays no other.
const READERS: u32 = 4;
/// Readers of log lines.
const LOG_READERS: u32 = 2;
/// A commit takes milliseconds; who waits longer than this meets a machine in trouble.
const BUSY: Duration = Duration::from_secs(5);

/// A cheap handle to the tables and the logs.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writer: SqlitePool,
    readers: SqlitePool,
    log_writer: SqlitePool,
    log_readers: SqlitePool,
    version: AtomicU64,
    changes: watch::Sender<u64>,
}

impl Store {
    /// Opens `main.db` and `logs.db` beneath `dir` (which must exist), making and migrating them as needed.
    /// Errors: `Open`, `Migrate`.
    pub async fn open(dir: &Path) -> StoreResult<Self> {
        let (main, logs) = (dir.join("main.db"), dir.join("logs.db"));
        // FULL: an answer that was given survives a power cut. Log lines may lose the last moment.
        let writer = pool(&main, SqliteSynchronous::Full, 1).await?;
        let log_writer = pool(&logs, SqliteSynchronous::Normal, 1).await?;
        schema::migrate(&writer, schema::MAIN, &main).await?;
        schema::migrate(&log_writer, schema::LOGS, &logs).await?;
        let readers = pool(&main, SqliteSynchronous::Full, READERS).await?;
        let log_readers = pool(&logs, SqliteSynchronous::Normal, LOG_READERS).await?;
        let (changes, _) = watch::channel(0);
        let version = AtomicU64::new(0);
        Ok(Self { inner: Arc::new(Inner { writer, readers, log_writer, log_readers, version, changes }) })
    }

    /// Connections for reading the tables. Writing through them is a bug: it would meet the writer's lock.
    pub fn read(&self) -> &SqlitePool {
        &self.inner.readers
    }

    /// Begins the one write transaction there can be; waits for its turn. Dropped without a commit it rolls back.
    pub async fn begin(&self) -> StoreResult<Tx> {
        let tx = self.inner.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Tx { tx, inner: self.inner.clone() })
    }

    /// Grows with each commit that a view may show. What was read before it grew may be old.
    pub fn data_version(&self) -> u64 {
        self.inner.version.load(Ordering::Acquire)
    }

    /// Tells of commits: the value is [`Store::data_version`].
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Connections for reading log lines.
    pub(crate) fn read_logs(&self) -> &SqlitePool {
        &self.inner.log_readers
    }

    /// The one write transaction on the logs.
    pub(crate) async fn begin_logs(&self) -> StoreResult<Transaction<'static, Sqlite>> {
        Ok(self.inner.log_writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Closes the files after the statements at work; later calls fail. For an orderly end.
    pub async fn close(&self) {
        for pool in [&self.inner.readers, &self.inner.writer, &self.inner.log_readers, &self.inner.log_writer]
        {
            pool.close().await;
        }
    }
}

/// The write transaction. Use it as an executor: `query.execute(&mut *tx)`.
pub struct Tx {
    tx: Transaction<'static, Sqlite>,
    inner: Arc<Inner>,
}

impl Tx {
    /// Makes the changes last, then tells everybody who keeps a copy.
    pub async fn commit(self) -> StoreResult<()> {
        let Self { tx, inner } = self;
        tx.commit().await?;
        let version = inner.version.fetch_add(1, Ordering::AcqRel) + 1;
        inner.changes.send_replace(version);
        Ok(())
    }

    /// Makes changes last that no view shows, such as a heartbeat's time; copies of views stay good.
    pub async fn commit_unseen(self) -> StoreResult<()> {
        Ok(self.tx.commit().await?)
    }
}

impl Deref for Tx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.tx
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.tx
    }
}

async fn pool(file: &Path, synchronous: SqliteSynchronous, most: u32) -> StoreResult<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        // Pages kept by each connection, in KiB: the operating system keeps the file anyway.
        .pragma("cache_size", "-1024");
    SqlitePoolOptions::new()
        .max_connections(most)
        .min_connections(1)
        // A file does not hang up as a server does: connections are kept and not tested.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(30))
        .connect_with(options)
        .await
        .map_err(|cause| StoreError::Open { file: file.to_owned(), cause })
}
