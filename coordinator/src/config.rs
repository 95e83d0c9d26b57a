//! The only reader of settings and environment. All mistakes are told at once, each with its key and an example;
//! unknown keys are refused. The commented `coordinator.example.toml` is the manual, and a test parses it.

mod accounts;
mod github;
mod payments;

pub use accounts::{Accounts, Mail};
pub use github::{GitHub, GitHubApp};
pub use payments::Payments;

use crate::edge::forwarded::TrustedHops;
use std::{collections::BTreeMap, net::SocketAddr, ops::RangeInclusive, path::PathBuf, sync::OnceLock};
use toml::Value;
use ttalkak_protocol::unit::PublicPort;

/// Prefix of environment variables: `TTALKAK_COORDINATOR_LISTEN` sets `listen`.
pub const ENV_PREFIX: &str = "TTALKAK_COORDINATOR_";

/// What a coordinator is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Databases, master key, source archives.
    pub data_dir: PathBuf,
    /// API, links and tunnels.
    pub listen: SocketAddr,
    /// Visitors over HTTP.
    pub edge_listen: SocketAddr,
    /// Apps live at `{name}.{apps_domain}`.
    pub apps_domain: String,
    /// How visitors reach the edge from outside, such as `https://apps.example.com`; made of the parts above when absent.
    pub apps_url: Option<String>,
    /// Public ports for raw TCP apps.
    pub public_ports: RangeInclusive<u16>,
    /// Reverse proxies in front of the edge whose `X-Forwarded-*` is believed.
    pub trusted_proxies: TrustedHops,
    /// Development only: `file://` and loopback `http://` repositories.
    pub allow_local_git: bool,
    /// How people come in and are written to.
    pub accounts: Accounts,
    /// Our App at GitHub.
    pub github: GitHub,
    /// How deployments are paid for.
    pub payments: Payments,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("ttalkak-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 7700)),
            edge_listen: SocketAddr::from(([127, 0, 0, 1], 7780)),
            apps_domain: "localhost".to_owned(),
            apps_url: None,
            public_ports: 30_000..=30_099,
            trusted_proxies: TrustedHops::default(),
            allow_local_git: false,
            accounts: Accounts::default(),
            github: GitHub::Off,
            payments: Payments::default(),
        }
    }
}

/// One setting that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}; for example {key} = {example}")]
pub struct Mistake {
    /// Which setting.
    pub key: String,
    /// What is wrong.
    pub why: String,
    /// A value that would do.
    pub example: &'static str,
}

/// Every setting that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration has {} mistake(s):\n  {}", .0.len(), .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  "))]
pub struct Mistakes(pub Vec<Mistake>);

impl Config {
    /// Reads a TOML text, then overrides (environment, flags) in order; later ones win.
    /// Errors: all mistakes at once.
    pub fn read(text: &str, overrides: &BTreeMap<String, String>) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let table = text.parse::<toml::Table>().unwrap_or_else(|error| {
            let why = error.message().to_owned();
            mistakes.push(Mistake { key: "the file".to_owned(), why, example: "a TOML table" });
            toml::Table::new()
        });
        let (mut config, mut github) = (Self::default(), github::Draft::default());
        let typed = overrides.iter().map(|(key, value)| (key.clone(), Value::String(value.clone())));
        for (key, value) in table.into_iter().chain(typed) {
            let set = github.set(&key, &value).unwrap_or_else(|| config.set(&key, &value));
            if let Err((why, example)) = set {
                mistakes.push(Mistake { key, why, example });
            }
        }
        // A setting that is wrong is not missing, too.
        let mut missing = config.payments.missing();
        missing.extend(config.accounts.missing());
        match github.finish() {
            Ok(github) => config.github = github,
            Err(absent) => missing.extend(absent),
        }
        missing.retain(|missing| !mistakes.iter().any(|mistake| mistake.key == missing.key));
        mistakes.extend(missing);
        if mistakes.is_empty() { Ok(config) } else { Err(Mistakes(mistakes)) }
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), (String, &'static str)> {
        let text = || value.as_str().map(str::to_owned).ok_or_else(|| "must be a text".to_owned());
        let address = || text()?.parse().map_err(|_| "is not an address with a port".to_owned());
        match key {
            "data_dir" => self.data_dir = text().map_err(|why| (why, "\"/var/lib/ttalkak\""))?.into(),
            "listen" => self.listen = address().map_err(|why| (why, "\"127.0.0.1:7700\""))?,
            "edge_listen" => self.edge_listen = address().map_err(|why| (why, "\"127.0.0.1:7780\""))?,
            "apps_domain" => {
                self.apps_domain = text().and_then(domain).map_err(|why| (why, "\"apps.example.com\""))?;
            }
            "apps_url" => {
                self.apps_url =
                    Some(text().and_then(web_url).map_err(|why| (why, "\"https://apps.example.com\""))?);
            }
            "public_ports" => {
                self.public_ports = text().and_then(|t| ports(&t)).map_err(|why| (why, "\"30000-30099\""))?;
            }
            "trusted_proxies" => {
                self.trusted_proxies = hops(value).map_err(|why| (why, "[\"10.0.0.0/8\"]"))?;
            }
            "allow_local_git" => self.allow_local_git = switch(value).map_err(|why| (why, "false"))?,
            _ => {
                let unknown = || Err(("is not a setting".to_owned(), "see coordinator.example.toml"));
                let set = self.accounts.set(key, value).or_else(|| self.payments.set(key, value));
                return set.unwrap_or_else(unknown);
            }
        }
        Ok(())
    }

    /// Where visitors find a name, or the public port that it has instead.
    pub fn public_url(&self, name: &str, port: Option<PublicPort>) -> String {
        port.map_or_else(|| self.app_url(name), |port| self.tcp_url(port.get()))
    }

    /// Where people find the console, without a slash at the end.
    pub fn console_url(&self) -> String {
        self.accounts.console_url.clone().unwrap_or_else(|| format!("http://{}", self.listen))
    }

    /// Where visitors find a name over HTTP.
    pub fn app_url(&self, name: &str) -> String {
        let base = self
            .apps_url
            .clone()
            .unwrap_or_else(|| format!("http://{}:{}", self.apps_domain, self.edge_listen.port()));
        base.replacen("://", &format!("://{name}."), 1)
    }

    /// Where visitors find a public port.
    pub fn tcp_url(&self, port: u16) -> String {
        format!("tcp://{}:{port}", self.apps_domain)
    }
}

