//! What can be checked about a wish without the tables. Pure. The address of a
//! repository is judged by the room that fetches it, and its host again when it is fetched.

use crate::{
    git::{GitPolicy, GitRef, GitUrl},
    logic::{request::Refusal, term_end},
    store::deployment::{NewDeployment, NewSource},
};
use std::collections::BTreeSet;
use ttalkak_protocol::{
    ErrorCode,
    api::{
        deployment::{
            CPU_BOUNDS, CPU_DEFAULT, CreateDeployment, Exposure, MEMORY_BOUNDS, MEMORY_DEFAULT, SourceRequest,
        },
        env::EnvEntry,
    },
    codec::{ENV_BYTES_MAX, ENV_KEY_BYTES_MAX, ENV_KEYS_MAX},
    error::Problem,
    name::{self, NameError},
    unit::{Bytes, ContainerPort, MilliCpu, UnixMillis},
};

const HEALTH_PATH_CHARS_MAX: usize = 200;
const ROOT_DIR_CHARS_MAX: usize = 512;
const TOKEN_CHARS_MAX: usize = 4_096;
const LABEL_CHARS_MAX: usize = 64;
const DOCKERFILE_BYTES_MAX: usize = 64 * 1024;

type Checked<T> = Result<T, Problem>;

/// Checks a whole wish. `local_git`: development addresses are allowed.
pub(super) fn deployment(wish: CreateDeployment, local_git: bool, now: UnixMillis) -> Checked<NewDeployment> {
    hostname(&wish.name)?;
    environment(&wish.env)?;
    until(wish.until, now)?;
    if wish.part.is_some() && wish.exposure == Exposure::Tcp {
        return Err(part_needs_http());
    }
    Ok(NewDeployment {
        source: source(wish.source, local_git)?,
        port: port(wish.port)?,
        memory: memory(wish.memory_bytes)?,
        cpu: cpu(wish.milli_cpu)?,
        health_path: health_path(wish.health_path)?,
        name: wish.name,
        project: wish.project,
        env: wish.env,
        exposure: wish.exposure,
        until: wish.until,
        dockerfile: dockerfile(wish.dockerfile)?,
        part: wish.part,
        link: None,
    })
}

/// An end date that a deployment can have.
pub(super) fn until(asked: Option<UnixMillis>, now: UnixMillis) -> Checked<()> {
    if asked.is_none_or(|until| term_end::is_possible(until, now)) {
        return Ok(());
    }
    Err(Problem::new(ErrorCode::TermInvalid, "The end date is too near or too far."))
}

/// A name that becomes the first label of an address.
pub(super) fn hostname(text: &str) -> Checked<()> {
    name::check(text).map_err(|error| {
        let code = match error {
            NameError::Reserved(_) | NameError::LooksLike(_) => ErrorCode::NameReserved,
            NameError::Empty | NameError::TooLong(_) | NameError::Shape => ErrorCode::NameInvalid,
        };
        Problem::new(code, sentence(&error.to_string()))
    })
}

/// What people call a token or machine.
pub(super) fn label(text: &str) -> Checked<()> {
    let count = text.chars().count();
    let plain = !text.chars().any(deceives) && !text.trim().is_empty();
    if plain && count <= LABEL_CHARS_MAX {
        return Ok(());
    }
    Err(Problem::new(ErrorCode::NameInvalid, "The name must have 1 to 64 printable characters.")
        .with_next("Give a shorter, plain name."))
}

/// What people and teams are called, without the blanks around it.
pub(super) fn person_name(text: &str) -> Checked<&str> {
    let text = text.trim();
    label(text).map(|()| text)
}

/// Characters that are not seen, or that turn around what stands after them.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' |
            '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A Dockerfile's text; an empty one is none. What stands in it is the planner's to judge.
pub(super) fn dockerfile(asked: Option<String>) -> Checked<Option<String>> {
    let text = asked.filter(|text| !text.trim().is_empty());
    if text.as_ref().is_some_and(|text| text.len() > DOCKERFILE_BYTES_MAX || text.contains('\0')) {
        let message = "The Dockerfile must be text of at most 64 KiB.";
        return Err(Problem::new(ErrorCode::DockerfileRefused, message)
            .with_next("Keep data and scripts in the repository, and copy them from there."));
    }
    Ok(text)
}

fn part_needs_http() -> Problem {
    let refusal = Refusal::PartNeedsHttp;
    let problem = Problem::new(refusal.code(), refusal.to_string());
    match refusal.next_move() {
        Some(next) => problem.with_next(next),
        None => problem,
    }
}

fn port(asked: Option<i64>) -> Checked<Option<ContainerPort>> {
    asked
        .map(ContainerPort::try_from)
        .transpose()
        .map_err(|error| Problem::new(ErrorCode::PortOutOfRange, sentence(&error.to_string())))
}

