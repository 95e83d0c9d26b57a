//! The desktop app's programs on a session of their own: tray over D-Bus, window under Xvfb through WebKitWebDriver.
//! Needs dbus-daemon, Xvfb and WebKitWebDriver, which `cargo xtask test` installs; without them it skips aloud.

mod daemon;
mod panel;
mod session;
mod tray;
mod web;
mod window;
