//! Which programs listen on which TCP ports of this machine. Blocks for some milliseconds, more with many processes.
//! Deliberately absent: asking for rights; a socket whose program may not be seen is listed without it.

use crate::logic::port_scan::Listening;

/// All listening ports; `None` where the system does not tell.
#[cfg(target_os = "linux")]
pub fn listening() -> Option<Vec<Listening>> {
    use procfs::net::{TcpState, tcp, tcp6};
    use std::collections::BTreeMap;
    let entries = tcp().ok()?.into_iter().chain(tcp6().unwrap_or_default());
    let mut sockets: BTreeMap<u64, Listening> = entries
        .filter(|entry| entry.state == TcpState::Listen)
        .map(|entry| (entry.inode, Listening { port: entry.local_address.port(), program: None, pid: None }))
        .collect();
    name(&mut sockets);
    Some(sockets.into_values().collect())
}

/// Looks through the open files of all processes that we may see.
#[cfg(target_os = "linux")]
fn name(sockets: &mut std::collections::BTreeMap<u64, Listening>) {
    use procfs::process::{FDTarget, all_processes};
    let Ok(processes) = all_processes() else { return };
    for process in processes.flatten() {
        let Ok(files) = process.fd() else { continue };
        for file in files.flatten() {
            let FDTarget::Socket(inode) = file.target else { continue };
            let Some(socket) = sockets.get_mut(&inode).filter(|socket| socket.pid.is_none()) else {
                continue;
            };
            socket.pid = u32::try_from(process.pid()).ok();
            socket.program = process.stat().ok().map(|stat| stat.comm);
        }
    }
}

/// All listening ports; `None` where the system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn listening() -> Option<Vec<Listening>> {
    None
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn a_listening_socket_is_found_with_its_program_and_process() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let all = listening().unwrap();
        let ours = all.iter().find(|one| one.port == port).unwrap();
        assert_eq!(ours.pid, Some(std::process::id()));
        assert!(ours.program.as_deref().is_some_and(|name| name.starts_with("ttalkak")), "{ours:?}");
        drop(socket);
        assert!(!listening().unwrap().iter().any(|one| one.port == port));
    }
}
