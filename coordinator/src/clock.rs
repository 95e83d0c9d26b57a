//! The one reader of the wall clock. Pure rooms take `now` as an argument.

use ttalkak_protocol::unit::UnixMillis;

/// The time by this machine.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> UnixMillis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UnixMillis(since.map_or(0, |span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
}
