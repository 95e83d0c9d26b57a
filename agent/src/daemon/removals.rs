//! Images of workloads that the owner removed: each goes when nothing is left of its workload. One that something else
//! needs, or that is pinned, stays, as it would if the owner removed it by hand.
//! Deliberately absent: giving the lease back, which is the same as stopping.

use crate::{
    desk::{Answer, Asked, DeskHandle, DeskId},
    view::AgentView,
};
use std::collections::BTreeMap;
use tokio::sync::{mpsc, oneshot};
use ttalkak_protocol::{
    desk::{Call, WorkloadRow},
    id::LeaseId,
};

/// No desk has this number; they are counted from the other end.
const NOBODY: DeskId = DeskId(u64::MAX);

/// What still has to go, by lease.
#[derive(Debug, Default)]
pub(super) struct Removals(BTreeMap<LeaseId, String>);

impl Removals {
    /// The owner removed this workload. What has no image yet leaves none.
    pub(super) fn note(&mut self, row: &WorkloadRow) {
        if let Some(image) = &row.image {
            self.0.insert(row.lease, image.clone());
        }
    }

    /// Images whose turn it is; each is told once. A view of a driver that has just begun knows of nothing and settles
    /// nothing.
    pub(super) fn due(&mut self, view: &AgentView) -> Vec<String> {
        if view.generation == 0 {
            return Vec::new();
        }
        let here = |lease: &LeaseId| {
            view.leases.iter().any(|seen| seen.lease == *lease)
                || view.workloads.iter().any(|seen| seen.lease == *lease)
        };
        let gone: Vec<LeaseId> = self.0.keys().filter(|lease| !here(lease)).copied().collect();
        gone.into_iter().filter_map(|lease| self.0.remove(&lease)).collect()
    }
}

/// Has one removed by the room that keeps the disk, which looks first.
pub(super) async fn remove(rooms: mpsc::Sender<Asked>, image: String) {
    // What could not be looked at is told by the next answer.
    let _ = ask(&rooms, Call::LookAtDisk).await;
    match ask(&rooms, Call::RemoveImage { digest: image.clone() }).await {
        Some(Ok(_)) => tracing::info!("removed image {image}, as its workload was"),
        Some(Err(refusal)) => tracing::info!("image {image} stays: {}", refusal.problem.message),
        None => {}
    }
}

/// `None` when the daemon ends.
async fn ask(rooms: &mpsc::Sender<Asked>, call: Call) -> Option<Answer> {
    let (lines, _) = mpsc::channel(1);
    let (answer, answered) = oneshot::channel();
    rooms.send(Asked { desk: DeskHandle { id: NOBODY, lines }, call, answer }).await.ok()?;
    answered.await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::LeaseView;
    use ttalkak_protocol::desk::Reply;

    fn view(generation: u64, leases: &[u128]) -> AgentView {
        let lease = |n: &u128| {
            let mut seen = LeaseView::of(&crate::logic::policy::tests::lease(1));
            seen.lease = LeaseId::new(uuid::Uuid::from_u128(*n));
            seen
        };
        AgentView { generation, leases: leases.iter().map(lease).collect(), ..AgentView::default() }
    }

    #[test]
    fn an_image_goes_once_and_not_before_its_workload() {
        let mut removals = Removals::default();
        removals.0.insert(LeaseId::new(uuid::Uuid::from_u128(1)), "sha256:one".to_owned());
        assert!(removals.due(&view(0, &[])).is_empty(), "a driver that has just begun");
        assert!(removals.due(&view(7, &[1, 2])).is_empty());
        assert_eq!(removals.due(&view(8, &[2])), ["sha256:one"]);
        assert!(removals.due(&view(9, &[])).is_empty());
    }

    #[tokio::test]
    async fn the_disk_is_looked_at_before_an_image_goes() {
        let (rooms, mut asked) = mpsc::channel::<Asked>(1);
        let mut calls = Vec::new();
        let answering = async {
            while let Some(asked) = asked.recv().await {
                calls.push(asked.call.clone());
                asked.reply(Ok(Reply::Done));
            }
        };
        tokio::join!(remove(rooms, "sha256:one".to_owned()), answering);
        assert_eq!(calls, [Call::LookAtDisk, Call::RemoveImage { digest: "sha256:one".to_owned() }]);
    }
}
