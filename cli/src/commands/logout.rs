//! `ttalkak logout`: forgets the token on this machine. It stays valid until it is revoked.

use crate::{
    context::Context,
    error::{CliError, CliResult},
};
use serde_json::json;

/// What `logout` takes; the coordinator is a global option.
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Signs out.
pub(crate) fn run(context: &Context, _: Args) -> CliResult<()> {
    let mut kept = context.credentials()?;
    let (coordinator, _) = context.sign_in_target(&kept);
    if !kept.sign_out(&coordinator) {
        return Err(CliError::NotSignedIn { coordinator: Some(coordinator) });
    }
    kept.save(context.credentials_path()?)?;
    context.output.result(&json!({ "signed_out": coordinator }), || format!("Signed out of {coordinator}"))
}
