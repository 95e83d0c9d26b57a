//! A Dockerfile as a value, and its text.
//!
//! Only what every BuildKit front end since 2020 reads is written: no `# syntax=` line (the engine would pull that
//! front end first, and fail without a registry), no heredocs, no `COPY --link`.

use std::collections::BTreeSet;

mod text;

pub use text::without_mounts;
pub(crate) use text::{Instruction as Parsed, images, instructions};

/// Stages in order; the last one is the image.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dockerfile {
    pub(crate) stages: Vec<Stage>,
}

/// One `FROM` and what follows it.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    image: String,
    name: Option<&'static str>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    Workdir(String),
    Env(Vec<(String, String)>),
    Arg(String),
    Copy { from: Option<&'static str>, sources: Vec<String>, to: String },
    Run(Run),
    User(String),
    Expose(u16),
    Cmd(Vec<String>),
}

/// One `RUN`: its mounts and the commands that must all succeed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    caches: Vec<(String, String)>,
    secrets: Vec<String>,
    commands: Vec<String>,
}

impl Run {
    pub(crate) fn new(command: impl Into<String>) -> Self {
        Run { commands: vec![command.into()], ..Run::default() }
    }

    /// Adds a command that runs when all before it succeeded.
    pub(crate) fn then(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }

    /// Keeps `target` between builds under `id`. Locked, as two package managers in one cache corrupt it.
    pub(crate) fn cache(mut self, id: impl Into<String>, target: impl Into<String>) -> Self {
        self.caches.push((id.into(), target.into()));
        self
    }

    /// Gives the commands these secrets as environment, from files that exist only while they run.
    pub(crate) fn secrets(mut self, names: &[String]) -> Self {
        self.secrets.extend_from_slice(names);
        self
    }

    fn render(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for (id, target) in &self.caches {
            parts.push(format!("--mount=type=cache,id={id},target={target},sharing=locked"));
        }
        for name in &self.secrets {
            parts.push(format!("--mount=type=secret,id={name}"));
        }
        let exports = self.secrets.iter().map(|n| format!("{n}=\"$(cat /run/secrets/{n})\" && export {n}"));
        let commands: Vec<String> = exports.chain(self.commands.iter().cloned()).collect();
        parts.push(commands.join(" \\\n && "));
        format!("RUN {}", parts.join(" \\\n    "))
    }
}

impl Stage {
    pub(crate) fn new(image: impl Into<String>) -> Self {
        Stage { image: image.into(), name: None, steps: Vec::new() }
    }

    pub(crate) fn named(image: impl Into<String>, name: &'static str) -> Self {
        Stage { image: image.into(), name: Some(name), steps: Vec::new() }
    }

    pub(crate) fn workdir(mut self, path: &str) -> Self {
        self.steps.push(Step::Workdir(path.to_owned()));
        self
    }

    pub(crate) fn env(mut self, pairs: &[(&str, &str)]) -> Self {
        let owned = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>();
        if !owned.is_empty() {
            self.steps.push(Step::Env(owned));
        }
        self
    }

    pub(crate) fn args(mut self, names: &[String]) -> Self {
        self.steps.extend(names.iter().cloned().map(Step::Arg));
        self
    }

    pub(crate) fn copy<S: AsRef<str>>(mut self, sources: &[S], to: &str) -> Self {
        let sources = sources.iter().map(|s| s.as_ref().to_owned()).collect();
        self.steps.push(Step::Copy { from: None, sources, to: to.to_owned() });
        self
    }

    pub(crate) fn copy_from(mut self, from: &'static str, source: &str, to: &str) -> Self {
        self.steps.push(Step::Copy { from: Some(from), sources: vec![source.to_owned()], to: to.to_owned() });
        self
    }

    pub(crate) fn run(mut self, run: Run) -> Self {
        self.steps.push(Step::Run(run));
        self
    }

    pub(crate) fn user(mut self, user: &str) -> Self {
        self.steps.push(Step::User(user.to_owned()));
        self
    }

    pub(crate) fn expose(mut self, port: u16) -> Self {
        self.steps.push(Step::Expose(port));
        self
    }

    pub(crate) fn cmd<S: AsRef<str>>(mut self, words: &[S]) -> Self {
        self.steps.push(Step::Cmd(words.iter().map(|w| w.as_ref().to_owned()).collect()));
        self
    }

    fn render(&self) -> String {
        let mut lines = vec![match self.name {
            Some(name) => format!("FROM {} AS {name}", self.image),
            None => format!("FROM {}", self.image),
        }];
        lines.extend(self.steps.iter().map(Step::render));
        lines.join("\n")
    }
}

impl Step {
    fn render(&self) -> String {
        match self {
            Step::Workdir(path) => format!("WORKDIR {path}"),
            Step::Env(pairs) => {
                let words: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={}", env_value(v))).collect();
                format!("ENV {}", words.join(" \\\n    "))
            }
            Step::Arg(name) => format!("ARG {name}"),
            Step::Copy { from, sources, to } => {
                let from = from.map(|f| format!("--from={f} ")).unwrap_or_default();
                let words: Vec<&str> = sources.iter().map(String::as_str).chain([to.as_str()]).collect();
                // A space in a path would make two of one; the JSON form keeps it whole.
                if words.iter().any(|w| w.contains(char::is_whitespace) || w.contains('"')) {
                    format!("COPY {from}{}", json_words(&words))
                } else {
                    format!("COPY {from}{}", words.join(" "))
                }
            }
            Step::Run(run) => run.render(),
            Step::User(user) => format!("USER {user}"),
            Step::Expose(port) => format!("EXPOSE {port}"),
            Step::Cmd(words) => format!("CMD {}", json_words(words)),
        }
    }
}

impl Dockerfile {
    pub(crate) fn new(stages: Vec<Stage>) -> Self {
        Dockerfile { stages }
    }

    /// The text, stages parted by an empty line.
    pub(crate) fn render(&self) -> String {
        let stages: Vec<String> = self.stages.iter().map(Stage::render).collect();
        format!("{}\n", stages.join("\n\n"))
    }

    /// Names of all `ARG`s, sorted, each once.
    pub(crate) fn args(&self) -> Vec<String> {
        let names =
            self.steps().filter_map(|step| if let Step::Arg(name) = step { Some(name) } else { None });
        names.cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Names of all secrets that a step mounts, sorted, each once.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let runs = self.steps().filter_map(|step| if let Step::Run(run) = step { Some(run) } else { None });
        runs.flat_map(|run| run.secrets.iter().cloned()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn steps(&self) -> impl Iterator<Item = &Step> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }
}

fn env_value(value: &str) -> String {
    if value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=+%$,@".contains(c)) && !value.is_empty() {
        value.to_owned()
    } else {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

fn json_words<S: AsRef<str>>(words: &[S]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| serde_json::Value::from(w.as_ref()).to_string()).collect();
    format!("[{}]", quoted.join(", "))
}

#[cfg(test)]
mod tests;
