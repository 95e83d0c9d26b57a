//! Hears Ctrl-C and SIGTERM.

use anyhow::{Context, Result};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Whether the person asked to stop.
#[derive(Clone)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asked, at any time since the start.
    pub(crate) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Listens from here on. The first signal asks; the programs are stopped in order, so nothing is killed.
pub(crate) fn on_signal() -> Result<Stop> {
    let stop = Stop(Arc::new(AtomicBool::new(false)));
    let heard = stop.clone();
    ctrlc::set_handler(move || heard.0.store(true, Ordering::Relaxed)).context("listen for Ctrl-C")?;
    Ok(stop)
}
