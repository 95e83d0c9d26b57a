//! Settings that flags and environment decide: they win over what the owner chose, and the owner's choice is kept.

use super::Daemon;
use crate::config::{Config, Texts};
use ttalkak_protocol::desk::{Locked, Settings};

/// Which settings flags and environment decide.
pub(super) fn locked(said: &Texts, by_command: bool) -> Vec<Locked> {
    let keys = [
        ("cpu", "limits.cpu"),
        ("memory", "limits.memory"),
        ("workloads_max", "limits.workloads"),
        ("port_range", "limits.ports"),
        ("keep_workloads", "keep_workloads"),
        ("payee", "payee"),
        ("rate_cpu_hour", "rates"),
        ("rate_memory_gib_hour", "rates"),
        ("rate_disk_gib_hour", "rates"),
        ("rate_egress_gib", "rates"),
    ];
    let mut locked: Vec<Locked> = Vec::new();
    for (key, setting) in keys {
        if let Some(by) = said.get(key)
            && !locked.iter().any(|one| one.setting == setting)
        {
            locked.push(Locked { setting: setting.to_owned(), by: by.clone() });
        }
    }
    if by_command {
        locked.push(Locked { setting: "lend".to_owned(), by: "ttalkak-agent run".to_owned() });
    }
    locked
}

/// What flags, environment and file say, as settings.
pub(super) fn of_config(settings: &Settings, config: &Config) -> Settings {
    let mut said = settings.clone();
    said.lend = true;
    said.limits.cpu = config.cpu;
    said.limits.memory = config.memory;
    said.limits.workloads = config.workloads_max;
    (said.limits.port_first, said.limits.port_last) = (*config.port_range.start(), *config.port_range.end());
    said.keep_workloads = config.keep_workloads;
    said.rates = config.money.rates;
    said.payee = config.money.payee;
    said
}

/// Takes over what is locked, and nothing else.
pub(super) fn copy_locked(to: &mut Settings, from: &Settings, locked: &[Locked]) {
    for Locked { setting, .. } in locked {
        match setting.as_str() {
            "limits.cpu" => to.limits.cpu = from.limits.cpu,
            "limits.memory" => to.limits.memory = from.limits.memory,
            "limits.workloads" => to.limits.workloads = from.limits.workloads,
            "limits.ports" => {
                (to.limits.port_first, to.limits.port_last) = (from.limits.port_first, from.limits.port_last);
            }
            "keep_workloads" => to.keep_workloads = from.keep_workloads,
            "rates" => to.rates = from.rates,
            "payee" => to.payee = from.payee,
            "lend" => to.lend = from.lend,
            _ => {}
        }
    }
}

impl Daemon {
    /// The configuration with what the owner chose.
    pub(super) fn effective(&self) -> Config {
        let (limits, mut config) = (&self.settings.limits, self.config.clone());
        (config.cpu, config.memory, config.workloads_max) = (limits.cpu, limits.memory, limits.workloads);
        config.port_range = limits.port_first..=limits.port_last;
        config.keep_workloads = self.settings.keep_workloads;
        (config.money.rates, config.money.payee) = (self.settings.rates, self.settings.payee);
        config
    }
}
