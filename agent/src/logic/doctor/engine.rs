//! Checks of the engine: is it there, may we use it, is it new, large and strict enough.

use super::{
    Act, EngineInfo, EngineLook, Facts, Installed,
    finding::{Draft, size as readable},
};
use ttalkak_protocol::{desk::DoctorCheck as Check, error::ErrorCode as Code};

/// The oldest Docker that the tests ran against.
pub const DOCKER_OLDEST: (u32, u32) = (20, 10);
/// The oldest Podman whose interface has all that is used.
pub const PODMAN_OLDEST: (u32, u32) = (4, 3);
/// What the tests ran against; anything newer is expected to work, as the interface is versioned.
pub const TESTED: &[&str] = &["docker 20.10.24"];

const INSTALL: &str = "https://docs.docker.com/engine/install/";
const INSTALL_PODMAN: &str = "https://podman.io/docs/installation";
const BUILDKIT: &str = "https://docs.docker.com/build/buildkit/";
const STORAGE: &str = "https://docs.docker.com/engine/storage/drivers/select-storage-driver/";
const DESKTOP_SIZE: &str = "https://docs.docker.com/desktop/settings-and-maintenance/settings/#resources";
const CGROUPS: &str = "https://rootlesscontaine.rs/getting-started/common/cgroup2/";
/// Hands processor, memory and process limits to every user's services.
const DELEGATE: &str = "sh -c 'mkdir -p /etc/systemd/system/user@.service.d && \
printf \"[Service]\\nDelegate=cpu cpuset io memory pids\\n\" > /etc/systemd/system/user@.service.d/delegate.conf && \
systemctl daemon-reload'";

pub(super) fn engine(facts: &Facts) -> Draft {
    match &facts.engine {
        EngineLook::Answers(info) => {
            let name = if info.podman { "podman" } else { "docker" };
            Draft::good(Check::Engine, format!("{name} {} at {}", info.version, info.address))
                .value("version", &info.version)
                .value("address", &info.address)
        }
        EngineLook::NoSocket => no_socket(facts),
        EngineLook::Refused { address } => stopped(facts, address),
        EngineLook::Denied { socket, group, joined } => denied(facts, socket, group.as_deref(), *joined),
        EngineLook::Silent { address } => Draft::bad(
            Check::Engine,
            Code::EngineSilent,
            format!("The container engine at {address} takes connections and does not answer."),
        )
        .value("address", address)
        .command(restart(facts)),
        EngineLook::Garbled { address, said } => Draft::bad(
            Check::Engine,
            Code::EngineGarbled,
            format!("What answers at {address} does not speak as a container engine does."),
        )
        .seen(format!("{address}: {said}"))
        .value("address", address)
        .command(restart(facts)),
        EngineLook::BadAddress { address } => Draft::bad(
            Check::Engine,
            Code::EngineMissing,
            format!("The engine's address {address} is of a kind that is not supported."),
        )
        .next("Set DOCKER_HOST, or `engine` in the settings, to unix:///… or tcp://….")
        .value("address", address),
    }
}

fn no_socket(facts: &Facts) -> Draft {
    if !facts.system.installed.is_empty() {
        return stopped(facts, "");
    }
    Draft::bad(Check::Engine, Code::EngineMissing, "No container engine is installed on this machine.")
        .link(INSTALL)
}

/// Starts what is installed, by the way that needs the fewest rights.
fn stopped(facts: &Facts, address: &str) -> Draft {
    let draft =
        Draft::bad(Check::Engine, Code::EngineStopped, "The container engine is installed and does not run.");
    let draft = if address.is_empty() { draft } else { draft.value("address", address) };
    let system = &facts.system;
    let has = |engine| system.installed.contains(&engine);
    if !system.systemd {
        return match (has(Installed::Docker), has(Installed::DockerDesktop), has(Installed::Podman)) {
            (true, _, _) => draft.command("sudo service docker start"),
            (false, true, _) => draft.next("Start Docker Desktop."),
            (false, false, true) => draft.command("podman system service --time=0"),
            (false, false, false) => draft,
        };
    }
    if has(Installed::DockerRootless) {
        return draft.run(Act::StartEngine, "systemctl --user enable --now docker.service");
    }
    if has(Installed::DockerDesktop) {
        return draft.run(Act::StartEngine, "systemctl --user start docker-desktop.service");
    }
    if has(Installed::Docker) {
        return draft.run_as_root(Act::StartEngine, "systemctl enable --now docker.service", system);
    }
    if has(Installed::Podman) {
        return draft.run(Act::StartEngine, "systemctl --user enable --now podman.socket");
    }
    draft.next("Start the engine that is set, or take its address out of the settings.")
}

