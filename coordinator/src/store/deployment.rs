//! Making a deployment: name, project, port, environment, first release and its rollout, all in one transaction.

use super::{
    Store, StoreError, StoreResult, Tx,
    env::EnvChange,
    name::{self, PortPool},
    push::{self, GitHubLink},
    release::{self, Origin},
    row::word,
    view::{self, StoredDeployment},
    wish,
};
use crate::{fresh, logic::request::Refusal, seal::Sealer};
use ttalkak_protocol::{
    Secret,
    api::{
        deployment::{DeploymentState, Exposure, ProjectPart},
        env::EnvEntry,
        release::ReleaseView,
    },
    id::{AccountId, DeploymentId, ProjectId, ReleaseId, UploadId},
    unit::{Bytes, ContainerPort, MilliCpu, UnixMillis},
};

/// A source, checked by the caller.
#[derive(Debug, Clone)]
pub enum NewSource {
    /// A repository.
    Git {
        /// Address without credentials.
        url: String,
        /// Branch or tag.
        branch: Option<String>,
        /// Folder within.
        root_dir: Option<String>,
        /// Read token.
        token: Option<Secret<String>>,
    },
    /// An archive that was uploaded before.
    Upload(UploadId),
}

/// A wish that was checked as far as that goes without the tables.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    /// The hostname label.
    pub name: String,
    /// Project id or name; one of the deployment's name is found or made when absent.
    pub project: Option<String>,
    /// Where the files come from.
    pub source: NewSource,
    /// First environment; no key stands twice.
    pub env: Vec<EnvEntry>,
    /// HTTP or raw TCP.
    pub exposure: Exposure,
    /// Port, when not left to the plan.
    pub port: Option<ContainerPort>,
    /// Memory limit.
    pub memory: Bytes,
    /// Processor limit.
    pub cpu: MilliCpu,
    /// Health path.
    pub health_path: Option<String>,
    /// When it ends.
    pub until: Option<UnixMillis>,
    /// A Dockerfile instead of what is detected.
    pub dockerfile: Option<String>,
    /// Which part of its project it is.
    pub part: Option<ProjectPart>,
    /// Where our App at GitHub fetches its source and tells of pushes: each is deployed then, until that is switched off.
    pub link: Option<GitHubLink>,
}

/// What starts a rollout answers with.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The deployment as it stands now.
    pub deployment: StoredDeployment,
    /// The release that is on its way.
    pub release: ReleaseView,
}

pub(super) fn token_purpose(deployment: DeploymentId) -> String {
    format!("git_token:{deployment}")
}

/// Opens the read token of a deployment's repository. Errors: `Seal`.
pub fn open_git_token(
    sealer: &Sealer,
    deployment: DeploymentId,
    sealed: &[u8],
) -> StoreResult<Secret<String>> {
    let plain = sealer.open_sealed(&token_purpose(deployment), sealed)?;
    Ok(Secret::new(String::from_utf8_lossy(&plain).into_owned()))
}

impl Store {
    /// Makes a deployment with release 1 on its way. `ports`: where a raw TCP app gets its public port from.
    /// Errors: `NameTaken`, `NotFound` (project), `UploadUnknown`, `PublicPortsExhausted`, `Refused(EnvTooLarge)`, `Refused(PartTaken)`;
    /// nothing is kept then.
    pub async fn create_deployment(
        &self,
        sealer: &Sealer,
        account: AccountId,
        new: &NewDeployment,
        ports: &PortPool,
        now: UnixMillis,
    ) -> StoreResult<Accepted> {
        let id: DeploymentId = fresh::id(DeploymentId::new);
        let mut tx = self.begin().await?;
        name::claim_name(&mut tx, &new.name, &id.to_string()).await?;
        if new.exposure == Exposure::Tcp {
            name::claim_port(&mut tx, ports, &id.to_string()).await?;
        }
        insert_all(&mut tx, sealer, (account, id), new, now).await?;
        if let Some(link) = &new.link {
            push::follow(&mut tx, id, link).await?;
        }
        let release = fresh::id(ReleaseId::new);
        release::insert(&mut tx, sealer, id, release, Origin::Deployment, now).await?;
        wish::insert_saga(&mut tx, id, Some(release), now).await?;
        let deployment = view::read_in(&mut tx, id).await?;
        let release = release::view_in(&mut tx, sealer, release).await?;
        tx.commit().await?;
        Ok(Accepted { deployment, release })
    }
}

