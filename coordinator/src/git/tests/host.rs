//! A Git host on this machine: real repositories, and `git http-backend` behind a socket of ours.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::super::GitPolicy;

/// A policy for tests: this machine is allowed, and `git` is found where we find it.
pub(super) fn policy() -> GitPolicy {
    let path = std::env::vars_os().find(|(key, _)| key == "PATH").unwrap().1.into_string().unwrap();
    GitPolicy::new(true, [("PATH".to_owned(), path)])
}

/// A repository with a working folder.
pub(super) struct Repository {
    pub(super) folder: TempDir,
}

impl Repository {
    /// No commit yet; the default branch will be `main`.
    pub(super) fn empty() -> Self {
        let repository = Self { folder: tempfile::tempdir().unwrap() };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// One commit of these files.
    pub(super) fn with(files: &[(&str, &[u8])]) -> Self {
        let repository = Self::empty();
        repository.commit(files, "first: say hello");
        repository
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn url(&self) -> String {
        format!("file://{}", self.path().display())
    }

    pub(super) fn commit(&self, files: &[(&str, &[u8])], message: &str) -> String {
        for (path, content) in files {
            let path = self.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs `git` here, with nothing of this machine's settings.
    pub(super) fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.path())
            .envs([
                ("GIT_CONFIG_NOSYSTEM", "1"),
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
                ("HOME", "/nonexistent"),
            ])
            .args(["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "core.autocrlf=false"])
            .args(["-c", "commit.gpgSign=false", "-c", "protocol.file.allow=always"])
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// How the host answers.
#[derive(Clone)]
pub(super) enum Manner {
    /// Serves the repositories in a folder, to who sends this `Authorization` header (or to all).
    Serve { root: PathBuf, authorization: Option<String> },
    /// Always this status line and header.
    Always(&'static str),
    /// `/app` leads to `/app.git`, as some hosts do.
    RedirectToSuffix { root: PathBuf },
    /// Takes connections and says nothing.
    Silent,
}

/// Listens on a free port until dropped.
pub(super) struct Host {
    pub(super) base: String,
    _tasks: JoinSet<()>,
}

impl Host {
    pub(super) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut visitors = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                visitors.spawn(answer(stream, manner.clone()));
            }
        });
        Self { base, _tasks: tasks }
    }
}

struct Request {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

async fn answer(stream: TcpStream, manner: Manner) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await {
        let reply = match &manner {
            Manner::Always(head) => format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n").into_bytes(),
            Manner::Silent => std::future::pending().await,
            Manner::Serve { authorization: Some(wanted), .. } if request.headers.get("authorization") != Some(wanted) => {
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n".to_vec()
            }
            Manner::RedirectToSuffix { .. } if !request.line.contains(".git/") => {
                b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n".to_vec()
            }
            Manner::Serve { root, .. } | Manner::RedirectToSuffix { root } => backend(root.clone(), request).await,
        };
        if stream.write_all(&reply).await.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|count| *count > 0)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok()?;
        let Some((key, value)) = header.trim_end().split_once(": ") else { break };
        headers.insert(key.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { line, headers, body })
}

/// Runs `git http-backend` for one request.
async fn backend(root: PathBuf, request: Request) -> Vec<u8> {
    let mut words = request.line.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
    let mut child = tokio::process::Command::new("git")
        .arg("http-backend")
        .envs([
            ("GIT_HTTP_EXPORT_ALL", "1"),
            ("REQUEST_METHOD", method),
            ("PATH_INFO", path),
            ("QUERY_STRING", query),
        ])
        .env("GIT_PROJECT_ROOT", root)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&request.body).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap().stdout;
    let split = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&output[..split]).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    let mut reply =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{head}", output.len() - split).into_bytes();
    reply.extend_from_slice(&output[split..]);
    reply
}
