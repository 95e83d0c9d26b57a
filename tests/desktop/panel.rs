//! A small desktop panel: hosts tray items (StatusNotifierWatcher), reads and clicks their menus (dbusmenu), and takes
//! announcements.

use crate::session::until;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use zbus::{
    Connection, connection, fdo, interface,
    message::Header,
    object_server::SignalEmitter,
    proxy,
    zvariant::{OwnedValue, Structure, Value},
};

#[derive(Default)]
struct Seen {
    items: Vec<String>,
    announced: Vec<(String, String)>,
}

pub(crate) struct Panel {
    bus: Connection,
    seen: Arc<Mutex<Seen>>,
}

struct Watcher(Arc<Mutex<Seen>>);

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: &str, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let name = if service.starts_with('/') { sender } else { service.to_owned() };
        self.0.lock().unwrap().items.push(name);
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.0.lock().unwrap().items.clone()
    }
}

struct Announcer(Arc<Mutex<Seen>>);

#[interface(name = "org.freedesktop.Notifications")]
impl Announcer {
    #[allow(clippy::too_many_arguments, reason = "the standard has so many")]
    fn notify(
        &self,
        _app: &str,
        _replaces: u32,
        _icon: &str,
        title: &str,
        text: &str,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> u32 {
        let mut seen = self.0.lock().unwrap();
        seen.announced.push((title.to_owned(), text.to_owned()));
        u32::try_from(seen.announced.len()).unwrap()
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str) -> zbus::Result<()>;
}

#[proxy(interface = "org.kde.StatusNotifierItem", default_path = "/StatusNotifierItem")]
trait Item {
    #[zbus(property(emits_changed_signal = "false"))]
    fn icon_pixmap(&self) -> zbus::Result<Vec<(i32, i32, Vec<u8>)>>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn title(&self) -> zbus::Result<String>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn menu(&self) -> zbus::Result<zbus::zvariant::OwnedObjectPath>;
}

type Node = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

#[proxy(interface = "com.canonical.dbusmenu")]
trait Menu {
    fn get_layout(&self, parent: i32, depth: i32, names: &[&str]) -> zbus::Result<(u32, Node)>;
    fn event(&self, id: i32, event: &str, data: &Value<'_>, timestamp: u32) -> zbus::Result<()>;
}

/// A line of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) id: i32,
    pub(crate) label: String,
    pub(crate) enabled: bool,
}

impl Panel {
    pub(crate) async fn start(address: &str) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let bus = connection::Builder::address(address).unwrap();
        let bus = bus.name("org.kde.StatusNotifierWatcher").unwrap();
        let bus = bus.name("org.freedesktop.Notifications").unwrap();
        let bus = bus.serve_at("/StatusNotifierWatcher", Watcher(seen.clone())).unwrap();
        let bus = bus.serve_at("/org/freedesktop/Notifications", Announcer(seen.clone())).unwrap();
        Self { bus: bus.build().await.unwrap(), seen }
    }

    pub(crate) fn announced(&self) -> Vec<(String, String)> {
        self.seen.lock().unwrap().announced.clone()
    }

    /// Clicks an announcement.
    pub(crate) async fn click_announcement(&self, id: u32) {
        let emitter = SignalEmitter::new(&self.bus, "/org/freedesktop/Notifications").unwrap();
        Announcer::action_invoked(&emitter, id, "default").await.unwrap();
    }

    async fn item(&self) -> ItemProxy<'_> {
        until("a tray item", async || !self.seen.lock().unwrap().items.is_empty()).await;
        let name = self.seen.lock().unwrap().items.last().cloned().unwrap();
        ItemProxy::builder(&self.bus).destination(name).unwrap().build().await.unwrap()
    }

    pub(crate) async fn title(&self) -> String {
        self.item().await.title().await.unwrap()
    }

    /// The picture of 16 pixels.
    pub(crate) async fn icon(&self) -> Vec<u8> {
        let pictures = self.item().await.icon_pixmap().await.unwrap();
        pictures.into_iter().find(|(width, ..)| *width == 16).map(|(.., data)| data).unwrap()
    }

    async fn menu_proxy(&self) -> zbus::Result<MenuProxy<'_>> {
        let item = self.item().await;
        let path = item.menu().await?;
        let name = item.inner().destination().to_owned();
        MenuProxy::builder(&self.bus).destination(name)?.path(path)?.build().await
    }

    /// All lines, those of submenus after the line that opens them.
    pub(crate) async fn menu(&self) -> Vec<Line> {
        let read = async {
            let (_, root) = self.menu_proxy().await?.get_layout(0, -1, &[]).await?;
            fdo::Result::Ok(root)
        };
        let mut lines = Vec::new();
        if let Ok((_, _, children)) = read.await {
            children.iter().for_each(|child| flatten(child, &mut lines));
        }
        lines
    }

    pub(crate) async fn labels(&self) -> Vec<String> {
        self.menu().await.into_iter().map(|line| line.label).filter(|label| !label.is_empty()).collect()
    }

    /// Waits for a line and clicks it.
    pub(crate) async fn click(&self, label: &str) {
        let found = async || self.menu().await.into_iter().find(|line| line.label == label);
        until(label, async || found().await.is_some()).await;
        let line = found().await.unwrap();
        assert!(line.enabled, "{label} can be clicked");
        let menu = self.menu_proxy().await.unwrap();
        menu.event(line.id, "clicked", &Value::from(0), 0).await.unwrap();
    }
}

fn flatten(node: &OwnedValue, lines: &mut Vec<Line>) {
    let node = Structure::try_from(node.try_clone().unwrap()).unwrap();
    let (id, properties, children): Node = node.try_into().unwrap();
    let text =
        |key: &str| properties.get(key).and_then(|value| String::try_from(value.try_clone().ok()?).ok());
    let enabled = properties.get("enabled").and_then(|value| bool::try_from(value).ok()).unwrap_or(true);
    lines.push(Line { id, label: text("label").unwrap_or_default(), enabled });
    children.iter().for_each(|child| flatten(child, lines));
}
