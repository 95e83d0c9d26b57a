//! Repositories and uploads that may not be fetched or kept.

use crate::{await_failure, code};
use serde_json::{Value, json};
use std::{os::unix::fs::symlink, process::Command};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};
use ttalkak_tests::{App, World, faults::small, visit, world::SOON};

/// A Git host on loopback that answers everything with one head.
async fn host(tasks: &mut JoinSet<()>, head: &'static str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tasks.spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}/you/app.git")
}

fn git(app: &App, arguments: &[&str]) -> String {
    let who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
    let output = Command::new("git").arg("-C").arg(app.path()).args(who).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A committed app that `spoil` has made unfit.
fn spoiled(spoil: impl FnOnce(&App)) -> App {
    let app = App::new("spoiled");
    app.commit("main", "first");
    spoil(&app);
    app.commit("main", "spoiled");
    app
}

fn pointer(app: &App) {
    app.write("model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 2147483648\n");
}

fn escape(app: &App) {
    symlink("/etc/passwd", app.path().join("config.txt")).unwrap();
}

fn submodule(app: &App) {
    app.write(".gitmodules", "[submodule \"libs/dep\"]\n\tpath = libs/dep\n\turl = ../dep\n");
    let commit = git(app, &["rev-parse", "HEAD"]);
    git(app, &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},libs/dep")]);
    git(app, &["commit", "--quiet", "-m", "submodule"]);
    std::fs::create_dir_all(app.path().join("libs/dep")).unwrap();
}

#[tokio::test]
async fn a_repository_that_cannot_be_had_or_kept_is_told_why() {
    let Some(world) = World::start().await else { return };
    let mut hosts = JoinSet::new();
    let private = host(&mut hosts, "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"").await;
    let gone = host(&mut hosts, "404 Not Found").await;
    let apps = [spoiled(pointer), spoiled(escape), spoiled(submodule), spoiled(|_| {})];
    let cases: [(&str, Value, &str, &str); 7] = [
        ("private", json!({"kind": "git", "url": private}), "git_not_found", "private"),
        ("refused", json!({"kind": "git", "url": private, "token": "ghp_wrong"}), "git_auth_failed", "token"),
        ("gone", json!({"kind": "git", "url": gone}), "git_not_found", "127.0.0.1"),
        ("pointer", json!({"kind": "git", "url": apps[0].git_url()}), "git_lfs_pointer", "model.bin"),
        ("escape", json!({"kind": "git", "url": apps[1].git_url()}), "source_link_escapes", "config.txt"),
        ("submodule", json!({"kind": "git", "url": apps[2].git_url()}), "git_submodule", "libs/dep"),
        (
            "branch",
            json!({"kind": "git", "url": apps[3].git_url(), "branch": "mian"}),
            "git_branch_unknown",
            "main",
        ),
    ];
    for (name, source, expected, named) in &cases {
        let mut wish = small(name, "");
        wish["source"] = source.clone();
        world.create(wish).await;
        let release = await_failure(&world, name, SOON).await;
        assert_eq!(code(&release), *expected, "{release}");
        let message = release["problem"]["message"].as_str().unwrap();
        assert!(message.contains(named), "{name}: {message} does not name {named}");
        assert!(
            !message.contains(&*world.folder().to_string_lossy()),
            "{name} tells a path of ours: {message}"
        );
        assert!(!release.to_string().contains("ghp_wrong"), "{name} tells the token");
    }
    let kept = std::fs::read_dir(world.folder().join("coordinator/sources")).unwrap().count();
    assert_eq!(kept, 0, "nothing was kept of what was refused");
    world.await_workloads(0).await;
    world.delete_all().await;
    world.stop().await;
}

#[tokio::test]
async fn addresses_that_would_run_something_are_refused_at_the_door() {
    let Some(world) = World::start().await else { return };
    let witness = world.folder().join("witness");
    let touch = witness.display();
    for (url, expected) in [
        (format!("--upload-pack=touch {touch}"), "git_url_refused"),
        (format!("ext::sh -c touch% {touch}"), "git_url_refused"),
        (format!("ssh://-oProxyCommand=touch%20{touch}/x"), "git_url_refused"),
        ("git://github.com/you/app".to_owned(), "git_url_refused"),
        ("https://me:secret@github.com/you/app".to_owned(), "git_credentials_in_url"),
        (String::new(), "git_url_refused"),
    ] {
        let (status, answer) = world.post_api("/v1/deployments", &small("shop", &url)).await;
        assert_eq!((status, answer["error"]["code"].as_str()), (400, Some(expected)), "{url}: {answer}");
        assert!(!answer.to_string().contains("secret@"), "{answer}");
        let said = world.cli(&["deploy", "--name", "shop", "--", &url]).await;
        assert!(!said.status.success(), "{url}");
    }
    for branch in ["--upload-pack=touch", "$(touch x)", "a..b", "--help"] {
        let mut wish = small("shop", "https://github.com/you/app");
        wish["source"]["branch"] = json!(branch);
        let (status, answer) = world.post_api("/v1/deployments", &wish).await;
        assert_eq!((status, answer["error"]["code"].as_str()), (400, Some("git_ref_invalid")), "{branch}");
    }
    assert!(!witness.exists(), "a repository's address ran a command");
    world.await_no_trace().await;
    world.stop().await;
}

/// A gzipped tar of the folder, made by the machine's own tar, which keeps links and devices as they are.
fn packed(app: &App) -> Vec<u8> {
    let output =
        Command::new("tar").arg("-C").arg(app.path()).args(["--exclude=.git", "-cz", "."]).output().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[tokio::test]
async fn an_upload_that_no_command_of_ours_made_is_checked_like_any_other() {
    let Some(world) = World::start().await else { return };
    let fifo = |app: &App| {
        let made = Command::new("mkfifo").arg(app.path().join("pipe")).status();
        assert!(made.unwrap().success());
    };
    let fresh = |spoil: &dyn Fn(&App)| {
        let app = App::new("by hand");
        spoil(&app);
        packed(&app)
    };
    let mut cut = fresh(&|_| {});
    cut.truncate(cut.len() / 2);
    for (what, body, expected) in [
        ("a link to the host", fresh(&escape), "source_link_escapes"),
        ("a pipe", fresh(&fifo), "source_special_file"),
        ("an LFS pointer", fresh(&pointer), "git_lfs_pointer"),
        ("half an archive", cut, "source_corrupt"),
        ("no archive", b"hello".to_vec(), "source_corrupt"),
        ("nothing", Vec::new(), "source_corrupt"),
    ] {
        let request =
            visit::client().post(format!("{}/v1/uploads", world.api_url())).bearer_auth(&world.token);
        let response = request.header("content-type", "application/gzip").body(body).send().await.unwrap();
        let status = response.status().as_u16();
        let answer: Value = response.json().await.unwrap();
        let refused = (status, answer["error"]["code"].as_str());
        assert_eq!(refused, (422, Some(expected)), "{what}: {answer}");
    }
    let kept = std::fs::read_dir(world.folder().join("coordinator/sources")).unwrap().count();
    assert_eq!(kept, 0, "nothing was kept of what was refused");
    world.stop().await;
}
