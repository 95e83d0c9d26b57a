//! Background work: workers that keep promises, each started by a timer or a nudge, harmless twice.

pub mod presence;
pub mod sagas;
pub mod sweep;
pub mod wake;
