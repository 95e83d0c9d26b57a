//! What a route takes, as types: `Caller<can::Deploy>` is somebody who may deploy. There is no caller without one.

use crate::logic::authorize::Action;

/// What a [`Caller`](super::Caller) was let in for.
pub(in crate::api) trait Permit: Send + Sync + 'static {
    /// It.
    const ACTION: Action;
}

macro_rules! permits {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub(in crate::api) struct $name;

        impl Permit for $name {
            const ACTION: Action = Action::$name;
        }
    )*};
}

permits! {
    /// Looks at what the team has.
    Read;
    /// Changes what is deployed.
    Deploy;
    /// Changes machines and what they earn.
    Lend;
    /// Links wallets, permits spending.
    Pay;
    /// Changes the team.
    Administer;
    /// Changes what is one's own.
    Personal;
}