fn denied(facts: &Facts, socket: &str, group: Option<&str>, joined: bool) -> Draft {
    let user = &facts.system.user;
    let draft = Draft::bad(
        Check::Engine,
        Code::EngineDenied,
        format!("The container engine runs, and {user} may not use its socket {socket}."),
    )
    .value("socket", socket)
    .value("user", user);
    match group {
        Some(group) if joined => draft
            .value("group", group)
            .next(format!("Sign out and in again: {user} is in the group {group} since this session began.")),
        Some(group) if group != "root" => draft
            .value("group", group)
            .next(format!(
                "Add {user} to the group {group}, then sign out and in again. Its members can do on this machine what root can."
            ))
            .run_as_root(Act::JoinGroup, &format!("usermod -aG {group} {user}"), &facts.system),
        Some(_) | None => draft.next("Use a rootless engine, which needs no rights.").link(INSTALL_PODMAN),
    }
}

fn restart(facts: &Facts) -> &'static str {
    let has = |engine| facts.system.installed.contains(&engine);
    if !facts.system.systemd {
        "sudo service docker restart"
    } else if has(Installed::DockerRootless) {
        "systemctl --user restart docker.service"
    } else if has(Installed::Podman) && !has(Installed::Docker) {
        "systemctl --user restart podman.socket podman.service"
    } else {
        "sudo systemctl restart docker.service"
    }
}

/// The checks below need an engine that answers.
fn of(check: Check, facts: &Facts, look: impl FnOnce(&EngineInfo) -> Draft) -> Draft {
    match &facts.engine {
        EngineLook::Answers(info) => look(info),
        EngineLook::NoSocket
        | EngineLook::Refused { .. }
        | EngineLook::Denied { .. }
        | EngineLook::Silent { .. }
        | EngineLook::Garbled { .. }
        | EngineLook::BadAddress { .. } => Draft::unknown(check, "cannot be told while no engine answers"),
    }
}

