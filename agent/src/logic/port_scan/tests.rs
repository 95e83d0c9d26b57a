use super::*;
use ttalkak_protocol::id::LeaseId;
use uuid::Uuid;

fn book(ours: &[u16]) -> PortBook {
    let of_ours = |port: &u16| PortOfOurs {
        port: *port,
        lease: LeaseId::new(Uuid::from_u128(u128::from(*port))),
        name: "shop".into(),
        container_port: 8080,
    };
    PortBook {
        range: 9000..=9009,
        ours: ours.iter().map(of_ours).collect(),
        avoided: BTreeMap::new(),
        exhausted: None,
    }
}

fn heard(port: u16, program: Option<&str>) -> Listening {
    Listening { port, program: program.map(str::to_owned), pid: program.map(|_| 7) }
}

#[test]
fn our_own_ports_are_not_taken_and_others_are_named_once() {
    let all =
        [heard(9000, Some("docker-proxy")), heard(9001, None), heard(9001, Some("nginx")), heard(80, None)];
    let told = section(&book(&[9000]), Some(&all), UnixMillis(5));
    assert_eq!((told.free, told.taken_total, told.ours.len()), (8, 1, 1));
    assert_eq!((told.taken[0].port, told.taken[0].program.as_deref()), (9001, Some("nginx")));
    assert_eq!(told.at, Some(UnixMillis(5)));
}

#[test]
fn a_port_with_a_conflict_is_shown_even_when_its_holder_cannot_be_seen() {
    let mut book = book(&[]);
    book.avoided.insert(9003, Duration::from_secs(40));
    let told = section(&book, None, UnixMillis(5));
    assert!(told.taken[0].conflict && told.taken[0].avoided_for == Some(Millis(40_000)));
    assert_eq!((told.free, told.at), (9, None));
}

#[test]
fn a_range_that_is_exhausted_has_nothing_free() {
    let all: Vec<Listening> = (9000..=9009).map(|port| heard(port, None)).collect();
    assert_eq!(section(&book(&[]), Some(&all), UnixMillis(0)).free, 0);
    assert_eq!(free_count(&(0..=1), [].into_iter()), 1);
    assert_eq!(free_count(&(1..=u16::MAX), [].into_iter()), 65_535);
}

#[test]
fn the_nearest_free_range_of_the_same_width_is_proposed_and_none_when_nothing_is_better() {
    let held: BTreeSet<u16> = (20_000..=20_099).collect();
    assert_eq!(free_range(&(20_000..=20_099), &held), Some(20_100..=20_199));
    assert_eq!(free_range(&(20_000..=20_099), &BTreeSet::new()), None);
    let everywhere: BTreeSet<u16> = (1..=u16::MAX).collect();
    assert_eq!(free_range(&(20_000..=20_099), &everywhere), None);
}
