//! What the steps act on. The edge stands behind a trait, since flows do not know it and tests answer for it.

use super::FlowError;
use crate::{
    clock,
    git::GitPolicy,
    github::GitHub,
    logic::deployment::Fact,
    money::Money,
    nudge::Nudge,
    online::Online,
    seal::Sealer,
    store::{Store, route::AddressRow},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Semaphore;
use ttalkak_protocol::{
    api::env::EnvEntry,
    error::Problem,
    id::{AgentId, AgreementId, DeploymentId, LeaseId, ReleaseId},
    unit::{Millis, UnixMillis},
};

/// Where visitors are let in, as the flows see it.
pub trait Visitors: Send + Sync {
    /// Leads an address as the row says, or tells visitors why it leads nowhere.
    fn set(&self, address: &AddressRow);
    /// Forgets an address.
    fn remove(&self, address: &AddressRow);
    /// Whether visitors' bytes can reach the agent.
    fn reachable(&self, agent: AgentId) -> bool;
    /// Visitors' streams that lead to a lease now.
    fn streams(&self, lease: LeaseId) -> u64;
}

/// Packing is heavy on disk and processor; more at a time would only make each slower.
const PACKS_AT_A_TIME: usize = 4;

/// Everything a step may touch; clones share it.
#[derive(Clone)]
pub struct World {
    /// Wanted state and facts.
    pub store: Store,
    /// Opens sealed values.
    pub sealer: Sealer,
    /// Wakes workers.
    pub nudge: Nudge,
    /// Whose link stands.
    pub online: Online,
    /// Where visitors are let in.
    pub visitors: Arc<dyn Visitors>,
    /// Which repositories may be fetched.
    pub git: GitPolicy,
    /// Source archives, by digest.
    pub sources: PathBuf,
    /// Fetches and packs at work.
    pub packs: Arc<Semaphore>,
    /// How deployments are paid for; `None`: they are not.
    pub money: Option<Arc<Money>>,
    /// Our App at GitHub; `None`: there is none.
    pub github: Option<GitHub>,
    heard: Arc<Mutex<Heard>>,
}

/// What was heard of agents since this process began.
#[derive(Default)]
struct Heard {
    absent_since: BTreeMap<AgentId, UnixMillis>,
    workloads: BTreeMap<AgentId, BTreeSet<LeaseId>>,
}

impl World {
    /// A world of these parts.
    pub fn new(
        (store, sealer): (Store, Sealer),
        (nudge, online): (Nudge, Online),
        visitors: Arc<dyn Visitors>,
        git: GitPolicy,
        sources: PathBuf,
    ) -> Self {
        let packs = Arc::new(Semaphore::new(PACKS_AT_A_TIME));
        let (money, github, heard) = (None, None, Arc::default());
        Self { store, sealer, nudge, online, visitors, git, sources, packs, money, github, heard }
    }

    /// The same where deployments are paid for.
    #[must_use]
    pub fn with_money(self, money: Option<Arc<Money>>) -> Self {
        Self { money, ..self }
    }

    /// The same with our App at GitHub.
    #[must_use]
    pub fn with_github(self, github: Option<GitHub>) -> Self {
        Self { github, ..self }
    }

    /// Ends the agreements of a deployment but `keep`; their last use is settled then, and the rest goes back.
    pub async fn end_agreements(
        &self,
        deployment: DeploymentId,
        keep: Option<AgreementId>,
    ) -> Result<(), FlowError> {
        if self.store.end_agreements(deployment, keep, clock::now()).await? {
            self.agreements_ended();
        }
        Ok(())
    }

    /// Wakes whoever settles agreements that are over.
    pub fn agreements_ended(&self) {
        if let Some(money) = &self.money {
            money.agreement_ended();
        }
    }

    /// Where the archive of a digest lies. Digests are our own hex, so the path cannot leave the folder.
    pub fn archive_path(&self, digest: &str) -> PathBuf {
        self.sources.join(format!("{digest}.tar.gz"))
    }

    /// Applies a fact and lets the edge know. A fact that does not fit is dropped: late ones are expected.
    pub async fn tell(
        &self,
        deployment: DeploymentId,
        fact: Fact,
        problem: Option<Option<&Problem>>,
    ) -> Result<(), FlowError> {
        if let Err(illegal) = self.store.apply_fact(deployment, fact, problem, clock::now()).await? {
            tracing::debug!(deployment.id = %deployment, "dropped a late fact: {illegal}");
        }
        self.refresh_address(deployment).await
    }

    /// Brings the edge's copy of one address up to date.
    pub async fn refresh_address(&self, deployment: DeploymentId) -> Result<(), FlowError> {
        if let Some(address) = self.store.address(deployment).await? {
            self.visitors.set(&address);
        }
        Ok(())
    }

    /// The environment that a release was made with.
    pub fn open_env(&self, release: ReleaseId, sealed: Option<&[u8]>) -> Result<Vec<EnvEntry>, FlowError> {
        let Some(sealed) = sealed else { return Ok(Vec::new()) };
        Ok(crate::store::env::open_snapshot(&self.sealer, release, sealed)?)
    }

    /// How long an agent has been away; `None` while it is here. An agent that this process never saw is counted
    /// from when it was first asked for.
    pub fn absent_for(&self, agent: AgentId, now: UnixMillis) -> Option<Millis> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if self.online.contains(agent) {
            heard.absent_since.remove(&agent);
            return None;
        }
        Some(now.since(*heard.absent_since.entry(agent).or_insert(now)))
    }

    /// Notes which workloads an agent has.
    pub fn heard_workloads(&self, agent: AgentId, leases: BTreeSet<LeaseId>) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).workloads.insert(agent, leases);
    }

    /// Whether the agent is here and last said that it has no such workload any more.
    pub fn has_let_go(&self, agent: AgentId, lease: LeaseId) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.workloads.get(&agent).is_some_and(|leases| !leases.contains(&lease))
    }
}
