//! The desktop app's programs on a session of their own: tray over D-Bus, window under Xvfb through WebKitWebDriver.
//! Needs dbus-daemon, Xvfb and WebKitWebDriver, which `cargo xtask test` installs; without them it skips aloud.
//! The flows need the container engine and anvil, too.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program of tests: a panic is a failure, and its tasks end with it"
)]

mod daemon;
mod flows;
mod inside;
mod panel;
mod session;
mod tray;
#[path = "../../xtask/src/bench/desktop/unseen.rs"]
mod unseen;
mod web;
mod window;
#[path = "../../xtask/src/bench/desktop/x11.rs"]
mod x11;
