use super::*;
use ttalkak_protocol::{
    desk::{DoctorCheck, KeyStore, Mend},
    error::ErrorCode,
    unit::{Bytes, MilliCpu, UnixMillis},
};

const GIB: u64 = 1 << 30;

fn info() -> EngineInfo {
    EngineInfo {
        address: "unix:///var/run/docker.sock".into(),
        podman: false,
        version: "20.10.24+dfsg1".into(),
        os: "linux".into(),
        arch: "x86_64".into(),
        cpus: 4,
        memory: Bytes(8 * GIB),
        vm: false,
        rootless: false,
        limits: Limits { memory: true, swap: true, cpu: true, pids: true },
        cgroups: Some(2),
        storage: "overlay2".into(),
        data_dir: Some("/var/lib/docker".into()),
        proxy: None,
        builds: true,
    }
}

/// A machine on which all is well.
fn well() -> Facts {
    let room = |free, total| Some(DiskRoom { free: Bytes(free * GIB), total: Bytes(total * GIB) });
    Facts {
        at: UnixMillis(1_000_000),
        wanted: Wanted {
            cpu: MilliCpu(2000),
            memory: Bytes(4 * GIB),
            ports: 20_000..=20_099,
            workloads_max: 20,
        },
        system: SystemFacts {
            user: "ann".into(),
            installed: [Installed::Docker].into(),
            systemd: true,
            root: false,
            pkexec: true,
        },
        engine: EngineLook::Answers(Box::new(info())),
        engine_disk: room(100, 200),
        folder: FolderLook { path: "/home/ann/data".into(), written: Ok(()), room: room(100, 200) },
        coordinator: tried(Reached::Answered { version: "0.1.0".into(), date: Some(UnixMillis(1_005_000)) }),
        proxy: ProxyFacts::default(),
        key_store: KeyStore::Usable,
        wallet_in_key_store: true,
        taken: Some(vec![]),
        other_daemon: None,
        role: Role::Daemon,
    }
}

fn tried(reached: Reached) -> CoordinatorLook {
    CoordinatorLook::Tried { address: "https://t.example".into(), port: 443, plaintext: false, reached }
}

fn engine(look: EngineLook) -> Facts {
    Facts { engine: look, ..well() }
}

fn with(change: impl FnOnce(&mut EngineInfo)) -> Facts {
    let mut info = info();
    change(&mut info);
    engine(EngineLook::Answers(Box::new(info)))
}

fn finding(facts: &Facts, check: DoctorCheck) -> Finding {
    findings(facts).into_iter().find(|finding| finding.check == check).unwrap()
}

/// The check's finding has this code and this grade, a sentence, and a next move.
fn check(facts: &Facts, check: DoctorCheck, grade: Grade, code: ErrorCode) -> Finding {
    let found = finding(facts, check);
    let problem = found.problem.clone().unwrap_or_else(|| panic!("{found:?}"));
    assert_eq!((found.grade, problem.code), (grade, code), "{found:?}");
    assert!(problem.message.ends_with('.') && !problem.next.is_empty(), "{problem:?}");
    found
}

fn command(found: &Finding) -> &str {
    match &found.mend {
        Mend::Command { command } | Mend::Button { command: Some(command), .. } => command,
        Mend::None | Mend::Button { command: None, .. } | Mend::Link { .. } | Mend::Screen { .. } => "",
    }
}

fn action(found: &Finding) -> &str {
    match &found.mend {
        Mend::Button { action, .. } => action,
        Mend::None | Mend::Command { .. } | Mend::Link { .. } | Mend::Screen { .. } => "",
    }
}

#[test]
fn a_machine_on_which_all_is_well_has_only_good_findings() {
    let found = findings(&well());
    let wrong: Vec<_> = found.iter().filter(|finding| finding.grade != Grade::Good).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(found.iter().all(|finding| finding.problem.is_none() && finding.mend == Mend::None));
    assert_eq!(worst(&found), Grade::Good);
}

