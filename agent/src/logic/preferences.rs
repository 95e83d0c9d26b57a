//! What an owner may choose: proposals for a machine of a size, bounds, what is wrong with a patch, and what a change of
//! limits does to running work. Pure. Deliberately absent: the file they are kept in.

use ttalkak_protocol::{
    desk::{
        Announce, Appearance, BatteryRule, Bounds, Electricity, ExclusiveRule, Fault, IdleRule, Language,
        Limits, Locked, Schedule, Settings, SettingsPatch, Treatment,
    },
    error::{ErrorCode, Problem},
    money::Rates,
    unit::{Bytes, MilliCpu},
};

mod check;
mod fit;

pub use check::{check, is_sound};
pub use fit::{Fit, Held, fit};

/// What can be lent at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// All processors.
    pub cpu: MilliCpu,
    /// All memory.
    pub memory: Bytes,
    /// The disk that the engine keeps its data on.
    pub disk: Bytes,
}

/// The least that runs a workload.
const CPU_MIN: MilliCpu = MilliCpu(50);
/// The least that runs a workload.
const MEMORY_MIN: Bytes = Bytes::mib(64);
/// Room for one image and its build.
const DISK_MIN: Bytes = Bytes(2 << 30);
/// Below 64 KiB a second a page is not a page.
const BANDWIDTH_MIN: Bytes = Bytes(64 << 10);
/// A range that a redeploy does not exhaust at once.
const PORTS_MIN: u16 = 10;
/// An assignment of more does not fit a frame.
const WORKLOADS_MAX: u32 = 200;

/// What applies on this machine when nothing was chosen: half of it.
pub fn defaults(size: &Size) -> Settings {
    let bounds = bounds(size);
    Settings {
        lend: false,
        when_off: Treatment::Keep,
        limits: Limits {
            cpu: MilliCpu(size.cpu.0 / 2).max(bounds.cpu.0),
            memory: Bytes(size.memory.0 / 2).max(bounds.memory.0),
            disk: Bytes(size.disk.0 / 4).clamp(bounds.disk.0, bounds.disk.1),
            download: None,
            upload: None,
            port_first: 20_000,
            port_last: 29_999,
            workloads: 20,
        },
        rates: Rates::default(),
        payee: None,
        schedule: Schedule::default(),
        idle: IdleRule { on: false, after_minutes: 10, fullscreen: true, running: Treatment::Keep },
        exclusive: ExclusiveRule::default(),
        battery: BatteryRule { on: true, running: Treatment::Stop { notice_minutes: 15 } },
        language: Language::System,
        appearance: Appearance::System,
        announce: Announce::default(),
        autostart: false,
        keep_workloads: false,
        electricity: Electricity {
            per_kilowatt_hour: None,
            currency: "KRW".to_owned(),
            watts_at_full_load: 65,
        },
        consent: None,
        limits_chosen: false,
    }
}

/// What may be chosen.
pub fn bounds(size: &Size) -> Bounds {
    Bounds {
        cpu: (CPU_MIN, size.cpu.max(CPU_MIN)),
        memory: (MEMORY_MIN, size.memory.max(MEMORY_MIN)),
        disk: (DISK_MIN, size.disk.max(DISK_MIN)),
        bandwidth_min: BANDWIDTH_MIN,
        port: (1024, u16::MAX),
        ports_min: PORTS_MIN,
        workloads: (1, WORKLOADS_MAX),
    }
}

/// Limits of another machine, or of this one before memory was taken out of it.
pub fn clamp(limits: &mut Limits, bounds: &Bounds) {
    limits.cpu = limits.cpu.clamp(bounds.cpu.0, bounds.cpu.1);
    limits.memory = limits.memory.clamp(bounds.memory.0, bounds.memory.1);
    limits.disk = limits.disk.clamp(bounds.disk.0, bounds.disk.1);
    limits.workloads = limits.workloads.clamp(bounds.workloads.0, bounds.workloads.1);
}

/// The settings with a patch, checked.
/// Errors: what is wrong, field by field; a field that is decided elsewhere may only be said as it is.
pub fn patched(
    old: &Settings,
    patch: SettingsPatch,
    bounds: &Bounds,
    locked: &[Locked],
) -> Result<Settings, Vec<Fault>> {
    let mut new = old.clone();
    new.limits_chosen |= patch.limits.is_some();
    macro_rules! take {
        ($($field:ident),*) => { $(if let Some(value) = patch.$field { new.$field = value; })* };
    }
    take!(when_off, limits, rates, schedule, idle, exclusive, battery, language, appearance, announce);
    take!(autostart, keep_workloads, electricity);
    let mut faults = check(&new, bounds);
    for Locked { setting, by } in locked {
        if differs(old, &new, setting) {
            let told = format!("{by} decides this.");
            let problem = Problem::new(ErrorCode::SettingLocked, told);
            faults.push(Fault { field: setting.clone(), problem });
        }
    }
    if faults.is_empty() { Ok(new) } else { Err(faults) }
}

/// Whether a setting that can be locked differs.
fn differs(old: &Settings, new: &Settings, setting: &str) -> bool {
    match setting {
        "limits.cpu" => old.limits.cpu != new.limits.cpu,
        "limits.memory" => old.limits.memory != new.limits.memory,
        "limits.workloads" => old.limits.workloads != new.limits.workloads,
        "limits.ports" => {
            (old.limits.port_first, old.limits.port_last) != (new.limits.port_first, new.limits.port_last)
        }
        "rates" => old.rates != new.rates,
        "payee" => old.payee != new.payee,
        "keep_workloads" => old.keep_workloads != new.keep_workloads,
        "lend" => old.lend != new.lend,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
