//! A yes-or-no question in a dialog of the system.

use rfd::{MessageButtons, MessageDialog, MessageDialogResult, MessageLevel};
use std::{io::Read, process::ExitCode};
use ttalkak_desktop::words::Question;

/// A question is a few sentences.
const BYTES_MAX: u64 = 64 * 1024;
/// Neither yes nor no: it could not be asked.
const NOT_ASKED: u8 = 2;

/// Reads the question, asks it, ends with the answer.
pub(crate) fn ask() -> ExitCode {
    let mut text = String::new();
    let read = std::io::stdin().take(BYTES_MAX).read_to_string(&mut text).map_err(anyhow::Error::from);
    let question: Question = match read.and_then(|_| serde_json::from_str(&text).map_err(Into::into)) {
        Ok(question) => question,
        Err(error) => {
            tracing::error!("the question cannot be read: {error}");
            return ExitCode::from(NOT_ASKED);
        }
    };
    let buttons = MessageButtons::OkCancelCustom(question.yes.clone(), question.no);
    let dialog = MessageDialog::new().set_level(MessageLevel::Warning).set_buttons(buttons);
    let answer = dialog.set_title(question.title).set_description(question.text).show();
    match answer {
        MessageDialogResult::Ok | MessageDialogResult::Yes => ExitCode::SUCCESS,
        MessageDialogResult::Custom(label) if label == question.yes => ExitCode::SUCCESS,
        MessageDialogResult::Custom(_) | MessageDialogResult::No | MessageDialogResult::Cancel => {
            ExitCode::FAILURE
        }
    }
}
