//! Streams one commit of a bare repository into a source archive. Blocking; runs in `spawn_blocking`.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::Instant,
};

use ttalkak_source::{
    Entry, Limits, Packed, Packer, SourceError, check_path, is_lfs_pointer, lfs::LONGEST_POINTER,
    skip::never_in_context, tally::Tally,
};

use super::{
    GitError, GitPolicy, command,
    tree::{LineKind, TreeLine, read_line},
};

/// What to pack, and where to.
pub(super) struct PackJob {
    pub(super) policy: GitPolicy,
    /// The bare repository.
    pub(super) repository: PathBuf,
    /// 40 hex digits.
    pub(super) commit: String,
    /// Only this folder, which becomes the archive's root.
    pub(super) root_dir: Option<String>,
    /// Where the archive is written.
    pub(super) archive: PathBuf,
    /// When to give up.
    pub(super) until: Instant,
    /// The repository's address, for errors.
    pub(super) url: String,
}

/// One file or link of the commit.
struct Blob {
    object: String,
    path: String,
    size: u64,
    kind: LineKind,
}

/// Packs. Errors: `RootDirMissing`, `Submodule`, `Timeout`, every rule of a source. Sizes are judged before any
/// content is read.
pub(super) fn pack(job: &PackJob) -> Result<Packed, GitError> {
    let limits = &job.policy.source;
    let blobs = list(job, limits)?;
    let writing = "write the source archive";
    let file = File::create(&job.archive).map_err(GitError::local(writing))?;
    let packer = Packer::new(BufWriter::new(file), limits);
    let (packed, out) = stream(job, &blobs, packer)?;
    let file = out.into_inner().map_err(|error| GitError::local(writing)(error.into_error()))?;
    file.sync_all().map_err(GitError::local(writing))?;
    Ok(packed)
}

/// The commit's tree, or that of `root_dir` in it.
fn tree_name(job: &PackJob) -> Result<String, GitError> {
    let Some(given) = &job.root_dir else { return Ok(job.commit.clone()) };
    let plain = given.trim_start_matches("./").trim_matches('/');
    if plain.is_empty() || plain == "." {
        return Ok(job.commit.clone());
    }
    check_path(plain.as_bytes(), &job.policy.source)?;
    let name = format!("{}:{plain}", job.commit);
    let kind = git(job).args(["cat-file", "-t", &name]).output().map_err(GitError::local("start git"))?;
    // A link to a folder is no folder here, as nothing is ever followed.
    if kind.stdout == b"tree\n" {
        Ok(name)
    } else {
        Err(GitError::RootDirMissing { root_dir: plain.to_owned() })
    }
}

fn list(job: &PackJob, limits: &Limits) -> Result<Vec<Blob>, GitError> {
    let doing = "list the files of the commit";
    let tree = tree_name(job)?;
    let mut git = Running::start(git(job).args(["ls-tree", "-r", "-z", "-l", "--full-tree", &tree]))?;
    let mut lines = BufReader::new(git.stdout()?);
    let mut tally = Tally::new(limits);
    let mut blobs = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        // No path may be longer than the limit; what is longer is cut, and then refused by its length.
        let longest = (limits.max_path + 200) as u64;
        let count = (&mut lines).take(longest).read_until(0, &mut line).map_err(GitError::local(doing))?;
        if count == 0 {
            break;
        }
        if line.last() == Some(&0) {
            line.pop();
        }
        blobs.extend(admit(&read_line(&line)?, limits, &mut tally)?);
        in_time(job)?;
    }
    if !git.wait()? {
        return Err(GitError::Unexpected { doing });
    }
    tally.close()?;
    Ok(blobs)
}

/// Judges one line; `None` for what is in no source.
fn admit(line: &TreeLine<'_>, limits: &Limits, tally: &mut Tally) -> Result<Option<Blob>, GitError> {
    let path = check_path(line.path, limits)?;
    if never_in_context(path) {
        return Ok(None);
    }
    let blob =
        Blob { object: line.object.to_owned(), path: path.to_owned(), size: line.size, kind: line.kind };
    match line.kind {
        LineKind::Submodule => return Err(GitError::Submodule { path: path.to_owned() }),
        LineKind::Symlink if line.size > limits.max_path as u64 => {
            let (path, target) = (path.to_owned(), "a very long path".to_owned());
            return Err(SourceError::LinkEscapes { path, target, reason: "is too long" }.into());
        }
        // The target is judged when it is read.
        LineKind::Symlink => tally.admit(&Entry::symlink(path, "."))?,
        LineKind::File { executable } => tally.admit(&Entry::file(path, line.size, executable))?,
    }
    Ok(Some(blob))
}

