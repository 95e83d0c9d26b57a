//! Things of the system that a page cannot do by itself.

use rfd::AsyncFileDialog;
use ttalkak_desktop::links;
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    shell::Refusal,
};

/// Opens a link to the web in the system's browser.
pub(crate) fn open_link(text: &str) -> Result<(), Refusal> {
    let refused = |why: &str| Err(Problem::new(ErrorCode::SystemMissing, why).into());
    let Some(url) = links::allowed(text) else {
        return refused("Only links to the web are opened.");
    };
    match open::that_detached(url.as_str()) {
        Ok(()) => Ok(()),
        Err(error) => {
            tracing::warn!("the system has no browser: {error}");
            refused("This system has no browser that opens links.")
        }
    }
}

/// Saves a text under a name that the person chooses. Returns whether they did.
pub(crate) async fn save(name: &str, text: &str) -> Result<bool, Refusal> {
    let Some(file) = AsyncFileDialog::new().set_file_name(name).save_file().await else { return Ok(false) };
    match file.write(text.as_bytes()).await {
        Ok(()) => Ok(true),
        Err(error) => {
            Err(Problem::new(ErrorCode::WriteFailed, format!("The file was not written: {error}.")).into())
        }
    }
}
