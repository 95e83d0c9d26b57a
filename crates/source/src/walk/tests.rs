use std::fs;
use std::os::unix::fs::symlink;

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn paths(root: &tempfile::TempDir) -> Vec<String> {
    walk(root.path(), &Limits::default()).unwrap().entries.into_iter().map(|entry| entry.path).collect()
}

fn code(root: &tempfile::TempDir) -> (&'static str, String) {
    let error = walk(root.path(), &Limits::default()).unwrap_err();
    (error.code(), error.to_string())
}

#[test]
fn git_dependencies_and_env_files_stay_at_home_and_are_named() {
    let root = folder(&[
        (".git/config", ""),
        ("node_modules/a/i.js", ""),
        ("web/node_modules/a/i.js", ""),
        (".env", "SECRET=1"),
        ("web/.env.local", "SECRET=1"),
        (".env.example", ""),
        ("web/index.html", ""),
    ]);
    assert_eq!(paths(&root), [".env.example", "web/index.html"]);
    let tree = walk(root.path(), &Limits::default()).unwrap();
    let skipped: Vec<_> = tree.skipped.iter().map(|skip| (skip.path.as_str(), skip.reason)).collect();
    assert_eq!(
        skipped,
        [
            (".env", SkipReason::EnvFile),
            (".git", SkipReason::Git),
            ("node_modules", SkipReason::NodeModules),
            ("web/.env.local", SkipReason::EnvFile),
            ("web/node_modules", SkipReason::NodeModules),
        ]
    );
    assert_eq!(tree.skipped_count, 5);
}

#[test]
fn ignore_files_are_honoured_at_every_depth() {
    let root = folder(&[
        (".gitignore", "*.log\n/dist\ntarget/\n!keep.log\n"),
        ("a.log", ""),
        ("keep.log", ""),
        ("dist/x", ""),
        ("web/dist/x", ""),
        ("web/target/x", ""),
        ("web/.gitignore", "secret*\n!b.log\n"),
        ("web/secret.txt", ""),
        ("web/b.log", ""),
        ("secret.txt", ""),
    ]);
    assert_eq!(
        paths(&root),
        [".gitignore", "keep.log", "secret.txt", "web/.gitignore", "web/b.log", "web/dist/x"]
    );
}

#[test]
fn our_own_ignore_file_has_the_last_word() {
    let root = folder(&[
        (".gitignore", "dist\n"),
        (".ttalkakignore", "!dist\n*.psd\n"),
        ("dist/index.html", ""),
        ("art/a.psd", ""),
    ]);
    assert_eq!(paths(&root), [".gitignore", ".ttalkakignore", "dist/index.html"]);
}

#[test]
fn an_ignore_file_that_is_a_link_is_not_followed() {
    let outside = folder(&[("rules", "*\n")]);
    let root = folder(&[("a", "")]);
    symlink(outside.path().join("rules"), root.path().join(".gitignore")).unwrap();
    assert_eq!(code(&root).0, "source_link_escapes");
}

#[test]
fn a_link_to_a_secret_of_the_host_is_refused_by_name() {
    for target in ["../../secret", "/etc/passwd"] {
        let root = folder(&[("a", "")]);
        symlink(target, root.path().join("config.txt")).unwrap();
        let (code, sentence) = code(&root);
        assert_eq!(code, "source_link_escapes");
        assert!(sentence.contains("config.txt") && sentence.contains(target), "{sentence}");
    }
}

#[test]
fn links_within_the_tree_stay_links_and_loops_end() {
    let root = folder(&[("real/a", "x")]);
    symlink("real", root.path().join("alias")).unwrap();
    symlink("..", root.path().join("real/up")).unwrap();
    symlink("self", root.path().join("self")).unwrap();
    let tree = walk(root.path(), &Limits::default()).unwrap();
    assert_eq!(
        tree.entries,
        [
            Entry::symlink("alias", "real"),
            Entry::file("real/a", 1, false),
            Entry::symlink("real/up", ".."),
            Entry::symlink("self", "self"),
        ]
    );
}

