//! What cannot be fetched or packed, each with its own code and nothing left behind.

use super::*;

#[tokio::test]
async fn repositories_that_are_not_there_or_empty_are_told_apart() {
    assert_eq!(code("file:///nonexistent/app.git", None).await.0, ErrorCode::GitNotFound);
    assert_eq!(code(&Repository::empty().url(), None).await.0, ErrorCode::GitEmpty);
    let repository = Repository::with(&[("a", b"")]);
    let (code_, message) = code(&repository.url(), Some("mian")).await;
    assert_eq!(code_, ErrorCode::GitBranchUnknown);
    assert_eq!(message, "There is no branch or tag mian. There are: main.");
    repository.git(&["symbolic-ref", "HEAD", "refs/heads/gone"]);
    assert!(code(&repository.url(), None).await.1.starts_with("The repository names no default branch."));
}

#[tokio::test]
async fn a_hosts_refusals_become_causes() {
    for (head, wanted) in [
        ("404 Not Found", ErrorCode::GitNotFound),
        ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"", ErrorCode::GitNotFound),
        ("403 Forbidden", ErrorCode::GitNotFound),
        ("301 Moved\r\nLocation: http://169.254.169.254/app.git", ErrorCode::GitNotFound),
        ("500 Oops", ErrorCode::GitUnreachable),
        ("200 OK\r\nConnection: close\r\nContent-Length: 7\r\n\r\n<html>\n", ErrorCode::GitUnreachable),
    ] {
        let host = Host::start(Manner::Always(head)).await;
        let (code, message) = code(&format!("{}/you/app", host.base), None).await;
        assert_eq!(code, wanted, "{head}: {message}");
    }
    assert_eq!(code("http://127.0.0.1:1/you/app", None).await.0, ErrorCode::GitUnreachable);
}

#[tokio::test]
async fn a_silent_host_meets_the_deadline() {
    let host = Host::start(Manner::Silent).await;
    let mut policy = policy();
    policy.fetch.resolve_deadline = Duration::from_millis(300);
    let request = FetchRequest::new(&format!("{}/app", host.base), None, None, None, &policy).unwrap();
    assert_eq!(resolve(&request).await.unwrap_err().code(), ErrorCode::GitTimeout);
}

#[tokio::test]
async fn a_host_name_that_means_a_private_address_is_refused() {
    // Every machine's own resolver answers this one without a network.
    let mut policy = policy();
    policy.allow_local = false;
    let request = FetchRequest {
        url: GitUrl::parse("http://localhost/you/app", &host::policy()).unwrap(),
        wanted: Wanted::Default,
        token: None,
        policy,
    };
    assert_eq!(resolve(&request).await.unwrap_err().code(), ErrorCode::GitUrlRefused);
}

#[tokio::test]
async fn a_submodule_is_named_unless_it_is_outside_of_the_folder() {
    let repository = Repository::with(&[("web/a", b""), (".gitmodules", b"")]);
    let commit = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},libs/dep")]);
    repository.git(&["commit", "--quiet", "-m", "submodule"]);
    let (code, message) = code(&repository.url(), None).await;
    assert_eq!(code, ErrorCode::GitSubmodule);
    assert!(message.contains("libs/dep"), "{message}");
    fetch(&request(&repository.url(), None), Some("web")).await.unwrap();
}

#[tokio::test]
async fn an_lfs_pointer_is_named() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 2147483648\n";
    let (code, message) = code(&Repository::with(&[("model.bin", pointer)]).url(), None).await;
    assert_eq!(code, ErrorCode::GitLfsPointer);
    assert!(message.contains("model.bin"), "{message}");
}

#[tokio::test]
async fn links_to_the_hosts_files_are_named_and_never_read() {
    for target in ["../../secret", "/etc/passwd"] {
        let repository = Repository::with(&[("a", b"")]);
        std::os::unix::fs::symlink(target, repository.path().join("config.txt")).unwrap();
        repository.commit(&[], "link");
        let (code, message) = code(&repository.url(), None).await;
        assert_eq!(code, ErrorCode::SourceLinkEscapes);
        assert!(message.contains("config.txt"), "{message}");
    }
}

#[tokio::test]
async fn unsafe_names_and_deep_trees_are_refused() {
    assert_eq!(
        code(&Repository::with(&[("evil\nname", b"")]).url(), None).await.0,
        ErrorCode::SourcePathUnsafe
    );
    let deep = format!("{}/a", vec!["d"; 40].join("/"));
    assert_eq!(
        code(&Repository::with(&[(deep.as_str(), b"")]).url(), None).await.0,
        ErrorCode::SourcePathUnsafe
    );
    let long = format!("{0}/{0}/{0}/{0}/{0}/a", "x".repeat(250));
    assert_eq!(
        code(&Repository::with(&[(long.as_str(), b"")]).url(), None).await.0,
        ErrorCode::SourcePathUnsafe
    );
}

fn within(url: &str, change: impl FnOnce(&mut GitPolicy)) -> FetchRequest {
    let mut policy = policy();
    change(&mut policy);
    FetchRequest::new(url, None, None, None, &policy).unwrap()
}

#[tokio::test]
async fn sizes_and_counts_are_judged_before_contents_are_read() {
    let repository = Repository::with(&[("a", &[0; 5000]), ("b", &[0; 5000]), ("c", b"")]);
    let large = within(&repository.url(), |policy| policy.source.max_bytes = 9000);
    let error = fetch(&large, None).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::SourceTooLarge);
    assert!(error.to_string().contains(" at b."), "{error}");
    let many = within(&repository.url(), |policy| policy.source.max_entries = 2);
    assert_eq!(fetch(&many, None).await.unwrap_err().code(), ErrorCode::SourceTooManyFiles);
    let late = within(&repository.url(), |policy| policy.fetch.fetch_deadline = Duration::ZERO);
    assert_eq!(fetch(&late, None).await.unwrap_err().code(), ErrorCode::GitTimeout);
}

#[tokio::test]
async fn a_repository_that_outgrows_its_limit_is_stopped_while_it_is_fetched() {
    let mut state: u32 = 1;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(32 << 20)
    .collect();
    let repository = Repository::with(&[("big.bin", &noise)]);
    for every in [Duration::from_millis(5), Duration::from_secs(3600)] {
        let small = within(&repository.url(), |policy| {
            policy.fetch.max_repository_bytes = 4 << 20;
            policy.fetch.watch_every = every;
        });
        let error = fetch(&small, None).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::SourceTooLarge, "looking every {every:?}");
    }
}

#[test]
fn what_a_tenant_writes_is_checked_before_anything_runs() {
    let make = |url, branch, commit, token: Option<&str>| {
        let token = token.map(|token| Secret::new(token.to_owned()));
        FetchRequest::new(url, branch, commit, token, &policy()).map(drop).map_err(|error| error.code())
    };
    let url = "https://h.example/x";
    assert_eq!(make("--upload-pack=touch x", None, None, None), Err(ErrorCode::GitUrlRefused));
    assert_eq!(make(url, Some("--help"), None, None), Err(ErrorCode::GitRefInvalid));
    assert_eq!(make(url, None, Some("HEAD"), None), Err(ErrorCode::GitRefInvalid));
    assert_eq!(make(url, None, None, Some("a\r\nHost: evil")), Err(ErrorCode::GitAuthFailed));
    assert_eq!(make(url, Some(""), None, Some("")), Ok(()));
}
