//! Section `workloads`, and what quitting would cost.

use super::Daemon;
use crate::view::LeaseView;
use std::time::Duration;
use ttalkak_escrow::price::rate_per_hour;
use ttalkak_protocol::{
    desk::{News, QuitCost, QuitWorkload, WorkloadAct, WorkloadPay, WorkloadPhase, WorkloadRow, Workloads},
    id::LeaseId,
    link::{Health, Phase, WorkloadReport},
    money::Amount,
    unit::Millis,
};

impl Daemon {
    pub(super) fn publish_workloads(&self) {
        let rows = self.view.workloads.iter().filter_map(|workload| self.row_of(workload)).collect();
        self.hub.publish(News::Workloads(Workloads { rows }));
    }

    /// One row.
    pub(super) fn row(&self, lease: LeaseId) -> Option<WorkloadRow> {
        let workload = self.view.workloads.iter().find(|workload| workload.lease == lease)?;
        self.row_of(workload)
    }

    fn row_of(&self, workload: &WorkloadReport) -> Option<WorkloadRow> {
        let by_lease = |view: &LeaseView| view.lease.cmp(&workload.lease);
        let lease = &self.view.leases[self.view.leases.binary_search_by(by_lease).ok()?];
        let given_back = self.handed_back.contains_key(&lease.lease);
        Some(WorkloadRow {
            lease: lease.lease,
            deployment: lease.deployment,
            release: lease.release,
            name: lease.name.clone(),
            exposure: lease.exposure,
            url: lease.url.clone(),
            phase: phase(&workload.phase),
            since: workload.since,
            cpu: lease.cpu,
            memory: lease.memory,
            memory_used: workload.memory_used,
            restarts: workload.restarts,
            port: workload.host_port.map(|port| port.get()),
            container_port: lease.port.get(),
            image: workload.image.as_ref().map(|image| image.digest.clone()),
            image_bytes: workload.image.as_ref().map(|image| image.bytes),
            timings: workload.timings,
            stop_grace: lease.stop_grace,
            paid: lease.payment.map(|_| WorkloadPay {
                per_hour: per_hour(lease),
                earned: lease.earned.map_or(Amount::ZERO, |earned| earned.earned),
                vouched: lease.earned.map_or(Amount::ZERO, |earned| earned.vouched),
            }),
            may: acts(&workload.phase, given_back),
            given_back,
        })
    }

    /// What quitting now would stop and cost.
    pub(super) fn quit_cost(&self) -> QuitCost {
        let up = |workload: &&WorkloadReport| matches!(workload.phase, Phase::Running { .. });
        let rows = self.view.workloads.iter().filter(up).filter_map(|workload| self.row_of(workload));
        let workloads: Vec<QuitWorkload> = rows
            .map(|row| QuitWorkload {
                lease: row.lease,
                name: row.name,
                since: row.since,
                per_hour: row.paid.map_or(Amount::ZERO, |paid| paid.per_hour),
            })
            .collect();
        let unvouched = self.view.leases.iter().filter_map(|lease| lease.earned);
        let unvouched = unvouched.map(|earned| earned.earned.saturating_sub(earned.vouched).0).sum();
        let stops_workloads = !self.settings.keep_workloads;
        let grace = self.view.leases.iter().map(|lease| lease.stop_grace.0).max().filter(|_| stops_workloads);
        let drain = u64::try_from(self.config.drain.as_millis()).unwrap_or(u64::MAX);
        let streams = self.running.as_ref().map_or(0, |running| running.world.tunnel.borrow().streams);
        let margin = u64::try_from(Duration::from_secs(5).as_millis()).unwrap_or(0);
        QuitCost {
            stops_workloads,
            per_hour: Amount(workloads.iter().map(|workload| workload.per_hour.0).sum()),
            workloads,
            unvouched: Amount(unvouched),
            streams: u32::try_from(streams).unwrap_or(u32::MAX),
            takes: Millis(drain + grace.unwrap_or(0) + margin),
        }
    }
}

/// What a lease earns by what it reserves.
pub(super) fn per_hour(lease: &LeaseView) -> Amount {
    lease.payment.map_or(Amount::ZERO, |payment| {
        rate_per_hour(&payment.rates, &payment.reserved).min(payment.terms.rate_per_hour)
    })
}

fn phase(phase: &Phase) -> WorkloadPhase {
    match phase.clone() {
        Phase::Waiting { why } => WorkloadPhase::Waiting { why },
        Phase::Fetching => WorkloadPhase::Fetching,
        Phase::Building { step, total, doing } => WorkloadPhase::Building { step, total, doing },
        Phase::Starting => WorkloadPhase::Starting,
        Phase::Running { health: Health::Unknown } => WorkloadPhase::Checking,
        Phase::Running { health: Health::Healthy } => WorkloadPhase::Healthy,
        Phase::Running { health: Health::Unhealthy { why } } => WorkloadPhase::Unhealthy { why },
        Phase::BackingOff { last, until } => WorkloadPhase::BackingOff { last, until },
        Phase::Stopping => WorkloadPhase::Stopping,
        Phase::Failed { problem, .. } => WorkloadPhase::Failed { problem },
    }
}

/// What a desk may do with a workload in this phase.
fn acts(phase: &Phase, given_back: bool) -> Vec<WorkloadAct> {
    let restart = match phase {
        Phase::Running { .. } | Phase::BackingOff { .. } | Phase::Failed { .. } => true,
        Phase::Waiting { .. }
        | Phase::Fetching
        | Phase::Building { .. }
        | Phase::Starting
        | Phase::Stopping => false,
    };
    let go = !given_back && *phase != Phase::Stopping;
    let acts = [(restart, WorkloadAct::Restart), (go, WorkloadAct::Stop), (go, WorkloadAct::Remove)];
    acts.into_iter().filter_map(|(may, act)| may.then_some(act)).collect()
}
