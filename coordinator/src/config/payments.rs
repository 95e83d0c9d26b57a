//! The settings of money. Off by default: then nothing is charged and no chain is asked.

use super::Mistake;
use crate::logic::{rates::RateSource, schedule::Schedule};
use std::path::PathBuf;
use toml::Value;
use ttalkak_protocol::{
    api::billing::DisplayRate,
    money::{Domain, EvmAddress},
    unit::{Millis, UnixMillis},
};

/// How deployments are paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payments {
    /// Whether they are.
    pub on: bool,
    /// One or two endpoints of the chain.
    pub chain_rpc: Vec<String>,
    /// EIP-155 id.
    pub chain_id: u64,
    /// The escrow contract.
    pub escrow: EvmAddress,
    /// The token that everything is counted in.
    pub token: EvmAddress,
    /// The key that signs vouchers and pays for gas, 64 hex digits in a file that only its owner reads.
    pub meter_key_file: PathBuf,
    /// A block with so many after it is final; the chain's own finality when absent.
    pub chain_confirmations: Option<u64>,
    /// Events of the contract are looked for from this block on.
    pub escrow_block: u64,
    /// A unit of gas never costs more, gwei.
    pub gas_max_gwei: u64,
    /// When settlements are due.
    pub settle_at: Schedule,
    /// A lock covers so much time.
    pub lock_for: Millis,
    /// An endpoint of the chain that wallets are told.
    pub public_rpc: Option<String>,
    /// Where people can look at transactions: `/tx/HASH` is added.
    pub explorer: Option<String>,
    /// What the token is worth in currencies for people.
    pub display_rates: Vec<DisplayRate>,
    /// Where that is asked for.
    pub rate_sources: Vec<RateSource>,
    /// How often.
    pub rate_every: Millis,
    /// A rate that moved by more is not believed, in hundredths.
    pub rate_jump_percent: u64,
}

impl Default for Payments {
    fn default() -> Self {
        Self {
            on: false,
            chain_rpc: Vec::new(),
            chain_id: 0,
            escrow: EvmAddress::ZERO,
            token: EvmAddress::ZERO,
            meter_key_file: PathBuf::new(),
            chain_confirmations: None,
            escrow_block: 0,
            gas_max_gwei: 300,
            settle_at: "0 0 3 * * *".parse().expect("a schedule that a test reads"),
            lock_for: Millis(24 * 3600 * 1000),
            public_rpc: None,
            explorer: None,
            display_rates: Vec::new(),
            rate_sources: Vec::new(),
            rate_every: Millis(10 * 60 * 1000),
            rate_jump_percent: 20,
        }
    }
}

