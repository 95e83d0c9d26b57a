//! `ttalkak-agent wallet`: shows the address of this machine's wallet, and takes its key out or in.
//! `claim` is in `claim.rs`. Deliberately absent: anything that spends what it holds.

use super::{DataLock, Failure, claim, say};
use crate::{
    config::{Config, Surroundings, Texts},
    enrol::create_data_dir,
    io::{
        machine::MachineSize,
        wallet::{Kept, Wallet, WalletRecord},
    },
};
use std::{io::Read, path::PathBuf, process::ExitCode};
use tokio::task::spawn_blocking;
use ttalkak_escrow::{Key, checksum};
use ttalkak_protocol::Secret;

/// A key is 64 hex digits; what is longer is something else.
const KEY_TEXT_MAX: u64 = 256;

/// What `wallet` takes.
#[derive(Debug, clap::Args)]
pub struct WalletArgs {
    /// What to do; shows when not said.
    #[command(subcommand)]
    act: Option<Act>,
    /// Where the agent keeps its key and state.
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// A settings file.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Act {
    /// Show the address; makes the wallet when there is none.
    Show {
        /// One JSON line.
        #[arg(long)]
        json: bool,
    },
    /// Fetch what was earned straight from the contract, with the newest vouchers, without the coordinator.
    Claim(claim::ClaimArgs),
    /// Print the private key. Whoever sees it can take all that it holds.
    Export,
    /// Read a private key, 64 hex digits, from standard input.
    Import {
        /// Set the wallet that is there aside.
        #[arg(long)]
        force: bool,
    },
}

pub(super) async fn run(args: WalletArgs, mut surroundings: Surroundings) -> Result<ExitCode, Failure> {
    surroundings.read_file(args.config.as_deref())?;
    let flags: Texts = args.data_dir.map(|folder| ("data_dir".to_owned(), folder)).into_iter().collect();
    let config = Config::read(flags, &surroundings, MachineSize::read())?;
    let act = args.act.unwrap_or(Act::Show { json: false });
    match act {
        Act::Claim(args) => claim::run(args, config).await,
        Act::Show { .. } | Act::Export | Act::Import { .. } => {
            spawn_blocking(move || carry_out(&act, &config)).await?
        }
    }
}

fn carry_out(act: &Act, config: &Config) -> Result<ExitCode, Failure> {
    let wallet = Wallet::new(&config.data_dir, config.money.wallet_keyring);
    match act {
        Act::Claim(_) => {}
        Act::Show { json } => show(&show_or_make(&wallet, config)?, config, *json),
        Act::Export => say(wallet.key()?.to_hex().reveal()),
        Act::Import { force } => {
            create_data_dir(&config.data_dir)?;
            // A running agent has told the old address already.
            let _lock = DataLock::take(&config.data_dir)?;
            let mut text = String::new();
            std::io::stdin().take(KEY_TEXT_MAX).read_to_string(&mut text)?;
            let text = Secret::new(text);
            show(&wallet.import(&Key::from_hex(text.reveal())?, *force)?, config, false);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show_or_make(wallet: &Wallet, config: &Config) -> Result<WalletRecord, Failure> {
    if let Some(record) = wallet.record()? {
        return Ok(record);
    }
    create_data_dir(&config.data_dir)?;
    let _lock = DataLock::take(&config.data_dir)?;
    Ok(wallet.open_or_make()?)
}

fn show(record: &WalletRecord, config: &Config, json: bool) {
    let address = checksum(&record.address);
    let payee = checksum(&config.money.payee.unwrap_or(record.address));
    if json {
        return say(serde_json::json!({ "address": address, "kept": record.kept, "payee": payee }));
    }
    say(format_args!("Wallet  {address}"));
    say(match record.kept {
        Kept::Keyring => "Kept    in the system's key store",
        Kept::Keystore => "Kept    in the data folder, its passphrase beside it",
    });
    if payee != address {
        say(format_args!("Payee   {payee}, as the settings say; this wallet is not paid"));
    }
}
