//! Recognises a Git LFS pointer: a small text that stands in for a large file. Pure.

/// Pointers are at most this long, by their specification; larger files need no look.
pub const LONGEST_POINTER: u64 = 1024;

/// Whether a file that begins with `head` (200 bytes are enough) is a Git LFS pointer.
pub fn is_lfs_pointer(head: &[u8]) -> bool {
    const VERSIONS: [&[u8]; 2] =
        [b"version https://git-lfs.github.com/spec/v1", b"version https://hawser.github.com/spec/v1"];
    VERSIONS.iter().any(|version| {
        head.strip_prefix(*version).is_some_and(|rest| rest.starts_with(b"\n") || rest.starts_with(b"\r\n"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_recognised_and_text_about_pointers_is_not() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 2147483648\n";
        assert!(is_lfs_pointer(pointer));
        assert!(is_lfs_pointer(b"version https://git-lfs.github.com/spec/v1\r\noid sha256:4d7a\r\n"));
        assert!(!is_lfs_pointer(b"# version https://git-lfs.github.com/spec/v1\n"));
        assert!(!is_lfs_pointer(b"version https://git-lfs.github.com/spec/v10\n"));
        assert!(!is_lfs_pointer(b""));
    }
}
