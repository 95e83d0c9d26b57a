//! From an address to an archive: ask which commit is meant, fetch that one alone, pack it, put it in its place.

use std::{
    io,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Instant,
};

use tempfile::TempDir;

use super::{
    FetchRequest, GitError, GitUrl, Wanted,
    command::{self, Ended, Stopped, Watch},
    error::read_complaint,
    pack::{PackJob, pack},
    remote::Remote,
    url::is_public,
};

/// Work folders begin with this, so that those of a killed coordinator are found again.
const WORK_PREFIX: &str = "fetch-";
/// A subject is a line on a screen.
const LONGEST_SUBJECT: usize = 200;

/// The commit that was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// 40 hex digits.
    pub commit: String,
    /// The branch or tag it was found by, where one is known.
    pub branch: Option<String>,
}

/// An archive in its place, `{digest}.tar.gz` in the sources folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedSource {
    /// First line of the commit's message.
    pub subject: String,
    /// SHA-256 of the archive, in hex.
    pub digest: String,
    /// Size of the archive in bytes.
    pub bytes: u64,
}

/// Asks the repository which commit is meant. A commit that was named is not asked for.
/// Errors: all that an address, a host or a name can be wrong in.
pub async fn resolve(request: &FetchRequest) -> Result<Found, GitError> {
    if let Wanted::Commit(commit, branch) = &request.wanted {
        return Ok(Found { commit: commit.clone(), branch: branch.as_ref().map(ToString::to_string) });
    }
    let deadline = request.policy.fetch.resolve_deadline;
    let ended = with_redirect(request, |url| async move {
        let git = remote_git(request, &url).await?;
        let args = ["ls-remote", "--symref", "--", url.as_str()];
        finish(request, command::run(git, &args, deadline, None).await, deadline.as_secs())
    })
    .await?;
    Remote::read(&ended.said).find(request)
}

/// Fetches `found` and packs it, or the folder `root_dir` of it, into `sources`.
/// Errors: as `resolve`, and every rule of a source. Nothing is left in `sources` but a whole archive.
pub async fn fetch_and_pack(
    request: &FetchRequest,
    found: &Found,
    root_dir: Option<&str>,
    sources: &Path,
) -> Result<PackedSource, GitError> {
    let work = tempfile::Builder::new()
        .prefix(WORK_PREFIX)
        .tempdir_in(sources)
        .map_err(GitError::local("make a work folder"))?;
    fetch(request, found, &work).await?;
    let subject = subject(request, found, &work).await?;
    let job = PackJob {
        policy: request.policy.clone(),
        repository: repository(&work),
        commit: found.commit.clone(),
        root_dir: root_dir.map(str::to_owned),
        archive: work.path().join("archive"),
        until: clock() + request.policy.fetch.fetch_deadline,
        url: request.url.to_string(),
    };
    let sources = sources.to_owned();
    // The work folder moves along: if we are dropped, it stays until the packing has seen its end.
    let packed = tokio::task::spawn_blocking(move || {
        let packed = pack(&job)?;
        let place = sources.join(format!("{}.tar.gz", packed.digest));
        std::fs::rename(&job.archive, place).map_err(GitError::local("put the archive in its place"))?;
        drop(work);
        Ok::<_, GitError>(packed)
    })
    .await
    .map_err(|cause| GitError::Local { doing: "pack the commit", cause: io::Error::other(cause) })??;
    Ok(PackedSource { subject, digest: packed.digest, bytes: packed.bytes })
}

