//! Sends mail: by a server, into the log in development, or not at all. Deliberately absent: trying again; whoever asked
//! for a mail is told at once, and asks again.

use crate::config::Mail;
use anyhow::Context;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use std::{sync::Arc, time::Duration};

/// A server that takes longer is as good as away: somebody waits for the answer.
const WITHIN: Duration = Duration::from_secs(15);

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Not an address.
    #[error("read the address")]
    Address(#[from] lettre::address::AddressError),
    /// This coordinator sends none.
    #[error("no mail server is set")]
    Off,
    /// The mail cannot be written.
    #[error("write the mail")]
    Write(#[from] lettre::error::Error),
    /// The server did not take it.
    #[error("hand the mail to the server")]
    Send(#[from] lettre::transport::smtp::Error),
}

/// A cheap handle.
#[derive(Clone)]
pub struct Mailer(Arc<Way>);

enum Way {
    Smtp { server: Box<AsyncSmtpTransport<Tokio1Executor>>, from: Mailbox },
    Log,
    Off,
}

impl Mailer {
    /// Reads the server's address; connects only when something is sent.
    /// Errors: a file that cannot be read, or holds no address of a server.
    pub fn new(mail: &Mail) -> anyhow::Result<Self> {
        let way = match mail {
            Mail::Smtp { url_file, from } => {
                let what = || format!("read the mail server's address in {}", url_file.display());
                let url = std::fs::read_to_string(url_file).with_context(what)?;
                let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.trim()).with_context(what)?;
                let server = Box::new(server.timeout(Some(WITHIN)).build());
                Way::Smtp { server, from: from.parse().context("read mail_from")? }
            }
            Mail::Log => Way::Log,
            Mail::Off => Way::Off,
        };
        Ok(Self(Arc::new(way)))
    }

    /// Sends plain text. Errors: `Address`, `Off`, `Write`, `Send`.
    pub async fn send(&self, to: &str, subject: &str, text: String) -> Result<(), MailError> {
        let address: lettre::Address = to.parse()?;
        match &*self.0 {
            Way::Smtp { server, from } => {
                let mail = Message::builder()
                    .from(from.clone())
                    .to(Mailbox::new(None, address))
                    .subject(subject)
                    .header(ContentType::TEXT_PLAIN)
                    .body(text)?;
                server.send(mail).await?;
                Ok(())
            }
            // Only where everybody may sign in as anybody anyway.
            Way::Log => {
                tracing::info!(%to, subject, "mail, not sent: {text}");
                Ok(())
            }
            Way::Off => Err(MailError::Off),
        }
    }
}

/// Whether mail could reach this address, as far as its form tells.
pub fn is_address(text: &str) -> bool {
    text.len() <= 254 && text.parse::<lettre::Address>().is_ok()
}
