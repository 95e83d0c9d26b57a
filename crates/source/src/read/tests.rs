use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use super::*;
use crate::pack::Packer;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A raw tar of one header each, made without any check.
#[derive(Default)]
struct Raw(Vec<u8>);

impl Raw {
    fn entry(mut self, kind: EntryType, path: &[u8], target: &[u8], content: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path);
        header.as_mut_bytes()[157..157 + target.len()].copy_from_slice(target);
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(BLOCK), 0);
        self
    }

    fn file(self, path: &str, content: &[u8]) -> Self {
        self.entry(EntryType::Regular, path.as_bytes(), b"", content)
    }

    fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 2 * BLOCK, 0);
        gzip(&self.0)
    }
}

fn read(archive: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, SourceError> {
    read_within(archive, &Limits::default())
}

fn read_within(archive: &[u8], limits: &Limits) -> Result<Vec<(Entry, Vec<u8>)>, SourceError> {
    let mut seen = Vec::new();
    for_each_entry(archive, limits, |entry, content| {
        let mut body = Vec::new();
        content.read_to_end(&mut body).map_err(|cause| SourceError::io("read", cause))?;
        seen.push((entry.clone(), body));
        Ok(())
    })?;
    Ok(seen)
}

fn code(archive: &[u8]) -> &'static str {
    read(archive).map_or_else(|error| error.code(), |_| "ok")
}

#[test]
fn archives_of_other_programs_are_read() {
    let archive = Raw::default()
        .entry(EntryType::XGlobalHeader, b"pax_global_header", b"", b"19 comment=abcdefg\n")
        .entry(EntryType::Directory, b"./", b"", b"")
        .entry(EntryType::Directory, b"./src/", b"", b"")
        .file("./src/a", b"text")
        .entry(EntryType::Symlink, b"./l", b"src/a", b"")
        .end();
    let seen: Vec<Entry> = read(&archive).unwrap().into_iter().map(|(entry, _)| entry).collect();
    assert_eq!(seen, [Entry::dir("src"), Entry::file("src/a", 4, false), Entry::symlink("l", "src/a")]);
}

#[test]
fn long_names_of_both_dialects_are_read() {
    let long = format!("{}/{}", "d".repeat(200), "f".repeat(200));
    let record = format!(" path={long}\n");
    let record = format!("{}{record}", record.len() + 3);
    let archive = Raw::default()
        .entry(EntryType::GNULongName, b"././@LongLink", b"", format!("{long}\0").as_bytes())
        .file("short", b"1")
        .entry(EntryType::XHeader, b"x", b"", record.replace("fff", "ffg").as_bytes())
        .file("short", b"2")
        .end();
    let seen = read(&archive).unwrap();
    assert_eq!(seen[0], (Entry::file(long.clone(), 1, false), b"1".to_vec()));
    assert_eq!(seen[1].0.path, long.replace("fff", "ffg"));
}

#[test]
fn everything_but_files_folders_and_inner_links_is_refused() {
    let one = |kind, path: &[u8], target: &[u8]| code(&Raw::default().entry(kind, path, target, b"").end());
    assert_eq!(one(EntryType::Link, b"a", b"b"), "source_special_file");
    assert_eq!(one(EntryType::Fifo, b"a", b""), "source_special_file");
    assert_eq!(one(EntryType::Block, b"a", b""), "source_special_file");
    assert_eq!(one(EntryType::GNUSparse, b"a", b""), "source_special_file");
    assert_eq!(one(EntryType::new(b'7'), b"a", b""), "source_special_file");
    assert_eq!(one(EntryType::Symlink, b"config.txt", b"../../secret"), "source_link_escapes");
    assert_eq!(one(EntryType::Symlink, b"config.txt", b"/etc/shadow"), "source_link_escapes");
    assert_eq!(one(EntryType::Symlink, b"config.txt", b""), "source_link_escapes");
}

#[test]
fn unsafe_paths_are_refused_in_every_spelling() {
    for path in [
        b"/etc/x".as_slice(),
        b"../x",
        b"a/../../x",
        b"./../x",
        b"a\nb",
        b"..\\x",
        b".git/hooks/x",
        b"\xff",
        b"",
    ] {
        let archive = Raw::default().entry(EntryType::Regular, path, b"", b"x").end();
        assert_eq!(code(&archive), "source_path_unsafe", "{}", shown(path));
    }
    let long_name =
        Raw::default().entry(EntryType::GNULongName, b"L", b"", &[b'x'; 4096]).file("a", b"").end();
    assert_eq!(code(&long_name), "source_path_unsafe");
    let deep = vec!["d"; 40].join("/");
    assert_eq!(code(&Raw::default().file(&deep, b"").end()), "source_path_unsafe");
}

#[test]
fn a_path_that_comes_twice_or_writes_through_a_link_is_refused() {
    assert_eq!(code(&Raw::default().file("a", b"1").file("a", b"2").end()), "source_corrupt");
    let through = Raw::default().entry(EntryType::Symlink, b"l", b"d", b"").file("l/x", b"").end();
    assert_eq!(code(&through), "source_corrupt");
}