#[test]
fn a_missing_engine_leads_to_where_it_is_had_and_leaves_its_other_checks_open() {
    let mut facts = engine(EngineLook::NoSocket);
    facts.system.installed.clear();
    let found = check(&facts, DoctorCheck::Engine, Grade::Bad, ErrorCode::EngineMissing);
    assert!(matches!(found.mend, Mend::Link { .. }));
    for open in
        [DoctorCheck::EngineVersion, DoctorCheck::Limits, DoctorCheck::EngineSize, DoctorCheck::Builder]
    {
        assert_eq!(finding(&facts, open).grade, Grade::Unknown);
    }
}

#[test]
fn a_stopped_engine_is_started_by_the_way_that_needs_the_fewest_rights() {
    let cases = [
        (Installed::Docker, "pkexec systemctl enable --now docker.service"),
        (Installed::DockerRootless, "systemctl --user enable --now docker.service"),
        (Installed::DockerDesktop, "systemctl --user start docker-desktop.service"),
        (Installed::Podman, "systemctl --user enable --now podman.socket"),
    ];
    for (installed, expected) in cases {
        let mut facts = engine(EngineLook::Refused { address: "unix:///s".into() });
        facts.system.installed = [installed].into();
        let found = check(&facts, DoctorCheck::Engine, Grade::Bad, ErrorCode::EngineStopped);
        assert_eq!((action(&found), command(&found)), ("start_engine", expected));
        facts.system.systemd = false;
        let found = finding(&facts, DoctorCheck::Engine);
        assert_eq!(action(&found), "", "without systemd nothing is run: {found:?}");
    }
}

#[test]
fn a_command_that_needs_rights_is_copied_where_nobody_can_be_asked_and_bare_for_root() {
    let mut facts = engine(EngineLook::NoSocket);
    facts.system.pkexec = false;
    assert_eq!(
        finding(&facts, DoctorCheck::Engine).mend,
        Mend::Command { command: "sudo systemctl enable --now docker.service".into() }
    );
    facts.system.root = true;
    let found = finding(&facts, DoctorCheck::Engine);
    assert_eq!(command(&found), "systemctl enable --now docker.service");
    assert!(matches!(found.mend, Mend::Button { asks_password: false, .. }));
}

#[test]
fn a_socket_without_permission_tells_what_joining_its_group_means() {
    let denied = |group: Option<&str>, joined| {
        engine(EngineLook::Denied { socket: "/s".into(), group: group.map(str::to_owned), joined })
    };
    let found =
        check(&denied(Some("docker"), false), DoctorCheck::Engine, Grade::Bad, ErrorCode::EngineDenied);
    assert_eq!(command(&found), "pkexec usermod -aG docker ann");
    assert!(found.problem.unwrap().next.contains("what root can"));
    let found =
        check(&denied(Some("docker"), true), DoctorCheck::Engine, Grade::Bad, ErrorCode::EngineDenied);
    assert_eq!(found.mend, Mend::None);
    assert!(found.problem.unwrap().next.starts_with("Sign out"));
    // Nobody is put into root's own group.
    for group in [Some("root"), None] {
        let found = check(&denied(group, false), DoctorCheck::Engine, Grade::Bad, ErrorCode::EngineDenied);
        assert!(matches!(found.mend, Mend::Link { .. }), "{found:?}");
    }
}

#[test]
fn an_engine_that_hangs_garbles_or_cannot_be_addressed_is_told_apart() {
    let address = "unix:///s".to_owned();
    let silent = engine(EngineLook::Silent { address: address.clone() });
    let found = check(&silent, DoctorCheck::Engine, Grade::Bad, ErrorCode::EngineSilent);
    assert_eq!(command(&found), "sudo systemctl restart docker.service");
    let garbled = engine(EngineLook::Garbled { address, said: "220 mail".into() });
    let found = check(&garbled, DoctorCheck::Engine, Grade::Bad, ErrorCode::EngineGarbled);
    assert!(found.seen.contains("220 mail"));
    let odd = engine(EngineLook::BadAddress { address: "ssh://me@host".into() });
    check(&odd, DoctorCheck::Engine, Grade::Bad, ErrorCode::EngineMissing);
}

