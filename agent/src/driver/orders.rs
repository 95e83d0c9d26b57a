//! Carries out what the owner wants.

use super::Driver;
use crate::{io::logs::LogCommand, logic::event::Event, order::Order};

impl Driver {
    pub(super) async fn on_order(&mut self, order: Order) {
        match order {
            Order::Lending(lending) => self.lending = lending,
            Order::HandedBack(leases) => self.handed_back = leases,
            Order::Lend(lent) => {
                self.capacity.cpu = lent.cpu;
                self.capacity.memory = lent.memory;
                self.capacity.workloads_max = lent.workloads_max;
                return self.on(Event::PortRange(lent.ports)).await;
            }
            Order::Money(lending) => {
                self.on(Event::Lent(*lending)).await;
                // What is asked is no fact about a workload, and yet the coordinator should know it at once.
                return self.report_soon();
            }
            Order::Squeeze(squeezed) => return self.on(Event::Squeezed(squeezed)).await,
            Order::Restart(lease) => return self.on(Event::Restart { lease }).await,
            Order::KeepWorkloads(keep) => self.stop_workloads_on_exit = !keep,
            Order::Follow(lease, desk) => self.logs.tell(LogCommand::Follow(lease, desk)).await,
            Order::Unfollow(lease, desk) => self.logs.tell(LogCommand::Unfollow(lease, desk.id)).await,
        }
        self.publish();
    }
}
