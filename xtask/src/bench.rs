//! Measurements against peers and the plain way, side by side in one run. Figures are ratios wherever that can be,
//! so that the noise of the machine cancels; the last line of each run is JSON.

use anyhow::{Result, bail};
use clap::Args;

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// deploy, detect, list or memory.
    name: String,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    bail!("There is no benchmark {}. There are: deploy, detect, list, memory.", options.name)
}