#[test]
fn versions_are_compared_by_their_numbers() {
    let version = |text: &str, podman| with(|info| (info.version, info.podman) = (text.to_owned(), podman));
    for (text, podman) in [("19.03.15", false), ("1.13.1", false), ("4.2.9", true), ("3.4.4", true)] {
        check(&version(text, podman), DoctorCheck::EngineVersion, Grade::Bad, ErrorCode::EngineTooOld);
    }
    for (text, podman) in [("20.10.24+dfsg1", false), ("29.0.1", false), ("4.3.1", true), ("5.0.0-dev", true)]
    {
        assert_eq!(finding(&version(text, podman), DoctorCheck::EngineVersion).grade, Grade::Good, "{text}");
    }
    assert_eq!(finding(&version("unknown", false), DoctorCheck::EngineVersion).grade, Grade::Unknown);
}

#[test]
fn an_engine_smaller_than_what_is_lent_is_told_with_its_way_out() {
    let small = |vm, podman| {
        with(|info| {
            (info.memory, info.cpus, info.vm, info.podman) = (Bytes(2 * GIB), 1, vm, podman);
            info.version = if podman { "5.0.0".into() } else { info.version.clone() };
        })
    };
    let of = |facts| check(&facts, DoctorCheck::EngineSize, Grade::Bad, ErrorCode::EngineSmall);
    assert!(matches!(of(small(true, false)).mend, Mend::Link { .. }));
    assert!(command(&of(small(true, true))).contains("podman machine set --cpus 2 --memory 4096"));
    assert!(matches!(of(small(false, false)).mend, Mend::Screen { .. }));
}

#[test]
fn limits_that_would_be_ignored_stop_lending() {
    let found = check(
        &with(|info| info.limits.pids = false),
        DoctorCheck::Limits,
        Grade::Bad,
        ErrorCode::LimitsIgnored,
    );
    assert_eq!(found.values["missing"], "processes");
    let rootless = with(|info| (info.rootless, info.limits.cpu, info.limits.memory) = (true, false, false));
    let found = check(&rootless, DoctorCheck::Limits, Grade::Bad, ErrorCode::LimitsNotDelegated);
    assert_eq!((found.values["missing"].as_str(), action(&found)), ("memory, processor", "delegate_limits"));
    let swap = with(|info| info.limits.swap = false);
    check(&swap, DoctorCheck::Limits, Grade::Warn, ErrorCode::LimitsIgnored);
}

#[test]
fn odd_storage_architecture_and_a_missing_builder_are_found() {
    for driver in ["vfs", "aufs", "devicemapper"] {
        let facts = with(|info| info.storage = driver.into());
        check(&facts, DoctorCheck::Storage, Grade::Warn, ErrorCode::StorageOdd);
    }
    for (os, arch) in [("linux", "armv7l"), ("linux", "i686"), ("windows", "x86_64")] {
        let facts = with(|info| (info.os, info.arch) = (os.into(), arch.into()));
        check(&facts, DoctorCheck::Architecture, Grade::Bad, ErrorCode::ArchitectureOdd);
    }
    check(&with(|info| info.builds = false), DoctorCheck::Builder, Grade::Bad, ErrorCode::BuilderMissing);
}

#[test]
fn a_disk_that_fills_is_told_before_it_is_full() {
    let disk = |free: u64| Facts {
        engine_disk: Some(DiskRoom { free: Bytes(free << 20), total: Bytes(200 * GIB) }),
        ..well()
    };
    let found = check(&disk(1000), DoctorCheck::EngineDisk, Grade::Bad, ErrorCode::DiskFull);
    assert_eq!(action(&found), "clean_up");
    check(&disk(8000), DoctorCheck::EngineDisk, Grade::Warn, ErrorCode::DiskLow);
    let unseen = Facts { engine_disk: None, ..well() };
    assert_eq!(finding(&unseen, DoctorCheck::EngineDisk).grade, Grade::Unknown);
}

