//! Announcements by the system, over the session bus: the desktop's own look, sound and do-not-disturb. Where nobody
//! listens they are lost here and stay in the app's list.
//! Deliberately absent: which of the notices are announced; the owner chose that, and the daemon says it.

use futures_util::StreamExt;
use std::collections::HashMap;
use tokio::sync::mpsc;
use ttalkak_protocol::desk::NoticeWeight;
use zbus::{Connection, proxy, zvariant::Value};

/// Our name with the desktop, which finds icon and settings by it.
const DESKTOP_ENTRY: &str = "ttalkak-desktop";
/// The action of a click on the announcement itself.
const CLICKED: &str = "default";

#[proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications"
)]
trait Notifications {
    #[allow(clippy::too_many_arguments, reason = "the standard has so many")]
    fn notify(
        &self,
        app_name: &str,
        replaces_id: u32,
        app_icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: HashMap<&str, Value<'_>>,
        expire_timeout: i32,
    ) -> zbus::Result<u32>;

    #[zbus(signal)]
    fn action_invoked(&self, id: u32, action_key: &str) -> zbus::Result<()>;
}

/// One announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Announcement {
    /// How grave.
    pub(super) weight: NoticeWeight,
    /// What happened.
    pub(super) title: String,
    /// What it means.
    pub(super) text: String,
}

/// Speaks to the desktop's announcer.
#[derive(Debug, Clone)]
pub(super) struct Announcer(Connection);

impl Announcer {
    /// With the session bus.
    pub(super) fn new(bus: Connection) -> Self {
        Self(bus)
    }

    /// Announces; a failure is nobody's news.
    pub(super) async fn announce(&self, app: &str, said: &Announcement) {
        if let Err(error) = self.send(app, said).await {
            tracing::info!("the desktop did not take an announcement: {error}");
        }
    }

    async fn send(&self, app: &str, said: &Announcement) -> zbus::Result<()> {
        let urgency: u8 = match said.weight {
            NoticeWeight::Info => 0,
            NoticeWeight::Warn => 1,
            NoticeWeight::Bad => 2,
        };
        let hints =
            HashMap::from([("urgency", Value::from(urgency)), ("desktop-entry", Value::from(DESKTOP_ENTRY))]);
        let to = NotificationsProxy::new(&self.0).await?;
        let (title, text) = (said.title.as_str(), escape(&said.text));
        to.notify(app, 0, DESKTOP_ENTRY, title, &text, &[CLICKED, ""], hints, -1).await.map(drop)
    }

    /// Sends a word for each click on one of our announcements, for as long as somebody wants it.
    pub(super) async fn clicks(&self, clicked: mpsc::Sender<()>) {
        let Ok(from) = NotificationsProxy::new(&self.0).await else { return };
        let Ok(mut signals) = from.receive_action_invoked().await else { return };
        while let Some(signal) = signals.next().await {
            let ours = signal.args().is_ok_and(|args| args.action_key == CLICKED);
            if ours && clicked.send(()).await.is_err() {
                return;
            }
        }
    }
}

/// Announcers may read the text as markup; names of apps come from strangers.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_name_is_text_and_no_markup() {
        assert_eq!(escape("<a href='x'>shop</a> & co"), "&lt;a href='x'&gt;shop&lt;/a&gt; &amp; co");
    }
}
