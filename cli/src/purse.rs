//! Wallet, coordinator and chain together, checked against each other before money moves: the chain's id, the contract,
//! its meter and its token are read from the chain itself and must be what the coordinator says.

use crate::{
    api::Api,
    context::Context,
    error::{CliError, CliResult},
    money::Coin,
    wallet::{Contract, Record, Wallet},
};
use ttalkak_escrow::{Key, checksum};
use ttalkak_protocol::{
    api::billing::{BillingView, ChainView},
    error::ErrorCode,
    money::{Amount, EvmAddress},
};
use ttalkak_rpc::{Chain, ChainFault, Intent, Receipt, calls, in_coin};

/// Which endpoint of the chain to ask.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct RpcArgs {
    /// Endpoint of the chain; the coordinator's public one when absent
    #[arg(long, value_name = "URL", env = "TTALKAK_RPC")]
    pub(crate) rpc: Option<String>,
}

impl RpcArgs {
    /// The chain that `view` speaks of. Errors: nobody names an endpoint.
    pub(crate) fn chain(&self, view: &ChainView) -> CliResult<Chain> {
        let url = self.rpc.as_deref().or(view.rpc_url.as_deref()).ok_or_else(|| {
            CliError::usage(
                ErrorCode::ChainUnavailable,
                "The coordinator names no endpoint of its chain.",
                format!("Name one of chain {} with --rpc URL.", view.domain.chain_id),
            )
        })?;
        Ok(Chain::new(url)?)
    }
}

/// A wallet that is ready to look at its money.
pub(crate) struct Purse {
    pub(crate) api: Api,
    pub(crate) wallet: Wallet,
    pub(crate) record: Record,
    pub(crate) view: BillingView,
    pub(crate) chain: Chain,
}

/// What a transaction is about, as its sender is shown it.
pub(crate) struct Move<'a> {
    /// `Deposit 10.00 tUSD`.
    pub(crate) title: String,
    /// Label and value, one a line.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// The call.
    pub(crate) intent: Intent,
    /// Signs it.
    pub(crate) key: &'a Key,
    /// Do not ask.
    pub(crate) yes: bool,
}

impl Purse {
    /// Opens everything but the key. Errors: no wallet, no payments here, no endpoint, or chain and coordinator disagree.
    pub(crate) async fn open(context: &Context, rpc: &RpcArgs) -> CliResult<Self> {
        let wallet = context.wallet()?.clone();
        let record = wallet.existing()?;
        let api = context.api()?;
        let view = api.billing().await?;
        record.knows(&api.coordinator(), Contract::from(&view.chain))?;
        let chain = rpc.chain(&view.chain)?;
        agree(&chain, &view.chain).await?;
        Ok(Self { api, wallet, record, view, chain })
    }

    /// The token.
    pub(crate) fn coin(&self) -> Coin<'_> {
        Coin::from(&self.view.chain)
    }

    /// The wallet's address.
    pub(crate) fn address(&self) -> EvmAddress {
        self.record.address
    }

    /// The key; asks for the passphrase where one is needed.
    pub(crate) async fn key(&self, context: &Context) -> CliResult<Key> {
        open_key(context, &self.wallet, &self.record).await
    }

    /// What the wallet itself holds of the token.
    pub(crate) async fn holdings(&self) -> CliResult<Amount> {
        let token = self.view.chain.token;
        if token == EvmAddress::ZERO {
            return Ok(Amount(self.chain.balance(self.address()).await?));
        }
        Ok(self.chain.read(token, calls::balance_of(self.address())).await?)
    }

    /// What the contract owes the wallet at once.
    pub(crate) async fn free(&self) -> CliResult<Amount> {
        let ChainView { token, domain, .. } = self.view.chain;
        Ok(self.chain.read(domain.contract, calls::free(self.address(), token)).await?)
    }

    /// Shows a transaction, asks, signs, sends and waits. Errors: the person says no, or the chain does.
    pub(crate) async fn carry_out(&self, context: &Context, wish: Move<'_>) -> CliResult<Receipt> {
        carry_out(context, &self.chain, self.view.chain.domain.chain_id, wish).await
    }
}