#[test]
fn a_data_folder_that_cannot_be_written_is_told_with_what_helps() {
    let folder = |fault| {
        let mut facts = well();
        facts.folder.written = Err(fault);
        facts
    };
    let found =
        check(&folder(FolderFault::Missing), DoctorCheck::DataFolder, Grade::Bad, ErrorCode::FolderDenied);
    assert_eq!(action(&found), "make_folder");
    let found =
        check(&folder(FolderFault::Denied), DoctorCheck::DataFolder, Grade::Bad, ErrorCode::FolderDenied);
    assert_eq!(command(&found), "sudo chown -R ann '/home/ann/data'");
    check(&folder(FolderFault::Full), DoctorCheck::DataFolder, Grade::Bad, ErrorCode::DiskFull);
    check(&folder(FolderFault::Other), DoctorCheck::DataFolder, Grade::Bad, ErrorCode::WriteFailed);
    let mut low = well();
    low.folder.room = Some(DiskRoom { free: Bytes(1 << 20), total: Bytes(GIB) });
    check(&low, DoctorCheck::DataFolder, Grade::Warn, ErrorCode::DiskLow);
}

#[test]
fn each_way_of_not_reaching_the_coordinator_has_its_own_finding() {
    let facts = |reached| Facts { coordinator: tried(reached), ..well() };
    let at = DoctorCheck::Coordinator;
    check(&facts(Reached::Unresolved), at, Grade::Bad, ErrorCode::CoordinatorUnresolved);
    check(&facts(Reached::Refused), at, Grade::Bad, ErrorCode::CoordinatorDown);
    check(&facts(Reached::Silent), at, Grade::Bad, ErrorCode::CoordinatorDown);
    check(&facts(Reached::NoTls), at, Grade::Bad, ErrorCode::CoordinatorStranger);
    check(&facts(Reached::NoRoots), at, Grade::Bad, ErrorCode::CertificateWrong);
    let wrong = facts(Reached::Certificate { why: "certificate expired".into() });
    assert!(check(&wrong, at, Grade::Bad, ErrorCode::CertificateWrong).seen.contains("expired"));
    let blocked = facts(Reached::Blocked);
    check(&blocked, DoctorCheck::Outbound, Grade::Bad, ErrorCode::OutboundBlocked);
    assert_eq!(finding(&blocked, at).grade, Grade::Unknown);
    let none = Facts { coordinator: CoordinatorLook::None, ..well() };
    assert_eq!(finding(&none, at).grade, Grade::Unknown);
}

#[test]
fn a_sign_in_page_of_the_network_is_led_to() {
    let stranger = |status, location: Option<&str>| Facts {
        coordinator: tried(Reached::Stranger { status, location: location.map(str::to_owned) }),
        ..well()
    };
    let at = DoctorCheck::Coordinator;
    let page = stranger(302, Some("http://portal.hotel/login"));
    let found = check(&page, at, Grade::Bad, ErrorCode::CoordinatorStranger);
    assert_eq!(found.mend, Mend::Link { url: "http://portal.hotel/login".into() });
    // What is no web address is not led to.
    let script = stranger(302, Some("javascript:alert(1)"));
    assert_eq!(check(&script, at, Grade::Bad, ErrorCode::CoordinatorStranger).mend, Mend::None);
    check(&stranger(511, None), at, Grade::Bad, ErrorCode::CoordinatorStranger);
    check(&stranger(0, None), at, Grade::Bad, ErrorCode::CoordinatorStranger);
}

