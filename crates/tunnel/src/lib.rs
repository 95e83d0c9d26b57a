//! Visitors' bytes between edge and agent: many streams in one connection that the agent dials.
//!
//! Pure rooms: `frame` (shapes), `target` (what is asked for), `stream` (a life as a table), `credit` (windows),
//! `session` (all of it together, bytes in and events out). Around them: `transport` (what carries the bytes),
//! `driver` (moves them), `lane` (handles and streams), `copy` (a stream and a socket joined).
//!
//! Deliberately absent: dialling, TLS and authentication, which the caller has done before; HTTP; and data
//! connections beside this one, for which `transport` is the seam.

pub mod code;
pub mod copy;
pub mod credit;
mod driver;
mod entry;
pub mod error;
pub mod frame;
pub mod lane;
pub mod limits;
pub mod liveness;
mod queue;
pub mod session;
mod shared;
pub mod stream;
pub mod target;
pub mod transport;
mod tunnel_stream;

pub use code::{CloseCode, ResetCode};
pub use copy::{Copied, CopyError, copy_both};
pub use error::{CloseReason, OpenError, StreamError, reset_code, stream_error};
pub use lane::{AgentHandle, EdgeHandle, Tunnel};
pub use limits::Limits;
pub use session::Stats;
pub use target::{OpenTarget, TargetError, TargetKind};
pub use transport::{Named, Transport};
pub use tunnel_stream::TunnelStream;
