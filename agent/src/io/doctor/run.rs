//! Runs the one command that a finding offers, word for word as it was shown.

use std::{process::Stdio, time::Duration};
use tokio::{process::Command, time::timeout};
use ttalkak_protocol::error::{ErrorCode, Problem};

/// A person types a password meanwhile, and an engine starts.
const WITHIN: Duration = Duration::from_secs(180);

/// Runs `command` and waits for its end. No shell sees it: quotes group words, and nothing else has a meaning.
/// Errors: it cannot be started, takes too long, or ends with a failure, told in its own last words.
pub async fn run(command: &str) -> Result<(), Problem> {
    let failed = |message: String| {
        Problem::new(ErrorCode::StateConflict, message)
            .with_next(format!("Run it yourself in a terminal: {command}"))
    };
    let words = words(command);
    let Some((program, arguments)) = words.split_first() else {
        return Err(failed("There is nothing to run.".to_owned()));
    };
    let mut child = Command::new(program);
    child
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let ended = timeout(WITHIN, child.output()).await;
    match ended {
        Err(_) => Err(failed(format!("{program} did not end within {} minutes.", WITHIN.as_secs() / 60))),
        Ok(Err(error)) => Err(failed(format!("{program} cannot be started: {error}."))),
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
            Err(failed(format!("{program} failed: {}.", last.trim().trim_end_matches('.'))))
        }
    }
}

/// Splits at spaces; what stands between single quotes is one word.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in command.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_group_words() {
        assert_eq!(words("pkexec sh -c 'a && b \"c\"'"), ["pkexec", "sh", "-c", "a && b \"c\""]);
        assert!(words("  ").is_empty());
    }

    #[tokio::test]
    async fn a_command_that_fails_is_told_in_its_own_words_with_itself_as_the_next_move() {
        assert_eq!(run("true").await, Ok(()));
        let problem = run("sh -c 'echo no such unit >&2; exit 5'").await.unwrap_err();
        assert_eq!(problem.message, "sh failed: no such unit.");
        assert!(problem.next.ends_with("sh -c 'echo no such unit >&2; exit 5'"));
        assert!(run("there-is-no-such-program").await.unwrap_err().message.contains("cannot be started"));
    }
}
