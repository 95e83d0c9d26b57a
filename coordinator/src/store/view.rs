//! Deployments as readers see them: one row joined with its project, its serving release, its port, who serves it and
//! the rollout on its way.

use super::{
    RowExt, Store, StoreError, StoreResult, Tx,
    list::{KeyValue, ListSpec, SortKey},
};
use sqlx::{AssertSqlSafe, Row, Sqlite, query::Query, sqlite::SqliteArguments, sqlite::SqliteRow};
use ttalkak_protocol::{
    api::{
        deployment::{DeploymentView, RolloutView},
        page::Page,
    },
    id::{AccountId, DeploymentId},
    unit::{Bytes, ContainerPort, MilliCpu, PublicPort},
};

// The rollout is the newest one that nobody gave up; an older one that is being undone is not worth telling.
const VIEW: &str = "SELECT d.id, d.name, d.project_id, p.name AS project_name, d.exposure, pp.port AS public_port,
    d.port, d.git_url, d.branch, d.root_dir, d.memory_bytes, d.milli_cpu, d.state, d.since, d.reason, d.problem, d.until,
    d.created_at, d.updated_at, d.part, d.dockerfile IS NOT NULL AS own_dockerfile, r.number AS release_number,
    r.commit_id, r.subject, l.agent_id,
    s.step AS s_step, s.progress AS s_progress, s.since AS s_since, sr.number AS s_number
  FROM deployment d
  JOIN project p ON p.id = d.project_id
  LEFT JOIN release r ON r.id = d.release_id
  LEFT JOIN public_port pp ON pp.owner = d.id
  LEFT JOIN route ro ON ro.deployment_id = d.id
  LEFT JOIN lease l ON l.id = ro.lease_id
  LEFT JOIN saga s ON s.id = (SELECT o.id FROM saga o WHERE o.deployment_id = d.id AND o.kind = 'deploy'
    AND o.state IN ('running', 'undoing') AND o.cancel IS NULL ORDER BY o.created_at DESC, o.id DESC LIMIT 1)
  LEFT JOIN release sr ON sr.id = s.release_id";

/// The step shown before the first one has begun.
const QUEUED: &str = "queued";

/// A deployment as it is stored: all of the view but its address, which depends on where the edge listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDeployment(DeploymentView);

impl StoredDeployment {
    /// The view, with the address that `url` makes of name and public port.
    pub fn at(self, url: impl FnOnce(&str, Option<PublicPort>) -> String) -> DeploymentView {
        let url = url(&self.0.name, self.0.public_port);
        DeploymentView { url, ..self.0 }
    }

    /// Its id.
    pub fn id(&self) -> DeploymentId {
        self.0.id
    }

    /// Number of the release that serves or served last.
    pub fn release(&self) -> Option<u32> {
        self.0.release
    }

    /// The rollout on its way.
    pub fn rollout(&self) -> Option<&RolloutView> {
        self.0.rollout.as_ref()
    }

    fn read(row: &SqliteRow) -> StoreResult<Self> {
        let port = |column| -> StoreResult<Option<i64>> { row.number_opt(column) };
        let rollout = match row.number_opt("s_number")? {
            Some(release) => Some(RolloutView {
                release,
                step: row.text_opt("s_step")?.unwrap_or_else(|| QUEUED.to_owned()),
                progress: row.text_opt("s_progress")?,
                since: row.time("s_since")?,
            }),
            None => None,
        };
        Ok(Self(DeploymentView {
            id: row.parsed("id")?,
            name: row.text("name")?,
            project: row.parsed("project_id")?,
            project_name: row.text("project_name")?,
            url: String::new(),
            exposure: row.word("exposure")?,
            public_port: port("public_port")?
                .map(|port| PublicPort::try_from(port).map_err(|_| StoreError::corrupt("public_port")))
                .transpose()?,
            port: port("port")?
                .map(|port| ContainerPort::try_from(port).map_err(|_| StoreError::corrupt("port")))
                .transpose()?,
            git_url: row.text_opt("git_url")?,
            branch: row.text_opt("branch")?,
            root_dir: row.text_opt("root_dir")?,
            subject: row.text_opt("subject")?,
            commit: row.text_opt("commit_id")?,
            own_dockerfile: row.number::<i64>("own_dockerfile")? != 0,
            part: row.word_opt("part")?,
            memory_bytes: Bytes(row.number("memory_bytes")?),
            milli_cpu: MilliCpu(row.number("milli_cpu")?),
            state: row.word("state")?,
            since: row.time("since")?,
            reason: row.word_opt("reason")?,
            until: row.time_opt("until")?,
            problem: row.json_opt("problem")?,
            release: row.number_opt("release_number")?,
            rollout,
            provider: row.parsed_opt("agent_id")?,
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
        }))
    }
}

