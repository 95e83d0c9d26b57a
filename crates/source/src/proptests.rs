//! Properties that hold for any tree and any bytes.

use std::collections::BTreeMap;
use std::io;

use proptest::prelude::*;

use crate::{Entry, Limits, Packer, SourceError, for_each_entry};

fn tree() -> impl Strategy<Value = BTreeMap<String, (Vec<u8>, bool)>> {
    // Folders are lower case and files upper case, so that no file is another's folder.
    let path = "([a-z.-]{1,120}x/){0,4}[A-Z -]{1,80}X";
    let file = (proptest::collection::vec(any::<u8>(), 0..2000), any::<bool>());
    proptest::collection::btree_map(path, file, 1..20)
}

fn pack(tree: &BTreeMap<String, (Vec<u8>, bool)>) -> (String, Vec<u8>) {
    let mut packer = Packer::new(Vec::new(), &Limits::default());
    for (path, (content, executable)) in tree {
        let entry = Entry::file(path.as_str(), content.len() as u64, *executable);
        packer.add(&entry, &mut content.as_slice()).unwrap();
    }
    let (packed, bytes) = packer.finish().unwrap();
    (packed.digest, bytes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_packed_is_what_is_read(tree in tree()) {
        let (digest, bytes) = pack(&tree);
        prop_assert_eq!(&pack(&tree).0, &digest);
        let mut seen = BTreeMap::new();
        for_each_entry(bytes.as_slice(), &Limits::default(), |entry, content| {
            let mut body = Vec::new();
            content.read_to_end(&mut body).map_err(|cause| SourceError::io("read", cause))?;
            let executable = matches!(entry.kind, crate::EntryKind::File { executable: true, .. });
            seen.insert(entry.path.clone(), (body, executable));
            Ok(())
        }).unwrap();
        prop_assert_eq!(seen, tree);
    }

    #[test]
    fn links_are_read_as_they_were_packed(target in "[a-z]{1,300}(/[a-z]{1,200}){0,2}") {
        let entry = Entry::symlink("l", target);
        let mut packer = Packer::new(Vec::new(), &Limits::default());
        packer.add(&entry, &mut io::empty()).unwrap();
        let bytes = packer.finish().unwrap().1;
        let mut seen = Vec::new();
        for_each_entry(bytes.as_slice(), &Limits::default(), |entry, _| { seen.push(entry.clone()); Ok(()) }).unwrap();
        prop_assert_eq!(seen, [entry]);
    }

    #[test]
    fn damage_is_refused_and_never_a_panic(tree in tree(), at in any::<prop::sample::Index>(), bits in 1u8..) {
        let mut bytes = pack(&tree).1;
        let at = at.index(bytes.len());
        bytes[at] ^= bits;
        let _ = for_each_entry(bytes.as_slice(), &Limits::default(), |_, content| {
            io::copy(content, &mut io::sink()).map_err(|cause| SourceError::io("read", cause)).map(drop)
        });
    }
}
