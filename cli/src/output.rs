//! Where results and remarks go: results to standard output, all else to standard error, colours only where wanted.

mod paint;
mod table;

pub(crate) use paint::{Paint, Tone, plain, plain_lines};
pub(crate) use table::table;

use crate::{
    config::Surroundings,
    error::{CliError, CliResult},
};
use serde::Serialize;
use std::io::{self, Write};

/// Where and how to print.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    /// Results as JSON.
    pub(crate) json: bool,
    /// For results.
    pub(crate) out: Paint,
    /// For remarks.
    pub(crate) err: Paint,
    /// Remarks may be redrawn in place.
    pub(crate) live: bool,
    /// A person can be asked.
    pub(crate) can_ask: bool,
}

impl Output {
    /// Decides from the surroundings and the options.
    pub(crate) fn new(surroundings: &Surroundings, json: bool, no_color: bool) -> Self {
        let colour = surroundings.colour && !no_color;
        Self {
            json,
            out: Paint::new(colour && surroundings.stdout_is_terminal),
            err: Paint::new(colour && surroundings.stderr_is_terminal),
            live: surroundings.stderr_is_terminal && !json,
            can_ask: surroundings.stdin_is_terminal && surroundings.stderr_is_terminal && !json,
        }
    }

    /// Prints a line of the result.
    pub(crate) fn line(&self, text: impl AsRef<str>) -> CliResult<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", text.as_ref()).and_then(|()| out.flush()).map_err(CliError::Output)
    }

    /// Prints a value as one JSON document.
    pub(crate) fn document(&self, value: &impl Serialize) -> CliResult<()> {
        let text = serde_json::to_string_pretty(value).map_err(|cause| CliError::Output(cause.into()))?;
        self.line(text)
    }

    /// The same on standard error, beside an error document.
    pub(crate) fn say_document(&self, value: &impl Serialize) -> CliResult<()> {
        let text = serde_json::to_string_pretty(value).map_err(|cause| CliError::Output(cause.into()))?;
        self.say(text);
        Ok(())
    }

    /// Prints the value as JSON when that is wanted, else the words.
    pub(crate) fn result(&self, value: &impl Serialize, words: impl FnOnce() -> String) -> CliResult<()> {
        if self.json { self.document(value) } else { self.line(words()) }
    }

    /// A remark for people. A broken standard error is no reason to stop.
    pub(crate) fn say(&self, text: impl AsRef<str>) {
        drop(writeln!(io::stderr().lock(), "{}", text.as_ref()));
    }

    /// Tells why the command failed: as words on standard error, or as JSON on standard output.
    pub(crate) fn failure(&self, error: &CliError) {
        if let CliError::Output(_) = error {
            // There is nowhere to tell it but standard error, and a closed pipe needs no telling.
            if error.exit() == crate::exit::Exit::Ok {
                return;
            }
        } else if self.json {
            drop(self.document(&error.to_json()));
            return;
        }
        self.say(failure_text(error, self.err));
    }
}

fn failure_text(error: &CliError, paint: Paint) -> String {
    let mut text = format!("{} {}", paint.tone(Tone::Bad, "✗"), paint.bold(&error.to_string()));
    let causes = error.causes();
    if !causes.is_empty() {
        text.push_str(&format!("\n  {causes}"));
    }
    text.push_str(&format!("\n  {}", error.next_move()));
    let id = error.request_id().map(|id| format!(" · request {id}")).unwrap_or_default();
    text.push_str(&format!("\n  {}", paint.dim(&format!("{}{id}", error.code()))));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::error::{ErrorCode, ErrorDetail, Problem};

    #[test]
    fn a_failure_says_what_happened_the_next_move_and_the_code() {
        let problem = Problem::new(ErrorCode::NameTaken, "Somebody has shop.");
        let error = CliError::Answer {
            status: 409,
            detail: ErrorDetail { problem, request_id: Some("req_1".into()) },
        };
        assert_eq!(
            failure_text(&error, Paint::new(false)),
            "✗ Somebody has shop.\n  Choose another name.\n  name_taken · request req_1"
        );
    }
}