#[test]
fn a_clock_that_is_off_is_told_with_its_side() {
    let clock = |there| Facts {
        coordinator: tried(Reached::Answered { version: "0.1.0".into(), date: Some(UnixMillis(there)) }),
        ..well()
    };
    let found = check(&clock(1_031_000), DoctorCheck::Clock, Grade::Bad, ErrorCode::ClockOff);
    assert_eq!(found.values["seconds"], "-31");
    assert!(found.problem.unwrap().message.contains("31 s behind"));
    let found = check(&clock(900_000), DoctorCheck::Clock, Grade::Bad, ErrorCode::ClockOff);
    assert!(found.problem.unwrap().message.contains("100 s ahead of"));
    assert_eq!(finding(&clock(970_000), DoctorCheck::Clock).grade, Grade::Good);
}

#[test]
fn a_proxy_that_only_one_side_has_is_told_either_way_round() {
    let proxy = |own: Option<&str>, engine: Option<&str>| {
        let mut facts = with(|info| info.proxy = engine.map(str::to_owned));
        facts.proxy.own = own.map(str::to_owned);
        facts
    };
    let (a, b) = (Some("http://a:3128"), Some("http://b:3128"));
    for (own, engine) in [(a, None), (None, a), (a, b)] {
        check(&proxy(own, engine), DoctorCheck::Proxy, Grade::Warn, ErrorCode::ProxyUneven);
    }
    for (own, engine) in [(None, None), (a, a)] {
        assert_eq!(finding(&proxy(own, engine), DoctorCheck::Proxy).grade, Grade::Good);
    }
}

#[test]
fn ports_that_others_hold_are_named_and_an_exhausted_range_can_be_moved() {
    let taken = |count: u16| Facts {
        taken: Some(
            (0..count)
                .map(|n| Taken { port: 20_000 + n, program: (n == 0).then(|| "nginx".into()), pid: None })
                .collect(),
        ),
        ..well()
    };
    let found = finding(&taken(4), DoctorCheck::Ports);
    assert_eq!(found.grade, Grade::Good);
    assert!(found.seen.ends_with("others hold 20000 (nginx), 20001, 20002, 1 more"), "{}", found.seen);
    check(&taken(90), DoctorCheck::Ports, Grade::Warn, ErrorCode::PortsTaken);
    let found = check(&taken(100), DoctorCheck::Ports, Grade::Bad, ErrorCode::PortsTaken);
    assert_eq!(action(&found), "move_ports");
    assert_eq!(finding(&Facts { taken: None, ..well() }, DoctorCheck::Ports).grade, Grade::Unknown);
}

#[test]
fn a_key_store_matters_as_far_as_the_wallet_is_in_it() {
    let store = |key_store, wallet_in_key_store| Facts { key_store, wallet_in_key_store, ..well() };
    let at = DoctorCheck::KeyStore;
    let found = check(&store(KeyStore::Locked, true), at, Grade::Warn, ErrorCode::KeyStoreLocked);
    assert_eq!(found.mend, Mend::None);
    let found = check(&store(KeyStore::Locked, false), at, Grade::Warn, ErrorCode::KeyStoreLocked);
    assert_eq!(action(&found), "wallet_to_file");
    check(&store(KeyStore::Absent, true), at, Grade::Warn, ErrorCode::KeyStoreAbsent);
    assert_eq!(finding(&store(KeyStore::Absent, false), at).grade, Grade::Good);
    assert_eq!(finding(&store(KeyStore::Unknown, true), at).grade, Grade::Unknown);
}

#[test]
fn a_second_daemon_is_a_fault_only_for_whoever_wants_to_be_one() {
    let twice = |role| Facts { other_daemon: Some(Some(77)), role, ..well() };
    let found = check(&twice(Role::Candidate), DoctorCheck::OtherDaemon, Grade::Bad, ErrorCode::DaemonTwice);
    assert_eq!(command(&found), "kill 77");
    assert_eq!(finding(&twice(Role::Visitor), DoctorCheck::OtherDaemon).grade, Grade::Good);
}
