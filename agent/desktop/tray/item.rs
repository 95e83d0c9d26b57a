//! The tray's icon and menu over D-Bus (StatusNotifierItem), in pure Rust: a toolkit would cost the tray more memory than
//! everything else in it together. Appears when a host for such items does, however late.
//! Deliberately absent: what is shown (view.rs).

use super::{
    icons::Icons,
    view::{Act, Item, View},
};
use ksni::{
    Handle, MenuItem, ToolTip, TrayMethods,
    menu::{StandardItem, SubMenu},
};
use tokio::sync::mpsc;

/// The item on the bus.
pub(super) struct TrayItem(Handle<Shown>);

struct Shown {
    name: String,
    view: View,
    icons: Icons,
    acts: mpsc::Sender<Act>,
}

impl std::fmt::Debug for TrayItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TrayItem")
    }
}

impl TrayItem {
    /// Puts the item onto the session bus. `acts`: where clicks go.
    /// Errors: there is no session bus.
    pub(super) async fn show(
        name: String,
        view: View,
        icons: Icons,
        acts: mpsc::Sender<Act>,
    ) -> Result<Self, ksni::Error> {
        let shown = Shown { name, view, icons, acts };
        shown.assume_sni_available(true).spawn().await.map(Self)
    }

    /// Shows something else.
    pub(super) async fn change(&self, view: View) {
        // `None`: the bus is gone, and the session with it.
        let _ = self.0.update(|shown| shown.view = view).await;
    }

    /// Takes the item away.
    pub(super) async fn remove(&self) {
        self.0.shutdown().await;
    }
}

impl Shown {
    fn act(&self, act: &Act) {
        // The loop is behind by as many clicks as the channel holds: one more would not be meant.
        let _ = self.acts.try_send(act.clone());
    }
}

impl ksni::Tray for Shown {
    fn id(&self) -> String {
        "ttalkak-desktop".to_owned()
    }

    fn title(&self) -> String {
        self.name.clone()
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        self.icons.of(self.view.icon)
    }

    fn tool_tip(&self) -> ToolTip {
        let (title, description) = (self.name.clone(), self.view.headline.clone());
        ToolTip { title, description, ..ToolTip::default() }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        self.act(&Act::Open(None));
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.view.menu.iter().map(item).collect()
    }

    fn watcher_offline(&self, _reason: ksni::OfflineReason) -> bool {
        tracing::info!("no tray host is there; the icon appears when one is");
        true
    }
}

fn item(item: &Item) -> MenuItem<Shown> {
    match item {
        Item::Line => MenuItem::Separator,
        Item::Text(label) => {
            StandardItem { label: plain(label), enabled: false, ..StandardItem::default() }.into()
        }
        Item::Click(label, act) => {
            let act = act.clone();
            let activate = Box::new(move |shown: &mut Shown| shown.act(&act));
            StandardItem { label: plain(label), activate, ..StandardItem::default() }.into()
        }
        Item::Menu(label, lines) => {
            let submenu = lines.iter().map(self::item).collect();
            SubMenu { label: plain(label), submenu, ..SubMenu::default() }.into()
        }
    }
}

/// An underscore would mark the next letter as a key.
fn plain(label: &str) -> String {
    label.replace('_', "__")
}
