//! Real sockets, at which an engine or a coordinator is played: one that answers, hangs, garbles, dies in the middle.

use super::*;
use crate::logic::doctor::{CoordinatorLook, FolderFault, Installed, Reached};
use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixListener,
    path::Path,
    thread,
};

const VERSION: &str =
    r#"{"Version":"24.0.7","ApiVersion":"1.43","Components":[{"Name":"Engine","Version":"24.0.7"}]}"#;
const INFO: &str = r#"{"OSType":"linux","Architecture":"x86_64","NCPU":2,"MemTotal":1073741824,"MemoryLimit":true,
  "SwapLimit":false,"CpuCfsQuota":true,"PidsLimit":false,"CgroupVersion":"2","Driver":"vfs","DockerRootDir":"/data",
  "HttpsProxy":"http://proxy:3128","OperatingSystem":"Docker Desktop","SecurityOptions":["name=seccomp","name=rootless"]}"#;

fn system(root: &Path) -> System {
    System { root: root.to_owned(), uid: 1000, gids: [1000].into() }
}

/// Plays an engine: what it says to each path; `None` closes in the middle of an answer.
fn play(socket: &Path, says: impl Fn(&str) -> Option<String> + Send + Sync + 'static) {
    let listener = UnixListener::bind(socket).unwrap();
    let says = std::sync::Arc::new(says);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, says) = (stream.unwrap(), says.clone());
            thread::spawn(move || {
                let mut head = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut head) {
                    let text = String::from_utf8_lossy(&head[..count]).into_owned();
                    let path = text.split_whitespace().nth(1).unwrap_or("").to_owned();
                    match says(path.rsplit('/').next().unwrap_or("")) {
                        Some(answer) => stream.write_all(answer.as_bytes()).unwrap_or(()),
                        None => {
                            let _ =
                                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"half");
                            return;
                        }
                    }
                }
            });
        }
    });
}

fn json(body: &str) -> Option<String> {
    Some(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nApi-Version: 1.43\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

fn engine_says(path: &str) -> Option<String> {
    match path {
        "_ping" => json("OK"),
        "version" => json(VERSION),
        "info" => json(INFO),
        "session" => Some("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned()),
        _ => json("{}"),
    }
}

async fn look(socket: &Path) -> EngineLook {
    let root = socket.parent().unwrap();
    engine::look(Some(&format!("unix://{}", socket.display())), None, &system(root)).await
}

#[tokio::test]
async fn what_an_engine_says_of_itself_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    play(&socket, engine_says);
    let EngineLook::Answers(info) = look(&socket).await else { panic!("it answers") };
    assert_eq!((info.version.as_str(), info.storage.as_str(), info.cpus), ("24.0.7", "vfs", 2));
    assert!(info.vm && info.rootless && !info.limits.pids && !info.limits.swap && info.limits.memory);
    assert_eq!(
        (info.proxy.as_deref(), info.builds, info.cgroups),
        (Some("http://proxy:3128"), false, Some(2))
    );
}

#[tokio::test]
async fn an_engine_that_breaks_off_or_speaks_otherwise_is_garbled() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    play(&at("dies"), |path| if path == "info" { None } else { engine_says(path) });
    play(&at("mail"), |_| Some("220 mail.example ESMTP\r\n".to_owned()));
    play(&at("page"), |path| if path == "_ping" { engine_says(path) } else { json("<html>hello</html>") });
    play(&at("fails"), |_| Some("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n".to_owned()));
    for name in ["dies", "mail", "page", "fails"] {
        let seen = look(&at(name)).await;
        assert!(matches!(seen, EngineLook::Garbled { .. }), "{name}: {seen:?}");
    }
}

#[tokio::test]
async fn an_engine_that_hangs_is_silent_within_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    let _listener = UnixListener::bind(&socket).unwrap();
    let seen = tokio::time::timeout(Duration::from_secs(20), look(&socket)).await.unwrap();
    assert!(matches!(seen, EngineLook::Silent { .. }), "{seen:?}");
}

