//! What screens may see of the running agent.

use super::Driver;
use crate::view::{AgentView, LeaseView};

impl Driver {
    /// Changes that come together are shown once.
    pub(super) fn show(&mut self) {
        self.view_at = None;
        let report = self.make_report();
        let leases = self
            .agent
            .leases()
            .map(|lease| LeaseView { earned: self.agent.earned(lease.lease), ..LeaseView::of(lease) });
        self.view.send_replace(AgentView {
            link: self.link_view.clone(),
            engine: report.capacity.engine.clone(),
            engine_problem: self.agent.engine_problem().cloned(),
            generation: report.generation,
            leases: leases.collect(),
            workloads: report.workloads,
            images: report.images,
            machine: report.machine,
            capacity: Some(report.capacity),
            drain: self.drain.clone(),
            at: report.at,
        });
    }
}
