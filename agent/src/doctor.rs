//! The doctor's rounds: at the start, when asked, after every change of the engine, and now and then, since disks fill and
//! clocks drift. Deliberately absent: what is wrong (`logic::doctor`), looking (`io::doctor`), and changes of settings,
//! which their owner makes when [`Mended`] says so.

use crate::{
    io::doctor::{Scope, run, survey},
    logic::{
        doctor::{Act, EngineLook, Facts, section},
        port_scan::free_range,
    },
};
use std::{collections::BTreeSet, fmt, ops::RangeInclusive, sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, watch},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::{
    desk::{self, DoctorCheck, Mend},
    error::{ErrorCode, Problem},
};

/// Between two rounds when nothing happens.
const NOW_AND_THEN: Duration = Duration::from_secs(5 * 60);

/// Says where to look now: settings and workloads change between rounds.
pub type Where = Arc<dyn Fn() -> Scope + Send + Sync>;

/// The doctor. Cheap to clone.
#[derive(Clone)]
pub struct Doctor {
    place: Where,
    /// One round at a time; holds what the last one saw.
    last: Arc<Mutex<Option<Facts>>>,
    told: watch::Sender<desk::Doctor>,
    key_store: watch::Sender<desk::KeyStore>,
}

/// What mending did, or leaves to the owner of the settings or of the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mended {
    /// It is done, and looked at again.
    Done,
    /// The range of ports should become this one.
    Ports(RangeInclusive<u16>),
    /// What is ours and unused should go.
    CleanUp,
    /// New wallets should go to the encrypted file.
    WalletToFile,
}

impl fmt::Debug for Doctor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doctor").field("told", &*self.told.borrow()).finish_non_exhaustive()
    }
}

impl Doctor {
    /// Has not looked yet.
    pub fn new(place: Where) -> Self {
        let told = watch::Sender::new(desk::Doctor { at: None, running: false, findings: Vec::new() });
        Self { place, last: Arc::default(), told, key_store: watch::Sender::default() }
    }

    /// The newest section.
    pub fn told(&self) -> watch::Receiver<desk::Doctor> {
        self.told.subscribe()
    }

    /// One round; a second asker waits for its own.
    pub async fn round(&self) {
        let mut last = self.last.lock().await;
        self.told.send_modify(|told| told.running = true);
        let facts = survey(&(self.place)()).await;
        self.key_store.send_replace(facts.key_store);
        self.told.send_replace(section(&facts));
        *last = Some(facts);
    }

    /// Rounds until `shutdown`; `engine` changes whenever the engine comes or goes.
    pub async fn keep<T>(self, mut engine: watch::Receiver<T>, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = self.round() => {}
                () = shutdown.cancelled() => return,
            }
            tokio::select! {
                Ok(()) = engine.changed() => {}
                () = sleep(NOW_AND_THEN) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Does what the finding of a check offers to do.
    /// Errors: `not_here` when it offers nothing (any more); what the command said when it failed.
    pub async fn mend(&self, check: DoctorCheck) -> Result<Mended, Problem> {
        let (act, command) = self.offered(check)?;
        match act {
            Act::MovePorts => return self.free_ports().await.map(Mended::Ports),
            Act::CleanUp => return Ok(Mended::CleanUp),
            Act::WalletToFile => return Ok(Mended::WalletToFile),
            Act::MakeFolder => make_folder(&(self.place)())?,
            Act::StartEngine | Act::JoinGroup | Act::DelegateLimits => {
                let command = command.ok_or_else(nothing_to_do)?;
                tracing::info!(command, "mending what the doctor found");
                run::run(&command).await?;
            }
        }
        self.round().await;
        Ok(Mended::Done)
    }

    fn offered(&self, check: DoctorCheck) -> Result<(Act, Option<String>), Problem> {
        let told = self.told.borrow();
        let finding = told.findings.iter().find(|finding| finding.check == check);
        let Some(Mend::Button { action, command, .. }) = finding.map(|finding| finding.mend.clone()) else {
            return Err(nothing_to_do());
        };
        let act = Act::ALL.into_iter().find(|act| act.as_str() == action).ok_or_else(nothing_to_do)?;
        Ok((act, command))
    }

    async fn free_ports(&self) -> Result<RangeInclusive<u16>, Problem> {
        let range = (self.place)().wanted.ports;
        let all = tokio::task::spawn_blocking(crate::io::listeners::listening).await.ok().flatten();
        let held: BTreeSet<u16> = all.unwrap_or_default().into_iter().map(|one| one.port).collect();
        free_range(&range, &held).ok_or_else(|| {
            Problem::new(ErrorCode::PortsTaken, "No other range has more free ports.")
                .with_next("Stop a program that holds some, or lend to fewer workloads.")
        })
    }

    /// What the last round saw of the system's key store.
    pub fn key_store(&self) -> desk::KeyStore {
        *self.key_store.borrow()
    }

    /// What the last round saw of the engine.
    pub async fn engine(&self) -> Option<EngineLook> {
        self.last.lock().await.as_ref().map(|facts| facts.engine.clone())
    }
}

fn nothing_to_do() -> Problem {
    Problem::new(ErrorCode::NotHere, "There is nothing to mend about this any more.")
        .with_next("Let the doctor look again.")
}

fn make_folder(scope: &Scope) -> Result<(), Problem> {
    crate::enrol::create_data_dir(&scope.data_dir)
        .map_err(|error| Problem::new(ErrorCode::FolderDenied, crate::cause::Chain(&error).to_string()))
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
