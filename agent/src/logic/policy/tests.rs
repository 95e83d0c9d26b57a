use super::*;
use bollard::models::{ContainerConfig, ContainerInspectResponse, DeviceMapping, MountPoint};
use ttalkak_protocol::{
    id::{DeploymentId, ReleaseId},
    link::{BuildSpec, Exposure, RunSpec, SourceRef},
};
use uuid::Uuid;

pub(crate) fn facts() -> EngineFacts {
    EngineFacts { name: "docker 20.10.24".to_owned(), podman: false, swap_limit: true }
}

/// A lease as the coordinator would send it; `n` makes its ids.
pub(crate) fn lease(n: u128) -> Lease {
    Lease {
        lease: LeaseId::new(Uuid::from_u128(n)),
        deployment: DeploymentId::new(Uuid::from_u128(n + 1000)),
        release: ReleaseId::new(Uuid::from_u128(n + 2000)),
        name: format!("app{n}"),
        url: None,
        build: BuildSpec {
            build_key: format!("key{n}"),
            source: SourceRef {
                path: "/v1/sources/x".to_owned(),
                token: Secret::new("token".to_owned()),
                digest: format!("digest{n}"),
                bytes: Bytes(10),
            },
            dockerfile: "FROM scratch\n".to_owned(),
            files: BTreeMap::new(),
            args: BTreeMap::new(),
            secrets: BTreeMap::new(),
            deadline: Millis(60_000),
        },
        run: RunSpec {
            env: BTreeMap::from([("GREETING".to_owned(), Secret::new("hi".to_owned()))]),
            port: ContainerPort::try_from(8080).unwrap(),
            exposure: Exposure::Http,
            memory: Bytes::mib(256),
            cpu: MilliCpu(500),
            stop_grace: Millis(10_000),
            start_deadline: Millis(30_000),
            health_path: None,
        },
        payment: None,
    }
}

fn policy() -> RunPolicy {
    let engine = facts();
    let place = Place {
        agent: AgentId::new(Uuid::from_u128(9)),
        image: "sha256:abc",
        host_port: HostPort::try_from(9000).unwrap(),
        uid: 20_001,
        engine: &engine,
    };
    RunPolicy::new(&lease(1), place)
}

/// What an engine that does all it is told would answer.
fn inspect() -> ContainerInspectResponse {
    let body = create_body(&policy());
    ContainerInspectResponse {
        host_config: body.host_config,
        config: Some(ContainerConfig { user: body.user, labels: body.labels, ..ContainerConfig::default() }),
        ..ContainerInspectResponse::default()
    }
}

fn check(change: impl Fn(&mut ContainerInspectResponse), expected: &[&str]) {
    let mut seen = inspect();
    change(&mut seen);
    let fields: Vec<&str> = audit(&seen, &policy()).iter().map(|violation| violation.field).collect();
    assert_eq!(fields, expected);
}

fn host(seen: &mut ContainerInspectResponse) -> &mut HostConfig {
    seen.host_config.as_mut().unwrap()
}

#[test]
fn what_the_recipe_asks_for_passes_its_own_audit() {
    check(|_| {}, &[]);
}

#[test]
fn every_way_of_being_looser_is_a_violation() {
    check(|c| host(c).privileged = Some(true), &["Privileged"]);
    check(|c| host(c).cap_add = Some(vec!["NET_ADMIN".into()]), &["CapAdd"]);
    check(|c| host(c).cap_drop = None, &["CapDrop"]);
    check(|c| host(c).cap_drop = Some(vec!["CAP_CHOWN".into()]), &["CapDrop"]);
    check(|c| host(c).security_opt = None, &["SecurityOpt"]);
    check(
        |c| host(c).security_opt = Some(vec!["no-new-privileges".into(), "seccomp=unconfined".into()]),
        &["SecurityOpt"],
    );
    check(|c| host(c).devices = Some(vec![DeviceMapping::default()]), &["Devices"]);
    check(|c| host(c).network_mode = Some("host".into()), &["NetworkMode"]);
    check(|c| host(c).pid_mode = Some("host".into()), &["PidMode"]);
    check(|c| host(c).ipc_mode = Some("host".into()), &["IpcMode"]);
    check(|c| host(c).uts_mode = Some("host".into()), &["UTSMode"]);
    check(|c| host(c).userns_mode = Some("host".into()), &["UsernsMode"]);
    check(|c| host(c).binds = Some(vec!["/:/host".into()]), &["Binds"]);
    check(|c| host(c).volumes_from = Some(vec!["other".into()]), &["VolumesFrom"]);
    check(|c| host(c).readonly_rootfs = Some(false), &["ReadonlyRootfs"]);
    check(|c| host(c).masked_paths = Some(vec![]), &["MaskedPaths"]);
    check(|c| host(c).cgroup_parent = Some("/elsewhere".into()), &["CgroupParent"]);
}

#[test]
fn every_limit_that_was_not_applied_is_a_violation() {
    check(|c| host(c).memory = Some(0), &["Memory"]);
    check(|c| host(c).memory_swap = Some(-1), &["MemorySwap"]);
    check(|c| host(c).pids_limit = None, &["PidsLimit"]);
    check(|c| host(c).nano_cpus = Some(0), &["NanoCpus"]);
    check(|c| host(c).shm_size = Some(64 << 20), &["ShmSize"]);
    check(|c| host(c).ulimits = Some(vec![]), &["Ulimits", "Ulimits", "Ulimits"]);
    check(|c| host(c).oom_kill_disable = Some(true), &["OomKillDisable"]);
    check(|c| host(c).log_config = None, &["LogConfig"; 6]);
    check(|c| host(c).tmpfs = None, &["Tmpfs", "Tmpfs"]);
}

