//! Golden frames: what each message looked like in each version of the link. A file that was released is never edited;
//! a new version gets a folder of its own. `UPDATE_GOLDEN=1` writes files that are missing, and only those.

use serde::{Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, fmt::Debug, fs, path::Path};
use ttalkak_protocol::{
    api::deployment::Exposure,
    codec::{self, Numbered},
    error::{ErrorCode, Problem},
    id::{AgentId, DeploymentId, LeaseId, ReleaseId},
    link::*,
    secret::Secret,
    unit::{Bytes, MilliCpu, Millis, UnixMillis},
    version::{Version, VersionRange},
};
use uuid::Uuid;

fn id<T>(make: fn(Uuid) -> T, n: u128) -> T {
    make(Uuid::from_u128(n))
}

/// The only version that the messages of `v1` know.
const FIRST: VersionRange = VersionRange { min: Version(1), max: Version(1) };

fn check<M: Serialize + DeserializeOwned + PartialEq + Debug>(
    version: Version,
    name: &str,
    message: M,
    kinds: &[&str],
) {
    let numbered = Numbered { n: 1, message };
    let text = serde_json::to_string_pretty(&numbered).expect("JSON") + "\n";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{}", version.0));
    let file = folder.join(format!("{name}.json"));
    #[allow(clippy::disallowed_methods, reason = "a test's own switch")]
    if !file.exists() && std::env::var("UPDATE_GOLDEN").is_ok() {
        fs::create_dir_all(&folder).expect("the folder");
        fs::write(&file, &text).expect("the golden file");
    }
    let golden = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert_eq!(text, golden, "{name} is written otherwise than it was released");
    let read: Numbered<M> = serde_json::from_str(&golden).expect("a golden frame is read");
    assert_eq!(read, numbered);
    let framed = codec::encode(1, &read.message);
    assert_eq!(codec::decode::<M>(&framed, kinds).expect("a frame is read"), numbered);
}

fn capacity() -> Capacity {
    Capacity {
        os: "linux".into(),
        arch: "x86_64".into(),
        cpu: MilliCpu(1000),
        memory: Bytes::mib(2048),
        workloads_max: 20,
        engine: Some("docker 20.10.24".into()),
    }
}

fn image() -> ImageReport {
    ImageReport { build_key: "ab12".into(), digest: "sha256:cd34".into(), bytes: Bytes(1024) }
}

fn workload(phase: Phase) -> WorkloadReport {
    WorkloadReport {
        lease: id(LeaseId::new, 1),
        phase,
        since: UnixMillis(1_795_000_000_000),
        host_port: Some(20_001.try_into().expect("a port")),
        image: Some(image()),
        restarts: 0,
        memory_used: Some(Bytes::mib(40)),
        timings: Timings { fetch: Millis(1), build: Millis(2), start: Millis(3), healthy: Millis(4) },
    }
}

fn lease() -> Lease {
    Lease {
        lease: id(LeaseId::new, 1),
        deployment: id(DeploymentId::new, 2),
        release: id(ReleaseId::new, 3),
        name: "shop".into(),
        url: None,
        build: BuildSpec {
            build_key: "ab12".into(),
            source: SourceRef {
                path: "/v1/sources/ef56".into(),
                token: Secret::new("t".into()),
                digest: "ef56".into(),
                bytes: Bytes(99),
            },
            dockerfile: "FROM scratch\n".into(),
            files: BTreeMap::from([("nginx.ttalkak.conf".into(), "events {}".into())]),
            args: BTreeMap::from([("VITE_A".into(), "1".into())]),
            secrets: BTreeMap::from([("TOKEN".into(), Secret::new("s".into()))]),
            deadline: Millis(900_000),
        },
        run: RunSpec {
            env: BTreeMap::from([("PORT".into(), Secret::new("8080".into()))]),
            port: 8080.try_into().expect("a port"),
            exposure: Exposure::Http,
            memory: Bytes::mib(512),
            cpu: MilliCpu(1000),
            stop_grace: Millis(10_000),
            start_deadline: Millis(120_000),
            health_path: Some("/healthz".into()),
        },
        payment: None,
    }
}

#[test]
fn what_agents_say_is_written_as_it_was_released() {
    let from = |name, message| check(Version(1), name, message, FromAgent::KINDS);
    let agent = id(AgentId::new, 4);
    from(
        "hello",
        FromAgent::Hello(Hello {
            versions: FIRST,
            agent,
            build: "0.1.0".into(),
            capacity: capacity(),
            lending: Lending::default(),
        }),
    );
    from("proof", FromAgent::Proof(Proof { signature: "ab".into() }));
    from("agent_unsupported", FromAgent::Unsupported(Unsupported { n: 7, of: "teleport".into() }));
    let problem = Problem::new(ErrorCode::AppExited, "The app ended with exit code 1.");
    let phases = [
        Phase::Waiting { why: None },
        Phase::Fetching,
        Phase::Building { step: 2, total: 7, doing: "npm ci".into() },
        Phase::Starting,
        Phase::Running { health: Health::Unknown },
        Phase::Running { health: Health::Healthy },
        Phase::Running { health: Health::Unhealthy { why: problem.clone() } },
        Phase::BackingOff { last: problem.clone(), until: UnixMillis(1_795_000_001_000) },
        Phase::Stopping,
        Phase::Failed { problem, last_lines: vec!["boom".into()] },
    ];
    from(
        "report",
        FromAgent::Report(Report {
            generation: 9,
            at: UnixMillis(1_795_000_000_000),
            workloads: phases.into_iter().map(workload).collect(),
            images: vec![image()],
            machine: MachineReading::default(),
            capacity: capacity(),
            money: MoneyReport::default(),
            lending: Lending::default(),
            handed_back: Vec::new(),
        }),
    );
    let line = LogLine {
        lease: id(LeaseId::new, 1),
        seq: 5,
        stream: LogStream::Stdout,
        at: UnixMillis(1_795_000_000_000),
        engine_nanos: 6,
        text: "안녕".into(),
    };
    from("logs", FromAgent::Logs(LogBatch { lines: vec![line] }));
}