#[test]
fn a_link_in_an_ignored_folder_offends_no_one() {
    let root = folder(&[("a", ""), (".gitignore", "venv\n"), ("venv/x", "")]);
    symlink("/usr/bin/python3", root.path().join("venv/python")).unwrap();
    assert_eq!(paths(&root), [".gitignore", "a"]);
}

#[test]
fn pipes_and_sockets_are_refused_by_name() {
    let root = folder(&[("a", "")]);
    let made = std::process::Command::new("mkfifo").arg(root.path().join("pipe")).status().unwrap();
    assert!(made.success());
    let (code_, sentence) = code(&root);
    assert_eq!(
        (code_, sentence.as_str()),
        ("source_special_file", "pipe is a named pipe, which a source cannot hold.")
    );

    let root = folder(&[("a", "")]);
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("s")).unwrap();
    assert_eq!(code(&root).1, "s is a socket, which a source cannot hold.");
}

#[test]
fn a_hard_link_is_a_file_like_any_other() {
    let root = folder(&[("a", "text")]);
    fs::hard_link(root.path().join("a"), root.path().join("b")).unwrap();
    assert_eq!(paths(&root), ["a", "b"]);
}

#[test]
fn odd_names_are_kept_and_dangerous_ones_refused() {
    let root = folder(&[("-rf", ""), ("--help", ""), ("a b", "")]);
    assert_eq!(paths(&root), ["--help", "-rf", "a b"]);
    let root = folder(&[("evil\nname", "")]);
    assert_eq!(
        code(&root),
        ("source_path_unsafe", "The path evil\\nname holds control characters.".to_string())
    );
}

#[test]
fn a_tree_deeper_than_the_limit_is_refused() {
    let deep = format!("{}/file", vec!["d"; 40].join("/"));
    let root = folder(&[(deep.as_str(), "")]);
    let (code, sentence) = code(&root);
    assert_eq!(code, "source_path_unsafe");
    assert!(sentence.contains("nested too deeply"), "{sentence}");
}

#[test]
fn a_folder_of_25000_files_is_refused() {
    let root = folder(&[]);
    for index in 0..25_000 {
        fs::write(root.path().join(index.to_string()), "").unwrap();
    }
    assert_eq!(code(&root).0, "source_too_many_files");
}

#[test]
fn a_large_file_is_refused_without_being_read() {
    let root = folder(&[("a", "")]);
    // Sparse: a gigabyte that takes no room.
    fs::File::create(root.path().join("big.bin")).unwrap().set_len(1 << 30).unwrap();
    let (code, sentence) = code(&root);
    assert_eq!(code, "source_too_large");
    assert!(sentence.contains("big.bin"), "{sentence}");
}

#[test]
fn a_folder_without_a_file_is_empty() {
    let root = folder(&[("node_modules/a", "")]);
    fs::create_dir(root.path().join("src")).unwrap();
    assert_eq!(code(&root).0, "source_empty");
}

#[test]
fn a_file_that_became_a_link_or_pipe_is_not_opened() {
    let outside = folder(&[("secret", "key")]);
    let root = folder(&[("a", "text"), ("b", "text")]);
    let tree = walk(root.path(), &Limits::default()).unwrap();
    for entry in &tree.entries {
        fs::remove_file(root.path().join(&entry.path)).unwrap();
    }
    symlink(outside.path().join("secret"), root.path().join("a")).unwrap();
    std::process::Command::new("mkfifo").arg(root.path().join("b")).status().unwrap();
    for entry in &tree.entries {
        assert_eq!(tree.open(entry).err().unwrap().code(), "source_changed");
    }
}

#[test]
fn the_executable_bit_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let root = folder(&[("gradlew", ""), ("text", "")]);
    fs::set_permissions(root.path().join("gradlew"), fs::Permissions::from_mode(0o700)).unwrap();
    let tree = walk(root.path(), &Limits::default()).unwrap();
    assert_eq!(tree.entries, [Entry::file("gradlew", 0, true), Entry::file("text", 0, false)]);
}
