//! Keyboard, mouse and fullscreen of an X display: the screen saver extension counts idle time, the window manager says
//! which window is active and whether it has the whole screen. A display that is gone is looked for again.

use std::time::Duration;
use x11rb::{
    connection::Connection,
    protocol::{
        screensaver::ConnectionExt as _,
        xproto::{AtomEnum, ConnectionExt as _, Window},
    },
    rust_connection::RustConnection,
};

x11rb::atom_manager! {
    Atoms: AtomsCookie {
        _NET_ACTIVE_WINDOW,
        _NET_WM_STATE,
        _NET_WM_STATE_FULLSCREEN,
    }
}

/// A connection that is kept, as making one for every look costs more than the look.
#[derive(Default)]
pub(super) struct Screen(Option<Display>);

struct Display {
    connection: RustConnection,
    root: Window,
    atoms: Atoms,
}

impl Screen {
    pub(super) fn look(&mut self) -> (Option<Duration>, Option<bool>) {
        if self.0.is_none() {
            self.0 = Display::open();
        }
        let Some(display) = &self.0 else { return (None, None) };
        let Some(idle) = display.idle() else {
            self.0 = None;
            return (None, None);
        };
        (Some(idle), display.fullscreen())
    }
}

impl Display {
    fn open() -> Option<Self> {
        let (connection, number) = x11rb::connect(None).ok()?;
        let root = connection.setup().roots.get(number)?.root;
        let atoms = Atoms::new(&connection).ok()?.reply().ok()?;
        Some(Self { connection, root, atoms })
    }

    fn idle(&self) -> Option<Duration> {
        let seen = self.connection.screensaver_query_info(self.root).ok()?.reply().ok()?;
        Some(Duration::from_millis(u64::from(seen.ms_since_user_input)))
    }

    /// `None` without a window manager that says so.
    fn fullscreen(&self) -> Option<bool> {
        let Atoms {
            _NET_ACTIVE_WINDOW: active, _NET_WM_STATE: state, _NET_WM_STATE_FULLSCREEN: full, ..
        } = self.atoms;
        let get = |window, property, kind| {
            self.connection.get_property(false, window, property, kind, 0, 64).ok()?.reply().ok()
        };
        let window = get(self.root, active, AtomEnum::WINDOW)?.value32()?.next()?;
        if window == 0 {
            return Some(false);
        }
        Some(
            get(window, state, AtomEnum::ATOM)?
                .value32()
                .is_some_and(|mut states| states.any(|at| at == full)),
        )
    }
}