type Refused = (String, &'static str);

impl Payments {
    /// Where signatures count.
    pub fn domain(&self) -> Domain {
        Domain { chain_id: self.chain_id, contract: self.escrow }
    }

    /// Whether a source is asked for a currency.
    pub fn asks_for(&self, currency: &str) -> bool {
        self.rate_sources.iter().any(|source| source.currency == currency)
    }

    /// Takes one setting; `None` when it is not one of these.
    pub(super) fn set(&mut self, key: &str, value: &Value) -> Option<Result<(), Refused>> {
        let done = match key {
            "payments" => on_or_off(value).map(|on| self.on = on).map_err(|why| (why, "\"off\"")),
            "chain_rpc" => endpoints(value)
                .map(|list| self.chain_rpc = list)
                .map_err(|why| (why, "[\"https://rpc.example.com\", \"https://rpc.example.org\"]")),
            "chain_id" => number(value).map(|id| self.chain_id = id).map_err(|why| (why, "8453")),
            "escrow" => address(value).map(|at| self.escrow = at).map_err(|why| (why, ADDRESS)),
            "token" => address(value).map(|at| self.token = at).map_err(|why| (why, ADDRESS)),
            "meter_key_file" => text(value)
                .map(|path| self.meter_key_file = path.into())
                .map_err(|why| (why, "\"/etc/ttalkak/meter.key\"")),
            "chain_confirmations" => {
                number(value).map(|count| self.chain_confirmations = Some(count)).map_err(|why| (why, "12"))
            }
            "escrow_block" => number(value).map(|at| self.escrow_block = at).map_err(|why| (why, "21000000")),
            "gas_max_gwei" => number(value)
                .and_then(|most| if most > 0 { Ok(most) } else { Err("must be above 0".to_owned()) })
                .map(|most| self.gas_max_gwei = most)
                .map_err(|why| (why, "300")),
            "settle_at" => text(value)
                .and_then(|text| text.parse().map_err(|error| format!("is no schedule: {error}")))
                .map(|schedule| self.settle_at = schedule)
                .map_err(|why| (why, "\"0 0 3 * * *\"")),
            "lock_for" => {
                text(value).and_then(span).map(|span| self.lock_for = span).map_err(|why| (why, "\"24h\""))
            }
            "public_rpc" => text(value)
                .and_then(endpoint)
                .map(|url| self.public_rpc = Some(url))
                .map_err(|why| (why, "\"https://rpc.example.com\"")),
            "explorer" => text(value)
                .and_then(endpoint)
                .map(|url| self.explorer = Some(url))
                .map_err(|why| (why, "\"https://explorer.example.com\"")),
            "display_rates" => display_rates(value)
                .map(|rates| self.display_rates = rates)
                .map_err(|why| (why, "[\"KRW 1380.5 2026-11-20T00:00:00Z Bank of Korea\"]")),
            "rate_sources" => rate_sources(value)
                .map(|sources| self.rate_sources = sources)
                .map_err(|why| (why, "[\"KRW https://rates.example.com/v1/latest /rates/KRW /time\"]")),
            "rate_every" => {
                text(value).and_then(span).map(|span| self.rate_every = span).map_err(|why| (why, "\"10m\""))
            }
            "rate_jump_max" => text(value)
                .and_then(percent)
                .map(|percent| self.rate_jump_percent = percent)
                .map_err(|why| (why, "\"20%\"")),
            _ => return None,
        };
        Some(done)
    }

    /// What is missing when payments are on.
    pub(super) fn missing(&self) -> Vec<Mistake> {
        let needed = [
            ("chain_rpc", self.chain_rpc.is_empty(), "[\"http://127.0.0.1:8545\"]"),
            ("chain_id", self.chain_id == 0, "31337"),
            ("escrow", self.escrow == EvmAddress::ZERO, ADDRESS),
            ("meter_key_file", self.meter_key_file.as_os_str().is_empty(), "\"/etc/ttalkak/meter.key\""),
        ];
        let absent = needed.into_iter().filter(|(_, absent, _)| self.on && *absent);
        let why = "is needed when payments are on";
        absent
            .map(|(key, _, example)| Mistake { key: key.to_owned(), why: why.to_owned(), example })
            .collect()
    }
}

const ADDRESS: &str = "\"0x5fbdb2315678afecb367f032d93f642f64180aa3\"";
/// A shorter lock would be used up before a raise of it stands on chain.
const LOCK_MIN: Millis = Millis(30_000);

fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "must be a text".to_owned())
}

fn on_or_off(value: &Value) -> Result<bool, String> {
    match text(value)?.as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("must be \"on\" or \"off\"".to_owned()),
    }
}

fn number(value: &Value) -> Result<u64, String> {
    let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
    let read = number.or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    read.ok_or_else(|| "must be a whole number".to_owned())
}

fn address(value: &Value) -> Result<EvmAddress, String> {
    ttalkak_escrow::parse_address(&text(value)?).map_err(|error| format!("is not an address: {error}"))
}

fn endpoint(text: String) -> Result<String, String> {
    let url = url::Url::parse(&text).map_err(|_| "is not a web address".to_owned())?;
    if matches!(url.scheme(), "http" | "https") { Ok(text) } else { Err("must be http or https".to_owned()) }
}

