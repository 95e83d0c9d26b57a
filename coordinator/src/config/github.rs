//! GitHub: all of its settings or none.

use super::{Mistake, Value, web_url};
use std::path::PathBuf;

/// Whether GitHub is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum GitHub {
    /// It is not.
    #[default]
    Off,
    /// As this App.
    On(GitHubApp),
}

/// Our App at GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHubApp {
    /// What people sign in through.
    pub client_id: String,
    /// A file that holds its secret.
    pub client_secret_file: PathBuf,
    /// The App's number.
    pub app_id: u64,
    /// A file that holds its private key, in PEM.
    pub app_key_file: PathBuf,
    /// The App's name in addresses.
    pub app_slug: String,
    /// A file that holds what webhooks are signed with.
    pub webhook_secret_file: PathBuf,
    /// Where people sign in and repositories are.
    pub url: String,
    /// Where programs ask.
    pub api_url: String,
}

/// What was set so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Draft {
    client_id: Option<String>,
    client_secret_file: Option<PathBuf>,
    app_id: Option<u64>,
    app_key_file: Option<PathBuf>,
    app_slug: Option<String>,
    webhook_secret_file: Option<PathBuf>,
    url: Option<String>,
    api_url: Option<String>,
}

const SLUG: &str = "\"my-ttalkak\"";

impl Draft {
    /// Takes one setting; `None` when it is not one of these.
    pub(super) fn set(&mut self, key: &str, value: &Value) -> Option<Result<(), (String, &'static str)>> {
        let text = || {
            let text = value.as_str().map(str::trim).filter(|text| !text.is_empty());
            text.map(str::to_owned).ok_or_else(|| "must be a text".to_owned())
        };
        Some(match key {
            "github_client_id" => keep(&mut self.client_id, text(), "\"Iv23liAbCdEf\""),
            "github_client_secret_file" => keep(
                &mut self.client_secret_file,
                text().map(PathBuf::from),
                "\"/etc/ttalkak/github-client\"",
            ),
            "github_app_id" => keep(&mut self.app_id, number(value), "123456"),
            "github_app_key_file" => {
                keep(&mut self.app_key_file, text().map(PathBuf::from), "\"/etc/ttalkak/github-app.pem\"")
            }
            "github_app_slug" => keep(&mut self.app_slug, text().and_then(slug), SLUG),
            "github_webhook_secret_file" => {
                keep(&mut self.webhook_secret_file, text().map(PathBuf::from), "\"/etc/ttalkak/github-hook\"")
            }
            "github_url" => keep(&mut self.url, text().and_then(web_url), "\"https://github.com\""),
            "github_api_url" => {
                keep(&mut self.api_url, text().and_then(api_url), "\"https://api.github.com\"")
            }
            _ => return None,
        })
    }

    /// All of it, nothing, or what is missing.
    pub(super) fn finish(&self) -> Result<GitHub, Vec<Mistake>> {
        if *self == Self::default() {
            return Ok(GitHub::Off);
        }
        let Self {
            client_id, client_secret_file, app_id, app_key_file, app_slug, webhook_secret_file, ..
        } = self.clone();
        let absent = [
            ("github_client_id", client_id.is_none(), "\"Iv23liAbCdEf\""),
            ("github_client_secret_file", client_secret_file.is_none(), "\"/etc/ttalkak/github-client\""),
            ("github_app_id", app_id.is_none(), "123456"),
            ("github_app_key_file", app_key_file.is_none(), "\"/etc/ttalkak/github-app.pem\""),
            ("github_app_slug", app_slug.is_none(), SLUG),
            ("github_webhook_secret_file", webhook_secret_file.is_none(), "\"/etc/ttalkak/github-hook\""),
        ];
        let (
            Some(client_id),
            Some(client_secret_file),
            Some(app_id),
            Some(app_key_file),
            Some(app_slug),
            Some(webhook_secret_file),
        ) = (client_id, client_secret_file, app_id, app_key_file, app_slug, webhook_secret_file)
        else {
            let why = "is needed when GitHub is set up";
            let missing = absent.into_iter().filter(|(_, absent, _)| *absent);
            return Err(missing
                .map(|(key, _, example)| Mistake { key: key.to_owned(), why: why.to_owned(), example })
                .collect());
        };
        Ok(GitHub::On(GitHubApp {
            client_id,
            client_secret_file,
            app_id,
            app_key_file,
            app_slug,
            webhook_secret_file,
            url: self.url.clone().unwrap_or_else(|| "https://github.com".to_owned()),
            api_url: self.api_url.clone().unwrap_or_else(|| "https://api.github.com".to_owned()),
        }))
    }
}

fn keep<T>(
    place: &mut Option<T>,
    value: Result<T, String>,
    example: &'static str,
) -> Result<(), (String, &'static str)> {
    *place = Some(value.map_err(|why| (why, example))?);
    Ok(())
}

fn number(value: &Value) -> Result<u64, String> {
    let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
    let read = number.or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    read.filter(|number| *number > 0).ok_or_else(|| "must be a whole number".to_owned())
}

fn slug(text: String) -> Result<String, String> {
    let plain = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if plain { Ok(text) } else { Err("must be the App's name as its address has it".to_owned()) }
}

/// As other addresses, but GitHub's own servers for companies have their API beneath a path.
fn api_url(text: String) -> Result<String, String> {
    let url = url::Url::parse(&text).map_err(|_| "is not a web address".to_owned())?;
    let plain = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    if plain {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err("must be a plain web address".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Mistakes};
    use std::collections::BTreeMap;

    const ALL: &str = "github_client_id = \"Iv1\"\ngithub_client_secret_file = \"/a\"\ngithub_app_id = 7\n\
        github_app_key_file = \"/b\"\ngithub_app_slug = \"ttalkak\"\ngithub_webhook_secret_file = \"/c\"\n";

    fn mistakes(text: &str) -> Vec<String> {
        let Mistakes(mistakes) = Config::read(text, &BTreeMap::new()).unwrap_err();
        mistakes.into_iter().map(|mistake| mistake.key).collect()
    }

    #[test]
    fn github_is_off_until_all_of_it_is_set() {
        assert_eq!(Config::read("", &BTreeMap::new()).unwrap().github, GitHub::Off);
        let GitHub::On(app) = Config::read(ALL, &BTreeMap::new()).unwrap().github else { panic!("it is on") };
        assert_eq!((app.app_id, app.url.as_str()), (7, "https://github.com"));
        assert_eq!(app.api_url, "https://api.github.com");
        assert_eq!(mistakes("github_app_id = 7").len(), 5, "each missing one is named");
        assert_eq!(mistakes("github_url = \"https://git.example.com\"").len(), 6);
    }

    #[test]
    fn a_setting_of_github_that_cannot_be_meant_is_refused() {
        for (key, value) in [
            ("github_app_id", "\"seven\""),
            ("github_app_id", "0"),
            ("github_app_slug", "\"My App\""),
            ("github_url", "\"github.com\""),
            ("github_url", "\"https://github.com/me\""),
            ("github_api_url", "\"ftp://x\""),
            ("github_client_id", "\"\""),
        ] {
            let others = ALL.lines().filter(|line| !line.starts_with(key)).collect::<Vec<_>>().join("\n");
            assert_eq!(mistakes(&format!("{others}\n{key} = {value}\n")), [key], "{value}");
        }
    }
}