pub(super) fn version(facts: &Facts) -> Draft {
    of(Check::EngineVersion, facts, |info| {
        let (name, oldest) = if info.podman { ("Podman", PODMAN_OLDEST) } else { ("Docker", DOCKER_OLDEST) };
        let oldest_text = format!("{}.{}", oldest.0, oldest.1);
        let draft = match numbers(&info.version) {
            None => Draft::unknown(
                Check::EngineVersion,
                format!("{} is not a version that can be read", info.version),
            ),
            Some(version) if version < oldest => Draft::bad(
                Check::EngineVersion,
                Code::EngineTooOld,
                format!("{name} {} is older than {oldest_text}, the oldest that works.", info.version),
            )
            .link(if info.podman { INSTALL_PODMAN } else { INSTALL }),
            Some(_) => Draft::good(Check::EngineVersion, format!("{name} {}", info.version)),
        };
        draft.value("version", &info.version).value("oldest", oldest_text)
    })
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split(['.', '+', '-', '~']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

pub(super) fn architecture(facts: &Facts) -> Draft {
    of(Check::Architecture, facts, |info| {
        let fits =
            info.os == "linux" && matches!(info.arch.as_str(), "x86_64" | "amd64" | "aarch64" | "arm64");
        let draft = if fits {
            Draft::good(Check::Architecture, format!("{} containers on {}", info.os, info.arch))
        } else {
            let message = format!(
                "The engine runs {} containers on {}, for which no app is built.",
                info.os, info.arch
            );
            let draft = Draft::bad(Check::Architecture, Code::ArchitectureOdd, message);
            if info.os == "windows" {
                draft.next("Switch Docker Desktop to Linux containers.")
            } else {
                draft
            }
        };
        draft.value("os", &info.os).value("arch", &info.arch)
    })
}

fn size_of_machine(info: &EngineInfo) -> String {
    format!("{} processors and {}", info.cpus, readable(info.memory.0))
}

pub(super) fn machine_size(facts: &Facts) -> Draft {
    of(Check::EngineSize, facts, |info| {
        let wanted = &facts.wanted;
        let cpu_fits = u64::from(info.cpus) * 1000 >= u64::from(wanted.cpu.0);
        let memory_fits = info.memory.0 == 0 || info.memory >= wanted.memory;
        let has = size_of_machine(info);
        let draft = if cpu_fits && memory_fits {
            Draft::good(Check::EngineSize, format!("the engine's machine has {has}"))
        } else {
            let lent = format!("{} and {}", cpus(wanted.cpu.0), readable(wanted.memory.0));
            let whose = if info.vm { "The engine's virtual machine" } else { "The engine's machine" };
            let message = format!("{whose} has {has}, less than the {lent} that are lent.");
            let draft = Draft::bad(Check::EngineSize, Code::EngineSmall, message);
            match (info.vm, info.podman) {
                (true, false) => draft
                    .next("Give Docker Desktop more in its settings under Resources, or lend less.")
                    .link(DESKTOP_SIZE),
                (true, true) => draft.command(podman_machine(wanted.cpu.0, wanted.memory.0)),
                (false, _) => draft.next("Lend less.").screen("settings"),
            }
        };
        draft.value("cpus", info.cpus).value("memory_bytes", info.memory.0)
    })
}

fn cpus(milli: u32) -> String {
    format!("{}.{} processors", milli / 1000, milli % 1000 / 100)
}

fn podman_machine(cpu: u32, memory: u64) -> String {
    let (cpus, mib) = (cpu.div_ceil(1000), memory.div_ceil(1 << 20));
    format!("podman machine stop && podman machine set --cpus {cpus} --memory {mib} && podman machine start")
}

pub(super) fn limits(facts: &Facts) -> Draft {
    of(Check::Limits, facts, |info| {
        let limits = &info.limits;
        let missing: Vec<&str> =
            [(limits.memory, "memory"), (limits.cpu, "processor"), (limits.pids, "processes")]
                .into_iter()
                .filter_map(|(holds, name)| (!holds).then_some(name))
                .collect();
        let cgroups = info.cgroups.map_or("?".to_owned(), |version| version.to_string());
        let draft = if !missing.is_empty() {
            let missing = missing.join(", ");
            let message = format!("The engine would ignore limits of: {missing}.");
            if info.rootless {
                Draft::bad(
                    Check::Limits,
                    Code::LimitsNotDelegated,
                    format!("{message} It runs without root, and the system did not hand it these limits."),
                )
                .run_as_root(Act::DelegateLimits, DELEGATE, &facts.system)
            } else {
                Draft::bad(Check::Limits, Code::LimitsIgnored, message).link(CGROUPS)
            }
            .value("missing", missing)
        } else if !limits.swap {
            Draft::warn(
                Check::Limits,
                Code::LimitsIgnored,
                "The kernel does not account for swap, so that an app may swap beyond its memory.",
            )
            .next("Turn swap off, or start the kernel with swapaccount=1.")
            .value("missing", "swap")
        } else {
            Draft::good(Check::Limits, format!("memory, swap, processor and processes, by cgroups {cgroups}"))
        };
        draft.value("cgroups", cgroups)
    })
}

pub(super) fn builder(facts: &Facts) -> Draft {
    of(Check::Builder, facts, |info| match (info.builds, info.podman) {
        (true, false) => Draft::good(Check::Builder, "BuildKit"),
        (true, true) => Draft::good(Check::Builder, "Podman's own builder"),
        (false, _) => Draft::bad(
            Check::Builder,
            Code::BuilderMissing,
            "This engine cannot build with BuildKit, which apps need.",
        )
        .link(BUILDKIT),
    })
}

pub(super) fn storage(facts: &Facts) -> Draft {
    of(Check::Storage, facts, |info| {
        let driver = info.storage.as_str();
        let draft = match driver {
            "overlay2" | "overlay" | "overlayfs" | "btrfs" | "zfs" | "fuse-overlayfs" | "windowsfilter"
            | "stargz" => Draft::good(Check::Storage, driver),
            "" => Draft::unknown(Check::Storage, "the engine does not say"),
            "vfs" => Draft::warn(
                Check::Storage,
                Code::StorageOdd,
                "The engine keeps a whole copy of every layer (vfs), which fills the disk quickly.",
            )
            .link(STORAGE),
            other => Draft::warn(
                Check::Storage,
                Code::StorageOdd,
                format!("The engine's storage driver {other} is slow or given up by its makers."),
            )
            .link(STORAGE),
        };
        draft.value("driver", driver)
    })
}
