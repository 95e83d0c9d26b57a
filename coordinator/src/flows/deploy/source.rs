//! The source of a release: fetched or taken from an upload, packed once, and planned. Git and its credential stay
//! here; what a provider gets is the archive.

use super::super::{FlowError, StepEnd, world::World};
use crate::{
    clock,
    git::{self, FetchRequest},
    github::repo_of_url,
    logic::recipe,
    store::{
        deployment::open_git_token,
        rollout::{RolloutRow, SourceRow},
    },
};
use std::{
    fs::File,
    io::{BufReader, Read},
    path::PathBuf,
};
use ttalkak_planner::SourceTree;
use ttalkak_protocol::{
    Secret,
    error::{ErrorCode, Problem},
    id::UploadId,
    unit::Bytes,
};
use ttalkak_source::{EntryKind, Limits, SourceError};

/// Makes sure that the archive of the release lies in the sources folder.
pub(super) async fn fetch(world: &World, rollout: &RolloutRow) -> Result<StepEnd, FlowError> {
    if let Some((digest, _)) = &rollout.archive
        && exists(world, digest).await?
    {
        return Ok(StepEnd::Done);
    }
    match &rollout.source {
        SourceRow::Upload(upload) => from_upload(world, rollout, *upload).await,
        SourceRow::Git { .. } => from_git(world, rollout).await,
    }
}

async fn exists(world: &World, digest: &str) -> Result<bool, FlowError> {
    let path = world.archive_path(digest);
    tokio::fs::try_exists(&path).await.map_err(|cause| FlowError::Archive { path, cause })
}

async fn from_upload(world: &World, rollout: &RolloutRow, upload: UploadId) -> Result<StepEnd, FlowError> {
    let Some((digest, bytes)) = world.store.upload_archive(upload).await? else { return Ok(upload_gone()) };
    if !exists(world, &digest).await? {
        return Ok(upload_gone());
    }
    world.store.set_release_source(rollout.release, None, (&digest, bytes)).await?;
    Ok(StepEnd::Done)
}

fn upload_gone() -> StepEnd {
    StepEnd::Failed(Problem::new(ErrorCode::UploadUnknown, "The uploaded archive is not kept any more."))
}

async fn from_git(world: &World, rollout: &RolloutRow) -> Result<StepEnd, FlowError> {
    let request = match request(world, rollout).await? {
        Ok(request) => request,
        Err(problem) => return Ok(StepEnd::Failed(problem)),
    };
    let SourceRow::Git { root_dir, .. } = &rollout.source else {
        return Err(FlowError::Corrupt("the source of a release"));
    };
    let found = match git::resolve(&request).await {
        Ok(found) => found,
        Err(error) => return Ok(StepEnd::Failed(error.problem())),
    };
    // An unchanged commit was packed before: the same archive serves again.
    let known = world.store.archive_of_commit(rollout.deployment, &found.commit, root_dir.as_deref()).await?;
    if let Some((digest, bytes)) = known
        && exists(world, &digest).await?
    {
        let subject =
            world.store.subject_of_commit(rollout.deployment, &found.commit).await?.unwrap_or_default();
        let commit = (found.commit.as_str(), subject.as_str(), found.branch.as_deref());
        world.store.set_release_source(rollout.release, Some(commit), (&digest, bytes)).await?;
        return Ok(StepEnd::Done);
    }
    let Ok(_turn) = world.packs.acquire().await else { return Ok(StepEnd::Waiting(None)) };
    match git::fetch_and_pack(&request, &found, root_dir.as_deref(), &world.sources).await {
        Ok(packed) => {
            let commit = (found.commit.as_str(), packed.subject.as_str(), found.branch.as_deref());
            world
                .store
                .set_release_source(rollout.release, Some(commit), (&packed.digest, Bytes(packed.bytes)))
                .await?;
            Ok(StepEnd::Done)
        }
        Err(error) => Ok(StepEnd::Failed(error.problem())),
    }
}

