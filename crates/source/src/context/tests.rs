use super::*;
use crate::pack::Packer;

fn archive(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut packer = Packer::new(Vec::new(), &Limits::default());
    let mut sorted = entries.to_vec();
    sorted.sort_unstable();
    for (path, text) in sorted {
        match text.strip_prefix("-> ") {
            Some(target) => packer.add(&Entry::symlink(path, target), &mut io::empty()).unwrap(),
            None => packer.add(&Entry::file(path, text.len() as u64, false), &mut text.as_bytes()).unwrap(),
        }
    }
    packer.finish().unwrap().1
}

/// Builds a context and lists it as the `tar` crate, a stranger to our reader, sees it.
fn context(entries: &[(&str, &str)], injected: &[(&str, &str)]) -> Result<Vec<String>, SourceError> {
    let bytes = archive(entries);
    let injected = injected.iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect();
    let mut out = Vec::new();
    let recipe = ContextRecipe { injected: &injected, dockerfile: "Dockerfile" };
    let summary = build_context(|| Ok(bytes.as_slice()), &recipe, &Limits::default(), &mut out)?;
    let mut listed = Vec::new();
    for entry in tar::Archive::new(out.as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        if let Some(target) = entry.link_name().unwrap() {
            text = format!("-> {}", target.to_str().unwrap());
        }
        listed.push(if path.ends_with('/') { path } else { format!("{path}: {text}") });
    }
    assert_eq!(summary.entries, listed.len() as u64);
    Ok(listed)
}

#[test]
fn git_dependencies_local_env_files_and_ignored_files_are_left_out() {
    let listed = context(
        &[
            (".dockerignore", "*.md\nDockerfile\n.dockerignore\n"),
            ("Dockerfile", "FROM x"),
            ("README.md", ""),
            (".env", "A=1"),
            (".env.local", "SECRET"),
            ("web/node_modules/x", ""),
            ("web/src/a", "text"),
        ],
        &[],
    );
    assert_eq!(
        listed.unwrap(),
        [
            ".dockerignore: *.md\nDockerfile\n.dockerignore\n",
            ".env: A=1",
            "Dockerfile: FROM x",
            "web/",
            "web/src/",
            "web/src/a: text"
        ]
    );
}

#[test]
fn an_injected_file_cannot_be_ignored_away() {
    let listed =
        context(&[(".dockerignore", "*\n"), ("a", "")], &[("nginx.ttalkak.conf", "server")]).unwrap();
    assert_eq!(listed, ["nginx.ttalkak.conf: server", ".dockerignore: *\n"]);
}

#[test]
fn an_injected_file_cannot_be_shadowed() {
    let injected = &[(".ttalkak/Dockerfile", "ours")];
    let ours = [".ttalkak/", ".ttalkak/Dockerfile: ours", "a: "];
    for theirs in [".ttalkak/Dockerfile", ".ttalkak/Dockerfile/below", ".ttalkak"] {
        assert_eq!(context(&[("a", ""), (theirs, "theirs")], injected).unwrap(), ours, "{theirs}");
        assert_eq!(context(&[("a", ""), (theirs, "-> a")], injected).unwrap(), ours, "{theirs} as a link");
    }
}

#[test]
fn inner_links_stay_links() {
    assert_eq!(context(&[("a", "x"), ("l", "-> a")], &[]).unwrap(), ["a: x", "l: -> a"]);
}

#[test]
fn a_dockerfile_must_be_a_plain_file() {
    let error = context(&[("Dockerfile", "-> a"), ("a", "FROM x")], &[]).unwrap_err();
    assert_eq!(error.code(), "source_special_file");
    context(&[("Dockerfile", "-> a"), ("a", "")], &[("Dockerfile", "FROM y")]).unwrap();
}

#[test]
fn the_ignore_file_of_a_dockerfile_goes_first() {
    let listed =
        context(&[(".dockerignore", "a\n"), ("Dockerfile.dockerignore", "b\n"), ("a", ""), ("b", "")], &[])
            .unwrap();
    assert!(listed.contains(&"a: ".to_string()) && !listed.contains(&"b: ".to_string()), "{listed:?}");
}

#[test]
fn an_ignore_file_that_is_a_link_is_not_read() {
    let listed = context(&[(".dockerignore", "-> rules"), ("rules", "*\n")], &[]).unwrap();
    assert_eq!(listed, [".dockerignore: -> rules", "rules: *\n"]);
}

#[test]
fn a_broken_archive_writes_nothing() {
    let mut bytes = archive(&[("a", "text")]);
    bytes.truncate(bytes.len() - 4);
    let injected = BTreeMap::from([("Dockerfile".to_string(), b"FROM x".to_vec())]);
    let recipe = ContextRecipe { injected: &injected, dockerfile: "Dockerfile" };
    let mut out = Vec::new();
    let error = build_context(|| Ok(bytes.as_slice()), &recipe, &Limits::default(), &mut out).unwrap_err();
    assert_eq!((error.code(), out.len()), ("source_corrupt", 0));
}

#[test]
fn a_bad_ignore_pattern_is_told_with_its_line() {
    let error = context(&[(".dockerignore", "ok\n[a-\n"), ("a", "")], &[]).unwrap_err();
    assert_eq!(error.code(), "source_invalid");
    assert!(error.to_string().starts_with("Line 2 "), "{error}");
}

#[test]
fn a_context_is_the_same_each_time() {
    let bytes = archive(&[("a/b/c", "x"), ("d", "y")]);
    let recipe = ContextRecipe { injected: &BTreeMap::new(), dockerfile: "Dockerfile" };
    let build = || {
        let mut out = Vec::new();
        build_context(|| Ok(bytes.as_slice()), &recipe, &Limits::default(), &mut out).unwrap();
        out
    };
    assert_eq!(build(), build());
}
