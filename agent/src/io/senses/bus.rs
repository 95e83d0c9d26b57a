//! The owner's idle time as the desktop and the keeper of sessions (logind) tell it over D-Bus. GNOME counts
//! milliseconds; logind knows since when a desktop calls its session idle, which most do after minutes. A bus that is gone
//! is looked for again.
//! Deliberately absent: which of them is believed; see [`super`].

use crate::io::clock;
use std::time::Duration;
use ttalkak_protocol::desk::IdleSource;
use zbus::{
    blocking::{Connection, connection::Builder},
    zvariant::{OwnedObjectPath, OwnedValue},
};

/// Both answer at once or not at all.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

const KEEPER: &str = "org.freedesktop.login1";
/// The user whose process asks.
const SELF: &str = "/org/freedesktop/login1/user/self";
const MONITOR: &str = "org.gnome.Mutter.IdleMonitor";
const MONITOR_PATH: &str = "/org/gnome/Mutter/IdleMonitor/Core";

/// Connections that are kept, as the screen's is.
#[derive(Default)]
pub(super) struct Bus {
    keeper: Option<Connection>,
    desktop: Option<Connection>,
}

impl Bus {
    /// Whether the owner sits before a Wayland session. An X server in one hears nothing of what goes to other programs.
    pub(super) fn is_wayland(&mut self) -> bool {
        let kind = self.ask_keeper(|keeper| {
            let (_, session): (String, OwnedObjectPath) = property(keeper, SELF, "User", "Display")?;
            property::<String>(keeper, session.as_str(), "Session", "Type")
        });
        kind.is_some_and(|kind| kind == "wayland")
    }

    /// The best that is told.
    pub(super) fn idle(&mut self) -> Option<(Duration, IdleSource)> {
        let exact = self.desktop_idle().map(|idle| (idle, IdleSource::Desktop));
        exact.or_else(|| Some((self.keeper_idle()?, IdleSource::Logind)))
    }

    fn desktop_idle(&mut self) -> Option<Duration> {
        let found = self.desktop.take().or_else(|| connect(Builder::session()))?;
        let told = found.call_method(Some(MONITOR), MONITOR_PATH, Some(MONITOR), "GetIdletime", &());
        let idle = told.ok()?.body().deserialize().ok().map(Duration::from_millis);
        self.desktop = Some(found);
        idle
    }

    fn keeper_idle(&mut self) -> Option<Duration> {
        self.ask_keeper(|keeper| {
            let idle = property(keeper, SELF, "User", "IdleHint")?;
            let since = property(keeper, SELF, "User", "IdleSinceHintMonotonic")?;
            Some(hinted(idle, Duration::from_micros(since), clock::clocks().awake))
        })
        .flatten()
    }

    fn ask_keeper<T>(&mut self, ask: impl FnOnce(&Connection) -> Option<T>) -> Option<T> {
        let found = self.keeper.take().or_else(|| connect(Builder::system()))?;
        let answer = ask(&found);
        self.keeper = answer.is_some().then_some(found);
        answer
    }
}

/// How long a session is idle by its hint; a hint without a time says nothing.
fn hinted(idle: bool, since: Duration, now: Duration) -> Option<Duration> {
    match (idle, since) {
        (false, _) => Some(Duration::ZERO),
        (true, Duration::ZERO) => None,
        (true, since) => Some(now.saturating_sub(since)),
    }
}

fn connect(builder: zbus::Result<Builder<'_>>) -> Option<Connection> {
    builder.ok()?.method_timeout(ANSWER_WITHIN).build().ok()
}

