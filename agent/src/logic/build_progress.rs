//! What the engine tells during a build, as steps and lines. BuildKit sends a graph whose vertices come and go; the
//! classic builder sends text. Both become the same thing here. Deliberately absent: limits, see `build_log`.

use bollard::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};
use std::collections::{BTreeMap, BTreeSet};

/// An unfinished line is cut here, so that output without line ends cannot grow without bound.
const PARTIAL_MAX: usize = 16 * 1024;

/// Where a build stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildProgress {
    vertices: BTreeMap<String, Seen>,
    partial: BTreeMap<String, Vec<u8>>,
    classic_step: u32,
    classic_total: u32,
    doing: String,
    failed: Option<FailedStep>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    name: String,
    started: bool,
    done: bool,
    number: usize,
}

/// The step that ended the build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedStep {
    /// As written in the Dockerfile, or what the engine calls it.
    pub name: String,
    /// In the engine's words.
    pub error: String,
}

impl BuildProgress {
    /// Takes in one message of BuildKit; returns whole lines of log.
    pub fn on_status(&mut self, status: &StatusResponse) -> Vec<String> {
        let mut lines = Vec::new();
        for vertex in &status.vertexes {
            self.on_vertex(vertex, &mut lines);
        }
        for log in &status.logs {
            self.on_log(log, &mut lines);
        }
        lines
    }

    fn on_vertex(&mut self, vertex: &Vertex, lines: &mut Vec<String>) {
        let number = self.vertices.len() + 1;
        let seen = self.vertices.entry(vertex.digest.clone()).or_insert_with(|| Seen {
            name: vertex.name.clone(),
            number,
            ..Seen::default()
        });
        if vertex.started.is_some() && !seen.started {
            seen.started = true;
            lines.push(format!("#{} {}", seen.number, seen.name));
            if is_step(&seen.name) {
                self.doing = one_line(&seen.name);
            }
        }
        if vertex.completed.is_some() && !seen.done {
            seen.done = true;
            let number = seen.number;
            if let Some(rest) = self.partial.remove(&vertex.digest) {
                lines.push(text(&rest));
            }
            if vertex.cached {
                lines.push(format!("#{number} CACHED"));
            } else if !vertex.error.is_empty() {
                lines.push(format!("#{number} ERROR: {}", vertex.error));
            }
        }
        // Steps that were only stopped because another one failed say "context canceled".
        if !vertex.error.is_empty() && !vertex.error.contains("context canceled") && self.failed.is_none() {
            self.failed = Some(FailedStep { name: plain_name(&vertex.name), error: vertex.error.clone() });
        }
    }

    fn on_log(&mut self, log: &VertexLog, lines: &mut Vec<String>) {
        let partial = self.partial.entry(log.vertex.clone()).or_default();
        for chunk in log.msg.split_inclusive(|byte| *byte == b'\n') {
            partial.extend_from_slice(chunk);
            if chunk.ends_with(b"\n") || partial.len() > PARTIAL_MAX {
                lines.push(text(partial));
                partial.clear();
            }
        }
    }

    /// Takes in a piece of text of the classic builder; returns whole lines of log.
    pub fn on_stream(&mut self, piece: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let log = VertexLog { vertex: String::new(), msg: piece.as_bytes().to_vec(), ..VertexLog::default() };
        self.on_log(&log, &mut lines);
        for line in &lines {
            if let Some((step, total, what)) = classic_step(line) {
                (self.classic_step, self.classic_total) = (step, total);
                self.doing = what.to_owned();
            }
        }
        lines
    }

    /// The classic builder names no step in its error: the one at work is the one that failed.
    pub fn on_classic_error(&mut self, error: &str) {
        if self.failed.is_none() && self.vertices.is_empty() {
            self.failed = Some(FailedStep { name: self.doing.clone(), error: error.to_owned() });
        }
    }

    /// What was begun and not ended by a line end.
    pub fn rest(&mut self) -> Vec<String> {
        std::mem::take(&mut self.partial)
            .into_values()
            .filter(|rest| !rest.is_empty())
            .map(|rest| text(&rest))
            .collect()
    }

    /// Steps finished and known, and the one at work.
    pub fn steps(&self) -> (u32, u32, &str) {
        if self.classic_total > 0 {
            return (self.classic_step.saturating_sub(1), self.classic_total, &self.doing);
        }
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let steps = || self.vertices.values().filter(|seen| is_step(&seen.name));
        let names: BTreeSet<&str> = steps().map(|seen| seen.name.as_str()).collect();
        let done: BTreeSet<&str> = steps().filter(|seen| seen.done).map(|seen| seen.name.as_str()).collect();
        (count(done.len()), count(names.len()), &self.doing)
    }

    /// The step that ended the build, when one did.
    pub fn failed(&self) -> Option<&FailedStep> {
        self.failed.as_ref()
    }

    /// Names of images that were being looked up; the failed one among them cannot be had.
    pub fn image_in_question(&self) -> Option<&str> {
        self.failed.as_ref().and_then(|failed| {
            let rest = failed
                .name
                .split("load metadata for ")
                .nth(1)
                .or_else(|| failed.name.strip_prefix("FROM "))?;
            rest.split_whitespace().next()
        })
    }
}

