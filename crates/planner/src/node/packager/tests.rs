use super::*;

fn choose(package_manager: Option<&str>, files: &[(&str, &str)]) -> Packager {
    let mut tree = SourceTree::new();
    for (path, text) in files {
        tree.insert(path, Some(text));
    }
    let mut package = Package::default();
    package.package_manager = package_manager.map(str::to_owned);
    Packager::choose(&tree, &package)
}

#[test]
fn the_lock_file_names_the_manager_and_its_version() {
    for (file, text, kind, tool) in [
        ("package-lock.json", "{}", PackageManager::Npm, None),
        ("yarn.lock", "# yarn lockfile v1", PackageManager::Yarn, None),
        ("yarn.lock", "__metadata:\n  version: 8", PackageManager::Yarn, Some("@yarnpkg/cli-dist@4")),
        ("pnpm-lock.yaml", "lockfileVersion: 5.4", PackageManager::Pnpm, Some("pnpm@7")),
        ("pnpm-lock.yaml", "lockfileVersion: '6.0'", PackageManager::Pnpm, Some("pnpm@8")),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'", PackageManager::Pnpm, Some("pnpm@9")),
        ("bun.lock", "{}", PackageManager::Bun, Some("bun@1")),
    ] {
        let chosen = choose(None, &[(file, text)]);
        assert_eq!((chosen.kind, chosen.tool.as_deref()), (kind, tool), "{file} {text}");
    }
}

#[test]
fn the_package_manager_field_wins_over_lock_files() {
    let chosen = choose(Some("pnpm@10.2.1+sha512.abc"), &[("yarn.lock", ""), ("pnpm-lock.yaml", "")]);
    assert_eq!(chosen.tool.as_deref(), Some("pnpm@10.2.1"));
    assert!(chosen.warning.unwrap().contains("yarn.lock ignored"));
}

#[test]
fn a_version_that_would_be_a_command_is_not_taken() {
    let chosen = choose(Some("pnpm@9; rm -rf /"), &[]);
    assert_eq!(chosen.tool.as_deref(), Some("pnpm@10"));
}

#[test]
fn several_lock_files_are_told() {
    let chosen = choose(None, &[("package-lock.json", "{}"), ("yarn.lock", "")]);
    assert_eq!(chosen.kind, PackageManager::Yarn);
    assert!(chosen.warning.unwrap().contains("package-lock.json ignored"));
}

#[test]
fn no_lock_file_means_npm_and_a_warning() {
    let chosen = choose(None, &[]);
    assert_eq!(chosen.kind, PackageManager::Npm);
    assert_eq!(chosen.install(), "npm install --no-audit --no-fund");
    assert!(chosen.warning.unwrap().contains("No lock file"));
}

#[test]
fn a_workspace_file_of_settings_only_wants_pnpm_10() {
    let lock = ("pnpm-lock.yaml", "lockfileVersion: '9.0'");
    let chosen = choose(None, &[lock, ("pnpm-workspace.yaml", "onlyBuiltDependencies:\n  - esbuild\n")]);
    assert_eq!(chosen.tool.as_deref(), Some("pnpm@10"));
}

#[test]
fn a_yarn_in_the_repository_gives_its_version() {
    let chosen =
        choose(None, &[(".yarnrc.yml", "yarnPath: .yarn/releases/yarn-3.6.1.cjs"), ("yarn.lock", "")]);
    assert_eq!(chosen.tool.as_deref(), Some("@yarnpkg/cli-dist@3.6.1"));
}

#[test]
fn an_install_that_ignores_the_lock_file_says_so() {
    let install = choose(None, &[("package-lock.json", "{}")]).install();
    assert!(
        install.contains("npm ci --no-audit --no-fund ||") && install.contains("warning: package-lock.json")
    );
}
