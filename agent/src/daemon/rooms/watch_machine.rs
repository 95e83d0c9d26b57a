//! The live sections, machine and tunnel, once a second and only while a desk looks at one of them.

use super::Rooms;
use crate::{
    io::{clock, doctor::System, gauges::Gauges, machine::MachineSize, tunnel::TunnelState},
    logic::gauges::Lent,
    tunnel_desk,
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::time::{MissedTickBehavior, interval};
use ttalkak_protocol::{
    desk::{News, Section},
    unit::{Bytes, MilliCpu},
};

const EVERY: Duration = Duration::from_secs(1);

/// Runs until it is dropped.
pub(super) async fn run(rooms: Arc<Rooms>) {
    let mut looked_at = rooms.around.hub.looked_at();
    let live = |at: &std::collections::BTreeSet<Section>| {
        at.contains(&Section::Machine) || at.contains(&Section::Tunnel)
    };
    loop {
        if looked_at.wait_for(live).await.is_err() {
            return;
        }
        let mut gauges = Gauges::new(MachineSize::read().cpus, System::of_this_process().uid);
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while live(&looked_at.borrow()) {
            ticks.tick().await;
            tell(&rooms, &mut gauges).await;
        }
    }
}

async fn tell(rooms: &Rooms, gauges: &mut Gauges) {
    let engine = rooms.engine().await;
    let world = rooms.around.world.borrow().clone();
    let tunnel = world.as_ref().map_or_else(TunnelState::default, |world| world.tunnel.borrow().clone());
    let data = rooms.store.told().borrow().engine_dir.clone().map(PathBuf::from);
    let data = data.filter(|dir| dir.exists()).unwrap_or_else(|| rooms.around.config.data_dir.clone());
    let machine = gauges.read(engine.as_ref(), &data, &tunnel, lent(rooms)).await;
    rooms.around.hub.publish(News::Machine(machine));
    let most = rooms.around.config.tunnel_streams_max;
    let section =
        tunnel_desk::section(&tunnel, world.is_some(), most, gauges.rates().tunnel(), clock::wall());
    rooms.around.hub.publish(News::Tunnel(section));
}

fn lent(rooms: &Rooms) -> Lent {
    let limits = rooms.around.settings.borrow().limits;
    let world = rooms.around.world.borrow().clone();
    let (mut cpu, mut memory) = (0u32, 0u64);
    if let Some(world) = world {
        for lease in &world.view.borrow().leases {
            cpu = cpu.saturating_add(lease.cpu.0);
            memory = memory.saturating_add(lease.memory.0);
        }
    }
    let disk = rooms.store.told();
    let disk = disk.borrow();
    Lent {
        cpu_reserved: MilliCpu(cpu),
        cpu_limit: limits.cpu,
        memory_reserved: Bytes(memory),
        memory_limit: limits.memory,
        disk_used: disk.at.map(|_| disk.used),
        disk_limit: Some(limits.disk),
        download_limit: limits.download,
        upload_limit: limits.upload,
    }
}
