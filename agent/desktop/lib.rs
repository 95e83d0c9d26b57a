//! The desktop shell in two programs. `ttalkak-desktop` is the tray: it keeps the daemon running, shows how it stands,
//! announces what happens, and holds no webview, so that it stays small for months. `ttalkak-window` is the window: a
//! process of its own that is started when somebody looks and ends when it is closed, with all that it needed.
//! Both are a desk of the daemon and know nothing that it did not tell them.
//! Deliberately absent: lending, engine, money; whatever is decided, the daemon decides it.

pub mod alone;
pub mod autostart;
pub mod config;
pub mod daemon;
pub mod desk;
pub mod links;
pub mod tray;
pub mod words;