#[test]
fn what_coordinators_say_is_written_as_it_was_released() {
    let from = |name, message| check(Version(1), name, message, FromCoordinator::KINDS);
    let mark = LogMark { lease: id(LeaseId::new, 1), seq: 5, engine_nanos: 6 };
    let version = Version(1);
    from(
        "challenge",
        FromCoordinator::Challenge(Challenge { version, nonce: "00".into(), audience: "ttc".into() }),
    );
    from(
        "welcome",
        FromCoordinator::Welcome(Welcome {
            version,
            report_every: Millis(5_000),
            lease_ttl: Millis(300_000),
            tunnel_token: Secret::new("t".into()),
            log_marks: vec![mark],
            api_token: None,
        }),
    );
    from(
        "refused",
        FromCoordinator::Refused(Refused {
            supported: FIRST,
            ..Refused::new(ErrorCode::VersionUnsupported, "No version in common.")
        }),
    );
    from(
        "assignment",
        FromCoordinator::Assignment(Assignment {
            generation: 9,
            leases: vec![lease()],
            pinned: vec!["ab12".into()],
        }),
    );
    from("renewed", FromCoordinator::Renewed(Renewed { report: 3 }));
    from("logs_stored", FromCoordinator::LogsStored(LogsStored { marks: vec![mark] }));
    from(
        "coordinator_unsupported",
        FromCoordinator::Unsupported(Unsupported { n: 7, of: "teleport".into() }),
    );
}

#[test]
fn what_version_2_adds_is_written_as_it_was_released() {
    let second = Version(2);
    let at = UnixMillis(1_795_000_000_000);
    let agent = |name, message| check(second, name, message, FromAgent::KINDS);
    let lending = Lending { accepting: false, why: Some(NotLending::Leaving), leaving_by: Some(at) };
    agent(
        "hello",
        FromAgent::Hello(Hello {
            versions: VersionRange { min: Version(1), max: second },
            agent: id(AgentId::new, 4),
            build: "0.2.0".into(),
            capacity: capacity(),
            lending: Lending { accepting: false, why: Some(NotLending::OwnerActive), leaving_by: None },
        }),
    );
    let handed_back = [HandBackReason::Limits, HandBackReason::Owner, HandBackReason::Machine];
    let handed_back =
        handed_back.map(|reason| HandedBack { lease: id(LeaseId::new, 1), reason, by: at }).to_vec();
    agent(
        "report",
        FromAgent::Report(Report {
            generation: 9,
            at,
            workloads: vec![workload(Phase::Running { health: Health::Healthy })],
            images: Vec::new(),
            machine: MachineReading::default(),
            capacity: capacity(),
            money: MoneyReport::default(),
            lending,
            handed_back,
        }),
    );
    let coordinator = |name, message| check(second, name, message, FromCoordinator::KINDS);
    coordinator(
        "welcome",
        FromCoordinator::Welcome(Welcome {
            version: second,
            report_every: Millis(5_000),
            lease_ttl: Millis(300_000),
            tunnel_token: Secret::new("t".into()),
            log_marks: Vec::new(),
            api_token: Some(Secret::new("a".into())),
        }),
    );
    let leases = vec![Lease { url: Some("https://shop.apps.example.com".into()), ..lease() }];
    coordinator(
        "assignment",
        FromCoordinator::Assignment(Assignment { generation: 9, leases, pinned: Vec::new() }),
    );
    let fates = [
        Fate::Moving { doing: Some("building 2 of 7".into()), stops_at: at },
        Fate::Moving { doing: None, stops_at: at },
        Fate::Moved { at },
        Fate::Stops { at, why: "No provider is enrolled.".into() },
        Fate::Stopped { at },
    ];
    let drained = |fate| Drained {
        lease: id(LeaseId::new, 1),
        deployment: id(DeploymentId::new, 2),
        name: "shop".into(),
        fate,
    };
    coordinator("drain", FromCoordinator::Drain(DrainPlan { items: fates.map(drained).to_vec() }));
}

#[test]
fn reasons_that_are_not_known_yet_are_read() {
    let lending: Lending = serde_json::from_str(r#"{"accepting":false,"why":"full_moon"}"#).expect("read");
    assert_eq!(lending.obstacle(), Some(NotLending::Other));
    assert!(!lending.takes_work());
    let reason: HandBackReason = serde_json::from_str(r#""full_moon""#).expect("read");
    assert_eq!(reason, HandBackReason::Other);
}