/// Writes a deployment whose name is claimed, with its project, source and environment.
pub(super) async fn insert_all(
    tx: &mut Tx,
    sealer: &Sealer,
    (account, id): (AccountId, DeploymentId),
    new: &NewDeployment,
    now: UnixMillis,
) -> StoreResult<()> {
    let project = project_for(tx, account, new, now).await?;
    insert(tx, account, id, project, new, now).await?;
    set_source(tx, sealer, account, id, &new.source, now).await?;
    let change = EnvChange { replace: true, set: new.env.clone(), unset: Vec::new() };
    super::env::apply(tx, sealer, id, &change).await?;
    Ok(())
}

async fn project_for(
    tx: &mut Tx,
    account: AccountId,
    new: &NewDeployment,
    now: UnixMillis,
) -> StoreResult<ProjectId> {
    let found = match &new.project {
        Some(key) => Some(super::project::find(tx, account, key).await?),
        None => super::project::find_by_name(tx, account, &new.name).await?,
    };
    match found {
        Some(project) => {
            super::project::touch(tx, project, now).await?;
            Ok(project)
        }
        None => {
            let project = fresh::id(ProjectId::new);
            super::project::insert(tx, account, project, &new.name, now).await?;
            Ok(project)
        }
    }
}

async fn insert(
    tx: &mut Tx,
    account: AccountId,
    id: DeploymentId,
    project: ProjectId,
    new: &NewDeployment,
    now: UnixMillis,
) -> StoreResult<()> {
    let done = sqlx::query(
        "INSERT INTO deployment (id, account_id, project_id, name, exposure, port, memory_bytes, milli_cpu,
           health_path, wanted, state, since, created_at, updated_at, until, until_set_at, dockerfile, part)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'running', ?10, ?11, ?11, ?11, ?12, ?11, ?13, ?14)
         ON CONFLICT (project_id) WHERE part = 'back_end' DO NOTHING",
    )
    .bind(id.to_string())
    .bind(account.to_string())
    .bind(project.to_string())
    .bind(&new.name)
    .bind(word(new.exposure))
    .bind(new.port.map(ContainerPort::get))
    .bind(new.memory.0.cast_signed())
    .bind(new.cpu.0)
    .bind(&new.health_path)
    .bind(word(DeploymentState::Requested))
    .bind(now.0)
    .bind(new.until.map(|until| until.0))
    .bind(&new.dockerfile)
    .bind(new.part.map(word))
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 { Err(Refusal::PartTaken.into()) } else { Ok(()) }
}

/// Writes where the files come from. A read token is kept only while the address stays the same: a token must never
/// reach a host that it was not given for. Errors: `UploadUnknown`.
pub(super) async fn set_source(
    tx: &mut Tx,
    sealer: &Sealer,
    account: AccountId,
    id: DeploymentId,
    source: &NewSource,
    now: UnixMillis,
) -> StoreResult<()> {
    match source {
        NewSource::Git { url, branch, root_dir, token } => {
            let sealed = token.as_ref().map(|t| sealer.seal(&token_purpose(id), t.reveal().as_bytes()));
            sqlx::query(
                "UPDATE deployment SET git_token = CASE WHEN ?5 IS NULL AND git_url = ?2 THEN git_token ELSE ?5 END,
                 git_url = ?2, branch = ?3, root_dir = ?4, upload_id = NULL WHERE id = ?1",
            )
            .bind(id.to_string())
            .bind(url)
            .bind(branch)
            .bind(root_dir)
            .bind(sealed)
            .execute(&mut **tx)
            .await?;
        }
        NewSource::Upload(upload) => {
            let known = sqlx::query(
                "SELECT id FROM upload WHERE id = ?1 AND account_id = ?2 AND (expires_at > ?3
                 OR EXISTS (SELECT 1 FROM deployment d WHERE d.upload_id = ?1))",
            )
            .bind(upload.to_string())
            .bind(account.to_string())
            .bind(now.0)
            .fetch_optional(&mut **tx)
            .await?;
            if known.is_none() {
                return Err(StoreError::UploadUnknown(upload.to_string()));
            }
            sqlx::query(
                "UPDATE deployment SET upload_id = ?2, git_url = NULL, branch = NULL, root_dir = NULL,
                 git_token = NULL WHERE id = ?1",
            )
            .bind(id.to_string())
            .bind(upload.to_string())
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(())
}
