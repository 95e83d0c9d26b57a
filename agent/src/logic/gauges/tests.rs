use super::*;
use uuid::Uuid;

fn lease(n: u128) -> LeaseId {
    LeaseId::new(Uuid::from_u128(n))
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn counters(cpu_us: u64) -> BTreeMap<LeaseId, Counters> {
    [(lease(1), Counters { cpu_us, memory: Bytes(100) })].into()
}

fn told(rates: &Rates) -> Machine {
    rates.section(whole(MachineReading::default(), 2), Lent::default(), true, UnixMillis(0))
}

#[test]
fn use_is_the_difference_of_two_readings_and_a_restart_is_no_huge_number() {
    let mut rates = Rates::default();
    rates.note(secs(1), &counters(5_000_000));
    assert_eq!(told(&rates).workloads[0].cpu, MilliCpu(0));
    // Half a second of processor time in two seconds.
    rates.note(secs(3), &counters(5_500_000));
    assert_eq!(told(&rates).workloads[0].cpu, MilliCpu(250));
    assert_eq!(told(&rates).share.cpu_used, Some(MilliCpu(250)));
    rates.note(secs(4), &counters(10));
    assert_eq!(told(&rates).workloads[0].cpu, MilliCpu(0));
    rates.note(secs(4), &counters(20));
    rates.note(secs(5), &BTreeMap::new());
    assert!(told(&rates).workloads.is_empty());
}

#[test]
fn traffic_that_is_read_seldom_is_a_mean_over_its_own_time() {
    let mut rates = Rates::default();
    rates.note(secs(1), &counters(0));
    rates.note_traffic(lease(1), secs(1), Traffic { received: 0, sent: 1000 });
    rates.note_traffic(lease(1), secs(11), Traffic { received: 50, sent: 3000 });
    let shown = told(&rates).workloads[0];
    assert_eq!((shown.received_per_second, shown.sent_per_second), (Bytes(5), Bytes(200)));
    rates.note_tunnel(secs(1), Traffic { received: 0, sent: 0 });
    rates.note_tunnel(secs(2), Traffic { received: 7, sent: 9 });
    assert_eq!(told(&rates).share.sent_per_second, Bytes(9));
}

#[test]
fn each_of_two_hundred_workloads_gets_its_turn() {
    let leases: Vec<LeaseId> = (0..200).map(lease).collect();
    let counters = leases.iter().map(|lease| (*lease, Counters::default())).collect();
    let mut rates = Rates::default();
    rates.note(secs(0), &counters);
    let mut read = std::collections::BTreeSet::new();
    for round in 0..25 {
        for lease in rates.due(leases.iter(), 8) {
            rates.note_traffic(lease, secs(round), Traffic::default());
            read.insert(lease);
        }
    }
    assert_eq!(read.len(), 200);
}

#[test]
fn what_could_not_be_read_is_not_shown_as_nothing() {
    let share = Rates::default()
        .section(whole(MachineReading::default(), 2), Lent::default(), false, UnixMillis(0))
        .share;
    assert_eq!((share.cpu_used, share.memory_used), (None, None));
}
