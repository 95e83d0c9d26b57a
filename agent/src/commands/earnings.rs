//! `ttalkak-agent earnings`: what this machine has earned and what of it is vouched for, by its own book. Works while the
//! agent runs and without a coordinator. Deliberately absent: what is on the chain, which `ttalkak earnings` knows.

use super::{Failure, say};
use crate::{
    config::{Config, Surroundings, Texts},
    io::{machine::MachineSize, money_book::MoneyBookFile},
    logic::meter::{MoneyBook, Page},
};
use std::{path::PathBuf, process::ExitCode};
use tokio::task::spawn_blocking;
use ttalkak_escrow::checksum;
use ttalkak_protocol::{
    link::short_key,
    money::{Amount, ChainHash},
};

/// What `earnings` takes.
#[derive(Debug, clap::Args)]
pub struct EarningsArgs {
    /// One JSON document with everything that the book says, vouchers included.
    #[arg(long)]
    json: bool,
    /// Where the agent keeps its key and state.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// A settings file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) async fn run(args: EarningsArgs, mut surroundings: Surroundings) -> Result<ExitCode, Failure> {
    surroundings.read_file(args.config.as_deref())?;
    let flags: Texts = args.data_dir.map(|folder| ("data_dir".to_owned(), folder)).into_iter().collect();
    let config = Config::read(flags, &surroundings, MachineSize::read())?;
    let file = MoneyBookFile::new(&config.data_dir);
    let book = spawn_blocking(move || file.load()).await??;
    if args.json {
        say(as_json(&book));
    } else {
        for line in lines(&book, config.money.token_decimals) {
            say(line);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Sums over all agreements of the book: earned, and vouched for.
fn sums(book: &MoneyBook) -> (Amount, Amount) {
    let sum = |of: fn(&Page) -> Amount| {
        Amount(book.pages.values().fold(0, |sum, page| sum.saturating_add(of(page).0)))
    };
    (sum(Page::earned), sum(Page::vouched))
}

fn as_json(book: &MoneyBook) -> serde_json::Value {
    let (earned, vouched) = sums(book);
    let agreement = |(key, page): (&ChainHash, &Page)| {
        serde_json::json!({
            "agreement": key, "name": page.name, "domain": page.domain, "terms": page.terms, "rates": page.rates,
            "earned": page.earned(), "vouched": page.vouched(), "voucher": page.best, "readings": page.seq,
            "unvouched_readings": page.unvouched.len(), "unvouched_ms": page.unvouched_ms(), "ending": page.ending,
            "close": page.close, "changed_at": page.touched,
        })
    };
    let agreements: Vec<_> = book.pages.iter().map(agreement).collect();
    serde_json::json!({ "earned": earned, "vouched": vouched, "agreements": agreements })
}

fn lines(book: &MoneyBook, decimals: u8) -> Vec<String> {
    if book.pages.is_empty() {
        return vec!["Nothing was lent for money yet.".to_owned()];
    }
    let units = |amount: Amount| amount.in_units(decimals);
    let row = |name: &str, key: &str, earned: &str, vouched: &str, state: &str| {
        format!("{name:<20} {key:<12} {earned:>14} {vouched:>14}  {state}").trim_end().to_owned()
    };
    let mut lines = vec![row("APP", "AGREEMENT", "EARNED", "VOUCHED FOR", "")];
    for (key, page) in &book.pages {
        let waiting = match page.unvouched_ms() / 1000 {
            0 => String::new(),
            seconds => format!("{seconds} s wait for a voucher"),
        };
        let state = if page.ending { "over".to_owned() } else { waiting };
        lines.push(row(&page.name, &short_key(*key), &units(page.earned()), &units(page.vouched()), &state));
    }
    let (earned, vouched) = sums(book);
    lines.push(row("All", "", &units(earned), &units(vouched), ""));
    let mut payees: Vec<_> = book.pages.values().map(|page| checksum(&page.terms.provider)).collect();
    payees.sort();
    payees.dedup();
    lines.push(format!("Paid to {}.", payees.join(", ")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::meter::tests::book_with_an_hour_of_which_half_is_vouched;

    #[test]
    fn the_table_tells_earned_and_vouched_apart() {
        let book = book_with_an_hour_of_which_half_is_vouched();
        let told = lines(&book, 6);
        assert!(
            told[1].starts_with("app1 ") && told[1].contains("0.01") && told[1].contains("0.005"),
            "{told:#?}"
        );
        assert!(told[1].ends_with("1800 s wait for a voucher"), "{told:#?}");
        assert_eq!(as_json(&book)["earned"], "10000");
        assert_eq!(lines(&MoneyBook::default(), 6), ["Nothing was lent for money yet."]);
    }
}
