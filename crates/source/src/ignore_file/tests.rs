use proptest::prelude::*;

use super::*;

fn check(rules: &str, ignored: &[&str], kept: &[&str]) {
    let file = IgnoreFile::parse(rules).unwrap();
    for path in ignored {
        assert!(file.ignores(path), "{path} should be ignored by {rules:?}");
    }
    for path in kept {
        assert!(!file.ignores(path), "{path} should be kept by {rules:?}");
    }
}

#[test]
fn the_example_of_dockers_manual_holds() {
    check(
        "# comment\n*/temp*\n*/*/temp*\ntemp?\n",
        &[
            "somedir/temporary.txt",
            "somedir/temp",
            "somedir/subdir/temporary.txt",
            "tempa",
            "tempb",
            "tempa/x",
        ],
        &["temporary.txt", "temp", "a/b/c/temp.txt", "somedir/other", "# comment"],
    );
}

#[test]
fn exceptions_and_their_order_are_those_of_dockers_manual() {
    check("*.md\n!README.md\n", &["a.md"], &["README.md", "sub/a.md"]);
    check(
        "*.md\n!README*.md\nREADME-secret.md\n",
        &["a.md", "README-secret.md"],
        &["README.md", "README-x.md"],
    );
    check("*.md\nREADME-secret.md\n!README*.md\n", &["a.md"], &["README.md", "README-secret.md"]);
}

#[test]
fn two_stars_match_any_number_of_folders() {
    check("**/*.go", &["a.go", "x/a.go", "x/y/a.go"], &["a.gone", "x/go"]);
    check(
        "**/node_modules",
        &["node_modules", "a/node_modules/b/c.js"],
        &["my_node_modules", "a/node_modules2"],
    );
    check("a/**/z", &["a/z", "a/b/z", "a/b/c/z/file"], &["az", "b/a/z"]);
    check("a/**", &["a/b", "a/b/c"], &["a", "ab"]);
    check("**", &["a", "a/b", ".x"], &[]);
    check("**/dist/**", &["dist/x", "a/dist/x/y"], &["dist", "a/dist", "xdist/x"]);
    check("**.log", &["a.log", "x/y.log"], &["a.logs"]);
}

#[test]
fn a_star_does_not_cross_a_slash_but_a_matched_folder_takes_all_in_it() {
    check("*.txt", &["a.txt", "b.txt/in/it"], &["x/a.txt"]);
    check("build", &["build", "build/a", "build/b/c"], &["builds", "src/build"]);
    check("*", &["a", "a/b/c"], &[]);
}

#[test]
fn slashes_dots_and_blanks_around_a_pattern_do_not_matter() {
    for rules in [
        "/foo/bar",
        "foo/bar/",
        "./foo//bar",
        "  foo/bar  ",
        "foo/x/../bar",
        "\u{feff}foo/bar",
        "foo/bar\r\n",
    ] {
        check(rules, &["foo/bar", "foo/bar/x"], &["bar", "foo", "x/foo/bar"]);
    }
}

#[test]
fn a_file_below_an_ignored_folder_can_be_taken_back() {
    check("docs\n!docs/keep.md", &["docs/a.md", "docs/sub/keep.md"], &["docs/keep.md"]);
    check("*\n!src\n!package.json", &["a", "x/src/y"], &["src/a/b.ts", "package.json"]);
    check("*\n! src/**/*.ts", &["src/a.js"], &["src/a.ts", "src/b/c.ts"]);
}

#[test]
fn sets_and_escapes_are_those_of_go() {
    check("[a-c]x[^0-9]", &["axz", "cx-"], &["dxz", "ax1"]);
    check("\\*.md", &["*.md"], &["a.md"]);
    check("\\!important", &["!important"], &["important"]);
    check("\\#x", &["#x"], &[]);
    check(" #x", &["#x"], &[]);
    check("a.b$(c)", &["a.b$(c)"], &["axb$(c)"]);
}

#[test]
fn a_pattern_for_the_context_itself_or_above_it_ignores_nothing() {
    for rules in [".", "/", "..", "../x", "./"] {
        check(rules, &[], &["a", "x", "a/b"]);
    }
}

#[test]
fn a_line_that_is_no_pattern_is_named() {
    for (rules, line) in [("ok\n[a-", 2), ("a\n\n!", 3), ("[]a]", 1), ("x\\", 1), ("[z-a]", 1)] {
        match IgnoreFile::parse(rules) {
            Err(SourceError::IgnorePattern { line: found, .. }) => assert_eq!(found, line, "{rules:?}"),
            other => panic!("{rules:?}: {other:?}"),
        }
    }
}

#[test]
fn a_hostile_pattern_costs_no_more_than_its_length() {
    // With backtracking this would run for longer than the universe.
    let file = IgnoreFile::parse(&"*a".repeat(200)).unwrap();
    assert!(!file.ignores(&"a".repeat(1000).replace("aaaaaaaaaa", "aaaaaaaaa/")));
    let file = IgnoreFile::parse(&format!("{}b", "**/*a*".repeat(100))).unwrap();
    assert!(!file.ignores(&"a".repeat(1000)));
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused_but_never_a_panic(text in "[a-c*?!/\\[\\]\\\\^. #\n-]{0,40}", path in "[a-c/.]{1,12}") {
        if let Ok(file) = IgnoreFile::parse(&text) {
            file.ignores(&path);
        }
    }

    #[test]
    fn a_plain_path_ignores_itself_and_all_beneath(path in "[a-z]{1,5}(/[a-z]{1,5}){0,3}") {
        let file = IgnoreFile::parse(&path).unwrap();
        prop_assert!(file.ignores(&path));
        let beneath = format!("{path}/x");
        prop_assert!(file.ignores(&beneath));
        let beside = format!("{path}x");
        prop_assert!(!file.ignores(&beside));
    }
}
