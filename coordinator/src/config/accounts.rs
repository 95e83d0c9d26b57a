//! How people come in, and how mail reaches them.

use super::{Mistake, Value, switch, web_url};
use std::path::PathBuf;

/// Settings of the console's accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Where people find the console from outside; made of the listener when absent.
    pub console_url: Option<String>,
    /// Development only: in by a name alone.
    pub development_sign_in: bool,
    /// A file that holds the mail server's address.
    pub smtp_url_file: Option<PathBuf>,
    /// Whom mail comes from.
    pub mail_from: Option<String>,
}

/// How mail is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mail {
    /// By a server.
    Smtp {
        /// A file that holds its address.
        url_file: PathBuf,
        /// Whom it comes from.
        from: String,
    },
    /// Told in the log; a coordinator for development.
    Log,
    /// Not at all.
    Off,
}

impl Accounts {
    /// How mail is sent.
    pub fn mail(&self) -> Mail {
        match (&self.smtp_url_file, &self.mail_from) {
            (Some(url_file), Some(from)) => Mail::Smtp { url_file: url_file.clone(), from: from.clone() },
            (_, _) if self.development_sign_in => Mail::Log,
            (_, _) => Mail::Off,
        }
    }

    /// `None` when it is no key of this part.
    pub(super) fn set(&mut self, key: &str, value: &Value) -> Option<Result<(), (String, &'static str)>> {
        let text = || value.as_str().map(str::to_owned).ok_or_else(|| "must be a text".to_owned());
        Some(match key {
            "console_url" => text()
                .and_then(web_url)
                .map(|url| self.console_url = Some(url))
                .map_err(|why| (why, "\"https://console.example.com\"")),
            "development_sign_in" => {
                switch(value).map(|on| self.development_sign_in = on).map_err(|why| (why, "false"))
            }
            "smtp_url_file" => text()
                .map(|file| self.smtp_url_file = Some(file.into()))
                .map_err(|why| (why, "\"/etc/ttalkak/smtp\"")),
            "mail_from" => text()
                .and_then(mailbox)
                .map(|from| self.mail_from = Some(from))
                .map_err(|why| (why, "\"Ttalkak <ttalkak@example.com>\"")),
            _ => return None,
        })
    }

    /// Settings that others need beside them.
    pub(super) fn missing(&self) -> Option<Mistake> {
        let (key, example) = match (&self.smtp_url_file, &self.mail_from) {
            (Some(_), None) => ("mail_from", "\"Ttalkak <ttalkak@example.com>\""),
            (None, Some(_)) => ("smtp_url_file", "\"/etc/ttalkak/smtp\""),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        Some(Mistake { key: key.to_owned(), why: "is needed to send mail".to_owned(), example })
    }
}

fn mailbox(text: String) -> Result<String, String> {
    match text.parse::<lettre::message::Mailbox>() {
        Ok(_) => Ok(text),
        Err(_) => Err("is not an address".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;
    use std::collections::BTreeMap;

    fn read(text: &str) -> Result<Accounts, String> {
        let config = Config::read(text, &BTreeMap::new());
        config.map(|config| config.accounts).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn mail_needs_a_server_and_a_sender_and_is_told_in_the_log_in_development_alone() {
        assert_eq!(read("").unwrap().mail(), Mail::Off);
        assert_eq!(read("development_sign_in = true").unwrap().mail(), Mail::Log);
        let both = "smtp_url_file = \"/f\"\nmail_from = \"T <t@example.com>\"";
        assert!(matches!(read(both).unwrap().mail(), Mail::Smtp { .. }));
        for bad in [
            "smtp_url_file = \"/f\"",
            "mail_from = \"t@example.com\"",
            "mail_from = \"nobody\"",
            "console_url = \"x\"",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
