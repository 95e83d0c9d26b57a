use super::*;
use ttalkak_protocol::{desk::HourSpan, id::LeaseId};

const SIZE: Size = Size { cpu: MilliCpu(4000), memory: Bytes(8 << 30), disk: Bytes(100 << 30) };

fn settings() -> Settings {
    defaults(&SIZE)
}

fn faults(change: impl FnOnce(&mut Settings)) -> Vec<String> {
    let mut settings = settings();
    change(&mut settings);
    check(&settings, &bounds(&SIZE)).into_iter().map(|fault| fault.field).collect()
}

fn lease(n: u128) -> LeaseId {
    LeaseId::new(uuid::Uuid::from_u128(n))
}

fn held(n: u128, cpu: u32, mib: u64, paid: bool) -> Held {
    let memory = Bytes::mib(mib);
    Held { lease: lease(n), cpu: MilliCpu(cpu), memory, memory_used: Some(Bytes(memory.0 / 10)), paid }
}

fn limits(cpu: u32, mib: u64) -> Limits {
    Limits { cpu: MilliCpu(cpu), memory: Bytes::mib(mib), ..settings().limits }
}

#[test]
fn what_is_proposed_can_be_used_on_any_machine() {
    for size in [SIZE, Size { cpu: MilliCpu(0), memory: Bytes(0), disk: Bytes(0) }] {
        assert_eq!(check(&defaults(&size), &bounds(&size)), []);
    }
}

#[test]
fn each_fault_names_its_field() {
    assert_eq!(faults(|s| s.limits.cpu = MilliCpu(4001)), ["limits.cpu"]);
    assert_eq!(faults(|s| s.limits.memory = Bytes(1)), ["limits.memory"]);
    assert_eq!(faults(|s| s.limits.port_last = 20_008), ["limits.ports"]);
    assert_eq!(faults(|s| s.limits.port_first = 30_000), ["limits.ports"]);
    assert_eq!(faults(|s| s.limits.upload = Some(Bytes(1))), ["limits.upload"]);
    assert_eq!(faults(|s| s.idle.after_minutes = 0), ["idle.after_minutes"]);
    assert_eq!(faults(|s| s.exclusive.programs = vec![" ".to_owned()]), ["exclusive.programs"]);
    assert_eq!(faults(|s| s.when_off = Treatment::Stop { notice_minutes: 1441 }), ["when_off"]);
    let spans =
        |pairs: &[(u16, u16)]| pairs.iter().map(|(from, to)| HourSpan { from: *from, to: *to }).collect();
    for wrong in [&[(60, 60)][..], &[(0, 1441)], &[(0, 60), (60, 120)], &[(100, 200), (0, 50)]] {
        assert_eq!(faults(|s| s.schedule.days[2] = spans(wrong)), ["schedule.days.2"], "{wrong:?}");
    }
    for wrong in ["", "-1", "1.2.3", "1e9", "."] {
        let field = faults(|s| s.electricity.per_kilowatt_hour = Some(wrong.to_owned()));
        assert_eq!(field, ["electricity.per_kilowatt_hour"], "{wrong}");
    }
}

#[test]
fn a_setting_that_a_flag_decides_can_only_be_said_as_it_is() {
    let locked = [Locked { setting: "limits.memory".to_owned(), by: "--memory".to_owned() }];
    let old = settings();
    let patch = |limits: Limits| SettingsPatch { limits: Some(limits), ..SettingsPatch::default() };
    let other_cpu = Limits { cpu: MilliCpu(1000), ..old.limits };
    let new = patched(&old, patch(other_cpu), &bounds(&SIZE), &locked).unwrap();
    assert!(new.limits.cpu == MilliCpu(1000) && new.limits_chosen);
    let other_memory = Limits { memory: Bytes::mib(512), ..old.limits };
    let faults = patched(&old, patch(other_memory), &bounds(&SIZE), &locked).unwrap_err();
    assert_eq!((faults.len(), faults[0].problem.code), (1, ErrorCode::SettingLocked));
}

#[test]
fn what_came_last_leaves_first() {
    let all = [held(1, 500, 512, true), held(2, 500, 512, true), held(3, 500, 512, true)];
    assert_eq!(fit(&limits(1500, 2048), &all).leaves, []);
    let less = fit(&limits(1000, 2048), &all);
    assert_eq!((less.stays, less.leaves), (vec![lease(1), lease(2)], vec![(lease(3), "limits.cpu")]));
    let less = fit(&limits(1500, 600), &all);
    assert_eq!(less.leaves, [(lease(2), "limits.memory"), (lease(3), "limits.memory")]);
    let one = Limits { workloads: 1, ..limits(4000, 4096) };
    assert_eq!(fit(&one, &all).leaves.len(), 2);
}

#[test]
fn what_nobody_pays_for_is_held_to_less_and_stays() {
    let all = [held(1, 1000, 512, true), held(2, 1000, 1024, false)];
    let less = fit(&limits(1500, 1024), &all);
    assert_eq!(less.leaves, []);
    assert_eq!(less.squeezed, BTreeMap::from([(lease(2), (MilliCpu(500), Bytes::mib(512)))]));
    // Not to nothing, and not below what it uses.
    assert_eq!(fit(&limits(1050, 2048), &all).leaves, [(lease(2), "limits.cpu")]);
    assert_eq!(fit(&limits(4000, 600), &all).leaves, [(lease(2), "limits.memory")]);
}

use std::collections::BTreeMap;
