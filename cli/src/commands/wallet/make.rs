//! Making a key, or bringing one.

use crate::{
    commands::blocking,
    context::Context,
    error::{CliError, CliResult},
    wallet::{Kept, Wallet, parse_key},
};
use serde_json::json;
use std::{io::BufRead, path::PathBuf};
use ttalkak_escrow::{Key, checksum, keystore};
use ttalkak_protocol::{Secret, error::ErrorCode};

/// Makes a key. `keyring`: the system's keyring may keep it.
pub(super) async fn create(context: &Context, keyring: bool) -> CliResult<()> {
    let wallet = fresh(context)?;
    keep(context, wallet, Key::random(), keyring).await
}

/// Brings a key from a keystore file, or from standard input.
pub(super) async fn import(context: &Context, file: Option<PathBuf>, keyring: bool) -> CliResult<()> {
    let wallet = fresh(context)?;
    let person = context.output.can_ask;
    let own = wallet.clone();
    let key = blocking(move || match file {
        Some(file) => {
            let passphrase = own.passphrase.for_known(person)?;
            keystore::load(&file, &passphrase).map_err(|error| {
                CliError::file(format!("open {}", file.display()), std::io::Error::other(error))
            })
        }
        None => parse_key(&read_key(person)?),
    })
    .await?;
    keep(context, wallet, key, keyring).await
}

/// The wallet's place. Errors: there is a wallet already; a key is never written over.
fn fresh(context: &Context) -> CliResult<Wallet> {
    let wallet = context.wallet()?;
    match wallet.record()? {
        None => Ok(wallet.clone()),
        Some(record) => Err(CliError::usage(
            ErrorCode::StateConflict,
            format!("There is a wallet on this machine already: {}.", checksum(&record.address)),
            format!("Use it, or move {} away first.", wallet.folder.join("wallet.toml").display()),
        )),
    }
}

fn read_key(person: bool) -> CliResult<Secret<String>> {
    let read = if person {
        let terminal = console::Term::stderr();
        terminal.write_line("Private key (it is not shown):").and_then(|()| terminal.read_secure_line())
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    };
    read.map(Secret::new).map_err(|cause| CliError::file("read the key", cause))
}

async fn keep(context: &Context, wallet: Wallet, key: Key, keyring: bool) -> CliResult<()> {
    let person = context.output.can_ask;
    let own = wallet.clone();
    let record = blocking(move || own.keep(&key, keyring, person)).await?;
    let (address, kept) = (checksum(&record.address), wallet.place(record.kept));
    context.output.result(&json!({ "address": address, "kept": kept }), || address.clone())?;
    if !context.output.json {
        let backup = match record.kept {
            Kept::Keyring => {
                "Who loses this keyring loses the key: withdraw before you give this machine away."
            }
            Kept::Keystore => "Keep a copy of that file and of the passphrase: nobody can restore either.",
        };
        context.output.say(format!("The key is in {kept}.\n{backup}\nNext: `ttalkak wallet link`."));
    }
    Ok(())
}