#[test]
fn ports_are_ours_alone_and_on_loopback() {
    let bind = |ip: &str, port: &str| {
        Some(vec![PortBinding { host_ip: Some(ip.into()), host_port: Some(port.into()) }])
    };
    let set = |c: &mut ContainerInspectResponse, value| {
        host(c).port_bindings.as_mut().unwrap().insert("8080/tcp".into(), value);
    };
    check(|c| set(c, bind("0.0.0.0", "9000")), &["PortBindings"]);
    check(|c| set(c, bind("", "9000")), &["PortBindings"]);
    check(|c| set(c, bind("127.0.0.1", "9001")), &["PortBindings"]);
    check(
        |c| {
            host(c).port_bindings.as_mut().unwrap().insert("22/tcp".into(), bind("127.0.0.1", "22"));
        },
        &["PortBindings"],
    );
    check(|c| host(c).publish_all_ports = Some(true), &["PublishAllPorts"]);
}

#[test]
fn the_user_labels_and_restart_policy_are_ours() {
    for user in ["", "0", "root", "20002:20002"] {
        check(|c| c.config.as_mut().unwrap().user = Some(user.into()), &["User"]);
    }
    check(|c| c.config.as_mut().unwrap().labels.as_mut().unwrap().clear(), &["Labels"; 5]);
    let always = RestartPolicy { name: Some(RestartPolicyNameEnum::ALWAYS), maximum_retry_count: None };
    check(|c| host(c).restart_policy = Some(always.clone()), &["RestartPolicy"]);
    check(|c| host(c).auto_remove = Some(true), &["AutoRemove"]);
}

#[test]
fn a_volume_on_the_disk_is_refused_and_a_tmpfs_is_not() {
    let mount = |typ: &str| MountPoint {
        typ: Some(typ.into()),
        destination: Some("/data".into()),
        ..MountPoint::default()
    };
    check(|c| c.mounts = Some(vec![mount("volume")]), &["Mounts"]);
    check(|c| c.mounts = Some(vec![mount("tmpfs")]), &[]);
}

#[test]
fn an_engine_that_tells_nothing_is_not_trusted() {
    let violations = audit(&ContainerInspectResponse::default(), &policy());
    assert!(violations.len() > 15, "{violations:?}");
    assert_eq!(violations[0].to_string(), "HostConfig is absent, must be present");
}

#[test]
fn the_same_processor_limit_in_other_words_is_accepted() {
    check(
        |c| {
            let host = host(c);
            (host.nano_cpus, host.cpu_quota, host.cpu_period) = (Some(0), Some(50_000), Some(100_000));
        },
        &[],
    );
    check(
        |c| {
            let host = host(c);
            (host.nano_cpus, host.cpu_quota, host.cpu_period) = (None, Some(90_000), Some(100_000));
        },
        &["NanoCpus"],
    );
}

#[test]
fn podmans_words_for_the_same_limits_are_accepted() {
    let policy = RunPolicy { podman: true, ..policy() };
    let body = create_body(&policy);
    let mut host = body.host_config.unwrap();
    host.cap_drop = Some(audit_caps());
    host.log_config.as_mut().unwrap().config = None;
    for ulimit in host.ulimits.as_mut().unwrap() {
        ulimit.name = ulimit.name.take().map(|name| format!("RLIMIT_{}", name.to_uppercase()));
    }
    let seen = ContainerInspectResponse {
        host_config: Some(host),
        config: Some(ContainerConfig { user: body.user, labels: body.labels, ..ContainerConfig::default() }),
        ..ContainerInspectResponse::default()
    };
    assert_eq!(audit(&seen, &policy), []);
}

fn audit_caps() -> Vec<String> {
    let caps =
        "CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT";
    caps.split(' ').map(|cap| format!("CAP_{cap}")).collect()
}

#[test]
fn uids_differ_between_workloads_and_are_never_root() {
    let mut used = BTreeSet::new();
    for n in 0..500 {
        // Leases whose low digits agree would share a uid if only the hash counted.
        let uid = choose_uid(LeaseId::new(Uuid::from_u128(n << 64)), &used);
        assert!((20_000..30_000).contains(&uid));
        assert!(used.insert(uid), "{uid} was given twice");
    }
}

#[test]
fn the_app_may_set_home_but_not_port() {
    let mut lease = lease(1);
    lease.run.env.insert("PORT".to_owned(), Secret::new("1".to_owned()));
    lease.run.env.insert("HOME".to_owned(), Secret::new("/app".to_owned()));
    let env = environment(&lease);
    let value = |key: &str| env.get(key).map(|value| value.reveal().clone());
    assert_eq!(value("PORT").as_deref(), Some("8080"));
    assert_eq!(value("SERVER_PORT").as_deref(), Some("8080"));
    assert_eq!(value("HOME").as_deref(), Some("/app"));
    assert_eq!(value("GREETING").as_deref(), Some("hi"));
}

#[test]
fn names_hold_only_what_an_engine_takes() {
    let id = LeaseId::new(Uuid::from_u128(0xabcd));
    assert_eq!(container_name("my-app", id), "ttalkak-my-app-0000abcd");
    assert_eq!(
        container_name("../my app/with a very long name indeed", id),
        "ttalkak-myappwithaverylongnamein-0000abcd"
    );
}
