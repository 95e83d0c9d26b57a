//! Checks of what lies around engine and coordinator: disks, folder, ports, key store, a second daemon.

use super::{
    Act, DiskRoom, EngineLook, Facts, FolderFault, Role, Taken,
    finding::{Draft, size},
};
use crate::logic::port_scan::free_count;
use ttalkak_protocol::{
    desk::{DoctorCheck as Check, KeyStore},
    error::ErrorCode as Code,
};

/// Below this a build fails in the middle: a base image and an app's packages together are larger.
const ENGINE_LEAST: u64 = 2 << 30;
/// Below this share or this size of the engine's disk it is time to clean up.
const ENGINE_LOW: (u64, u64) = (10, 10 << 30);
/// Book, logs and notices stay far below this.
const FOLDER_LEAST: u64 = 64 << 20;

pub(super) fn engine_disk(facts: &Facts) -> Draft {
    let Some(room) = facts.engine_disk else {
        let away = matches!(facts.engine, EngineLook::Answers(_));
        let why = if away {
            "the engine's disk cannot be seen from here"
        } else {
            "cannot be told while no engine answers"
        };
        return Draft::unknown(Check::EngineDisk, why);
    };
    let DiskRoom { free, total } = room;
    let seen = format!("{} of {} are free", size(free.0), size(total.0));
    let low = free.0 < ENGINE_LOW.1 && free.0 < total.0 / ENGINE_LOW.0;
    let draft = if free.0 < ENGINE_LEAST {
        Draft::bad(
            Check::EngineDisk,
            Code::DiskFull,
            format!("Only {} are free on the engine's disk, too little for a build.", size(free.0)),
        )
        .next("Clean up what is ours, or make room.")
        .button(Act::CleanUp)
    } else if low {
        Draft::warn(
            Check::EngineDisk,
            Code::DiskLow,
            format!("Little is free on the engine's disk: {}.", size(free.0)),
        )
        .button(Act::CleanUp)
    } else {
        Draft::good(Check::EngineDisk, seen.clone())
    };
    draft.seen(seen).value("free_bytes", free.0).value("total_bytes", total.0)
}

pub(super) fn folder(facts: &Facts) -> Draft {
    let look = &facts.folder;
    let bad = |code, message: String| Draft::bad(Check::DataFolder, code, message);
    let room = look.room.map(|room| room.free.0);
    let draft = match look.written {
        Err(FolderFault::Missing) => {
            bad(Code::FolderDenied, format!("The data folder {} is not there.", look.path))
                .next("Make it.")
                .button(Act::MakeFolder)
        }
        Err(FolderFault::Denied) => {
            let user = &facts.system.user;
            bad(Code::FolderDenied, format!("{user} may not write to the data folder {}.", look.path))
                .command(format!("sudo chown -R {user} '{}'", look.path.replace('\'', "'\\''")))
        }
        Err(FolderFault::Full) => {
            bad(Code::DiskFull, format!("The disk of the data folder {} is full.", look.path))
                .button(Act::CleanUp)
        }
        Err(FolderFault::Other) => {
            bad(Code::WriteFailed, format!("The data folder {} cannot be written.", look.path))
        }
        Ok(()) if room.is_some_and(|free| free < FOLDER_LEAST) => Draft::warn(
            Check::DataFolder,
            Code::DiskLow,
            format!("Little is free for the data folder {}.", look.path),
        )
        .button(Act::CleanUp),
        Ok(()) => Draft::good(Check::DataFolder, look.path.clone()),
    };
    let draft = draft.value("path", &look.path);
    match room {
        Some(free) => draft.value("free_bytes", free),
        None => draft,
    }
}

pub(super) fn other_daemon(facts: &Facts) -> Draft {
    match facts.other_daemon {
        None => Draft::good(Check::OtherDaemon, "no other daemon works in this data folder"),
        Some(pid) if facts.role == Role::Visitor => {
            let seen = pid.map_or("a daemon works here".to_owned(), |pid| {
                format!("a daemon works here, process {pid}")
            });
            Draft::good(Check::OtherDaemon, seen)
        }
        Some(pid) => {
            let who = pid.map_or(String::new(), |pid| format!(" (process {pid})"));
            let draft = Draft::bad(
                Check::OtherDaemon,
                Code::DaemonTwice,
                format!("Another daemon{who} works in the data folder {}.", facts.folder.path),
            );
            match pid {
                Some(pid) => draft.value("pid", pid).command(format!("kill {pid}")),
                None => draft,
            }
        }
    }
}

pub(super) fn ports(facts: &Facts) -> Draft {
    let range = &facts.wanted.ports;
    let Some(taken) = &facts.taken else {
        return Draft::unknown(Check::Ports, "the system does not tell which ports are in use");
    };
    let free = free_count(range, taken.iter().map(|taken| taken.port));
    let seen = format!("{free} of {} to {} are free", range.start(), range.end());
    let who = holders(taken);
    let draft = if free == 0 {
        Draft::bad(
            Check::Ports,
            Code::PortsTaken,
            format!("Other programs hold every port of {} to {}.", range.start(), range.end()),
        )
        .button(Act::MovePorts)
    } else if free < facts.wanted.workloads_max {
        let message = format!("Only {free} ports are free for {} workloads.", facts.wanted.workloads_max);
        Draft::warn(Check::Ports, Code::PortsTaken, message).button(Act::MovePorts)
    } else {
        Draft::good(Check::Ports, seen.clone())
    };
    let seen = if who.is_empty() { seen } else { format!("{seen}; others hold {who}") };
    draft.seen(seen).value("free", free).value("taken", taken.len())
}

/// The first few holders by name, such as `8080 (nginx)`.
fn holders(taken: &[Taken]) -> String {
    let named = |taken: &Taken| match &taken.program {
        Some(program) => format!("{} ({program})", taken.port),
        None => taken.port.to_string(),
    };
    let mut shown: Vec<String> = taken.iter().take(3).map(named).collect();
    if taken.len() > 3 {
        shown.push(format!("{} more", taken.len() - 3));
    }
    shown.join(", ")
}

pub(super) fn key_store(facts: &Facts) -> Draft {
    let wallet = facts.wallet_in_key_store;
    match facts.key_store {
        KeyStore::Usable => Draft::good(Check::KeyStore, "a value was written, read and removed"),
        KeyStore::Unknown => Draft::unknown(Check::KeyStore, "not tried yet"),
        KeyStore::Locked if wallet => Draft::warn(
            Check::KeyStore,
            Code::KeyStoreLocked,
            "The system's key store is locked, and the wallet's key is in it.",
        ),
        KeyStore::Locked => Draft::warn(
            Check::KeyStore,
            Code::KeyStoreLocked,
            "The system's key store is locked; a new wallet goes to an encrypted file.",
        )
        .button(Act::WalletToFile),
        KeyStore::Absent if wallet => Draft::warn(
            Check::KeyStore,
            Code::KeyStoreAbsent,
            "The wallet's key is in the system's key store, which is not there now.",
        )
        .next("Sign in to the desktop session in which the wallet was made."),
        KeyStore::Absent => {
            Draft::good(Check::KeyStore, "this system has none; the wallet goes to an encrypted file")
        }
    }
}
