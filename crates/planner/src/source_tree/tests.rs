use super::*;

fn tree(paths: &[&str]) -> SourceTree {
    let mut tree = SourceTree::new();
    for path in paths {
        tree.insert(path, None::<&[u8]>);
    }
    tree
}

#[test]
fn a_star_stays_within_one_part_and_two_cross_parts() {
    let tree = tree(&["a.py", "x/a.py", "x/y/a.py", "x/b.txt"]);
    assert_eq!(tree.glob("*.py"), ["a.py"]);
    assert_eq!(tree.glob("*/a.py"), ["x/a.py"]);
    assert_eq!(tree.glob("**/a.py"), ["a.py", "x/a.py", "x/y/a.py"]);
    assert_eq!(tree.glob("x/*.*"), ["x/a.py", "x/b.txt"]);
    assert!(tree.glob("a.p").is_empty());
}

#[test]
fn installed_packages_are_not_part_of_the_tree() {
    let tree = tree(&["node_modules/a/package.json", "x/node_modules/b.js", ".git/config", "./ok"]);
    assert_eq!(tree.paths().collect::<Vec<_>>(), ["ok"]);
}

#[test]
fn a_folder_is_known_by_its_files_and_not_by_a_shared_beginning() {
    let tree = tree(&["public-old/a", "src/a"]);
    assert!(tree.has_dir("src"));
    assert!(!tree.has_dir("public"));
    assert!(!tree.has_dir("sr"));
}

#[test]
fn a_lock_file_is_kept_only_in_its_head() {
    let mut tree = SourceTree::new();
    tree.insert("yarn.lock", Some("x".repeat(100_000)));
    assert_eq!(tree.read("yarn.lock").unwrap().len() as u64, HEAD_BYTES);
}

#[test]
fn large_or_unasked_files_are_known_by_name_only() {
    let mut tree = SourceTree::new();
    tree.insert("package.json", Some("x".repeat(300_000)));
    tree.insert("secret.pem", Some("key"));
    assert!(tree.has("package.json") && tree.read("package.json").is_none());
    assert!(tree.has("secret.pem") && tree.read("secret.pem").is_none());
}

#[test]
fn strange_bytes_and_a_byte_order_mark_do_no_harm() {
    let mut tree = SourceTree::new();
    tree.insert("package.json", Some(b"\xef\xbb\xbf{}".as_slice()));
    tree.insert("app.py", Some(b"\xff\xfe app".as_slice()));
    assert_eq!(tree.read("package.json"), Some("{}"));
    assert!(tree.read("app.py").unwrap().contains("app"));
}

#[test]
fn a_subtree_has_its_folder_as_root() {
    let mut tree = SourceTree::new();
    tree.insert("web/package.json", Some("{}"));
    tree.insert("api/pom.xml", Some("<project/>"));
    let web = tree.subtree("./web/");
    assert_eq!(web.paths().collect::<Vec<_>>(), ["package.json"]);
    assert_eq!(web.read("package.json"), Some("{}"));
    assert_eq!(tree.subtree("."), tree);
}

#[test]
fn manifests_are_wanted_at_module_depth_and_not_deeper() {
    assert!(wants_content("services/api/build.gradle.kts", 10));
    assert!(!wants_content("a/b/c/d/e/f/pom.xml", 10));
    assert!(wants_content("pkg/gradle/wrapper/gradle-wrapper.properties", 10));
    assert!(!wants_content("src/components/Button.tsx", 10));
}
