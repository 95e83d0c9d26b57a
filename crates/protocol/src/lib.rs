//! Everything that crosses a wire between the programs of Ttalkak: ids, units, the agent's link, the HTTP bodies
//! and the error codes. Deliberately absent: sockets, clocks, storage. A type lives here only because two programs
//! must agree on it.

pub mod api;
pub mod codec;
pub mod desk;
pub mod error;
pub mod id;
pub mod link;
pub mod money;
pub mod name;
pub mod secret;
pub mod shell;
pub mod unit;
pub mod version;

pub use error::{ErrorBody, ErrorCode};
pub use secret::Secret;