/// Shows a transaction, asks, signs, sends and waits. Errors: the person says no, or the chain does.
pub(crate) async fn carry_out(
    context: &Context,
    chain: &Chain,
    chain_id: u64,
    wish: Move<'_>,
) -> CliResult<Receipt> {
    let Move { title, facts, intent, key, yes } = wish;
    let prepared = chain.prepare(chain_id, key.address(), &intent).await?;
    let mut lines = vec![context.output.err.bold(&title)];
    lines.extend(facts.iter().map(|(label, value)| format!("  {label:<9} {value}")));
    lines.push(format!("  {:<9} {} on chain {chain_id}", "contract", checksum(&intent.to)));
    lines.push(format!("  {:<9} at most {} of the chain's coin", "fee", in_coin(prepared.fee_max())));
    context.output.say(lines.join("\n"));
    confirm(context, yes, "Send it?").await?;
    let hash = chain.send(&prepared, key).await?;
    context.on_interrupt(
        format!("Interrupted; transaction {hash} was sent and goes on."),
        "Look at `ttalkak wallet show` in a minute.",
    );
    context.output.say(format!("Sent {hash}; waiting for its block."));
    let receipt = chain.mined(hash).await?;
    context.output.say(format!(
        "In block {} for {} of the chain's coin.",
        receipt.block(),
        in_coin(receipt.fee())
    ));
    Ok(receipt)
}

/// Opens the key beside the runtime: keyrings and key derivation block.
pub(crate) async fn open_key(context: &Context, wallet: &Wallet, record: &Record) -> CliResult<Key> {
    let (wallet, record, person) = (wallet.clone(), record.clone(), context.output.can_ask);
    crate::commands::blocking(move || wallet.open(&record, person)).await
}

/// Whether the chain says the same as the coordinator. Errors: `chain_mismatch`, with what differs.
pub(crate) async fn agree(chain: &Chain, view: &ChainView) -> Result<(), ChainFault> {
    let mismatch = |what: String| Err(ChainFault::Mismatch { what });
    let ChainView { domain, token, symbol, decimals, meter, .. } = view;
    let id = chain.chain_id().await?;
    if id != domain.chain_id {
        return mismatch(format!(
            "The endpoint serves chain {id}, the coordinator means {}.",
            domain.chain_id
        ));
    }
    if !chain.has_code(domain.contract).await? {
        return mismatch(format!("There is no contract at {} on chain {id}.", domain.contract));
    }
    let own = chain.read(domain.contract, calls::meter()).await?;
    if own != *meter {
        return mismatch(format!("The contract's meter is {own}, the coordinator says {meter}."));
    }
    if *token == EvmAddress::ZERO {
        return Ok(());
    }
    let own = chain.read(*token, calls::decimals()).await?;
    if own != *decimals {
        return mismatch(format!("The token has {own} decimals, the coordinator says {decimals}."));
    }
    let own = crate::output::plain(&chain.read(*token, calls::symbol()).await?);
    if own != *symbol {
        return mismatch(format!("The token is called {own}, the coordinator says {symbol}."));
    }
    Ok(())
}

/// A question with yes or no; nothing but yes is yes. Errors: no, or nobody can be asked.
pub(crate) async fn confirm(context: &Context, yes: bool, question: &str) -> CliResult<()> {
    if yes {
        return Ok(());
    }
    if !context.output.can_ask {
        let message = "This needs your word for it.";
        return Err(CliError::usage(ErrorCode::StateConflict, message, "Say --yes if you mean it."));
    }
    context.output.say(format!("{question} Type yes to go on:"));
    let typed = crate::commands::blocking(|| {
        console::Term::stderr().read_line().map_err(|cause| CliError::file("read your answer", cause))
    })
    .await?;
    if typed.trim() == "yes" {
        return Ok(());
    }
    Err(CliError::usage(
        ErrorCode::StateConflict,
        "Nothing was sent.",
        "Run the command again when you like.",
    ))
}
