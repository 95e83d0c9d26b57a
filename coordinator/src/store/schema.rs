//! The migrations, built into the program. A file that was released is never edited: a change is a new file.

use super::{StoreError, StoreResult};
use sqlx::{
    SqlSafeStr, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
};
use std::path::Path;

/// Name and text of each migration, oldest first; its version is its place, counted from 1.
pub(super) type Migrations = &'static [(&'static str, &'static str)];

/// Of the tables.
pub(super) const MAIN: Migrations = &[
    ("first", include_str!("../../migrations/main/0001_first.sql")),
    ("list by name", include_str!("../../migrations/main/0002_list_by_name.sql")),
    ("money", include_str!("../../migrations/main/0003_money.sql")),
    ("term", include_str!("../../migrations/main/0004_term.sql")),
    ("display rate", include_str!("../../migrations/main/0005_display_rate.sql")),
    ("leaving", include_str!("../../migrations/main/0006_leaving.sql")),
    ("accounts", include_str!("../../migrations/main/0007_accounts.sql")),
    ("push", include_str!("../../migrations/main/0008_push.sql")),
    ("shape", include_str!("../../migrations/main/0009_shape.sql")),
];
/// Of the logs.
pub(super) const LOGS: Migrations = &[("first", include_str!("../../migrations/logs/0001_first.sql"))];

/// Applies what is missing. Errors: `Migrate`, also when an applied migration's text was changed since.
pub(super) async fn migrate(pool: &SqlitePool, migrations: Migrations, file: &Path) -> StoreResult<()> {
    let list = (1..).zip(migrations).map(|(version, (name, sql))| {
        Migration::new(version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(list.collect())
        .run(pool)
        .await
        .map_err(|cause| StoreError::Migrate { file: file.to_owned(), cause })
}