#[tokio::test]
async fn no_socket_a_dead_one_and_an_address_of_another_kind_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    assert_eq!(look(&socket).await, EngineLook::NoSocket);
    drop(UnixListener::bind(&socket).unwrap());
    assert!(matches!(look(&socket).await, EngineLook::Refused { .. }));
    let odd = engine::look(Some("ssh://me@host"), None, &system(folder.path())).await;
    assert_eq!(odd, EngineLook::BadAddress { address: "ssh://me@host".into() });
}

#[test]
fn installed_engines_and_groups_are_found_where_systems_keep_them() {
    let root = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let gid = fs::metadata(root.path()).map(|meta| std::os::unix::fs::MetadataExt::gid(&meta)).unwrap();
    put("etc/passwd", "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n");
    put("etc/group", &format!("engine:x:{gid}:bob,ann\n"));
    put("home/ann/.config/systemd/user/docker.service", "");
    put("usr/bin/podman", "");
    let facts = system(root.path()).look();
    assert_eq!(facts.user, "ann");
    assert_eq!(facts.installed, [Installed::DockerRootless, Installed::Podman].into());
    assert!(!facts.systemd && !facts.pkexec && !facts.root);
    let socket = root.path().join("usr/bin/podman");
    assert_eq!(system(root.path()).group_of(&socket), (Some("engine".into()), true));
    let member = System { gids: [gid].into(), ..system(root.path()) };
    assert_eq!(member.group_of(&socket), (Some("engine".into()), false));
}

/// Plays whatever answers where a coordinator should; returns its address.
fn answer(with: &str) -> Coordinator {
    let with = with.to_owned();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(with.as_bytes());
        }
    });
    address.parse().unwrap()
}

async fn reached(coordinator: &Coordinator) -> Reached {
    match network::look(Some(coordinator), Duration::from_secs(2)).await {
        CoordinatorLook::Tried { reached, .. } => reached,
        CoordinatorLook::None => panic!("one was given"),
    }
}

#[tokio::test]
async fn a_sign_in_page_is_told_from_a_coordinator_and_its_clock_is_read() {
    let page = answer("HTTP/1.1 302 Found\r\nLocation: http://portal/login\r\nContent-Length: 0\r\n\r\n");
    let stranger = Reached::Stranger { status: 302, location: Some("http://portal/login".into()) };
    assert_eq!(reached(&page).await, stranger);
    let mail = answer("220 mail.example ESMTP\r\n");
    assert_eq!(reached(&mail).await, Reached::Stranger { status: 0, location: None });
    let health = r#"{"ok":true,"version":"0.1.0","providers_online":0,"problems":[],"apps_url":""}"#;
    let right = answer(&format!(
        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: {}\r\n\r\n{health}",
        health.len()
    ));
    let seen = reached(&right).await;
    assert!(
        matches!(&seen, Reached::Answered { date: Some(date), .. } if date.0 == 784_111_777_000),
        "{seen:?}"
    );
}

#[tokio::test]
async fn each_step_that_fails_on_the_way_has_its_name() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    let silent: Coordinator = format!("http://{address}").parse().unwrap();
    assert_eq!(reached(&silent).await, Reached::Silent);
    drop(free);
    assert_eq!(reached(&silent).await, Reached::Refused);
    let nowhere: Coordinator = "https://no-such-host.invalid".parse().unwrap();
    assert_eq!(reached(&nowhere).await, Reached::Unresolved);
    let plain = answer("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let tls: Coordinator = format!("https://127.0.0.1:{}", plain.port()).parse().unwrap();
    assert_eq!(reached(&tls).await, Reached::NoTls);
    assert_eq!(network::look(None, Duration::from_secs(1)).await, CoordinatorLook::None);
}

#[test]
fn a_folder_is_tried_by_writing_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let seen = folder::look(folder.path());
    assert!(seen.written.is_ok() && seen.room.is_some());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(folder::look(&folder.path().join("gone")).written, Err(FolderFault::Missing));
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(folder::look(&folder.path().join("file")).written.is_err());
}

#[test]
fn another_daemon_of_the_folder_is_found_with_its_process() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(folder::other_daemon(folder.path()), None);
    let lock = crate::commands::DataLock::take(folder.path()).unwrap();
    assert_eq!(folder::other_daemon(folder.path()), Some(Some(std::process::id())));
    drop(lock);
    assert_eq!(folder::other_daemon(folder.path()), None);
}
