//! `ttalkak billing prices`: what providers ask for, and what a size costs at the cheapest.

use crate::{
    clock,
    context::Context,
    error::CliResult,
    human, money,
    money::Coin,
    output::{plain, table},
    term::TermArgs,
};
use ttalkak_protocol::{
    api::billing::{PriceBook, PriceQuery, PricedOffer},
    unit::{Bytes, MilliCpu},
};

/// What `billing prices` takes.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Memory to estimate for, such as 512MiB
    #[arg(long, value_name = "SIZE", value_parser = human::parse_size)]
    memory: Option<Bytes>,
    /// Processor share to estimate for, such as 0.5
    #[arg(long, value_name = "CORES", value_parser = cores)]
    cpu: Option<MilliCpu>,
    #[command(flatten)]
    term: TermArgs,
}

pub(super) async fn run(context: &Context, args: &Args) -> CliResult<()> {
    let api = context.api()?;
    let query = PriceQuery {
        memory_bytes: args.memory.map(|size| size.0),
        milli_cpu: args.cpu.map(|cpu| cpu.0),
        until: args.term.end(clock::now())?,
    };
    let (book, view) = tokio::try_join!(api.prices(&query), api.billing())?;
    let coin = Coin::from(&view.chain);
    context.output.result(&book, || {
        let mut lines = Vec::new();
        lines.extend(estimate(&book, coin, &view.display));
        lines.push(offers(&book.offers, coin, context.output.out));
        lines.extend(money::provenance(&view.display, clock::now()));
        lines.join("\n")
    })
}

fn estimate(
    book: &PriceBook,
    coin: Coin<'_>,
    display: &[ttalkak_protocol::api::billing::DisplayRate],
) -> Option<String> {
    let estimate = book.estimate.as_ref()?;
    let about =
        coin.approximately(estimate.per_month, display).map(|about| format!(" {about}")).unwrap_or_default();
    let term =
        estimate.until_end.map(|total| format!(", {} until then", coin.show(total))).unwrap_or_default();
    Some(format!(
        "{} · {} CPU: {}, {} a month{about}{term}, at the cheapest\n",
        human::size(estimate.reserved.memory),
        f64::from(estimate.reserved.cpu.0) / 1000.0,
        coin.per_hour(estimate.per_hour),
        coin.show(estimate.per_month)
    ))
}

fn offers(items: &[PricedOffer], coin: Coin<'_>, paint: crate::output::Paint) -> String {
    if items.is_empty() {
        return "No provider is online that asks for money.".to_owned();
    }
    let row = |item: &PricedOffer| {
        let rates = &item.rates;
        [
            plain(&item.name),
            coin.per_hour(item.cost_per_hour),
            coin.show(rates.cpu_hour),
            coin.show(rates.memory_gib_hour),
            coin.show(rates.disk_gib_hour),
            coin.show(rates.egress_gib),
        ]
    };
    let rows: Vec<_> = items.iter().map(row).collect();
    table(["PROVIDER", "THIS SIZE", "CPU HOUR", "GIB HOUR", "DISK GIB HOUR", "GIB SENT"], &rows, paint)
}

fn cores(text: &str) -> Result<MilliCpu, String> {
    let share = human::parse_thousandths(text).and_then(|share| u32::try_from(share).ok());
    share.filter(|share| *share > 0).map(MilliCpu).ok_or_else(|| "write it as 0.5".to_owned())
}