/// Steps of the Dockerfile stand in brackets with their number; `[internal]` is BuildKit's own doing.
fn is_step(name: &str) -> bool {
    name.starts_with('[') && !name.starts_with("[internal]")
}

/// `[build 4/6] RUN npm ci` is `RUN npm ci` to its author.
fn plain_name(name: &str) -> String {
    let rest = match name.split_once("] ") {
        Some((_, rest)) if is_step(name) => rest,
        Some(_) | None => name,
    };
    one_line(rest)
}

fn one_line(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 200 { line } else { line.chars().take(199).chain(['…']).collect() }
}

fn classic_step(line: &str) -> Option<(u32, u32, &str)> {
    let (count, what) = line.strip_prefix("Step ")?.split_once(" : ")?;
    let (step, total) = count.split_once('/')?;
    Some((step.parse().ok()?, total.parse().ok()?, what))
}

/// A line as people read it: without its end, a progress bar that overwrote itself as its last state.
fn text(bytes: &[u8]) -> String {
    let line = String::from_utf8_lossy(bytes);
    let line = line.trim_end_matches(['\n', '\r']);
    line.rsplit('\r').find(|part| !part.is_empty()).unwrap_or("").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vertex(name: &str, started: bool, done: bool, error: &str) -> StatusResponse {
        let time = |on: bool| on.then(Default::default);
        let vertex = Vertex {
            digest: format!("sha256:{name}"),
            name: name.to_owned(),
            started: time(started),
            completed: time(done),
            error: error.to_owned(),
            ..Vertex::default()
        };
        StatusResponse { vertexes: vec![vertex], ..StatusResponse::default() }
    }

    fn log(name: &str, bytes: &[u8]) -> StatusResponse {
        let log = VertexLog { vertex: format!("sha256:{name}"), msg: bytes.to_vec(), ..VertexLog::default() };
        StatusResponse { logs: vec![log], ..StatusResponse::default() }
    }

    #[test]
    fn steps_are_counted_and_named_without_the_engines_own() {
        let mut progress = BuildProgress::default();
        progress.on_status(&vertex("[internal] load build definition", true, true, ""));
        progress.on_status(&vertex("[build 1/2] FROM node", true, true, ""));
        let lines = progress.on_status(&vertex("[build 2/2] RUN npm ci", true, false, ""));
        assert_eq!(progress.steps(), (1, 2, "[build 2/2] RUN npm ci"));
        assert_eq!(lines, ["#3 [build 2/2] RUN npm ci"]);
    }

    #[test]
    fn pieces_become_lines_and_progress_bars_one_line() {
        let mut progress = BuildProgress::default();
        assert_eq!(progress.on_status(&log("a", b"hel")), Vec::<String>::new());
        assert_eq!(progress.on_status(&log("b", b"other\n")), ["other"]);
        assert_eq!(progress.on_status(&log("a", b"lo\nwor")), ["hello"]);
        assert_eq!(
            progress.on_status(&log("a", b"ld\r\n10%\r50%\r100%\n\xff\n")),
            ["world", "100%", "\u{fffd}"]
        );
        progress.on_status(&log("a", b"no end"));
        assert_eq!(progress.rest(), ["no end"]);
    }

    #[test]
    fn output_without_line_ends_is_cut() {
        let mut progress = BuildProgress::default();
        let lines = progress.on_status(&log("a", &vec![b'x'; PARTIAL_MAX + 1]));
        assert_eq!(lines.len(), 1);
        assert!(progress.rest().is_empty());
    }

    #[test]
    fn the_step_that_failed_is_named_and_those_it_stopped_are_not() {
        let mut progress = BuildProgress::default();
        progress.on_status(&vertex("[a 2/2] RUN sleep 9", true, true, "context canceled"));
        progress.on_status(&vertex("[b 2/2] RUN  npm\n run build", true, true, "exit code: 1"));
        let failed = progress.failed().unwrap();
        assert_eq!((failed.name.as_str(), failed.error.as_str()), ("RUN npm run build", "exit code: 1"));
        assert_eq!(progress.image_in_question(), None);
    }

    #[test]
    fn an_image_that_cannot_be_had_is_named() {
        let mut progress = BuildProgress::default();
        let name = "[internal] load metadata for docker.io/library/nope:1";
        progress.on_status(&vertex(name, true, true, "not found"));
        assert_eq!(progress.image_in_question(), Some("docker.io/library/nope:1"));
    }

    #[test]
    fn the_classic_builders_text_is_understood() {
        let mut progress = BuildProgress::default();
        assert_eq!(progress.on_stream("Step 2/5 : RUN npm ci\n"), ["Step 2/5 : RUN npm ci"]);
        assert_eq!(progress.steps(), (1, 5, "RUN npm ci"));
        progress.on_classic_error("returned a non-zero code: 1");
        assert_eq!(progress.failed().unwrap().name, "RUN npm ci");
    }
}