#[test]
fn records_that_could_deceive_two_readers_are_refused() {
    let pax = |record: &[u8]| {
        code(&Raw::default().entry(EntryType::XHeader, b"x", b"", record).file("a", b"x").end())
    };
    assert_eq!(pax(b"12 size=999\n"), "source_corrupt");
    assert_eq!(pax(b"22 GNU.sparse.major=1\n"), "source_special_file");
    assert_eq!(pax(b"12 path=../x\n"), "source_corrupt", "its length is wrong");
    assert_eq!(pax(b"13 path=../x\n"), "source_path_unsafe");
    assert_eq!(pax(&vec![b'x'; 100_000]), "source_corrupt");
}

#[test]
fn a_size_above_the_limit_is_refused_before_any_content() {
    let mut header = Header::new_gnu();
    header.set_path("big").unwrap();
    header.set_size(1 << 62);
    header.set_cksum();
    assert_eq!(code(&gzip(header.as_bytes())), "source_too_large");
}

#[test]
fn more_entries_than_the_limit_are_refused() {
    let mut raw = Raw::default();
    for index in 0..20_001 {
        raw = raw.file(&format!("f{index}"), b"");
    }
    assert_eq!(code(&raw.end()), "source_too_many_files");
    let mut raw = Raw::default();
    for _ in 0..100 {
        raw = raw.entry(EntryType::XGlobalHeader, b"g", b"", b"");
    }
    let limits = Limits { max_entries: 3, ..Limits::default() };
    assert_eq!(read_within(&raw.end(), &limits).unwrap_err().code(), "source_too_many_files");
}

#[test]
fn a_bomb_is_stopped_early() {
    // 1 GiB of zeros in about 1 MB, announced as a file that fits the size limit, then as padding after the end.
    let limits = Limits { max_bytes: 2 << 30, max_archive_bytes: 2 << 30, ..Limits::default() };
    let mut header = Header::new_gnu();
    header.set_path("zeros").unwrap();
    header.set_entry_type(EntryType::Regular);
    header.set_size(1 << 30);
    header.set_cksum();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(header.as_bytes()).unwrap();
    io::copy(&mut io::repeat(0).take(1 << 30), &mut encoder).unwrap();
    let bomb = encoder.finish().unwrap();

    let mut handed_on = 0;
    let error = for_each_entry(bomb.as_slice(), &limits, |_, content| {
        handed_on = io::copy(content, &mut Counter(&mut handed_on))
            .map_err(|cause| SourceError::io("read", cause))?;
        Ok(())
    })
    .unwrap_err();
    assert_eq!(error.code(), "source_bomb");
    assert!(handed_on <= limits.ratio_floor + 65536, "{handed_on} bytes were handed on");
}

struct Counter<'a>(&'a mut u64);

impl Write for Counter<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        *self.0 += buffer.len() as u64;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_bomb_behind_the_end_mark_is_stopped_too() {
    let mut tar = Raw::default().file("a", b"").0;
    tar.resize(tar.len() + (64 << 20), 0);
    assert_eq!(code(&gzip(&tar)), "source_bomb");
}

#[test]
fn a_second_archive_behind_the_first_is_refused() {
    let mut joined = Raw::default().file("a", b"x").end();
    joined.extend(Raw::default().file("b", b"x").end());
    assert_eq!(code(&joined), "source_corrupt");
}

#[test]
fn one_archive_in_several_gzip_members_is_read() {
    let tar = {
        let mut raw = Raw::default().file("a", b"text").0;
        raw.resize(raw.len() + 2 * BLOCK, 0);
        raw
    };
    let mut joined = gzip(&tar[..700]);
    joined.extend(gzip(&tar[700..]));
    assert_eq!(read(&joined).unwrap().len(), 1);
}

#[test]
fn every_truncation_is_noticed() {
    let whole = Raw::default().file("a", b"some text").file("b", &[7; 1000]).end();
    for length in 0..whole.len() {
        assert_eq!(code(&whole[..length]), "source_corrupt", "cut at {length}");
    }
}

#[test]
fn no_flipped_bit_is_taken_for_the_original() {
    let mut packer = Packer::new(Vec::new(), &Limits::default());
    packer.add(&Entry::file("a", 9, false), &mut b"some text".as_slice()).unwrap();
    let whole = packer.finish().unwrap().1;
    let original = read(&whole).unwrap();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        // A flip in gzip's own header (time, system) changes nothing that we read; all others must be errors.
        if let Ok(seen) = read(&flipped) {
            assert_eq!(seen, original, "flipped byte {at}");
        }
    }
}

#[test]
fn what_is_no_archive_at_all_is_refused() {
    for bytes in [b"".as_slice(), b"PK\x03\x04", b"\x1f\x8b", &gzip(b"hello"), &gzip(&[0xAA; 2048])] {
        assert_eq!(code(bytes), "source_corrupt");
    }
    assert_eq!(code(&gzip(&[0; 1024])), "source_empty");
}

#[test]
fn a_failing_disk_is_not_called_a_broken_archive() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("disk on fire"))
        }
    }
    let error = for_each_entry(Failing, &Limits::default(), |_, _| Ok(())).unwrap_err();
    assert_eq!(error.code(), "source_io");
}
