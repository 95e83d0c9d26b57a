//! `ttalkak billing`: what there is, what it costs, how long it lasts, and the mandate that bounds it all.

mod mandate;
mod overview;
mod plan;
mod prices;
mod revoke;

pub(crate) use overview::state;

use crate::{api::Side, clock, context::Context, csv, error::CliResult};

/// What `billing` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to do; an overview when absent
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Permit what deployments may cost, by a signature; without options, show what is permitted
    Mandate(mandate::Args),
    /// Set a budget: so much a month, signed once
    Plan(plan::Args),
    /// Take the mandate back
    Revoke(revoke::Args),
    /// Show what providers ask for
    Prices(prices::Args),
    /// Show what was charged in a month
    Statement(StatementArgs),
}

/// Which statement.
#[derive(clap::Args)]
pub(crate) struct StatementArgs {
    /// Such as 2026-11; the present month when absent
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    month: Option<String>,
    /// As CSV, for other programs
    #[arg(long)]
    csv: bool,
}

/// Shows or changes it.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    match args.action {
        None => overview::run(context).await,
        Some(Action::Mandate(args)) => mandate::run(context, args).await,
        Some(Action::Plan(args)) => plan::run(context, args).await,
        Some(Action::Revoke(args)) => revoke::run(context, args).await,
        Some(Action::Prices(args)) => prices::run(context, &args).await,
        Some(Action::Statement(args)) => statement(context, Side::Tenant, args).await,
    }
}

/// Prints a statement; shared with `earnings`.
pub(crate) async fn statement(context: &Context, side: Side, args: StatementArgs) -> CliResult<()> {
    let month = args.month.unwrap_or_else(|| clock::now().to_string().chars().take(7).collect());
    let text = context.api()?.statement(side, &month).await?;
    let output = &context.output;
    if args.csv {
        return output.line(text.trim_end());
    }
    let rows = csv::parse(&text);
    if output.json {
        return output.document(&csv::objects(&rows));
    }
    if rows.len() < 2 {
        output.line(format!("Nothing in {month}."))
    } else {
        output.line(csv::aligned(&rows, output.out))
    }
}

fn month(text: &str) -> Result<String, String> {
    let (year, number) = text.split_once('-').unwrap_or_default();
    let digits = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    let good = digits(year, 4) && digits(number, 2) && ("01"..="12").contains(&number);
    if good { Ok(text.to_owned()) } else { Err("write it as 2026-11".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::month;

    #[test]
    fn a_month_is_a_year_and_a_number() {
        assert!(month("2026-11").is_ok());
        for bad in ["2026-13", "2026-00", "26-11", "2026/11", "2026-1", "2026-11-01", "", "2026-011"] {
            assert!(month(bad).is_err(), "{bad}");
        }
    }
}
