//! What the window needs before it is compiled: Tauri's list of commands and who may use them, the program's resources on
//! Windows, and the list of components for the about box.

#[cfg(feature = "desktop")]
#[path = "components.rs"]
mod components;

/// Those of window/commands.rs.
#[cfg(feature = "desktop")]
const COMMANDS: &[&str] = &[
    "about",
    "ask",
    "check_update",
    "hear",
    "install_update",
    "open_link",
    "quit",
    "save_file",
    "start_daemon",
];

fn main() {
    #[cfg(feature = "desktop")]
    {
        let commands = tauri_build::AppManifest::new().commands(COMMANDS);
        let attributes = tauri_build::Attributes::new().app_manifest(commands);
        tauri_build::try_build(attributes).expect("tauri.conf.json, capabilities and icons are in order");
        components::write();
    }
}
