use super::*;
use uuid::Uuid;

fn lease(number: u128) -> LeaseId {
    LeaseId::new(Uuid::from_u128(number))
}

fn to(number: u128) -> RouteEntry {
    let target = Target::Lease { lease: lease(number), agent: AgentId::new(Uuid::from_u128(9)) };
    RouteEntry { exposure: Exposure::Http, public_port: None, place: None, serving: Serving::By(target) }
}

fn claim(table: &RouteTable, name: &str) -> Option<Claim> {
    match table.claim(name, "/") {
        Found::Target(claim) => Some(claim),
        Found::Nobody { .. } | Found::Unknown => None,
    }
}

#[tokio::test]
async fn a_lease_is_drained_when_its_last_visitor_has_left() {
    let table = RouteTable::default();
    table.set("shop", to(1));
    let visitor = claim(&table, "shop").unwrap();
    let other = claim(&table, "shop").unwrap();
    table.set("shop", to(2));
    assert_eq!((table.streams(lease(1)), table.streams(lease(2))), (2, 0));
    assert!(!table.drained(lease(1), Duration::ZERO).await);
    drop(visitor);
    let drained = table.drained(lease(1), Duration::from_secs(60));
    let leave = async { drop(other) };
    assert!(tokio::join!(drained, leave).0);
    assert!(table.drained(lease(7), Duration::ZERO).await, "nobody visits a lease that is unknown");
}

#[test]
fn a_visitor_after_the_change_meets_the_new_target() {
    let table = RouteTable::default();
    table.set("shop", to(1));
    table.set("shop", to(2));
    assert_eq!(claim(&table, "shop").unwrap().target.key(), TargetKey::Lease(lease(2)));
    let stopped = Serving::Nobody { cause: Cause::Stopped, detail: String::new() };
    table.set("shop", RouteEntry { serving: stopped, ..to(1) });
    assert!(matches!(table.claim("shop", "/"), Found::Nobody { cause: Cause::Stopped, .. }));
    table.remove("shop");
    assert!(matches!(table.claim("shop", "/"), Found::Unknown));
}

#[test]
fn a_name_of_raw_tcp_is_not_served_by_http() {
    let table = RouteTable::default();
    let port = PublicPort::try_from(7000).ok();
    table.replace_all(BTreeMap::from([(
        "db".to_owned(),
        RouteEntry { exposure: Exposure::Tcp, public_port: port, ..to(1) },
    )]));
    assert!(matches!(table.claim("db", "/"), Found::Unknown));
    assert!(matches!(table.claim_raw("db"), Found::Target(_)));
    assert_eq!(table.ports(), BTreeMap::from([(port.unwrap(), "db".to_owned())]));
}

#[test]
fn setting_a_route_tells_who_listens() {
    let table = RouteTable::default();
    let mut changes = table.changes();
    changes.mark_unchanged();
    table.set("shop", to(1));
    assert!(changes.has_changed().unwrap());
}

#[test]
fn a_front_end_leaves_api_to_the_back_end_of_its_project() {
    let project = |n| ProjectId::new(Uuid::from_u128(n));
    let placed = |number, place| RouteEntry { place, ..to(number) };
    let table = RouteTable::default();
    let at = |path: &str| match table.claim("web", path) {
        Found::Target(claim) => claim.target.key(),
        Found::Nobody { .. } | Found::Unknown => panic!("nobody answers {path}"),
    };
    let (front, back) = (TargetKey::Lease(lease(1)), TargetKey::Lease(lease(2)));
    table.set("web", placed(1, Some((project(1), ProjectPart::FrontEnd))));
    assert_eq!(at("/api/users"), front, "there is no back end yet");
    table.set("other", placed(3, Some((project(2), ProjectPart::BackEnd))));
    table.set("server", placed(2, Some((project(1), ProjectPart::BackEnd))));
    assert_eq!([at("/"), at("/apis"), at("/x/api/")], [front; 3]);
    assert_eq!([at("/api"), at("/api/"), at("/api/users")], [back; 3]);
    assert_eq!(claim(&table, "server").unwrap().target.key(), back, "it has its own address as well");

    let stopped = Serving::Nobody { cause: Cause::Stopped, detail: String::new() };
    let place = Some((project(1), ProjectPart::BackEnd));
    table.set("server", RouteEntry { serving: stopped, place, ..to(2) });
    assert!(matches!(table.claim("web", "/api/users"), Found::Nobody { cause: Cause::Stopped, .. }));
    table.set("server", placed(2, None));
    assert_eq!(at("/api/users"), front, "it stands alone now");
    table.set("server", placed(2, place));
    table.remove("server");
    assert_eq!(at("/api/users"), front);
}
