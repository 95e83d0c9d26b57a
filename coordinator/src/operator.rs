//! What the operator does about the chain at a terminal: deploy the contracts, and see whether all is well. Part of the
//! program and not of the library. Deliberately absent: anything that moves a tenant's money.

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;
use ttalkak_coordinator::{
    chain::{Chain as _, Rpc, RpcConfig, deploy},
    config::Config,
    money,
};
use ttalkak_escrow::{Key, parse_address};
use ttalkak_protocol::money::EvmAddress;
use url::Url;

#[derive(Subcommand)]
pub(crate) enum ChainCommand {
    /// Deploy the escrow contract and print where it stands, as JSON. The key will be its meter.
    Deploy(Deploy),
    /// Compare chain, contract and token with the settings, and print them with the meter's coin for gas, as JSON.
    Check(crate::Settings),
}

#[derive(Args)]
pub(crate) struct Deploy {
    /// A node of the chain.
    #[arg(long)]
    rpc: Url,
    /// The meter's private key as hex, readable by its owner alone.
    #[arg(long)]
    key_file: PathBuf,
    /// May replace the meter after a delay, and pause deposits; 0x and 40 zeros for nobody.
    #[arg(long, value_parser = address)]
    guardian: EvmAddress,
    /// Whose credit the platform's fee is.
    #[arg(long, value_parser = address)]
    fee_to: EvmAddress,
    /// The fee in 1/10000 of what providers earn, 1000 at most. It can never be changed.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1000))]
    fee_bps: u16,
    /// Development only: also deploy a token that anyone may mint.
    #[arg(long)]
    with_dev_token: bool,
}

/// Does it; what to print.
pub(crate) async fn run(command: ChainCommand) -> Result<String> {
    let answer = match command {
        ChainCommand::Deploy(wanted) => deploy(wanted).await?,
        ChainCommand::Check(settings) => check(&settings.read()?).await?,
    };
    Ok(serde_json::to_string_pretty(&answer)?)
}

async fn deploy(wanted: Deploy) -> Result<serde_json::Value> {
    let Deploy { rpc, key_file, guardian, fee_to, fee_bps, with_dev_token } = wanted;
    let key = money::read_meter_key(&key_file)?;
    let wanted = deploy::Wanted { guardian, fee_to, fee_bps, with_dev_token };
    Ok(serde_json::to_value(deploy::deploy(rpc, &key, wanted).await?)?)
}

async fn check(config: &Config) -> Result<serde_json::Value> {
    let payments = &config.payments;
    anyhow::ensure!(payments.on, "payments are off in these settings");
    let key: Key = money::read_meter_key(&payments.meter_key_file)?;
    let rpc = Rpc::new(RpcConfig::of(payments, key.address()).context("read chain_rpc")?);
    let (facts, head) = (rpc.check().await?, rpc.head().await?);
    let gas = rpc.gas_balance(key.address()).await?;
    Ok(json!({
        "facts": facts,
        "block": head.number,
        "final_block": head.final_number,
        "last_batch": rpc.last_batch(None).await?,
        "gas_balance_wei": gas.to_string(),
    }))
}

fn address(text: &str) -> Result<EvmAddress, String> {
    parse_address(text).map_err(|error| error.to_string())
}
