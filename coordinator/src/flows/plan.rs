//! What a deploy would do, asked before it is made: the same fetch, planner and choice of a provider as the saga's, and
//! nothing is kept of it but the archive, which a deploy of the same commit finds and the sweep clears away.

use super::{
    FlowError,
    deploy::{
        pay::{lock_of, means, missing},
        source::{read_tree, source_problem},
    },
    funds,
    world::World,
};
use crate::{
    clock, fresh,
    git::{self, FetchRequest, Found},
    logic::{
        placement::{self, Need},
        price, recipe,
    },
    money::Money,
    store::{deployment::NewSource, push::GitHubLink},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Semaphore;
use ttalkak_planner::BuildPlan;
use ttalkak_protocol::{
    Secret,
    api::{
        env::EnvEntry,
        plan::{PlanVerdict, PlanView},
    },
    error::{ErrorCode, Problem},
    id::{AccountId, DeploymentId, UploadId},
    money::Amount,
    unit::{Bytes, MilliCpu, UnixMillis},
};

/// Fetches for a plan at work; those of deploys have a bound of their own, so that questions never delay them.
const AT_A_TIME: usize = 2;
/// Archives remembered. Whoever edits a Dockerfile asks again and again about one commit.
const REMEMBERED_MAX: usize = 256;

/// What is asked.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Who asks.
    pub account: AccountId,
    /// Where the files come from.
    pub source: &'a NewSource,
    /// Where our App at GitHub may fetch it for whoever asks.
    pub link: Option<&'a GitHubLink>,
    /// A Dockerfile instead of what is detected.
    pub dockerfile: Option<&'a str>,
    /// Environment.
    pub env: &'a [EnvEntry],
    /// Memory and processor.
    pub size: (Bytes, MilliCpu),
    /// When it would end.
    pub until: Option<UnixMillis>,
}

/// A commit's archive: of whom, from where, which one, which folder.
type Key = (AccountId, String, String, Option<String>);

#[derive(Debug, Clone)]
struct Archive {
    digest: String,
    bytes: Bytes,
    subject: Option<String>,
    found: Option<Found>,
}

/// Answers what a deploy would do. A cheap handle.
#[derive(Clone)]
pub struct Plans {
    world: World,
    turns: Arc<Semaphore>,
    remembered: Arc<Mutex<BTreeMap<Key, Archive>>>,
}

impl Plans {
    /// Over the same world as the sagas.
    pub fn new(world: World) -> Self {
        Self { world, turns: Arc::new(Semaphore::new(AT_A_TIME)), remembered: Arc::default() }
    }

    /// What would be built, and whether it could begin now.
    /// Errors: ours outside; inside what is wrong with the source or the plan, as the saga would tell it.
    pub async fn ask(&self, asked: &Asked<'_>) -> Result<Result<PlanView, Problem>, FlowError> {
        let archive = match asked.source {
            NewSource::Upload(upload) => self.uploaded(*upload, asked.account).await?,
            NewSource::Git { url, branch, root_dir, token } => {
                self.fetched(asked, (url, branch.as_deref(), root_dir.as_deref()), token.as_ref()).await?
            }
        };
        let archive = match archive {
            Ok(archive) => archive,
            Err(problem) => return Ok(Err(problem)),
        };
        let path = self.world.archive_path(&archive.digest);
        let tree = match tokio::task::spawn_blocking(move || read_tree(path)).await?? {
            Ok(tree) => tree,
            Err(error) => return Ok(Err(source_problem(&error))),
        };
        let options = recipe::plan_options(asked.account, asked.env, asked.dockerfile);
        let plan = match ttalkak_planner::plan(&tree, &options) {
            Ok(plan) => plan,
            Err(error) => return Ok(Err(recipe::plan_problem(&error))),
        };
        let key = recipe::build_key(asked.account, &archive.digest, &plan, asked.env);
        let verdict = self.verdict(asked, &key).await?;
        Ok(Ok(view(&plan, archive, verdict)))
    }

    async fn uploaded(
        &self,
        upload: UploadId,
        account: AccountId,
    ) -> Result<Result<Archive, Problem>, FlowError> {
        let gone =
            || Problem::new(ErrorCode::UploadUnknown, "There is no such upload, or it is not kept any more.");
        let Some((digest, bytes)) = self.world.store.own_upload(upload, account).await? else {
            return Ok(Err(gone()));
        };
        if !self.exists(&digest).await? {
            return Ok(Err(gone()));
        }
        Ok(Ok(Archive { digest, bytes, subject: None, found: None }))
    }

