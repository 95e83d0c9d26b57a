use std::{path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use ttalkak_protocol::{Secret, error::ErrorCode};
use ttalkak_source::{Entry, Limits, for_each_entry};

use super::*;

mod host;
mod refusals;

use host::{Host, Manner, Repository, policy};

fn request(url: &str, branch: Option<&str>) -> FetchRequest {
    FetchRequest::new(url, branch, None, None, &policy()).unwrap()
}

async fn fetch(
    request: &FetchRequest,
    root_dir: Option<&str>,
) -> Result<(PackedSource, Vec<Entry>), GitError> {
    let sources = tempfile::tempdir().unwrap();
    let result = match resolve(request).await {
        Ok(found) => fetch_and_pack(request, &found, root_dir, sources.path()).await,
        Err(error) => Err(error),
    };
    let left: Vec<_> =
        std::fs::read_dir(sources.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    match result {
        Ok(packed) => {
            assert_eq!(left, [format!("{}.tar.gz", packed.digest).as_str()], "only the archive may be left");
            let entries = list(&sources.path().join(&left[0]));
            Ok((packed, entries))
        }
        Err(error) => {
            assert!(left.is_empty(), "{left:?} was left behind");
            Err(error)
        }
    }
}

fn list(archive: &Path) -> Vec<Entry> {
    let mut entries = Vec::new();
    for_each_entry(std::fs::File::open(archive).unwrap(), &Limits::default(), |entry, _| {
        entries.push(entry.clone());
        Ok(())
    })
    .unwrap();
    entries
}

async fn code(url: &str, branch: Option<&str>) -> (ErrorCode, String) {
    let problem = fetch(&request(url, branch), None).await.unwrap_err().problem();
    (problem.code, problem.message)
}

#[tokio::test]
async fn a_repository_becomes_an_archive() {
    let repository = Repository::with(&[("index.html", b"<h1>hi</h1>"), ("a/b.txt", b"b"), ("a-b", b"")]);
    std::os::unix::fs::symlink("a/b.txt", repository.path().join("alias")).unwrap();
    repository.commit(&[], "second\n\nwith a body");
    let (packed, entries) = fetch(&request(&repository.url(), None), None).await.unwrap();
    assert_eq!(packed.subject, "second");
    assert_eq!(
        entries,
        [
            Entry::file("a-b", 0, false),
            Entry::file("a/b.txt", 1, false),
            Entry::symlink("alias", "a/b.txt"),
            Entry::file("index.html", 11, false),
        ]
    );
}

#[tokio::test]
async fn an_unchanged_tree_has_an_unchanged_digest() {
    let repository = Repository::with(&[("a", b"text")]);
    let first = fetch(&request(&repository.url(), None), None).await.unwrap().0;
    repository.commit(&[], "nothing new");
    let second = fetch(&request(&repository.url(), None), None).await.unwrap().0;
    assert_eq!(first.digest, second.digest);
    assert_eq!(second.subject, "nothing new");
}

#[tokio::test]
async fn branches_tags_and_commits_are_found() {
    let repository = Repository::with(&[("main.txt", b"")]);
    let first = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["tag", "-a", "v1", "-m", "one"]);
    repository.git(&["checkout", "--quiet", "-b", "feature/x"]);
    let second = repository.commit(&[("feature.txt", b"")], "feature");
    repository.git(&["checkout", "--quiet", "main"]);

    let found = async |branch| resolve(&request(&repository.url(), branch)).await.unwrap();
    assert_eq!(found(None).await, Found { commit: first.clone(), branch: Some("main".into()) });
    assert_eq!(found(Some("feature/x")).await.commit, second);
    assert_eq!(found(Some("v1")).await.commit, first);

    let pinned = FetchRequest::new(&repository.url(), None, Some(&first), None, &policy()).unwrap();
    assert_eq!(fetch(&pinned, None).await.unwrap().1, [Entry::file("main.txt", 0, false)]);
    let gone = FetchRequest::new(&repository.url(), None, Some(&"ab".repeat(20)), None, &policy()).unwrap();
    assert!(matches!(fetch(&gone, None).await, Err(GitError::CommitUnknown { .. })));
}

#[tokio::test]
async fn a_folder_of_the_repository_becomes_the_root() {
    let repository =
        Repository::with(&[("web/src/a.js", b""), ("web/package.json", b"{}"), ("README.md", b"")]);
    let fetched = fetch(&request(&repository.url(), None), Some("./web/")).await.unwrap();
    assert_eq!(fetched.1, [Entry::file("package.json", 2, false), Entry::file("src/a.js", 0, false)]);
    for missing in ["api", "README.md", "web/src/a.js/x"] {
        let error = fetch(&request(&repository.url(), None), Some(missing)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::RootDirMissing, "{missing}");
    }
    for unsafe_dir in ["../..", "web/../..", "a\nb", ".git"] {
        let error = fetch(&request(&repository.url(), None), Some(unsafe_dir)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::SourcePathUnsafe, "{unsafe_dir}");
    }
}

#[tokio::test]
async fn odd_names_reach_the_archive_unharmed() {
    let repository = Repository::with(&[("-rf", b"1"), ("--help", b"2"), ("a b/ü", b"3"), ("$(id)", b"4")]);
    let paths: Vec<_> = fetch(&request(&repository.url(), None), None).await.unwrap().1;
    let paths: Vec<_> = paths.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["$(id)", "--help", "-rf", "a b/ü"]);
}