/// A list, or one text with commas, as the environment has it.
fn list(value: &Value) -> Result<Vec<String>, String> {
    if let Some(list) = value.as_array() {
        return list.iter().map(text).collect();
    }
    let parts = text(value)?.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
    Ok(parts.into_iter().filter(|part| !part.is_empty()).collect())
}

fn endpoints(value: &Value) -> Result<Vec<String>, String> {
    let list = list(value)?.into_iter().map(endpoint).collect::<Result<Vec<_>, _>>()?;
    if (1..=2).contains(&list.len()) { Ok(list) } else { Err("must be one or two addresses".to_owned()) }
}

/// `30s`, `90m`, `24h`, `7d`.
fn span(text: String) -> Result<Millis, String> {
    let refused = || "must be a number with its unit: s, m, h or d".to_owned();
    let at = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at)).ok_or_else(refused)?;
    let (count, unit) = text.split_at(at);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return Err(refused()),
    };
    let count: u64 = count.parse().map_err(|_| refused())?;
    let span = count.checked_mul(seconds * 1000).map(Millis).ok_or_else(refused)?;
    if span >= LOCK_MIN { Ok(span) } else { Err("must be at least 30s".to_owned()) }
}

fn display_rates(value: &Value) -> Result<Vec<DisplayRate>, String> {
    list(value)?.iter().map(|line| display_rate(line)).collect()
}

/// `KRW 1380.5 2026-11-20T00:00:00Z Bank of Korea`: what one token is worth, when that was so, and who says so.
fn display_rate(line: &str) -> Result<DisplayRate, String> {
    let refused = || format!("\"{line}\" is not currency, value of one token, time and source");
    let mut parts = line.splitn(4, ' ');
    let mut next = || parts.next().filter(|part| !part.is_empty()).ok_or_else(refused);
    let (currency, worth, at, source) = (next()?, next()?, next()?, next()?);
    let known = matches!(currency, "KRW" | "USD");
    let micros = ttalkak_protocol::money::Amount::parse_units(worth, 6).ok();
    let micros = micros.and_then(|micros| u64::try_from(micros.0).ok()).filter(|_| known);
    let at: UnixMillis = at.parse().map_err(|_| refused())?;
    let micros_per_token = micros.ok_or_else(refused)?;
    Ok(DisplayRate {
        currency: currency.to_owned(),
        micros_per_token,
        source: source.to_owned(),
        at,
        stale: false,
    })
}

fn rate_sources(value: &Value) -> Result<Vec<RateSource>, String> {
    let sources = list(value)?.iter().map(|line| rate_source(line)).collect::<Result<Vec<_>, _>>()?;
    let twice =
        |source: &RateSource| sources.iter().filter(|other| other.currency == source.currency).count() > 1;
    if sources.iter().any(twice) {
        Err("must name one source for each currency".to_owned())
    } else {
        Ok(sources)
    }
}

/// `KRW https://rates.example.com/v1/latest /rates/KRW /time`: the currency, who is asked, where in its JSON the worth of
/// one token is, and where its time is, if it has one.
fn rate_source(line: &str) -> Result<RateSource, String> {
    let refused = || format!("\"{line}\" is not currency, address, place of the rate and place of its time");
    let parts: Vec<&str> = line.split_whitespace().collect();
    let (currency, url, value_at, time_at) = match parts[..] {
        [currency, url, value_at] => (currency, url, value_at, None),
        [currency, url, value_at, time_at] => (currency, url, value_at, Some(time_at)),
        _ => return Err(refused()),
    };
    let pointers = [Some(value_at), time_at].into_iter().flatten().all(|pointer| pointer.starts_with('/'));
    if !matches!(currency, "KRW" | "USD") || !pointers {
        return Err(refused());
    }
    Ok(RateSource {
        currency: currency.to_owned(),
        url: endpoint(url.to_owned())?,
        value_at: value_at.to_owned(),
        time_at: time_at.map(str::to_owned),
    })
}

