//! Links the wallet with the account: the coordinator gives a text, the wallet signs it.

use crate::{
    context::Context,
    error::{CliError, CliResult},
    purse::{self, confirm, open_key},
    wallet::Contract,
};
use serde_json::json;
use ttalkak_escrow::{checksum, siwe::Message};
use ttalkak_protocol::{
    api::billing::{AskWalletMessage, ChainView, LinkWallet},
    error::ErrorCode,
    money::EvmAddress,
};
use url::Url;

/// What `wallet link` takes.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Agree to a contract that is not the one of before
    #[arg(long)]
    new_contract: bool,
    #[command(flatten)]
    rpc: purse::RpcArgs,
}

pub(super) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let wallet = context.wallet()?;
    let mut record = wallet.existing()?;
    let api = context.api()?;
    let chain = api.billing().await?.chain;
    let contract = Contract::from(&chain);
    let known = args.new_contract || record.knows(&api.coordinator(), contract)?;
    let node = args.rpc.chain(&chain)?;
    purse::agree(&node, &chain).await?;
    let given = api.wallet_message(&AskWalletMessage { wallet: record.address }).await?;
    check(&given.message, &api.coordinator(), record.address, &chain)?;
    context.output.say(format!("To be signed:\n\n{}\n", crate::output::plain_lines(&given.message)));
    if !known || args.new_contract {
        context.output.say(format!(
            "Deposits will go to contract {} on chain {}, in {} at {}.",
            checksum(&contract.domain.contract),
            contract.domain.chain_id,
            crate::output::plain(&chain.symbol),
            checksum(&contract.token)
        ));
    }
    confirm(context, args.yes, "Sign it?").await?;
    let key = open_key(context, wallet, &record).await?;
    let signature = key.sign_message(given.message.as_bytes());
    api.link_wallet(&LinkWallet { message: given.message, signature }).await?;
    record.remember(&api.coordinator(), contract, node.url());
    wallet.keep_record(&record)?;
    let address = checksum(&record.address);
    context.output.result(&json!({ "linked": address }), || format!("Linked {address}"))?;
    context.output.say("Next: `ttalkak wallet deposit AMOUNT`, then `ttalkak billing mandate`.");
    Ok(())
}

/// Signs nothing but a sign-in at this coordinator, on its chain, with this wallet. Pure.
fn check(text: &str, coordinator: &str, wallet: EvmAddress, chain: &ChainView) -> CliResult<()> {
    let refuse = |what: &str| {
        let message = format!("The coordinator wants {what} signed; nothing was.");
        Err(CliError::usage(ErrorCode::WalletNonceInvalid, message, "Check the address given at login."))
    };
    let Ok(message) = Message::parse(text) else { return refuse("something else than a sign-in") };
    let own = Url::parse(coordinator).ok();
    let host = own.as_ref().map(|url| {
        let host = url.host_str().unwrap_or_default();
        url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    });
    if host.as_deref() != Some(&message.domain) {
        return refuse(&format!("a sign-in at {}", message.domain));
    }
    if message.address != wallet {
        return refuse("a sign-in of another wallet");
    }
    if message.chain_id != chain.domain.chain_id {
        return refuse("a sign-in on another chain");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::unit::UnixMillis;

    #[test]
    fn only_a_sign_in_here_with_this_wallet_on_this_chain_is_signed() {
        let chain = crate::money::tests::chain();
        let wallet = EvmAddress([7; 20]);
        let good = Message {
            domain: "127.0.0.1:7700".into(),
            address: wallet,
            statement: "Link this wallet.".into(),
            uri: "http://127.0.0.1:7700".into(),
            chain_id: 31_337,
            nonce: "abcdefgh1".into(),
            issued_at: UnixMillis(0),
            expires_at: UnixMillis(600_000),
        };
        let judge = |message: &Message| check(&message.to_text(), "http://127.0.0.1:7700", wallet, &chain);
        assert!(judge(&good).is_ok());
        for bad in [
            Message { domain: "evil.example.com".into(), ..good.clone() },
            Message { address: EvmAddress([8; 20]), ..good.clone() },
            Message { chain_id: 1, ..good.clone() },
        ] {
            assert_eq!(judge(&bad).unwrap_err().code(), "wallet_nonce_invalid", "{bad:?}");
        }
        assert!(check("I owe you 1000", "http://127.0.0.1:7700", wallet, &chain).is_err());
    }
}
