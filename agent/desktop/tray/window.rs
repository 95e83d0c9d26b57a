//! Starts the window, raises the one that is there, and asks questions through it.

use crate::{
    alone::{self, Role, Wish},
    config::Places,
    words::Question,
};
use std::{io, process::Stdio};
use tokio::{io::AsyncWriteExt, process::Command};

/// The window's program.
const PROGRAM: &str = "ttalkak-window";

/// Shows the window. `token`: the desktop's permission to take the focus. Returns when a window that was started here is
/// closed, or at once when one was there.
/// Errors: it cannot be started, or ended badly.
pub(super) async fn open(places: &Places, page: Option<String>, token: Option<String>) -> io::Result<()> {
    let wish = Wish::Open { page: page.clone() };
    if alone::tell(Role::Window, &places.run, &wish).await.is_ok() {
        return Ok(());
    }
    let mut window = Command::new(places.programs.join(PROGRAM));
    window.args(page.into_iter().flat_map(|page| ["--page".to_owned(), page])).stdin(Stdio::null());
    if let Some(token) = token {
        window.env("XDG_ACTIVATION_TOKEN", &token).env("DESKTOP_STARTUP_ID", token);
    }
    let status = window.spawn()?.wait().await?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("the window ended with {status}"))) }
}

/// Closes the window, if there is one.
pub(super) async fn close(places: &Places) {
    if let Err(error) = alone::tell(Role::Window, &places.run, &Wish::Close).await {
        tracing::debug!("no window to close: {error}");
    }
}

/// Asks the person. `None`: it could not be asked, as there is no display or no toolkit.
pub(super) async fn ask(places: &Places, question: &Question) -> Option<bool> {
    let asked = async {
        let mut dialog = Command::new(places.programs.join(PROGRAM));
        dialog.arg("--question").stdin(Stdio::piped()).kill_on_drop(true);
        let mut dialog = dialog.spawn()?;
        if let Some(mut stdin) = dialog.stdin.take() {
            stdin.write_all(&serde_json::to_vec(question)?).await?;
        }
        dialog.wait().await
    };
    match asked.await.map(|status| status.code()) {
        Ok(Some(0)) => Some(true),
        Ok(Some(1)) => Some(false),
        Ok(other) => {
            tracing::warn!("the question could not be asked: its dialog ended with {other:?}");
            None
        }
        Err(error) => {
            tracing::warn!("the question could not be asked: {error}");
            None
        }
    }
}