/// `20%`.
fn percent(text: String) -> Result<u64, String> {
    let number = text.strip_suffix('%').and_then(|number| number.trim().parse().ok());
    number.filter(|percent| (1..=1000).contains(percent)).ok_or_else(|| "must be 1% to 1000%".to_owned())
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Mistakes};
    use std::collections::BTreeMap;
    use ttalkak_protocol::unit::Millis;

    const ON: &str = "payments = \"on\"\nchain_rpc = [\"http://127.0.0.1:8545\"]\nchain_id = 31337\n\
        escrow = \"0x5FbDB2315678afecb367f032d93F642f64180aa3\"\nmeter_key_file = \"meter.key\"\n";

    fn mistakes(text: &str) -> Vec<String> {
        let Mistakes(mistakes) = Config::read(text, &BTreeMap::new()).unwrap_err();
        mistakes.into_iter().map(|mistake| mistake.key).collect()
    }

    #[test]
    fn payments_are_off_until_they_are_switched_on_and_then_need_their_chain() {
        assert!(!Config::default().payments.on);
        assert_eq!(mistakes("payments = \"on\""), ["chain_rpc", "chain_id", "escrow", "meter_key_file"]);
        let config = Config::read(ON, &BTreeMap::new()).unwrap().payments;
        assert!(config.on);
        assert_eq!(config.lock_for, Millis(24 * 3600 * 1000));
        assert_eq!(config.chain_confirmations, None);
    }

    #[test]
    fn the_environment_says_lists_with_commas_and_numbers_as_texts() {
        let said = [
            ("chain_rpc", "http://127.0.0.1:1, http://127.0.0.1:2"),
            ("chain_id", "10"),
            ("chain_confirmations", "0"),
            ("lock_for", "60s"),
            ("settle_at", "*/3 * * * * *"),
        ];
        let overrides = said.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let config = Config::read(ON, &BTreeMap::from(overrides)).unwrap().payments;
        assert_eq!(config.chain_rpc, ["http://127.0.0.1:1", "http://127.0.0.1:2"]);
        assert_eq!((config.chain_id, config.chain_confirmations), (10, Some(0)));
        assert_eq!(config.lock_for, Millis(60_000));
    }

    #[test]
    fn a_setting_that_cannot_be_meant_is_refused() {
        for line in [
            "payments = true",
            "payments = \"maybe\"",
            "chain_rpc = []",
            "chain_rpc = [\"ftp://x\"]",
            "chain_id = -1",
            "escrow = \"0x12\"",
            "token = \"0x5FbDB2315678afecb367f032d93F642f64180aA3\"",
            "settle_at = \"daily\"",
            "lock_for = \"24\"",
            "lock_for = \"1s\"",
            "display_rates = [\"KRW 1380\"]",
            "display_rates = [\"EUR 1 2026-11-20T00:00:00Z x\"]",
            "rate_sources = [\"KRW ftp://x /a\"]",
            "rate_sources = [\"KRW https://x rates.KRW\"]",
            "rate_sources = [\"EUR https://x /a\"]",
            "rate_sources = [\"KRW https://x /a\", \"KRW https://y /a\"]",
            "rate_jump_max = \"0%\"",
            "rate_jump_max = \"20\"",
        ] {
            assert_eq!(mistakes(line).len(), 1, "{line}");
        }
    }

    #[test]
    fn a_rate_for_people_says_when_and_where_it_is_from() {
        let text = "display_rates = [\"KRW 1380.5 2026-11-20T00:00:00Z Bank of Korea\"]";
        let rates = Config::read(text, &BTreeMap::new()).unwrap().payments.display_rates;
        assert_eq!(rates[0].micros_per_token, 1_380_500_000);
        assert_eq!((rates[0].currency.as_str(), rates[0].source.as_str()), ("KRW", "Bank of Korea"));
        assert_eq!(rates[0].at.to_string(), "2026-11-20T00:00:00.000Z");
    }
}
