//! What an app listens on, read from the text of `/proc/<pid>/net/tcp` and `tcp6` of its network namespace, and what
//! that means for an app that does not answer. Deliberately absent: reading the files.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    unit::ContainerPort,
};

/// A socket that waits for connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listening {
    /// On which address.
    pub addr: IpAddr,
    /// On which port.
    pub port: u16,
}

impl Listening {
    fn only_loopback(&self) -> bool {
        match self.addr {
            IpAddr::V4(addr) => addr.is_loopback(),
            IpAddr::V6(addr) => {
                addr.is_loopback() || addr.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
            }
        }
    }
}

/// Docker's name server inside user-defined networks listens here on a random port; it is not the app's.
const ENGINE_DNS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11));
/// The kernel's number for a listening socket.
const LISTEN: &str = "0A";

/// All listening sockets in a `tcp` or `tcp6` table, or both one after the other. Lines out of shape are skipped.
pub fn parse(table: &str) -> Vec<Listening> {
    let sockets: BTreeSet<Listening> = table.lines().filter_map(parse_line).collect();
    sockets.into_iter().filter(|socket| socket.addr != ENGINE_DNS).collect()
}

fn parse_line(line: &str) -> Option<Listening> {
    let mut fields = line.split_ascii_whitespace();
    let local = fields.nth(1)?;
    let state = fields.nth(1)?;
    if state != LISTEN {
        return None;
    }
    let (addr, port) = local.split_once(':')?;
    Some(Listening { addr: parse_addr(addr)?, port: u16::from_str_radix(port, 16).ok()? })
}

/// Addresses stand as 32-bit words in the machine's byte order; all machines we run on are little-endian.
fn parse_addr(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(hex.get(at..at + 8)?, 16).ok().map(u32::to_le_bytes);
    match hex.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
        32 => {
            let mut bytes = [0; 16];
            for (i, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(i * 8)?);
            }
            Some(IpAddr::V6(Ipv6Addr::from(bytes)))
        }
        _ => None,
    }
}

/// Why an app that should answer on `expected` does not, judged by what it listens on. `seen` says what the probe saw.
pub fn diagnose(sockets: &[Listening], expected: ContainerPort, seen: &str) -> Problem {
    let here: Vec<&Listening> = sockets.iter().filter(|socket| socket.port == expected.get()).collect();
    if here.iter().any(|socket| !socket.only_loopback()) {
        return Problem::new(
            ErrorCode::AppUnhealthy,
            format!("The app listens on port {expected}, but {seen}."),
        );
    }
    if !here.is_empty() {
        return Problem::new(
            ErrorCode::AppLoopbackOnly,
            format!(
                "The app listens on 127.0.0.1:{expected} only, where nobody outside its container reaches it."
            ),
        );
    }
    if sockets.is_empty() {
        return Problem::new(ErrorCode::AppNeverListened, "The app runs, but it listens on no port.");
    }
    Problem::new(
        ErrorCode::AppWrongPort,
        format!("The app listens on {}, but PORT is {expected}.", list(sockets)),
    )
}

fn list(sockets: &[Listening]) -> String {
    let outside: BTreeSet<u16> = sockets.iter().filter(|s| !s.only_loopback()).map(|s| s.port).collect();
    let inside: BTreeSet<u16> = sockets
        .iter()
        .filter(|s| s.only_loopback())
        .map(|s| s.port)
        .filter(|p| !outside.contains(p))
        .collect();
    let mut parts: Vec<String> = outside.iter().map(|port| format!("port {port}")).collect();
    parts.extend(inside.iter().map(|port| format!("127.0.0.1:{port} only")));
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";

    fn row(local: &str, state: &str) -> String {
        format!("   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 20001 0 1\n")
    }

    fn told(tables: &[String]) -> String {
        let port = ContainerPort::try_from(8080).unwrap();
        let problem = diagnose(&parse(&tables.concat()), port, "it closes each connection");
        format!("{}: {}", problem.code, problem.message)
    }

    #[test]
    fn both_tables_are_read_and_other_states_are_not() {
        let table = [
            HEAD.to_owned(),
            row("0100007F:1F90", "0A"),
            row("00000000:0BB8", "0A"),
            row("0B00007F:8F3C", "0A"),
            row("0100007F:1F91", "01"),
            row("00000000000000000000000000000000:0050", "0A"),
            row("00000000000000000000000001000000:1F92", "0A"),
            row("xyz:1F92", "0A"),
            "short".to_owned(),
        ]
        .concat();
        let found: Vec<String> = parse(&table).iter().map(|s| format!("{}|{}", s.addr, s.port)).collect();
        assert_eq!(found, ["0.0.0.0|3000", "127.0.0.1|8080", "::|80", "::1|8082"]);
    }

    #[test]
    fn each_way_of_not_answering_has_its_own_words() {
        assert_eq!(told(&[]), "app_never_listened: The app runs, but it listens on no port.");
        assert_eq!(
            told(&[row("0100007F:1F90", "0A")]),
            "app_loopback_only: The app listens on 127.0.0.1:8080 only, where nobody outside its container reaches it."
        );
        assert_eq!(
            told(&[row("00000000:0BB8", "0A"), row("0100007F:1770", "0A")]),
            "app_wrong_port: The app listens on port 3000, 127.0.0.1:6000 only, but PORT is 8080."
        );
        assert_eq!(
            told(&[row("00000000:1F90", "0A")]),
            "app_unhealthy: The app listens on port 8080, but it closes each connection."
        );
    }

    #[test]
    fn the_engines_own_name_server_is_not_an_app() {
        assert_eq!(
            told(&[row("0B00007F:8F3C", "0A")]),
            "app_never_listened: The app runs, but it listens on no port."
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in "(?s).{0,200}") {
            let _ = parse(&text);
        }
    }
}
