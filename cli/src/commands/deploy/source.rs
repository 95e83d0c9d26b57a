//! Where a deploy comes from: telling a Git address from a folder, and getting a folder to the coordinator.

use crate::{
    api::Api,
    commands::blocking,
    error::{CliError, CliResult},
    human, local,
    output::plain,
    rollout::{Screen, detected},
};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use ttalkak_protocol::{
    Secret,
    api::{deployment::SourceRequest, env::EnvEntry},
    error::ErrorCode,
    name,
    unit::Bytes,
};
use ttalkak_source::skip::SkipReason;
use url::Url;

/// How often a count that is shown is brought up to date.
const REDRAW: Duration = Duration::from_millis(200);
/// Left-out paths that are told by name.
const SHOWN_SKIPS: usize = 5;

/// Where the files are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A repository that the coordinator fetches.
    Git {
        /// As given.
        url: String,
        /// Branch or tag.
        branch: Option<String>,
        /// Folder within it.
        root_dir: Option<String>,
    },
    /// A folder of this machine.
    Folder(PathBuf),
}

impl Origin {
    /// Reads the source argument. Errors: neither an address nor a folder, or options that do not fit.
    pub(super) fn parse(source: &str, branch: Option<&str>, root_dir: Option<&str>) -> CliResult<Self> {
        let wrong = |message: String, next: &str| CliError::usage(ErrorCode::SourceInvalid, message, next);
        if source.contains("://") {
            let url = Url::parse(source).map_err(|cause| {
                wrong(
                    format!("{} is not an address: {cause}.", plain(source)),
                    "Give one such as https://github.com/you/app.",
                )
            })?;
            if matches!(url.scheme(), "http" | "https")
                && (!url.username().is_empty() || url.password().is_some())
            {
                let message = "The address holds a user name or password.";
                let next = ErrorCode::GitCredentialsInUrl.next_move();
                return Err(CliError::usage(ErrorCode::GitCredentialsInUrl, message, next));
            }
            let owned = |text: Option<&str>| text.map(str::to_owned);
            return Ok(Self::Git {
                url: source.to_owned(),
                branch: owned(branch),
                root_dir: owned(root_dir),
            });
        }
        let path = Path::new(source);
        if !path.exists()
            && let Some(address) = likely_address(source)
        {
            return Err(wrong(
                format!("There is no folder {}.", plain(source)),
                &format!("For the repository, give {address}."),
            ));
        }
        if branch.is_some() {
            return Err(wrong(
                "--branch is for repositories; a folder is deployed as it is.".into(),
                "Leave --branch out.",
            ));
        }
        local::app_folder(path, root_dir).map(Self::Folder)
    }

    /// The name that the repository or folder suggests. Errors: none can be made of it.
    pub(super) fn name(&self) -> CliResult<String> {
        let (text, suggested) = match self {
            Self::Git { url, .. } => (url.clone(), name::suggest(url)),
            Self::Folder(path) => {
                let last =
                    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let suggested = name::suggest(&last);
                (last, suggested)
            }
        };
        suggested.ok_or_else(|| {
            let message = format!("No name can be made of {}.", plain(&text));
            CliError::usage(ErrorCode::NameInvalid, message, "Give one with --name.")
        })
    }

    /// What to tell the coordinator; a folder is planned, packed and sent first.
    /// Errors: nothing to build (before anything is sent), what a source may not hold, or the upload failed.
    pub(super) async fn request(
        self,
        api: &Api,
        screen: &mut Screen,
        env: &[EnvEntry],
        token: Option<Secret<String>>,
    ) -> CliResult<SourceRequest> {
        match self {
            Self::Git { url, branch, root_dir } => Ok(SourceRequest::Git { url, branch, root_dir, token }),
            Self::Folder(folder) => {
                plan(&folder, screen, env).await?;
                send(api, folder, screen).await
            }
        }
    }
}

/// An address that was probably meant: `you@host:path` or `host.tld/you/app`.
fn likely_address(source: &str) -> Option<String> {
    if let Some((_, rest)) = source.split_once('@')
        && let Some((host, path)) = rest.split_once(':')
    {
        return Some(format!("https://{}/{}", plain(host), plain(path)));
    }
    let (host, path) = source.split_once('/')?;
    let is_host = host.contains('.')
        && !host.starts_with('.')
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    (is_host && !path.is_empty()).then(|| format!("https://{host}/{}", plain(path)))
}

