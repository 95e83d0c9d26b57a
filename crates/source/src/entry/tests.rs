use super::*;

fn path_reason(path: &[u8]) -> &'static str {
    match check_path(path, &Limits::default()) {
        Ok(_) => "ok",
        Err(SourceError::PathUnsafe { reason, .. }) => reason,
        Err(other) => panic!("another error: {other}"),
    }
}

fn link_reason(path: &str, target: &str) -> &'static str {
    match check_link(path, target, &Limits::default()) {
        Ok(()) => "ok",
        Err(SourceError::LinkEscapes { reason, .. }) => reason,
        Err(other) => panic!("another error: {other}"),
    }
}

#[test]
fn ordinary_and_odd_but_harmless_paths_are_taken() {
    for path in
        ["a", "src/main.rs", "-rf", "--help", "a b/ü/한글.txt", "..a/b..", ".gitignore", "x/.github/y", "c:d"]
    {
        assert_eq!(path_reason(path.as_bytes()), "ok", "{path}");
    }
}

#[test]
fn paths_that_leave_the_tree_or_deceive_are_refused() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "is empty"),
        (b"/etc/passwd", "is absolute"),
        (b"../x", "has a . or .. component"),
        (b"a/../x", "has a . or .. component"),
        (b"./x", "has a . or .. component"),
        (b"a//b", "has an empty component"),
        (b"a/", "has an empty component"),
        (b"a\nb", "holds control characters"),
        (b"a\0b", "holds control characters"),
        (b"a\x1b[31m", "holds control characters"),
        (b"..\\..\\x", "holds a backslash"),
        (b"C:/x", "starts with a drive letter"),
        (b"\xff\xfe", "is not valid UTF-8"),
        (b".git/config", "lies in a .git folder"),
        (b"sub/.GIT/hooks/x", "lies in a .git folder"),
    ];
    for (path, reason) in cases {
        assert_eq!(path_reason(path), *reason, "{}", shown(path));
    }
}

#[test]
fn long_names_long_paths_and_deep_paths_are_refused() {
    assert_eq!(path_reason("x".repeat(255).as_bytes()), "ok");
    assert_eq!(path_reason("x".repeat(256).as_bytes()), "has a name that is too long");
    assert_eq!(path_reason("x".repeat(4096).as_bytes()), "is too long");
    assert_eq!(path_reason(vec!["d"; 32].join("/").as_bytes()), "ok");
    assert_eq!(path_reason(vec!["d"; 33].join("/").as_bytes()), "is nested too deeply");
}

#[test]
fn links_within_the_tree_are_taken() {
    for (path, target) in [
        ("a", "b"),
        ("a", "./b/c"),
        ("a/b", "../c"),
        ("a/b/c", "../.."),
        ("self", "self"),
        ("a", "missing"),
        ("node/bin", "../lib//x/"),
    ] {
        assert_eq!(link_reason(path, target), "ok", "{path} -> {target}");
    }
}

#[test]
fn links_that_leave_the_tree_are_refused() {
    for (path, target, reason) in [
        ("config.txt", "../../secret", "is outside of the source"),
        ("config.txt", "/etc/shadow", "is an absolute path"),
        ("a/b", "../../x", "is outside of the source"),
        ("a", "", "is empty"),
        ("a", "C:/x", "is an absolute path"),
        ("a", "..\\x", "holds a backslash"),
        ("a", "x\ny", "holds control characters"),
    ] {
        assert_eq!(link_reason(path, target), reason, "{path} -> {target}");
    }
}

#[test]
fn a_link_cannot_climb_through_another_link() {
    // `a/b/up -> ../..` is the root itself; `a/b/up/../x` would then be outside, though its text stays inside.
    assert_eq!(link_reason("a/b/up", "../.."), "ok");
    assert_eq!(link_reason("l", "a/b/up/../x"), "goes up after going down");
}

#[test]
fn an_error_never_shows_raw_control_characters() {
    let error = check_path(b"evil\x1b[2J\nname", &Limits::default()).unwrap_err();
    assert!(!error.to_string().chars().any(char::is_control), "{error}");
    assert_eq!(error.code(), "source_path_unsafe");
}
