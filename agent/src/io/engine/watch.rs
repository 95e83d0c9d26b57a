//! Following one running container: its log lines, how it ends, and what it listens on.

use super::{Engine, EngineError};
use crate::logic::{
    build_log::cut_line,
    event::Exit,
    listening::{Listening, parse},
};
use bollard::{
    container::LogOutput,
    errors::Error as Cause,
    exec::{CreateExecOptions, StartExecResults},
    query_parameters::{LogsOptions, WaitContainerOptions},
};
use futures_util::{Stream, StreamExt};
use std::{collections::VecDeque, time::Duration};
use ttalkak_protocol::link::LogStream;

/// Lines that are kept to tell how a container ended.
pub const LAST_LINES: usize = 200;
/// How long looking into a container's network may take.
const LOOK: Duration = Duration::from_secs(3);

/// One line of a container's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLine {
    /// Standard output or standard error.
    pub stream: LogStream,
    /// The engine's time of it, nanoseconds since 1970.
    pub engine_nanos: i64,
    /// Without the line end.
    pub text: String,
}

impl Engine {
    /// The lines of a container written after `after_nanos`, until it ends or the stream breaks.
    pub fn follow(&self, container: &str, after_nanos: i64) -> impl Stream<Item = RunLine> + Send + 'static {
        // The engine counts whole seconds here, so the second of the last line comes again and is filtered.
        let since = i32::try_from(after_nanos / 1_000_000_000).unwrap_or(i32::MAX);
        let options = LogsOptions {
            follow: true,
            stdout: true,
            stderr: true,
            timestamps: true,
            since,
            tail: "all".to_owned(),
            ..LogsOptions::default()
        };
        lines(self.docker.logs(container, Some(options)))
            .filter(move |line| std::future::ready(line.engine_nanos > after_nanos))
    }

    /// The last lines that a container wrote, at most [`LAST_LINES`].
    pub async fn last_lines(&self, container: &str) -> Vec<String> {
        let options = LogsOptions {
            stdout: true,
            stderr: true,
            timestamps: true,
            tail: LAST_LINES.to_string(),
            ..LogsOptions::default()
        };
        let mut kept = VecDeque::new();
        let mut stream = std::pin::pin!(lines(self.docker.logs(container, Some(options))));
        let read = async {
            while let Some(line) = stream.next().await {
                if kept.len() == LAST_LINES {
                    kept.pop_front();
                }
                kept.push_back(line.text);
            }
        };
        // What was read until then is better than nothing.
        let _ = tokio::time::timeout(LOOK, read).await;
        kept.into()
    }

    /// Waits until a container ends, however long that takes; tells how. `None`: it is gone altogether.
    /// Errors: the engine went away.
    pub async fn wait(&self, container: &str) -> Result<Option<Exit>, EngineError> {
        loop {
            let options = WaitContainerOptions { condition: "not-running".to_owned() };
            let answer = self.docker.wait_container(container, Some(options)).next().await;
            match answer {
                // bollard calls any exit code but 0 an error; the code is read from the container below.
                Some(Ok(_) | Err(Cause::DockerContainerWaitError { .. })) => break,
                // Podman answers only at the end, which may be after our time for an answer.
                Some(Err(Cause::RequestTimeoutError)) => {}
                Some(Err(Cause::DockerResponseServerError { status_code: 404, .. })) => return Ok(None),
                Some(Err(cause)) => return Err(EngineError::of("wait for a container")(cause)),
                None => return Err(EngineError::Unfinished("waiting for a container")),
            }
        }
        let state = match self.inspect(container).await {
            Ok(inspect) => inspect.state.unwrap_or_default(),
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) => return Err(error),
        };
        let last_lines = self.last_lines(container).await;
        Ok(Some(Exit {
            code: state.exit_code.unwrap_or(-1),
            out_of_memory: state.oom_killed.unwrap_or(false),
            last_lines,
        }))
    }

    /// What listens in a container's network. `None` when it cannot be seen.
    pub async fn listening(&self, container: &str) -> Option<Vec<Listening>> {
        let look = async {
            if let Some(tables) = self.tables_from_proc(container).await {
                return Some(tables);
            }
            self.tables_from_inside(container).await
        };
        let tables = tokio::time::timeout(LOOK, look).await.ok().flatten()?;
        Some(parse(&tables))
    }

    /// Works where the engine's processes are this machine's and we may look at them.
    async fn tables_from_proc(&self, container: &str) -> Option<String> {
        let pid = self.inspect(container).await.ok()?.state?.pid.filter(|pid| *pid > 0)?;
        let tcp = tokio::fs::read_to_string(format!("/proc/{pid}/net/tcp")).await.ok()?;
        let tcp6 = tokio::fs::read_to_string(format!("/proc/{pid}/net/tcp6")).await.unwrap_or_default();
        Some(tcp + &tcp6)
    }

    /// Works where the image has `cat`, also when the engine runs in a virtual machine.
    async fn tables_from_inside(&self, container: &str) -> Option<String> {
        let words = ["cat", "/proc/net/tcp", "/proc/net/tcp6"].map(str::to_owned).to_vec();
        let options = CreateExecOptions { cmd: Some(words), attach_stdout: Some(true), ..Default::default() };
        let exec = self.docker.create_exec(container, options).await.ok()?;
        match self.docker.start_exec(&exec.id, None).await.ok()? {
            StartExecResults::Attached { mut output, .. } => {
                let mut text = String::new();
                while let Some(Ok(piece)) = output.next().await {
                    text.push_str(&piece.to_string());
                }
                text.contains("local_address").then_some(text)
            }
            StartExecResults::Detached => None,
        }
    }
}