async fn plan(folder: &Path, screen: &mut Screen, env: &[EnvEntry]) -> CliResult<()> {
    screen.now("Looking at the folder", "");
    let (folder, options) = (folder.to_owned(), local::plan_options(env));
    let plan = blocking(move || local::plan(&folder, &options)).await?;
    let line = serde_json::to_value(&plan).ok().as_ref().and_then(detected);
    screen.done(&line.unwrap_or_else(|| "Planned".to_owned()));
    for warning in &plan.warnings {
        screen.print(&format!("  {}", plain(warning)));
    }
    Ok(())
}

async fn send(api: &Api, folder: PathBuf, screen: &mut Screen) -> CliResult<SourceRequest> {
    let count = Arc::new(AtomicU64::new(0));
    let written = count.clone();
    let packing = blocking(move || local::pack(&folder, &written));
    let archive = counting(screen, "Packing", &count, None, packing).await?;
    tell_skipped(screen, &archive.skipped);
    let size = human::size(Bytes(archive.packed.bytes));
    screen.done(&format!("Packed {} · {size}", human::count(archive.packed.entries, "file")));
    let sent = Arc::new(AtomicU64::new(0));
    let uploading = api.upload(&archive.file, archive.packed.bytes, &sent);
    let upload = counting(screen, "Sending", &sent, Some(archive.packed.bytes), uploading).await?;
    screen.done(&format!("Sent {size}"));
    if upload.digest != archive.packed.digest {
        return Err(CliError::Source(ttalkak_source::SourceError::Digest {
            expected: archive.packed.digest,
            found: upload.digest,
        }));
    }
    Ok(SourceRequest::Upload { upload: upload.id })
}

/// Waits for `work` and shows meanwhile how many bytes it has moved.
async fn counting<T>(
    screen: &mut Screen,
    what: &str,
    count: &AtomicU64,
    total: Option<u64>,
    work: impl Future<Output = CliResult<T>>,
) -> CliResult<T> {
    let mut work = std::pin::pin!(work);
    let mut redraw = tokio::time::interval(REDRAW);
    loop {
        tokio::select! {
            ended = &mut work => return ended,
            _ = redraw.tick() => {
                let done = human::size(Bytes(count.load(Ordering::Relaxed)));
                let detail = total.map_or(done.clone(), |total| format!("{done} of {}", human::size(Bytes(total))));
                screen.now(what, &detail);
            }
        }
    }
}

/// `.env` files matter: who relied on one must set its variables. The rest is as expected and stays unsaid.
fn tell_skipped(screen: &Screen, skipped: &[ttalkak_source::Skipped]) {
    let env: Vec<_> = skipped.iter().filter(|skip| skip.reason == SkipReason::EnvFile).collect();
    if env.is_empty() {
        return;
    }
    let names: Vec<_> = env.iter().take(SHOWN_SKIPS).map(|skip| plain(&skip.path)).collect();
    let more = env.len().saturating_sub(SHOWN_SKIPS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    screen.print(&format!("  Left out {}{more}: set such variables with --env-file", names.join(", ")));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> CliResult<Origin> {
        Origin::parse(source, None, None)
    }

    #[test]
    fn addresses_and_folders_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap();
        assert_eq!(parse(path.to_str().unwrap()).unwrap(), Origin::Folder(path));
        assert!(matches!(parse("https://example.com/me/app").unwrap(), Origin::Git { .. }));
        assert!(matches!(parse("file:///srv/app").unwrap(), Origin::Git { .. }));
    }

    #[test]
    fn what_is_neither_is_refused_with_what_was_probably_meant() {
        for (source, next) in [
            ("git@github.com:me/app.git", "For the repository, give https://github.com/me/app.git."),
            ("github.com/me/app", "For the repository, give https://github.com/me/app."),
            ("ext::sh -c id", "Give a Git URL or a folder that exists."),
            ("./nowhere/at/all", "Give a Git URL or a folder that exists."),
        ] {
            let error = parse(source).unwrap_err();
            assert_eq!((error.code(), error.next_move().as_str()), ("source_invalid", next), "{source}");
        }
    }

    #[test]
    fn a_password_in_an_address_never_leaves_this_machine() {
        let error = parse("https://me:hunter2@example.com/me/app").unwrap_err();
        assert_eq!(error.code(), "git_credentials_in_url");
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn a_branch_of_a_folder_is_a_mistake() {
        assert!(Origin::parse(".", Some("main"), None).is_err());
    }

    #[test]
    fn a_name_is_taken_from_the_repository() {
        assert_eq!(parse("https://example.com/me/My_Shop.git").unwrap().name().unwrap(), "my-shop");
        assert_eq!(parse("https://example.com/me/api").unwrap().name().unwrap_err().code(), "name_invalid");
    }
}