fn domain(text: String) -> Result<String, String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    if text.is_empty() || !text.chars().all(good) { Err("is not a domain name".to_owned()) } else { Ok(text) }
}

fn web_url(text: String) -> Result<String, String> {
    let url = url::Url::parse(&text).map_err(|_| "is not a web address".to_owned())?;
    let plain = matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none();
    if plain {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err("must be scheme, host and port only".to_owned())
    }
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let range =
        text.split_once('-').and_then(|(from, to)| Some(from.trim().parse().ok()?..=to.trim().parse().ok()?));
    range
        .filter(|range| *range.start() > 0 && !range.is_empty())
        .ok_or_else(|| "is not a range of ports".to_owned())
}

fn hops(value: &Value) -> Result<TrustedHops, String> {
    let texts: Vec<&str> = match value {
        Value::String(text) => text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => {
            return Err("must be a list of addresses".to_owned());
        }
    };
    TrustedHops::parse(texts).map_err(|error| error.to_string())
}

fn switch(value: &Value) -> Result<bool, String> {
    match value {
        Value::Boolean(on) => Ok(*on),
        Value::String(text) => text.parse().map_err(|_| "must be true or false".to_owned()),
        Value::Integer(_) | Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
            Err("must be true or false".to_owned())
        }
    }
}

/// The settings among the process's environment, by key.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn from_environment() -> BTreeMap<String, String> {
    std::env::vars()
        .filter_map(|(key, value)| Some((key.strip_prefix(ENV_PREFIX)?.to_ascii_lowercase(), value)))
        .filter(|(key, _)| key != "config")
        .collect()
}

/// The process's environment, of which Git gets what its policy lets through.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn git_environment() -> Vec<(String, String)> {
    std::env::vars().collect()
}

/// Sends logs to standard error: `TTALKAK_LOG` filters (`info` by default), `TTALKAK_LOG_FORMAT=json` for machines.
/// Errors: a filter that cannot be read.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn start_logging() -> anyhow::Result<()> {
    let filter = std::env::var("TTALKAK_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = tracing_subscriber::EnvFilter::try_new(filter)?;
    let logs =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    match std::env::var("TTALKAK_LOG_FORMAT").as_deref() {
        Ok("json") => logs.json().init(),
        Ok(_) | Err(_) => logs.init(),
    }
    Ok(())
}

/// The line of the saga log at which a fault test wants the process to die.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn crash_at() -> Option<&'static String> {
    static AT: OnceLock<Option<String>> = OnceLock::new();
    AT.get_or_init(|| std::env::var("TTALKAK_CRASH_AT").ok()).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_file_parses_and_says_the_defaults() {
        let config = Config::read(include_str!("../coordinator.example.toml"), &BTreeMap::new()).unwrap();
        assert_eq!(config, Config { apps_url: Some("http://localhost:7780".into()), ..Config::default() });
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let text = "listen = 5\nedge_listen = \"nowhere\"\npublic_ports = \"9-1\"\nallow_local_git = \"maybe\"\nlisten_on = 1";
        let Mistakes(mistakes) = Config::read(text, &BTreeMap::new()).unwrap_err();
        let keys: Vec<&str> = mistakes.iter().map(|m| m.key.as_str()).collect();
        assert_eq!(keys.len(), 5, "{mistakes:?}");
        assert!(keys.contains(&"listen_on"));
    }

    #[test]
    fn overrides_win_and_addresses_are_made_of_the_parts() {
        let overrides = BTreeMap::from([("edge_listen".to_owned(), "127.0.0.1:8080".to_owned())]);
        let config = Config::read("edge_listen = \"127.0.0.1:1\"", &overrides).unwrap();
        assert_eq!(config.app_url("shop"), "http://shop.localhost:8080");
        let config = Config::read("apps_url = \"https://apps.example.com\"", &BTreeMap::new()).unwrap();
        assert_eq!(config.app_url("shop"), "https://shop.apps.example.com");
    }
}
