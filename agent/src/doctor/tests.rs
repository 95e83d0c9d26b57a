use super::*;
use crate::{
    io::doctor::System,
    logic::doctor::{ProxyFacts, Role, Wanted},
};
use std::{os::unix::net::UnixListener, path::Path, sync::Mutex as StdMutex};
use ttalkak_protocol::{
    desk::Grade,
    unit::{Bytes, MilliCpu},
};

/// A made-up surrounding: nothing is installed, nothing is enrolled.
fn scope(root: &Path) -> Scope {
    Scope {
        engine: Some(format!("unix://{}", root.join("engine.sock").display())),
        runtime_dir: None,
        data_dir: root.join("data"),
        role: Role::Daemon,
        coordinator: None,
        wanted: Wanted {
            cpu: MilliCpu(500),
            memory: Bytes::mib(256),
            ports: 24_000..=24_009,
            workloads_max: 5,
        },
        ours: BTreeSet::new(),
        proxy: ProxyFacts::default(),
        wallet_in_key_store: false,
        system: System { root: root.to_owned(), uid: 1000, gids: BTreeSet::new() },
    }
}

fn grade(told: &desk::Doctor, check: DoctorCheck) -> Grade {
    told.findings.iter().find(|finding| finding.check == check).unwrap().grade
}

#[tokio::test]
async fn a_missing_folder_is_found_mended_and_found_well() {
    let root = tempfile::tempdir().unwrap();
    let place = root.path().to_owned();
    let doctor = Doctor::new(Arc::new(move || scope(&place)));
    doctor.round().await;
    let told = doctor.told();
    assert_eq!(grade(&told.borrow(), DoctorCheck::DataFolder), Grade::Bad);
    assert_eq!(doctor.mend(DoctorCheck::DataFolder).await, Ok(Mended::Done));
    assert!(root.path().join("data").is_dir());
    assert_eq!(grade(&told.borrow(), DoctorCheck::DataFolder), Grade::Good);
    let again = doctor.mend(DoctorCheck::DataFolder).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::NotHere);
}

#[tokio::test]
async fn a_change_of_the_engine_starts_a_round_by_itself() {
    let root = tempfile::tempdir().unwrap();
    let place = root.path().to_owned();
    let doctor = Doctor::new(Arc::new(move || scope(&place)));
    let (engine, changes) = watch::channel(0);
    let stop = CancellationToken::new();
    let mut told = doctor.told();
    let tasks = tokio_util::task::TaskTracker::new();
    tasks.spawn(doctor.clone().keep(changes, stop.clone()));
    told.wait_for(|told| told.at.is_some() && !told.running).await.unwrap();
    assert_eq!(doctor.engine().await, Some(EngineLook::NoSocket));
    drop(UnixListener::bind(root.path().join("engine.sock")).unwrap());
    engine.send_replace(1);
    told.wait_for(|told| told.running).await.unwrap();
    told.wait_for(|told| !told.running).await.unwrap();
    assert!(matches!(doctor.engine().await, Some(EngineLook::Refused { .. })));
    stop.cancel();
    tasks.close();
    tasks.wait().await;
}

#[tokio::test]
async fn an_exhausted_range_is_answered_with_a_free_one() {
    let root = tempfile::tempdir().unwrap();
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let place = root.path().to_owned();
    let wanted = Arc::new(StdMutex::new(port..=port));
    let range = wanted.clone();
    let doctor = Doctor::new(Arc::new(move || {
        let mut scope = scope(&place);
        scope.wanted.ports = range.lock().unwrap().clone();
        scope
    }));
    doctor.round().await;
    assert_eq!(grade(&doctor.told().borrow(), DoctorCheck::Ports), Grade::Bad);
    let Ok(Mended::Ports(free)) = doctor.mend(DoctorCheck::Ports).await else { panic!("a free range") };
    *wanted.lock().unwrap() = free;
    doctor.round().await;
    assert_ne!(grade(&doctor.told().borrow(), DoctorCheck::Ports), Grade::Bad);
}
