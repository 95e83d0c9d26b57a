use std::fs;

use super::*;
use crate::read::{for_each_entry, verify_digest};

fn small() -> Limits {
    Limits { ratio_floor: 64 * 1024, ..Limits::default() }
}

/// Bytes that cannot be compressed, the same each time.
pub(crate) fn noise(bytes: usize) -> Vec<u8> {
    let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..bytes).map(step).collect()
}

fn pack_one(content: &[u8], limits: &Limits) -> Result<(Packed, Vec<u8>), SourceError> {
    let mut packer = Packer::new(Vec::new(), limits);
    packer.add(&Entry::file("a", content.len() as u64, false), &mut { content })?;
    packer.finish()
}

#[test]
fn the_digest_is_that_of_the_bytes() {
    let (packed, bytes) = pack_one(b"hello", &Limits::default()).unwrap();
    assert_eq!(packed.bytes, bytes.len() as u64);
    assert_eq!((packed.entries, packed.unpacked_bytes), (1, 5));
    assert_eq!(verify_digest(bytes.as_slice(), &packed.digest, &Limits::default()).unwrap(), packed.bytes);
    let mut flipped = bytes;
    flipped[10] ^= 1;
    let error = verify_digest(flipped.as_slice(), &packed.digest, &Limits::default()).unwrap_err();
    assert_eq!(error.code(), "source_corrupt");
}

#[test]
fn equal_trees_have_equal_digests_whenever_and_wherever_they_were_made() {
    let digest = |reversed: bool| {
        let root = tempfile::tempdir().unwrap();
        let mut names = ["b/c.txt", "a-b", "a/b", "a.b"];
        if reversed {
            names.reverse();
        }
        for name in names {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
            let file = fs::File::open(root.path().join(name)).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(u64::from(reversed)))
                .unwrap();
        }
        pack_folder(root.path(), &Limits::default(), io::sink()).unwrap().0.digest
    };
    assert_eq!(digest(false), digest(true));
}

#[test]
fn a_planted_link_never_carries_a_secret_into_an_archive() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "host key").unwrap();
    let root = outside.path().join("repo");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("a"), "a").unwrap();
    for target in ["../secret".to_string(), outside.path().join("secret").to_str().unwrap().to_string()] {
        let link = root.join("config.txt");
        std::os::unix::fs::symlink(target, &link).unwrap();
        let mut out = Vec::new();
        assert_eq!(
            pack_folder(&root, &Limits::default(), &mut out).unwrap_err().code(),
            "source_link_escapes"
        );
        assert!(out.is_empty());
        fs::remove_file(link).unwrap();
    }
}

#[test]
fn an_inner_link_is_packed_as_a_link() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("real"), "text").unwrap();
    std::os::unix::fs::symlink("real", root.path().join("alias")).unwrap();
    let (_, _, bytes) = pack_folder(root.path(), &Limits::default(), Vec::new()).unwrap();
    let mut seen = Vec::new();
    for_each_entry(bytes.as_slice(), &Limits::default(), |entry, _| {
        seen.push(entry.clone());
        Ok(())
    })
    .unwrap();
    assert_eq!(seen, [Entry::symlink("alias", "real"), Entry::file("real", 4, false)]);
}

#[test]
fn a_packer_takes_paths_in_order_only() {
    let mut packer = Packer::new(io::sink(), &Limits::default());
    packer.add(&Entry::file("b", 0, false), &mut io::empty()).unwrap();
    for path in ["a", "b"] {
        let error = packer.add(&Entry::file(path, 0, false), &mut io::empty()).unwrap_err();
        assert_eq!(error.code(), "source_corrupt", "{path}");
    }
}

#[test]
fn a_file_that_shrinks_underfoot_is_noticed_and_one_that_grows_is_cut() {
    let mut packer = Packer::new(io::sink(), &Limits::default());
    packer.add(&Entry::file("a", 3, false), &mut b"longer".as_slice()).unwrap();
    let error = packer.add(&Entry::file("b", 9, false), &mut b"short".as_slice()).unwrap_err();
    assert_eq!(error.code(), "source_changed");
}

#[test]
fn a_packer_refuses_what_a_reader_would_call_a_bomb() {
    let error = pack_one(&vec![0; 4 << 20], &small()).unwrap_err();
    assert_eq!(error.code(), "source_bomb");
    pack_one(&vec![0; 4 << 20], &Limits::default()).unwrap();
}

#[test]
fn an_archive_above_its_limit_is_stopped_while_it_is_written() {
    let limits = Limits { max_archive_bytes: 10_000, ..Limits::default() };
    for size in [100_000, 10_500] {
        assert_eq!(
            pack_one(&noise(size), &limits).unwrap_err().to_string(),
            "The source archive is larger than 10000 bytes."
        );
    }
}

#[test]
fn an_lfs_pointer_in_a_folder_is_named() {
    let root = tempfile::tempdir().unwrap();
    fs::write(
        root.path().join("a.psd"),
        "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n",
    )
    .unwrap();
    let error = pack_folder(root.path(), &Limits::default(), io::sink()).unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("a.psd")), ("git_lfs_pointer", true));
}

#[test]
fn nothing_to_pack_is_an_error() {
    assert_eq!(Packer::new(io::sink(), &Limits::default()).finish().unwrap_err().code(), "source_empty");
}