/// Removes the work folders that a killed coordinator left in `sources`. To be called before the first fetch.
pub fn sweep(sources: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(sources)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name().to_string_lossy().starts_with(WORK_PREFIX) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

async fn fetch(request: &FetchRequest, found: &Found, work: &TempDir) -> Result<(), GitError> {
    let repository = repository(work);
    let limits = &request.policy.fetch;
    let init = ["init", "--quiet", "--bare", "--template=", &path_text(&repository)?].map(str::to_owned);
    let ended = command::run(command::git(&request.policy), &init, limits.resolve_deadline, None).await;
    if !finish_local(ended)?.status.success() {
        return Err(GitError::Unexpected { doing: "make an empty repository" });
    }
    let repository = &repository;
    with_redirect(request, |url| async move {
        let mut git = remote_git(request, &url).await?;
        git.arg("--git-dir").arg(repository);
        let args = [
            "fetch",
            "--quiet",
            "--depth=1",
            "--no-tags",
            "--no-write-fetch-head",
            "--",
            url.as_str(),
            &found.commit,
        ];
        let watch =
            Watch { folder: repository, every: limits.watch_every, max_bytes: limits.max_repository_bytes };
        let ran = command::run(git, &args, limits.fetch_deadline, Some(watch)).await;
        finish(request, ran, limits.fetch_deadline.as_secs()).map_err(|error| commit_gone(error, found))
    })
    .await?;
    // The last look may have been half a second before the end.
    if command::folder_bytes(repository) > limits.max_repository_bytes {
        return Err(too_large(request));
    }
    Ok(())
}

async fn subject(request: &FetchRequest, found: &Found, work: &TempDir) -> Result<String, GitError> {
    let mut git = command::git(&request.policy);
    git.arg("--git-dir").arg(repository(work));
    let args = ["log", "-1", "--no-show-signature", "--format=%s", &found.commit, "--"];
    let ended = finish_local(command::run(git, &args, request.policy.fetch.resolve_deadline, None).await)?;
    if !ended.status.success() {
        // It is there but it is no commit: a tag of a file, say.
        return Err(GitError::CommitUnknown { commit: found.commit.clone() });
    }
    Ok(ended.said.trim().chars().filter(|c| !c.is_control()).take(LONGEST_SUBJECT).collect())
}

/// A `git` for the network: with the token, and with the host pinned to the addresses that were judged. Without the
/// pin, a name could mean a public address when we look and a private one when `git` does.
async fn remote_git(request: &FetchRequest, url: &GitUrl) -> Result<std::process::Command, GitError> {
    let mut git = command::git(&request.policy);
    if let Some(token) = &request.token {
        command::give_token(&mut git, token);
    }
    let Some((host, port)) = url.host() else { return Ok(git) };
    if request.policy.allow_local
        || request.policy.has_proxy()
        || host.parse::<IpAddr>().is_ok()
        || host.starts_with('[')
    {
        return Ok(git);
    }
    let unknown = |reason| GitError::Unreachable { url: url.to_string(), reason };
    let looked_up =
        tokio::time::timeout(request.policy.fetch.resolve_deadline, tokio::net::lookup_host((host, port)));
    let addresses: Vec<IpAddr> = match looked_up.await {
        Ok(Ok(addresses)) => addresses.map(|address| address.ip()).collect(),
        Ok(Err(_)) | Err(_) => return Err(unknown("is not known")),
    };
    if addresses.is_empty() {
        return Err(unknown("is not known"));
    }
    if !addresses.iter().all(|address| is_public(*address)) {
        return Err(GitError::UrlRefused("names a host of a private network"));
    }
    let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    git.arg("-c").arg(format!("http.curloptResolve={host}:{port}:{}", list.join(",")));
    Ok(git)
}

/// Tries the address and, where the host points elsewhere, its form with `.git` once: that is where some hosts lead.
async fn with_redirect<F: Future<Output = Result<Ended, GitError>> + Send>(
    request: &FetchRequest,
    attempt: impl Fn(GitUrl) -> F,
) -> Result<Ended, GitError> {
    match (attempt(request.url.clone()).await, request.url.with_suffix()) {
        (Err(GitError::Moved { .. }), Some(longer)) => attempt(longer).await,
        (result, _) => result,
    }
}

fn finish(request: &FetchRequest, ran: Result<Ended, Stopped>, seconds: u64) -> Result<Ended, GitError> {
    let url = || request.url.to_string();
    match ran {
        Ok(ended) if ended.status.success() => Ok(ended),
        Ok(ended) => {
            let complaint = &ended.complaint;
            if ["not our ref", "unadvertised object", "couldn't find remote ref"]
                .iter()
                .any(|word| complaint.contains(word))
            {
                return Err(GitError::CommitUnknown { commit: String::new() });
            }
            Err(read_complaint(complaint, request.url.as_str(), request.token.is_some()))
        }
        Err(Stopped::Deadline) => Err(GitError::Timeout { url: url(), seconds }),
        Err(Stopped::TooLarge) => Err(too_large(request)),
        Err(Stopped::Local(error)) => Err(error),
    }
}

fn finish_local(ran: Result<Ended, Stopped>) -> Result<Ended, GitError> {
    match ran {
        Ok(ended) => Ok(ended),
        Err(Stopped::Local(error)) => Err(error),
        Err(Stopped::Deadline | Stopped::TooLarge) => Err(GitError::Unexpected { doing: "end in time" }),
    }
}

fn commit_gone(error: GitError, found: &Found) -> GitError {
    if matches!(error, GitError::CommitUnknown { .. }) {
        GitError::CommitUnknown { commit: found.commit.clone() }
    } else {
        error
    }
}

fn too_large(request: &FetchRequest) -> GitError {
    GitError::TooLarge {
        url: request.url.to_string(),
        limit_bytes: request.policy.fetch.max_repository_bytes,
    }
}

fn repository(work: &TempDir) -> PathBuf {
    work.path().join("repository")
}

fn path_text(path: &Path) -> Result<String, GitError> {
    path.to_str()
        .map(str::to_owned)
        .ok_or(GitError::Unexpected { doing: "take a folder whose name is not UTF-8" })
}

/// The packing runs on a thread of its own, where the runtime's timers do not reach.
fn clock() -> Instant {
    Instant::now()
}