    async fn fetched(
        &self,
        asked: &Asked<'_>,
        (url, branch, root_dir): (&str, Option<&str>, Option<&str>),
        token: Option<&Secret<String>>,
    ) -> Result<Result<Archive, Problem>, FlowError> {
        let token = match (token, asked.link, &self.world.github) {
            (Some(token), ..) => Some(token.clone()),
            // Without it the repository may still be public.
            (None, Some(link), Some(github)) => {
                github.installation_token(link.installation, clock::now()).await.ok()
            }
            (None, ..) => None,
        };
        let request = match FetchRequest::new(url, branch, None, token, &self.world.git) {
            Ok(request) => request,
            Err(error) => return Ok(Err(error.problem())),
        };
        let Ok(_turn) = self.turns.acquire().await else { return Ok(Err(closing())) };
        let found = match git::resolve(&request).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(error.problem())),
        };
        let key = (asked.account, url.to_owned(), found.commit.clone(), root_dir.map(str::to_owned));
        if let Some(known) = self.recall(&key)
            && self.exists(&known.digest).await?
        {
            return Ok(Ok(known));
        }
        let packed = match git::fetch_and_pack(&request, &found, root_dir, &self.world.sources).await {
            Ok(packed) => packed,
            Err(error) => return Ok(Err(error.problem())),
        };
        let archive = Archive {
            digest: packed.digest,
            bytes: Bytes(packed.bytes),
            subject: Some(packed.subject),
            found: Some(found),
        };
        self.remember(key, archive.clone());
        Ok(Ok(archive))
    }

    async fn exists(&self, digest: &str) -> Result<bool, FlowError> {
        let path = self.world.archive_path(digest);
        tokio::fs::try_exists(&path).await.map_err(|cause| FlowError::Archive { path, cause })
    }

    fn recall(&self, key: &Key) -> Option<Archive> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn remember(&self, key: Key, archive: Archive) {
        let mut all = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED_MAX {
            all.clear();
        }
        all.insert(key, archive);
    }

    /// Whether it could begin now: who could run it, for how much, and whether that can be paid.
    async fn verdict(&self, asked: &Asked<'_>, build_key: &str) -> Result<PlanVerdict, FlowError> {
        let world = &self.world;
        // No deployment has this id: nobody serves it and nobody handed it back.
        let nobody = fresh::id(DeploymentId::new);
        let (memory, cpu) = asked.size;
        let need = Need { memory, cpu, rate_max: None };
        let candidates = funds::candidates(world, nobody, Some(build_key)).await?;
        let providers = placement::able(&need, &candidates);
        let cheapest = placement::cheapest(&need, &candidates);
        let mut verdict = PlanVerdict {
            providers: u32::try_from(providers).unwrap_or(u32::MAX),
            problem: None,
            rate_per_hour: None,
            needed_to_begin: None,
            runway_seconds: None,
        };
        match (&world.money, cheapest) {
            (_, None) => {
                let why = placement::explain(&need, &placement::choose(&need, &candidates));
                verdict.problem = Some(Problem::new(ErrorCode::NoProvider, why));
            }
            (Some(money), Some(rate)) if rate > Amount::ZERO => {
                self.price(asked, money, rate, &mut verdict).await?;
            }
            (Some(_) | None, Some(_)) => {}
        }
        Ok(verdict)
    }

    async fn price(
        &self,
        asked: &Asked<'_>,
        money: &Money,
        rate: Amount,
        verdict: &mut PlanVerdict,
    ) -> Result<(), FlowError> {
        let lock = lock_of(money, asked.until, rate);
        verdict.rate_per_hour = Some(rate);
        verdict.needed_to_begin = Some(lock.least);
        match funds::purse(&self.world, asked.account).await? {
            Ok(purse) => {
                let means = means(&purse);
                verdict.runway_seconds = price::seconds_left(means.free, rate);
                let short = lock.falls_short(rate, means);
                verdict.problem = short.map(|short| missing(money, short, rate, lock, means));
            }
            Err(problem) => verdict.problem = Some(problem),
        }
        Ok(())
    }
}

fn view(plan: &BuildPlan, archive: Archive, verdict: PlanVerdict) -> PlanView {
    let Archive { bytes, subject, found, .. } = archive;
    let (commit, branch) = found.map_or((None, None), |found| (Some(found.commit), found.branch));
    let plan = serde_json::to_value(plan).unwrap_or_default();
    PlanView { plan, commit, subject, branch, source_bytes: bytes, verdict }
}

fn closing() -> Problem {
    Problem::new(ErrorCode::Unavailable, "The coordinator is stopping.")
}
