//! Reads what the section `machine` is made of, once a second and only while a desk looks. At 200 workloads a reading is
//! some 600 small file reads, one list every few seconds and eight questions to the engine.
//! Deliberately absent: rates and sums (`logic::gauges`).

use super::{cgroup::Cgroups, clock, engine::Engine, machine::MachineMeter, tunnel::TunnelState};
use crate::logic::gauges::{Counters, Lent, Rates, Traffic, whole};
use futures_util::{StreamExt, stream};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{task::spawn_blocking, time::Instant};
use ttalkak_protocol::{desk::Machine, id::LeaseId, link::MachineReading};

/// Questions to the engine in one reading.
const ASKED: usize = 8;
/// Of those at the same time.
const AT_ONCE: usize = 4;
/// How often the list of containers is asked for; a new one shows up that much later.
const LIST_EVERY: Duration = Duration::from_secs(3);

/// One reader; it remembers the reading before.
#[derive(Debug)]
pub struct Gauges {
    began: Instant,
    meter: Option<MachineMeter>,
    cgroups: Option<Cgroups>,
    containers: BTreeMap<LeaseId, String>,
    listed: Option<Instant>,
    asked: BTreeMap<LeaseId, Counters>,
    rates: Rates,
    cpus: u32,
}

impl Gauges {
    /// Reads from now on. `uid` is ours.
    pub fn new(cpus: u32, uid: u32) -> Self {
        Self {
            began: Instant::now(),
            meter: None,
            cgroups: Some(Cgroups::new("/sys/fs/cgroup", uid)),
            containers: BTreeMap::new(),
            listed: None,
            asked: BTreeMap::new(),
            rates: Rates::default(),
            cpus,
        }
    }

    /// The rates as of the last reading.
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// One reading. `engine_data` tells which disk matters.
    pub async fn read(
        &mut self,
        engine: Option<&Engine>,
        engine_data: &Path,
        tunnel: &TunnelState,
        lent: Lent,
    ) -> Machine {
        self.list(engine).await;
        let (reading, mut counters) = self.local(engine_data.to_owned()).await;
        let at = self.began.elapsed();
        if let Some(engine) = engine {
            self.ask(engine, &counters).await;
        }
        self.asked.retain(|lease, _| self.containers.contains_key(lease));
        for (lease, asked) in &self.asked {
            counters.entry(*lease).or_insert(*asked);
        }
        self.rates.note(at, &counters);
        self.rates.note_tunnel(at, Traffic { received: tunnel.bytes_in, sent: tunnel.bytes_out });
        let known = engine.is_some() && (counters.len() >= self.containers.len());
        self.rates.section(whole(reading, self.cpus), lent, known, clock::wall())
    }

    async fn list(&mut self, engine: Option<&Engine>) {
        let Some(engine) = engine else {
            self.containers.clear();
            return;
        };
        if self.listed.is_some_and(|at| at.elapsed() < LIST_EVERY) {
            return;
        }
        self.listed = Some(Instant::now());
        match engine.running().await {
            Ok(containers) => self.containers = containers,
            Err(error) => {
                tracing::debug!(error = %error.told(), "the gauges keep the old list of containers")
            }
        }
    }

    /// The machine and the kernel's files, in one trip to a blocking thread.
    async fn local(&mut self, data: PathBuf) -> (MachineReading, BTreeMap<LeaseId, Counters>) {
        let (meter, cgroups) = (self.meter.take(), self.cgroups.take());
        let containers = self.containers.clone();
        let read = spawn_blocking(move || {
            let mut meter = meter.or_else(|| MachineMeter::new().ok());
            let reading = meter.as_mut().map(|meter| meter.read(&data)).unwrap_or_default();
            let mut cgroups = cgroups?;
            let by_id = cgroups.read(containers.values().map(String::as_str));
            let of = |(lease, id): (&LeaseId, &String)| Some((*lease, *by_id.get(id)?));
            let counters = containers.iter().filter_map(of).collect();
            Some((meter, cgroups, reading, counters))
        });
        match read.await.ok().flatten() {
            Some((meter, cgroups, reading, counters)) => {
                (self.meter, self.cgroups) = (meter, Some(cgroups));
                (reading, counters)
            }
            None => Default::default(),
        }
    }

    /// Asks the engine about those whose turn it is: for their traffic, and for all else where the files say nothing.
    async fn ask(&mut self, engine: &Engine, known: &BTreeMap<LeaseId, Counters>) {
        let due = self.rates.due(self.containers.keys(), ASKED);
        let ids = due.into_iter().filter_map(|lease| Some((lease, self.containers.get(&lease)?.clone())));
        let answers: Vec<_> = stream::iter(ids.collect::<Vec<_>>())
            .map(|(lease, id)| async move { Some((lease, engine.counters(&id).await?)) })
            .buffer_unordered(AT_ONCE)
            .filter_map(|answer| async move { answer })
            .collect()
            .await;
        let at = self.began.elapsed();
        for (lease, (counters, traffic)) in answers {
            self.rates.note_traffic(lease, at, traffic);
            if !known.contains_key(&lease) {
                self.asked.insert(lease, counters);
            }
        }
    }
}
