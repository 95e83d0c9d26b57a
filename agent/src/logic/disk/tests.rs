use super::*;
use uuid::Uuid;

fn image(name: &str, mib: u64, created: i64) -> OurImage {
    OurImage {
        digest: format!("sha256:{name}"),
        build_key: Some(format!("key-{name}")),
        tags: vec![format!("ttalkak/{name}")],
        bytes: Bytes::mib(mib),
        created: UnixMillis(created),
        used_by: vec![],
    }
}

fn facts(images: Vec<OurImage>) -> DiskFacts {
    DiskFacts { images, sources: Bytes::mib(10), ..DiskFacts::default() }
}

fn lease() -> LeaseId {
    LeaseId::new(Uuid::from_u128(1))
}

#[test]
fn above_the_limit_the_least_recently_used_go_and_no_more_than_needed() {
    let facts = facts(vec![image("a", 100, 1), image("b", 100, 2), image("c", 100, 3)]);
    let mut book = ImageBook::default();
    // The oldest was used last.
    book.last_used.insert("sha256:a".into(), UnixMillis(9));
    let go = |limit| over_limit(&facts, &book, Bytes::mib(limit));
    assert_eq!(go(310), Vec::<String>::new());
    assert_eq!(go(309), ["sha256:b"]);
    assert_eq!(go(150), ["sha256:b", "sha256:c"]);
    assert_eq!(go(0), ["sha256:b", "sha256:c", "sha256:a"]);
}

#[test]
fn what_is_in_use_wanted_assigned_or_pinned_never_goes() {
    let mut used = image("used", 100, 1);
    used.used_by.push(lease());
    let facts = facts(vec![
        used,
        image("wanted", 90, 1),
        image("pinned", 80, 1),
        image("next", 70, 1),
        image("old", 60, 5),
    ]);
    let book = ImageBook {
        wanted: ["key-wanted".to_owned()].into(),
        assigned: [("key-next".to_owned(), "shop".to_owned())].into(),
        pinned: ["sha256:pinned".to_owned()].into(),
        last_used: BTreeMap::new(),
    };
    assert_eq!(over_limit(&facts, &book, Bytes(0)), ["sha256:old"]);
    let told = section(&facts, &book, Some(Bytes::mib(1)));
    assert_eq!((told.used, told.reclaimable), (Bytes::mib(410), Bytes::mib(60)));
    let held: Vec<_> = told.images.iter().map(|row| row.held.clone()).collect();
    let in_use = ImageHold::InUse { leases: vec![lease()] };
    assert_eq!(held, [in_use, ImageHold::Wanted, ImageHold::Pinned, ImageHold::Wanted, ImageHold::Unused]);
    assert_eq!(told.images[3].names, ["shop"]);
}

#[test]
fn five_thousand_images_are_counted_and_the_largest_listed() {
    let images = (0..5000).map(|n| image(&format!("{n:05}"), n + 1, 1)).collect();
    let told = section(&facts(images), &ImageBook::default(), None);
    assert_eq!((told.images.len(), told.images[0].bytes), (ROWS_MAX, Bytes::mib(5000)));
    assert_eq!(told.reclaimable, Bytes::mib(5000 * 5001 / 2));
    assert!(serde_json::to_string(&told).unwrap().len() < ttalkak_protocol::desk::MESSAGE_BYTES_MAX);
}

#[test]
fn use_is_noted_and_what_is_gone_is_forgotten() {
    let mut used = image("a", 1, 1);
    used.used_by.push(lease());
    let mut book = ImageBook { pinned: ["sha256:gone".to_owned()].into(), ..ImageBook::default() };
    note_use(&mut book, &[used, image("b", 1, 1)], UnixMillis(7));
    assert_eq!(book.last_used, [("sha256:a".to_owned(), UnixMillis(7))].into());
    assert!(book.pinned.is_empty());
    note_use(&mut book, &[], UnixMillis(8));
    assert!(book.last_used.is_empty());
}
