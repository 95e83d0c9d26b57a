//! Projects: named groups of deployments. Unique by name within an account.

use super::{
    RowExt, Store, StoreError, StoreResult, Tx,
    list::{KeyValue, ListSpec, SortKey},
};
use crate::logic::request::Refusal;
use sqlx::{AssertSqlSafe, sqlite::SqliteRow};
use ttalkak_protocol::{
    api::{page::Page, project::ProjectView},
    id::{AccountId, ProjectId},
    unit::UnixMillis,
};

const VIEW: &str = "SELECT p.id, p.name, p.created_at, p.updated_at,
    (SELECT count(*) FROM deployment d WHERE d.project_id = p.id) AS deployments FROM project p";

fn view(row: &SqliteRow) -> StoreResult<ProjectView> {
    Ok(ProjectView {
        id: row.parsed("id")?,
        name: row.text("name")?,
        deployments: row.number("deployments")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

impl Store {
    /// Makes a project. Errors: `NameTaken` within the account.
    pub async fn create_project(
        &self,
        account: AccountId,
        id: ProjectId,
        name: &str,
        now: UnixMillis,
    ) -> StoreResult<ProjectView> {
        let mut tx = self.begin().await?;
        insert(&mut tx, account, id, name, now).await?;
        tx.commit().await?;
        Ok(ProjectView { id, name: name.to_owned(), deployments: 0, created_at: now, updated_at: now })
    }

    /// One page of an account's projects.
    pub async fn list_projects(&self, account: AccountId, spec: &ListSpec) -> StoreResult<Page<ProjectView>> {
        let filter = "p.account_id = ?1 AND (?2 IS NULL OR instr(p.name, ?2) > 0)";
        let (order, after) = spec.clauses("p", "?3", "?4");
        let sql = format!("{VIEW} WHERE {filter} AND {after} {order} LIMIT ?5");
        let page = sqlx::query(AssertSqlSafe(sql)).bind(account.to_string()).bind(spec.q.clone());
        let rows = super::view::bind_place(page, spec)
            .bind(i64::from(spec.limit) + 1)
            .fetch_all(self.read())
            .await?;
        let count = format!("SELECT count(*) AS total FROM project p WHERE {filter}");
        let total = sqlx::query(AssertSqlSafe(count))
            .bind(account.to_string())
            .bind(spec.q.clone())
            .fetch_one(self.read())
            .await?
            .number("total")?;
        let mut items = rows.iter().map(view).collect::<StoreResult<Vec<_>>>()?;
        let more = items.len() > spec.limit as usize;
        items.truncate(spec.limit as usize);
        let next_cursor = items
            .last()
            .filter(|_| more)
            .map(|last| spec.write_cursor(key_of(last, spec.sort), last.id.to_string()));
        Ok(Page { items, next_cursor, total })
    }

    /// A project by id or name. Errors: `NotFound`.
    pub async fn project(&self, account: AccountId, key: &str) -> StoreResult<ProjectView> {
        let row = sqlx::query(AssertSqlSafe(format!(
            "{VIEW} WHERE p.account_id = ?1 AND (p.id = ?2 OR p.name = ?2)"
        )))
        .bind(account.to_string())
        .bind(key)
        .fetch_optional(self.read())
        .await?;
        row.as_ref().map_or_else(|| Err(StoreError::not_found("project", key)), view)
    }

    /// Gives a project another name. Errors: `NotFound`, `NameTaken`.
    pub async fn rename_project(
        &self,
        account: AccountId,
        key: &str,
        name: &str,
        now: UnixMillis,
    ) -> StoreResult<ProjectView> {
        let mut tx = self.begin().await?;
        let id = find(&mut tx, account, key).await?;
        if find_by_name(&mut tx, account, name).await?.is_some_and(|other| other != id) {
            return Err(StoreError::NameTaken(name.to_owned()));
        }
        sqlx::query("UPDATE project SET name = ?2, updated_at = ?3 WHERE id = ?1")
            .bind(id.to_string())
            .bind(name)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.project(account, &id.to_string()).await
    }

    /// Deletes an empty project. Errors: `NotFound`, `Refused(ProjectInUse)`.
    pub async fn delete_project(&self, account: AccountId, key: &str) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let id = find(&mut tx, account, key).await?;
        let held: u32 = sqlx::query("SELECT count(*) AS held FROM deployment WHERE project_id = ?")
            .bind(id.to_string())
            .fetch_one(&mut *tx)
            .await?
            .number("held")?;
        if held > 0 {
            return Err(Refusal::ProjectInUse(held).into());
        }
        sqlx::query("DELETE FROM project WHERE id = ?").bind(id.to_string()).execute(&mut *tx).await?;
        tx.commit().await
    }
}

fn key_of(project: &ProjectView, sort: SortKey) -> KeyValue {
    match sort {
        SortKey::Name | SortKey::State => KeyValue::Text(project.name.clone()),
        SortKey::CreatedAt => KeyValue::Number(project.created_at.0),
        SortKey::UpdatedAt => KeyValue::Number(project.updated_at.0),
    }
}

pub(super) async fn insert(
    tx: &mut Tx,
    account: AccountId,
    id: ProjectId,
    name: &str,
    now: UnixMillis,
) -> StoreResult<()> {
    let done = sqlx::query(
        "INSERT INTO project (id, account_id, name, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)
         ON CONFLICT DO NOTHING",
    )
    .bind(id.to_string())
    .bind(account.to_string())
    .bind(name)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 { Err(StoreError::NameTaken(name.to_owned())) } else { Ok(()) }
}

/// By id or name, within a transaction. Errors: `NotFound`.
pub(super) async fn find(tx: &mut Tx, account: AccountId, key: &str) -> StoreResult<ProjectId> {
    let row = sqlx::query("SELECT id FROM project WHERE account_id = ?1 AND (id = ?2 OR name = ?2)")
        .bind(account.to_string())
        .bind(key)
        .fetch_optional(&mut **tx)
        .await?;
    row.map_or_else(|| Err(StoreError::not_found("project", key)), |row| row.parsed("id"))
}

pub(super) async fn find_by_name(
    tx: &mut Tx,
    account: AccountId,
    name: &str,
) -> StoreResult<Option<ProjectId>> {
    let row = sqlx::query("SELECT id FROM project WHERE account_id = ? AND name = ?")
        .bind(account.to_string())
        .bind(name)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| row.parsed("id")).transpose()
}

/// Notes that something in a project changed.
pub(super) async fn touch(tx: &mut Tx, project: ProjectId, now: UnixMillis) -> StoreResult<()> {
    sqlx::query("UPDATE project SET updated_at = ?2 WHERE id = ?1")
        .bind(project.to_string())
        .bind(now.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