fn property<T>(bus: &Connection, path: &str, interface: &str, name: &str) -> Option<T>
where
    T: TryFrom<OwnedValue>,
{
    let of = format!("{KEEPER}.{interface}");
    let told =
        bus.call_method(Some(KEEPER), path, Some("org.freedesktop.DBus.Properties"), "Get", &(of, name));
    told.ok()?.body().deserialize::<OwnedValue>().ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{BufRead, BufReader},
        process::{Child, Command, Stdio},
    };
    use zbus::{interface, zvariant::ObjectPath};

    const SESSION: &str = "/org/freedesktop/login1/session/_32";

    struct User {
        idle: bool,
        since: u64,
    }

    #[interface(name = "org.freedesktop.login1.User")]
    impl User {
        #[zbus(property)]
        fn idle_hint(&self) -> bool {
            self.idle
        }
        #[zbus(property)]
        fn idle_since_hint_monotonic(&self) -> u64 {
            self.since
        }
        #[zbus(property)]
        fn display(&self) -> (String, ObjectPath<'static>) {
            ("2".to_owned(), ObjectPath::from_static_str_unchecked(SESSION))
        }
    }

    struct Session(&'static str);

    #[interface(name = "org.freedesktop.login1.Session")]
    impl Session {
        #[zbus(property, name = "Type")]
        fn kind(&self) -> String {
            self.0.to_owned()
        }
    }

    struct Monitor(u64);

    #[interface(name = "org.gnome.Mutter.IdleMonitor")]
    impl Monitor {
        fn get_idletime(&self) -> u64 {
            self.0
        }
    }

    /// A bus of our own, on which stands what a machine would have.
    struct Machine {
        server: Child,
        address: String,
    }

    impl Machine {
        fn start() -> Option<Self> {
            let mut command = Command::new("dbus-daemon");
            command.args(["--session", "--nofork", "--print-address=1"]).stdout(Stdio::piped());
            let Ok(mut server) = command.stderr(Stdio::null()).spawn() else {
                eprintln!("SKIPPED: dbus-daemon is not installed here");
                return None;
            };
            let mut address = String::new();
            BufReader::new(server.stdout.take().unwrap()).read_line(&mut address).unwrap();
            Some(Self { server, address: address.trim().to_owned() })
        }

        fn connect(&self) -> Builder<'static> {
            Builder::address(self.address.as_str()).unwrap()
        }

        fn seen(&self) -> Bus {
            let connect = || Some(self.connect().build().unwrap());
            Bus { keeper: connect(), desktop: connect() }
        }
    }

    impl Drop for Machine {
        fn drop(&mut self) {
            let _ = self.server.kill();
            let _ = self.server.wait();
        }
    }

    #[test]
    fn a_desktop_that_counts_is_believed_before_the_keepers_hint() {
        let Some(machine) = Machine::start() else { return };
        assert_eq!((machine.seen().is_wayland(), machine.seen().idle()), (false, None), "nobody tells");
        let now = u64::try_from(clock::clocks().awake.as_micros()).unwrap();
        let user = User { idle: true, since: now.saturating_sub(90_000_000).max(1) };
        let keeper = machine.connect().name(KEEPER).unwrap().serve_at(SELF, user).unwrap();
        let _keeper = keeper.serve_at(SESSION, Session("wayland")).unwrap().build().unwrap();
        let mut seen = machine.seen();
        assert!(seen.is_wayland());
        let (idle, by) = seen.idle().unwrap();
        assert_eq!(by, IdleSource::Logind);
        assert!(idle >= Duration::from_micros(now.min(90_000_000) - 1) && idle.as_secs() < 120, "{idle:?}");
        let desktop = machine.connect().name("org.gnome.Mutter.IdleMonitor").unwrap();
        let _desktop = desktop.serve_at(MONITOR_PATH, Monitor(1234)).unwrap().build().unwrap();
        assert_eq!(
            machine.seen().idle(),
            Some((Duration::from_millis(1234), IdleSource::Desktop)),
            "it counts"
        );
    }

    #[test]
    fn a_hint_without_a_time_is_not_taken_for_idle() {
        let second = Duration::from_secs;
        assert_eq!(hinted(true, second(0), second(100)), None);
        assert_eq!(hinted(true, second(40), second(100)), Some(second(60)));
        assert_eq!(hinted(false, second(40), second(100)), Some(second(0)));
    }
}
