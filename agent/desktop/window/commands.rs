//! What the screens may call, each a line or two: the daemon decides, the shell carries.

use super::{about, app::Shell, system, updates};
use tauri::{AppHandle, State, ipc::Channel};
use ttalkak_desktop::alone::Wish;
use ttalkak_protocol::{
    desk::{Call, Reply},
    shell::{About, Heard, Refusal, UpdateNews},
};

/// Tells this page everything from now on. All sections come at once, on a desk of its own.
#[tauri::command]
pub(crate) fn hear(shell: State<'_, Shell>, heard: Channel<Heard>) {
    shell.open_desk(heard);
}

/// Asks the daemon.
#[tauri::command]
pub(crate) async fn ask(shell: State<'_, Shell>, call: Call) -> Result<Reply, Refusal> {
    shell.desk().ask(call).await
}

/// Opens a link to the web in the system's browser.
#[tauri::command]
pub(crate) fn open_link(url: &str) -> Result<(), Refusal> {
    system::open_link(url)
}

/// Saves a text under a name that the person chooses. Returns whether they did.
#[tauri::command]
pub(crate) async fn save_file(name: String, text: String) -> Result<bool, Refusal> {
    system::save(&name, &text).await
}

/// Starts the daemon after it ended by wish.
#[tauri::command]
pub(crate) async fn start_daemon(shell: State<'_, Shell>) -> Result<(), Refusal> {
    shell.tell_tray(&Wish::StartDaemon).await
}

/// Ends the app and the daemon, after asking when something runs.
#[tauri::command]
pub(crate) async fn quit(shell: State<'_, Shell>) -> Result<(), Refusal> {
    shell.tell_tray(&Wish::Quit).await
}

/// Versions and licences.
#[tauri::command]
pub(crate) fn about() -> About {
    about::about()
}

/// Looks for a newer version.
#[tauri::command]
pub(crate) async fn check_update(app: AppHandle) -> Result<UpdateNews, Refusal> {
    updates::check(&app).await
}

/// Fetches, checks and installs the newer version that was found; it is used from the next start on.
#[tauri::command]
pub(crate) async fn install_update(app: AppHandle) -> Result<(), Refusal> {
    updates::install(&app).await
}
