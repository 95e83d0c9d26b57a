//! The examples that are deployed, and copies of them that can be told apart and changed.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

/// An example and where to touch it.
pub(crate) struct Project {
    /// Folder of the examples, and name of the deployment.
    pub name: &'static str,
    /// The file whose change makes the package manager run again, and how a remark is put into it.
    manifest: (&'static str, Remark),
    /// A file and a text in it, behind which a word is put that visitors of `/` can read.
    line: (&'static str, &'static str),
}

/// How a file takes a remark that means nothing.
#[derive(Clone, Copy)]
enum Remark {
    /// A key that npm does not know.
    Json,
    /// A last line after `#`.
    Hash,
    /// A last line as a comment.
    Xml,
}

pub(crate) const PROJECTS: &[Project] = &[
    Project { name: "hello", manifest: ("package.json", Remark::Json), line: ("index.html", "<title>") },
    Project { name: "next", manifest: ("package.json", Remark::Json), line: ("app/page.js", "<h1>") },
    Project {
        name: "maven",
        manifest: ("pom.xml", Remark::Xml),
        line: ("src/main/java/hello/Main.java", "Hello from Java"),
    },
    Project { name: "python", manifest: ("requirements.txt", Remark::Hash), line: ("app.py", "from Flask") },
];

impl Project {
    /// The example's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        shell::root().join("examples").join(self.name)
    }
}

/// A copy of an example that no other copy is equal to.
pub(crate) struct Copy {
    project: &'static Project,
    /// Where it is.
    pub folder: PathBuf,
    /// The word that visitors read.
    pub mark: String,
    /// A word that nobody else uses, in the manifest.
    pub nonce: String,
}

impl Copy {
    /// Copies below `home` and marks the copy as its own.
    pub(crate) fn make(project: &Project, home: &Path, side: &str) -> Result<Self> {
        let project = PROJECTS.iter().find(|other| other.name == project.name).context("a known example")?;
        let folder = home.join(format!("{}-{side}", project.name));
        shell::quiet(Command::new("cp").arg("-R").arg(project.folder()).arg(&folder))?;
        for installed in ["node_modules", "dist", ".next", "target"] {
            let _ = fs::remove_dir_all(folder.join(installed));
        }
        let mut copy = Self { project, folder, mark: String::new(), nonce: fresh() };
        copy.remark()?;
        copy.change()?;
        Ok(copy)
    }

    fn remark(&self) -> Result<()> {
        let (file, kind) = self.project.manifest;
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let nonce = &self.nonce;
        let text = match kind {
            Remark::Json => text.replacen('{', &format!("{{\n  \"bench\": \"{nonce}\","), 1),
            Remark::Hash => format!("{}\n# {nonce}\n", text.trim_end()),
            Remark::Xml => format!("{}\n<!-- {nonce} -->\n", text.trim_end()),
        };
        Ok(fs::write(path, text)?)
    }

    /// Changes one line of the source, so that visitors read another word.
    pub(crate) fn change(&mut self) -> Result<()> {
        let (file, place) = self.project.line;
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let before = format!("{place}{}", self.mark);
        if !text.contains(&before) {
            bail!(
                "examples/{}/{file} does not hold {place:?} any more; mend the benchmark's list.",
                self.project.name
            );
        }
        self.mark = fresh();
        Ok(fs::write(path, text.replacen(&before, &format!("{place}{}", self.mark), 1))?)
    }
}

/// A word that was never used: process, count, and the time in which numbers of processes come round.
fn fresh() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let started = fs::metadata(format!("/proc/{}", std::process::id())).and_then(|file| file.modified());
    let started = started.ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let nth = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("x{}x{}x{nth}", started.map_or(0, |since| since.as_secs()), std::process::id())
}