/// Whole lines with their time. Docker sends one message a line; longer ones come in pieces of 16 KiB, each with the
/// same time, and only the first carries what is shown of it in the end.
fn lines(
    stream: impl Stream<Item = Result<LogOutput, Cause>> + Send + 'static,
) -> impl Stream<Item = RunLine> + Send + 'static {
    stream.take_while(|item| std::future::ready(item.is_ok())).filter_map(|item| {
        std::future::ready(item.ok().and_then(|output| match output {
            LogOutput::StdErr { message } => run_line(LogStream::Stderr, &message),
            LogOutput::StdOut { message } | LogOutput::Console { message } => {
                run_line(LogStream::Stdout, &message)
            }
            LogOutput::StdIn { .. } => None,
        }))
    })
}

fn run_line(stream: LogStream, message: &[u8]) -> Option<RunLine> {
    let text = String::from_utf8_lossy(message);
    let text = text.trim_end_matches(['\n', '\r']);
    let (time, rest) = text.split_once(' ').unwrap_or((text, ""));
    let nanos = time.parse::<jiff::Timestamp>().ok()?.as_nanosecond();
    Some(RunLine { stream, engine_nanos: i64::try_from(nanos).ok()?, text: cut_line(rest.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_time_and_loses_its_end() {
        let line = run_line(LogStream::Stdout, b"2026-11-18T11:06:40.000000123Z hello  world\r\n").unwrap();
        assert_eq!((line.engine_nanos, line.text.as_str()), (1_795_000_000_000_000_123, "hello  world"));
        let empty = run_line(LogStream::Stderr, b"2026-11-18T11:06:40Z \n").unwrap();
        assert_eq!(empty.text, "");
        assert_eq!(run_line(LogStream::Stdout, b"no time at all"), None);
    }

    #[test]
    fn bytes_that_are_not_text_are_replaced_and_long_lines_cut() {
        let line = run_line(LogStream::Stdout, b"2026-11-18T11:06:40Z \xff\x1b[31mred").unwrap();
        assert_eq!(line.text, "\u{fffd}\u{1b}[31mred");
        let long = [b"2026-11-18T11:06:40Z ".to_vec(), vec![b'x'; 16_384]].concat();
        assert!(run_line(LogStream::Stdout, &long).unwrap().text.ends_with("(cut)"));
    }
}