impl Store {
    /// A deployment by id or name. Errors: `NotFound`, also for another account's.
    pub async fn deployment(&self, account: AccountId, key: &str) -> StoreResult<StoredDeployment> {
        let sql = format!("{VIEW} WHERE d.account_id = ?1 AND (d.id = ?2 OR d.name = ?2)");
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(account.to_string())
            .bind(key)
            .fetch_optional(self.read())
            .await?;
        row.as_ref().map_or_else(|| Err(StoreError::not_found("deployment", key)), StoredDeployment::read)
    }

    /// Id of a deployment by id or name; cheaper than the whole view. Errors: `NotFound`.
    pub async fn deployment_id(&self, account: AccountId, key: &str) -> StoreResult<DeploymentId> {
        let row = sqlx::query("SELECT id FROM deployment WHERE account_id = ?1 AND (id = ?2 OR name = ?2)")
            .bind(account.to_string())
            .bind(key)
            .fetch_optional(self.read())
            .await?;
        row.map_or_else(|| Err(StoreError::not_found("deployment", key)), |row| row.parsed("id"))
    }

    /// One page of an account's deployments. Errors: `NotFound` when the project of the query is not there.
    pub async fn list_deployments(
        &self,
        account: AccountId,
        spec: &ListSpec,
    ) -> StoreResult<Page<StoredDeployment>> {
        let project = match &spec.project {
            Some(key) => Some(self.project(account, key).await?.id.to_string()),
            None => None,
        };
        let filter = "d.account_id = ?1 AND (?2 IS NULL OR instr(d.name, ?2) > 0) AND (?3 IS NULL OR d.project_id = ?3)";
        let common = |sql: String| {
            sqlx::query(AssertSqlSafe(sql))
                .bind(account.to_string())
                .bind(spec.q.clone())
                .bind(project.clone())
        };
        let (order, after) = spec.clauses("d", "?4", "?5");
        let page = common(format!("{VIEW} WHERE {filter} AND {after} {order} LIMIT ?6"));
        let rows = bind_place(page, spec).bind(i64::from(spec.limit) + 1).fetch_all(self.read()).await?;
        let total = common(format!("SELECT count(*) FROM deployment d WHERE {filter}"))
            .fetch_one(self.read())
            .await?
            .try_get::<i64, _>(0)?;
        let mut items = rows.iter().map(StoredDeployment::read).collect::<StoreResult<Vec<_>>>()?;
        let more = items.len() > spec.limit as usize;
        items.truncate(spec.limit as usize);
        let next_cursor = items
            .last()
            .filter(|_| more)
            .map(|last| spec.write_cursor(key_of(&last.0, spec.sort), last.0.id.to_string()));
        Ok(Page { items, next_cursor, total: total.unsigned_abs() })
    }
}

type SqliteQuery<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Binds the place of a cursor, or two NULLs.
pub(super) fn bind_place<'q>(query: SqliteQuery<'q>, spec: &ListSpec) -> SqliteQuery<'q> {
    match spec.after.clone() {
        Some(place) => match place.key {
            KeyValue::Number(number) => query.bind(number).bind(place.id),
            KeyValue::Text(text) => query.bind(text).bind(place.id),
        },
        None => query.bind(None::<i64>).bind(None::<i64>),
    }
}

fn key_of(view: &DeploymentView, sort: SortKey) -> KeyValue {
    match sort {
        SortKey::Name => KeyValue::Text(view.name.clone()),
        SortKey::State => KeyValue::Text(super::row::word(view.state)),
        SortKey::CreatedAt => KeyValue::Number(view.created_at.0),
        SortKey::UpdatedAt => KeyValue::Number(view.updated_at.0),
    }
}

/// The view within a transaction that has just changed it.
pub(super) async fn read_in(tx: &mut Tx, id: DeploymentId) -> StoreResult<StoredDeployment> {
    let row = sqlx::query(AssertSqlSafe(format!("{VIEW} WHERE d.id = ?")))
        .bind(id.to_string())
        .fetch_one(&mut **tx)
        .await?;
    StoredDeployment::read(&row)
}
