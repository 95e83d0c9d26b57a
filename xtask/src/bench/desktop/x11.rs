//! Windows of an X screen: found by their titles, and asked to close as a window manager does when a person clicks the
//! cross. Shared with the tests of the window, which name this file.

use anyhow::{Context, Result};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{AtomEnum, ClientMessageEvent, ConnectionExt as _, EventMask, MapState, Window},
    rust_connection::RustConnection,
};

/// A look at one screen. As long as it lives, the server does not reset itself for want of clients.
pub(crate) struct X11 {
    connection: RustConnection,
    root: Window,
    protocols: u32,
    delete: u32,
    name: u32,
}

impl X11 {
    /// Connects to a display such as `:7`.
    pub(crate) fn connect(display: &str) -> Result<Self> {
        let (connection, screen) = RustConnection::connect(Some(display)).context("reach the X server")?;
        let root = connection.setup().roots.get(screen).context("a screen of the X server")?.root;
        let atom = |name: &[u8]| -> Result<u32> { Ok(connection.intern_atom(false, name)?.reply()?.atom) };
        let (protocols, delete, name) =
            (atom(b"WM_PROTOCOLS")?, atom(b"WM_DELETE_WINDOW")?, atom(b"_NET_WM_NAME")?);
        Ok(Self { connection, root, protocols, delete, name })
    }

    /// A window that is seen and whose title begins with one of these.
    pub(crate) fn window(&self, titles: &[&str]) -> Option<Window> {
        self.below(self.root, titles)
    }

    /// Asks a window to close.
    pub(crate) fn close(&self, window: Window) -> Result<()> {
        let event = ClientMessageEvent::new(32, window, self.protocols, [self.delete, 0, 0, 0, 0]);
        self.connection.send_event(false, window, EventMask::NO_EVENT, event)?.check()?;
        Ok(())
    }

    /// A window may go while it is looked at, so what cannot be asked is not there.
    fn below(&self, parent: Window, titles: &[&str]) -> Option<Window> {
        let children = self.connection.query_tree(parent).ok()?.reply().ok()?.children;
        children.into_iter().find_map(|window| {
            if self.is_seen(window).unwrap_or(false) && self.is_called(window, titles).unwrap_or(false) {
                return Some(window);
            }
            self.below(window, titles)
        })
    }

    fn is_seen(&self, window: Window) -> Result<bool> {
        let attributes = self.connection.get_window_attributes(window)?.reply()?;
        Ok(attributes.map_state == MapState::VIEWABLE)
    }

    fn is_called(&self, window: Window, titles: &[&str]) -> Result<bool> {
        let asked = self.connection.get_property(false, window, self.name, AtomEnum::ANY, 0, 256)?;
        let title = String::from_utf8(asked.reply()?.value)?;
        Ok(titles.iter().any(|begin| title.starts_with(begin)))
    }
}
