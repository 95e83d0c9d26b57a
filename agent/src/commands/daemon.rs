//! `ttalkak-agent daemon`: serves in the background, enrolled or not; the desktop app does the rest.

use super::{Failure, run::serve, say};
use crate::{
    config::{Surroundings, Texts},
    daemon::Options,
};
use std::{net::SocketAddr, path::PathBuf, process::ExitCode};
use ttalkak_protocol::desk::Hosted;

/// What `daemon` takes.
#[derive(Debug, clap::Args)]
pub struct DaemonArgs {
    /// Where the agent keeps its key, settings and state.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// A settings file; what it says wins over what is chosen in the app.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Also show the app's screens in a browser on this machine; needs --desk-files.
    #[arg(long, value_name = "127.0.0.1:PORT", requires = "desk_files")]
    desk_http: Option<SocketAddr>,
    /// The folder of the built screens.
    #[arg(long, value_name = "FOLDER", requires = "desk_http")]
    desk_files: Option<PathBuf>,
}

pub(super) async fn run(args: DaemonArgs, mut surroundings: Surroundings) -> Result<ExitCode, Failure> {
    surroundings.read_file(args.config.as_deref())?;
    let flags: Texts = args.data_dir.map(|folder| ("data_dir".to_owned(), folder)).into_iter().collect();
    let options = Options {
        flags,
        surroundings,
        lend_at_once: false,
        web: args.desk_http.zip(args.desk_files),
        hosted: Hosted::Daemon,
        tell_url: |url| say(url),
    };
    serve(options).await
}