/// One `git cat-file --batch` gives all contents, in our order. A thread asks while this one reads: with one pipe
/// each way, doing both in turn would wait for itself as soon as a pipe is full.
fn stream<W: Write>(job: &PackJob, blobs: &[Blob], mut packer: Packer<W>) -> Result<(Packed, W), GitError> {
    let doing = "give out the files of the commit";
    let mut git = Running::start(git(job).args(["cat-file", "--batch", "--buffer"]).stdin(Stdio::piped()))?;
    let mut answers = BufReader::with_capacity(64 * 1024, git.stdout()?);
    let mut questions = git.child.stdin.take().ok_or(GitError::Unexpected { doing })?;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for blob in blobs {
                // The reader sees the broken pipe as well, and says why.
                if writeln!(questions, "{}", blob.object).is_err() {
                    break;
                }
            }
        });
        let result = blobs.iter().try_for_each(|blob| {
            in_time(job)?;
            let size = answer_head(&mut answers, &blob.object)?;
            if size != blob.size {
                return Err(GitError::Unexpected { doing });
            }
            let mut content = (&mut answers).take(size);
            add(&mut packer, blob, &mut content, &job.policy.source)?;
            io::copy(&mut content, &mut io::sink()).map_err(GitError::local(doing))?;
            answers.read_exact(&mut [0]).map_err(GitError::local(doing))
        });
        if result.is_err() {
            // Else the asking thread could wait for ever on a pipe that no one empties.
            git.kill();
        }
        result
    })?;
    if !git.wait()? {
        return Err(GitError::Unexpected { doing });
    }
    Ok(packer.finish()?)
}

fn add<W: Write>(
    packer: &mut Packer<W>,
    blob: &Blob,
    content: &mut dyn Read,
    limits: &Limits,
) -> Result<(), GitError> {
    let executable = blob.kind == LineKind::File { executable: true };
    let entry = Entry::file(blob.path.as_str(), blob.size, executable);
    let small = blob.size <= LONGEST_POINTER.max(limits.max_path as u64);
    if !small {
        return Ok(packer.add(&entry, content)?);
    }
    let mut whole = Vec::new();
    content.read_to_end(&mut whole).map_err(GitError::local("read a file of the commit"))?;
    if blob.kind == LineKind::Symlink {
        let target = String::from_utf8(whole).map_err(|bad| SourceError::LinkEscapes {
            path: blob.path.clone(),
            target: String::from_utf8_lossy(bad.as_bytes()).escape_debug().to_string(),
            reason: "is not valid UTF-8",
        })?;
        return Ok(packer.add(&Entry::symlink(blob.path.as_str(), target), &mut io::empty())?);
    }
    if is_lfs_pointer(&whole) {
        return Err(SourceError::LfsPointer { path: blob.path.clone() }.into());
    }
    Ok(packer.add(&entry, &mut whole.as_slice())?)
}

/// Reads `<object> blob <size>\n`.
fn answer_head(answers: &mut impl BufRead, object: &str) -> Result<u64, GitError> {
    let doing = "give out the files of the commit";
    let mut head = String::new();
    answers.take(200).read_line(&mut head).map_err(GitError::local(doing))?;
    let size = head.trim_end().strip_prefix(object).and_then(|rest| rest.strip_prefix(" blob "));
    size.and_then(|size| size.parse().ok()).ok_or(GitError::Unexpected { doing })
}

fn in_time(job: &PackJob) -> Result<(), GitError> {
    if Instant::now() < job.until {
        return Ok(());
    }
    Err(GitError::Timeout { url: job.url.clone(), seconds: job.policy.fetch.fetch_deadline.as_secs() })
}

fn git(job: &PackJob) -> Command {
    let mut git = command::git(&job.policy);
    git.arg("--git-dir").arg(&job.repository).stderr(Stdio::null());
    git
}

/// A `git` on this machine's disk, killed when it is dropped before its end.
struct Running {
    child: Child,
}

impl Running {
    fn start(command: &mut Command) -> Result<Self, GitError> {
        Ok(Self { child: command.spawn().map_err(GitError::local("start git"))? })
    }

    fn stdout(&mut self) -> Result<ChildStdout, GitError> {
        self.child.stdout.take().ok_or(GitError::Unexpected { doing: "open its output" })
    }

    fn kill(&mut self) {
        // It may have ended by itself, which is as good.
        drop(self.child.kill());
    }

    /// Whether it ended well.
    fn wait(&mut self) -> Result<bool, GitError> {
        Ok(self.child.wait().map_err(GitError::local("wait for git"))?.success())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        drop(self.child.wait());
    }
}
