//! The entry by which the system starts the tray, without a window, when the person signs in. Opt-in: the entry is there
//! exactly when the daemon's settings say so.

use auto_launch::{AutoLaunch, AutoLaunchBuilder};
use std::path::Path;

/// The name of the entry.
const NAME: &str = "ttalkak-desktop";

/// The entry cannot be made or removed.
#[derive(Debug, thiserror::Error)]
#[error("change the entry that starts the app at sign-in")]
pub struct AutostartError(#[from] auto_launch::Error);

/// Makes the entry be there or not. Returns whether something was changed.
pub fn keep(wanted: bool, program: &Path) -> Result<bool, AutostartError> {
    let entry = entry(program)?;
    // An entry is written again even when there is one: the program may have moved.
    match (wanted, entry.is_enabled()?) {
        (false, false) => Ok(false),
        (false, true) => entry.disable().map(|()| true).map_err(Into::into),
        (true, was) => entry.enable().map(|()| !was).map_err(Into::into),
    }
}

fn entry(program: &Path) -> Result<AutoLaunch, AutostartError> {
    let program = program.to_string_lossy();
    Ok(AutoLaunchBuilder::new().set_app_name(NAME).set_app_path(&program).set_args(&["--hidden"]).build()?)
}