/// What to ask Git for; a problem when the address is one that may not be fetched.
async fn request(world: &World, rollout: &RolloutRow) -> Result<Result<FetchRequest, Problem>, FlowError> {
    let SourceRow::Git { url, branch, token, .. } = &rollout.source else {
        return Err(FlowError::Corrupt("the source of a release"));
    };
    let open = |sealed: &Vec<u8>| open_git_token(&world.sealer, rollout.deployment, sealed);
    let token: Option<Secret<String>> = token.as_ref().map(open).transpose()?;
    let token = match token {
        Some(token) => Some(token),
        None => github_token(world, rollout, url).await?,
    };
    Ok(FetchRequest::new(url, branch.as_deref(), rollout.commit.as_deref(), token, &world.git)
        .map_err(|error| error.problem()))
}

/// What lets us fetch where our App at GitHub was let in for this deployment. Without it the repository may still be public.
async fn github_token(
    world: &World,
    rollout: &RolloutRow,
    url: &str,
) -> Result<Option<Secret<String>>, FlowError> {
    let Some(github) = &world.github else { return Ok(None) };
    let Some(link) = world.store.github_link(rollout.deployment).await? else { return Ok(None) };
    // A token never goes to another place than the one that it is for.
    if repo_of_url(github.web_url(), url).is_none_or(|name| name.key() != link.repo) {
        return Ok(None);
    }
    match github.installation_token(link.installation, clock::now()).await {
        Ok(token) => Ok(Some(token)),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::info!(deployment.id = %rollout.deployment, error, "fetching without GitHub's App");
            Ok(None)
        }
    }
}

/// Plans the release, unless it is planned already.
pub(super) async fn plan(world: &World, rollout: &RolloutRow) -> Result<StepEnd, FlowError> {
    if rollout.plan.is_some() && rollout.build_key.is_some() {
        return Ok(StepEnd::Done);
    }
    let Some((digest, _)) = &rollout.archive else {
        return Err(FlowError::Corrupt("the archive of a release"));
    };
    let env = world.open_env(rollout.release, rollout.env.as_deref())?;
    let path = world.archive_path(digest);
    let tree = match tokio::task::spawn_blocking(move || read_tree(path)).await?? {
        Ok(tree) => tree,
        Err(error) => return Ok(StepEnd::Failed(source_problem(&error))),
    };
    match ttalkak_planner::plan(
        &tree,
        &recipe::plan_options(rollout.account, &env, rollout.dockerfile.as_deref()),
    ) {
        Ok(plan) => {
            if let Err(problem) = recipe::port(&plan, &rollout.settings) {
                return Ok(StepEnd::Failed(problem));
            }
            let key = recipe::build_key(rollout.account, digest, &plan, &env);
            world.store.set_release_plan(rollout.release, &plan, &key).await?;
            Ok(StepEnd::Done)
        }
        Err(error) => Ok(StepEnd::Failed(recipe::plan_problem(&error))),
    }
}

/// Reads the paths and telling files of an archive. The outer error is ours, the inner one the archive's.
pub(in crate::flows) fn read_tree(path: PathBuf) -> Result<Result<SourceTree, SourceError>, FlowError> {
    let file = File::open(&path).map_err(|cause| FlowError::Archive { path, cause })?;
    let mut tree = SourceTree::new();
    let read = ttalkak_source::for_each_entry(BufReader::new(file), &Limits::default(), |entry, content| {
        if let EntryKind::File { size, .. } = entry.kind {
            let text = match ttalkak_planner::bytes_wanted(&entry.path, size) {
                Some(wanted) => {
                    let mut bytes = Vec::new();
                    content.take(wanted).read_to_end(&mut bytes).map_err(SourceError::from)?;
                    Some(bytes)
                }
                None => None,
            };
            tree.insert(&entry.path, text);
        }
        Ok(())
    });
    Ok(read.map(|_| tree))
}

/// What a refused source tells the tenant.
pub(in crate::flows) fn source_problem(error: &SourceError) -> Problem {
    let code = error.code().parse().unwrap_or(ErrorCode::SourceInvalid);
    Problem::new(code, error.to_string())
}
