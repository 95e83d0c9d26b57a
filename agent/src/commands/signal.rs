//! Ctrl-C and SIGTERM as one thing to wait for.

use std::io;

/// Waits for the first wish to stop. The second is not waited for: it ends the process at once.
pub(super) async fn stop_wished() -> io::Result<()> {
    wished().await?;
    Ok(())
}

#[cfg(unix)]
async fn wished() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn wished() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
