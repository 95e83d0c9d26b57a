//! `ttalkak billing plan`: a budget, in the words of a budget: so much a month, and no more. It is a mandate like any
//! other (`mandate.rs`), with what must be known chosen for the one who only knows the budget.

use super::mandate::{self, Per, Wish};
use crate::{
    context::Context,
    error::{CliError, CliResult},
    money::Coin,
    purse::RpcArgs,
};
use ttalkak_protocol::{
    api::billing::{PriceBook, PriceQuery},
    error::ErrorCode,
    money::Amount,
};

/// What `billing plan` takes.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The most that may be spent, such as 20; what is not spent is not carried on
    budget: String,
    /// How often the budget is fresh again
    #[arg(long, value_name = "SPAN", default_value = "month")]
    per: Per,
    /// The most that one deployment may cost, such as 0.05/h; twice what the cheapest provider asks when absent
    #[arg(long, value_name = "PRICE")]
    rate_max: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    rpc: RpcArgs,
}

pub(super) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let api = context.api()?;
    let (view, book) = tokio::try_join!(api.billing(), async { api.prices(&PriceQuery::default()).await })?;
    let coin = Coin::from(&view.chain);
    let rate_per_hour_max = match &args.rate_max {
        Some(text) => coin.read_rate(text)?,
        None => usual(&book)?,
    };
    let cap = coin.read_some(&args.budget)?;
    let wish = Wish { rate_per_hour_max, cap, per: Some(args.per), until: None, yes: args.yes };
    mandate::sign(context, &api, &view, wish, &args.rpc).await
}

/// Twice the cheapest, so that a move to a somewhat dearer provider needs nobody; the cap bounds it all the same.
fn usual(book: &PriceBook) -> CliResult<Amount> {
    let cheapest = book.offers.first().map(|offer| offer.cost_per_hour).filter(|cost| *cost > Amount::ZERO);
    cheapest.map(|cost| Amount(cost.0.saturating_mul(2))).ok_or_else(|| {
        let message = "No provider is online that asks for money, so there is no usual price.";
        CliError::usage(
            ErrorCode::AmountInvalid,
            message,
            "Say the most that an hour may cost with --rate-max 0.05/h.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::{api::billing::PricedOffer, id::AgentId, money::Rates};

    #[test]
    fn the_usual_price_is_twice_the_cheapest_and_none_where_nobody_asks_for_money() {
        let offer = |cost| PricedOffer {
            provider: AgentId::new(uuid::Uuid::nil()),
            name: "box".into(),
            rates: Rates::default(),
            cost_per_hour: Amount(cost),
        };
        let book = |offers| PriceBook { offers, estimate: None };
        assert_eq!(usual(&book(vec![offer(7), offer(9)])).unwrap(), Amount(14));
        assert!(usual(&book(vec![])).is_err() && usual(&book(vec![offer(0)])).is_err());
    }
}