pub(super) fn memory(asked: Option<u64>) -> Checked<Bytes> {
    let (least, most) = MEMORY_BOUNDS;
    let bytes = asked.map_or(MEMORY_DEFAULT, Bytes);
    if (least..=most).contains(&bytes) {
        return Ok(bytes);
    }
    let text = format!("Memory must be {} to {} bytes.", least.0, most.0);
    Err(Problem::new(ErrorCode::LimitsInvalid, text))
}

pub(super) fn cpu(asked: Option<u32>) -> Checked<MilliCpu> {
    let (least, most) = CPU_BOUNDS;
    let share = asked.map_or(CPU_DEFAULT, MilliCpu);
    if (least..=most).contains(&share) {
        return Ok(share);
    }
    let text = format!("The processor share must be {} to {} thousandths.", least.0, most.0);
    Err(Problem::new(ErrorCode::LimitsInvalid, text))
}

fn health_path(asked: Option<String>) -> Checked<Option<String>> {
    let Some(path) = asked else { return Ok(None) };
    let good = path.starts_with('/')
        && path.chars().count() <= HEALTH_PATH_CHARS_MAX
        && path.chars().all(|c| c.is_ascii_graphic());
    if good {
        return Ok(Some(path));
    }
    Err(Problem::new(
        ErrorCode::InvalidBody,
        "health_path must start with / and have at most 200 plain characters.",
    )
    .with_next("Give a path such as /healthz."))
}

/// Keys, values and bounds of variables to set.
pub(super) fn environment(entries: &[EnvEntry]) -> Checked<()> {
    let bytes: usize = entries.iter().map(|entry| entry.key.len() + entry.value.reveal().len()).sum();
    if bytes > ENV_BYTES_MAX || entries.len() > ENV_KEYS_MAX {
        let text = format!("The environment has {} keys and {bytes} bytes.", entries.len());
        return Err(Problem::new(ErrorCode::EnvTooLarge, text));
    }
    let mut seen = BTreeSet::new();
    for EnvEntry { key, value, .. } in entries {
        env_key(key)?;
        if value.reveal().contains('\0') {
            return Err(Problem::new(ErrorCode::EnvValueInvalid, format!("The value of {key} holds a NUL.")));
        }
        if !seen.insert(key) {
            return Err(Problem::new(ErrorCode::EnvKeyInvalid, format!("The key {key} stands twice."))
                .with_next("Give each key once."));
        }
    }
    Ok(())
}

fn env_key(key: &str) -> Checked<()> {
    let start = |c: char| c.is_ascii_alphabetic() || c == '_';
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let good = key.len() <= ENV_KEY_BYTES_MAX && key.starts_with(start) && key.chars().all(rest);
    if good {
        return Ok(());
    }
    let shown: String = key.escape_debug().take(40).collect();
    Err(Problem::new(ErrorCode::EnvKeyInvalid, format!("\"{shown}\" cannot be the key of a variable.")))
}

/// A source, as far as it can be told without fetching it.
pub(super) fn source(wish: SourceRequest, local_git: bool) -> Checked<NewSource> {
    match wish {
        SourceRequest::Upload { upload } => Ok(NewSource::Upload(upload)),
        SourceRequest::Git { url, branch, root_dir, token } => {
            let url = git_url(&url, local_git)?;
            let branch = branch.as_deref().map(git_ref).transpose()?;
            if token.as_ref().is_some_and(|token| !good_token(token.reveal())) {
                return Err(Problem::new(
                    ErrorCode::SourceInvalid,
                    "The read token holds characters that no token has.",
                ));
            }
            let root_dir = root_dir.map(|dir| folder(&dir)).transpose()?.flatten();
            Ok(NewSource::Git { url, branch, root_dir, token })
        }
    }
}

/// The address as it will be fetched.
fn git_url(text: &str, local_git: bool) -> Checked<String> {
    let policy = GitPolicy::new(local_git, []);
    GitUrl::parse(text, &policy).map(|url| url.as_str().to_owned()).map_err(|error| error.problem())
}

fn git_ref(text: &str) -> Checked<String> {
    GitRef::parse(text).map(|name| name.as_str().to_owned()).map_err(|error| error.problem())
}

fn good_token(token: &str) -> bool {
    !token.is_empty() && token.len() <= TOKEN_CHARS_MAX && token.chars().all(|c| c.is_ascii_graphic())
}

/// A folder within the repository; `None` for the repository itself.
fn folder(text: &str) -> Checked<Option<String>> {
    let trimmed = text.trim_matches('/').trim_start_matches("./");
    let good_part = |part: &str| !part.is_empty() && part != "." && part != ".." && part != ".git";
    let plain = !text.starts_with('/') && text.len() <= ROOT_DIR_CHARS_MAX && !text.contains('\\');
    if trimmed.is_empty() || trimmed == "." {
        return Ok(None);
    }
    if plain && !text.chars().any(char::is_control) && trimmed.split('/').all(good_part) {
        return Ok(Some(trimmed.to_owned()));
    }
    Err(Problem::new(ErrorCode::SourceInvalid, "root_dir must be a folder within the repository.")
        .with_next("Give a relative path without `..`, such as apps/web."))
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

#[cfg(test)]
mod tests;