#[tokio::test]
async fn dependencies_and_local_env_files_are_left_out() {
    let repository = Repository::with(&[
        ("a", b""),
        ("node_modules/x/i.js", b""),
        (".env.local", b"S=1"),
        (".env", b"A=1"),
    ]);
    let entries = fetch(&request(&repository.url(), None), None).await.unwrap().1;
    assert_eq!(entries, [Entry::file(".env", 3, false), Entry::file("a", 0, false)]);
}

#[tokio::test]
async fn a_private_repository_opens_with_its_token_only() {
    let repository = Repository::with(&[("a", b"secret")]);
    let root = repository.path().parent().unwrap().to_owned();
    let name = repository.path().file_name().unwrap().to_str().unwrap().to_owned();
    let authorization = format!("Basic {}", STANDARD.encode("x-access-token:hunter2"));
    let host = Host::start(Manner::Serve { root, authorization: Some(authorization) }).await;
    let url = format!("{}/{name}/.git", host.base);

    let with = |token: Option<&str>| {
        FetchRequest::new(&url, None, None, token.map(|token| Secret::new(token.to_owned())), &policy())
            .unwrap()
    };
    assert_eq!(fetch(&with(Some("hunter2")), None).await.unwrap().1, [Entry::file("a", 6, false)]);
    let wrong = fetch(&with(Some("hunter3")), None).await.unwrap_err();
    assert_eq!(wrong.code(), ErrorCode::GitAuthFailed);
    assert!(!format!("{wrong:?} {wrong}").contains("hunter3"));
    assert_eq!(fetch(&with(None), None).await.unwrap_err().code(), ErrorCode::GitNotFound);
}

#[tokio::test]
async fn an_address_without_its_suffix_is_tried_with_it() {
    let repository = Repository::with(&[("a", b"")]);
    let root = tempfile::tempdir().unwrap();
    repository.git(&["clone", "--quiet", "--bare", ".", root.path().join("app.git").to_str().unwrap()]);
    let host = Host::start(Manner::RedirectToSuffix { root: root.path().to_owned() }).await;
    assert_eq!(fetch(&request(&format!("{}/app", host.base), None), None).await.unwrap().1.len(), 1);
}

#[tokio::test]
async fn work_folders_of_a_killed_coordinator_are_swept() {
    let sources = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(sources.path().join("fetch-abc/repository")).unwrap();
    std::fs::write(sources.path().join("fetch-abc/repository/x"), "").unwrap();
    std::fs::write(sources.path().join("0123.tar.gz"), "").unwrap();
    sweep(sources.path()).unwrap();
    let left: Vec<_> =
        std::fs::read_dir(sources.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["0123.tar.gz"]);
}

/// A `git` that writes down how it was called, and then waits.
fn fake_git(folder: &Path) -> GitPolicy {
    use std::os::unix::fs::PermissionsExt;
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" > {0}/args\nenv > {0}/env\necho $$ > {0}/pid\nexec sleep 600\n",
        folder.display()
    );
    let program = folder.join("git");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut policy =
        GitPolicy::new(true, [("PATH".to_owned(), format!("{}:/usr/bin:/bin", folder.display()))]);
    policy.fetch.resolve_deadline = Duration::from_secs(2);
    policy
}

#[tokio::test]
async fn a_token_is_in_no_command_line_and_a_hanging_git_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let policy = fake_git(folder.path());
    let token = Some(Secret::new("hunter2".to_owned()));
    let request = FetchRequest::new("https://127.0.0.1/you/app", Some("main"), None, token, &policy).unwrap();
    let error = resolve(&request).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::GitTimeout);

    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let encoded = STANDARD.encode("x-access-token:hunter2");
    let (args, env) = (read("args"), read("env"));
    assert!(!args.contains("hunter2") && !args.contains(&encoded), "{args}");
    assert!(args.ends_with("ls-remote\n--symref\n--\nhttps://127.0.0.1/you/app\n"), "{args}");
    assert!(env.contains(&encoded));
    let names: Vec<_> = env.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| name.starts_with("CARGO")), "our environment leaked: {names:?}");
    assert!(!format!("{request:?} {error:?}").contains("hunter2"));
    assert!(!Path::new("/proc").join(read("pid").trim()).exists(), "the process outlived its deadline");
}
