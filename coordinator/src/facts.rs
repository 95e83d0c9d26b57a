//! What links carry, on its way to and from the store: assignments down, reports and log lines up. Sees to it that
//! whoever waits for a fact is woken.

mod payments;

use crate::{
    api::source::source_token,
    clock,
    config::Config,
    flows::{FlowError, funds, world::World},
    link::{AgentRecord, Registry, RegistryError},
    log_hub::LogHub,
    logic::{leaving, placement, recipe, rollout},
    store::{
        lease::{LeaseRow, ReportedLease},
        leaving::LeavingRow,
    },
};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use ttalkak_protocol::{
    id::{AgentId, DeploymentId},
    link::{Assignment, DrainPlan, Drained, Hello, Lease, LogBatch, LogMark, Report, SourceRef, VoucherNews},
};

/// The store as links see it.
#[derive(Clone)]
pub struct Facts {
    world: World,
    logs: LogHub,
    config: Arc<Config>,
    said: Arc<payments::Said>,
}

impl Facts {
    /// Facts of this world.
    pub fn new(world: World, logs: LogHub, config: Arc<Config>) -> Self {
        Self { world, logs, config, said: Arc::default() }
    }

    async fn assignment(&self, agent: AgentId) -> Result<Assignment, FlowError> {
        let store = &self.world.store;
        let generation = store.next_generation(agent).await?;
        let mut leases = Vec::new();
        for row in store.leases_of_agent(agent).await? {
            leases.push(self.lease(&row).await?);
        }
        Ok(Assignment { generation, leases, pinned: store.pinned_images(agent).await? })
    }

    async fn lease(&self, row: &LeaseRow) -> Result<Lease, FlowError> {
        let release = self.world.store.rollout(row.release).await?;
        let env = self.world.open_env(release.release, release.env.as_deref())?;
        let (Some(plan), Some(build_key), Some((digest, bytes))) =
            (&release.plan, &release.build_key, &release.archive)
        else {
            return Err(FlowError::Corrupt("the plan of a leased release"));
        };
        let port =
            recipe::port(plan, &release.settings).map_err(|_| FlowError::Corrupt("the port of a plan"))?;
        let source = SourceRef {
            path: format!("/v1/sources/{digest}"),
            token: source_token(&self.world.sealer, digest),
            digest: digest.clone(),
            bytes: *bytes,
        };
        let address = self.world.store.address(row.deployment).await?;
        Ok(Lease {
            lease: row.id,
            deployment: row.deployment,
            release: row.release,
            name: release.name.clone(),
            url: address.map(|address| self.config.public_url(&address.name, address.public_port)),
            build: recipe::build_spec(build_key.clone(), source, plan, &env),
            run: recipe::run_spec(port, &release.settings, &env),
            payment: self.payment(row).await?,
        })
    }

    async fn drain_plan(&self, agent: AgentId) -> Result<DrainPlan, FlowError> {
        let store = &self.world.store;
        let mut items = store.left(agent, clock::now()).await?;
        for LeavingRow { lease, deployment, name, leaving, .. } in store.leaving_of(agent).await? {
            let fate = leaving::fate(&leaving, self.obstacle(deployment).await?);
            items.push(Drained { lease, deployment, name, fate });
        }
        Ok(DrainPlan { items })
    }

    /// What keeps everybody else from taking a deployment; `None` when somebody could.
    async fn obstacle(&self, deployment: DeploymentId) -> Result<Option<String>, FlowError> {
        let Some(need) = funds::need(&self.world, deployment).await? else { return Ok(None) };
        let candidates = funds::candidates(&self.world, deployment, None).await?;
        let placement = placement::choose(&need, &candidates);
        Ok(placement.agent.is_none().then(|| placement::explain(&need, &placement)))
    }

    async fn report(&self, agent: AgentId, report: &Report) -> Result<Vec<VoucherNews>, FlowError> {
        let changed = self.world.store.store_report(agent, report, clock::now()).await?;
        // The last readings of a workload come with the report that it is gone, and count before that is believed.
        let news = self.take_money(agent, &report.money).await?;
        self.world.heard_workloads(agent, report.workloads.iter().map(|workload| workload.lease).collect());
        for ReportedLease { lease, serves } in changed.iter().filter(|reported| reported.serves) {
            let fact = lease.report.as_ref().and_then(rollout::serving_fact);
            if let (true, Some((fact, problem))) = (serves, fact) {
                self.world.tell(lease.deployment, fact, Some(problem.as_ref())).await?;
            }
        }
        self.world.nudge.sagas();
        Ok(news)
    }
}

impl Registry for Facts {
    fn agent_key(&self, agent: AgentId) -> BoxFuture<'_, Result<Option<AgentRecord>, RegistryError>> {
        Box::pin(async move {
            let Some(key) = self.world.store.agent_key(agent).await? else { return Ok(None) };
            let public_key =
                key.public_key.try_into().map_err(|_| "an agent's public key does not have 32 bytes")?;
            Ok(Some(AgentRecord { public_key, revoked: key.revoked, leaves: key.leaves }))
        })
    }

    fn seen<'a>(&'a self, agent: AgentId, hello: &'a Hello) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(async move {
            self.world
                .store
                .agent_seen(agent, Some(&hello.build), (&hello.capacity, &hello.lending), clock::now())
                .await?;
            self.world.nudge.sagas();
            Ok(())
        })
    }

    fn log_marks(&self, agent: AgentId) -> BoxFuture<'_, Result<Vec<LogMark>, RegistryError>> {
        Box::pin(async move {
            let leases = self.world.store.leases_of_agent(agent).await?;
            let ids: Vec<_> = leases.iter().map(|lease| lease.id).collect();
            Ok(self.world.store.log_marks(&ids).await?)
        })
    }

    fn next_assignment(&self, agent: AgentId) -> BoxFuture<'_, Result<Assignment, RegistryError>> {
        Box::pin(async move { Ok(self.assignment(agent).await?) })
    }

    fn drain_plan(&self, agent: AgentId) -> BoxFuture<'_, Result<DrainPlan, RegistryError>> {
        Box::pin(async move { Ok(self.drain_plan(agent).await?) })
    }

    fn store_report<'a>(
        &'a self,
        agent: AgentId,
        report: &'a Report,
    ) -> BoxFuture<'a, Result<Vec<VoucherNews>, RegistryError>> {
        Box::pin(async move { Ok(self.report(agent, report).await?) })
    }

    fn store_logs<'a>(
        &'a self,
        agent: AgentId,
        logs: &'a LogBatch,
    ) -> BoxFuture<'a, Result<Vec<LogMark>, RegistryError>> {
        Box::pin(async move { Ok(self.logs.append(&self.world.store, agent, logs).await?) })
    }
}
