//! The one place that reads the time of day; everything that words a time takes `now` as an argument.

use ttalkak_protocol::unit::UnixMillis;

/// The present moment.
pub(crate) fn now() -> UnixMillis {
    UnixMillis(jiff::Timestamp::now().as_millisecond())
}
