//! What a session that nobody sees is made of: the servers of a screen and a bus, a home of its own, and its programs.
//! Shared with the tests of the window, which name this file.

use anyhow::{Context, Result};
use std::{
    fs,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Arguments of Xvfb, which then prints its display's number.
pub(crate) const SCREEN: &[&str] =
    &["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"];
/// Arguments of dbus-daemon, which then prints its address.
pub(crate) const BUS: &[&str] = &["--session", "--nofork", "--print-address=1"];
/// Programs of ours that outlive who started them.
pub(crate) const PROGRAMS: &[&str] = &["ttalkak-window", "ttalkak-desktop", "ttalkak-agent"];

/// Makes the folder for sockets within a home.
pub(crate) fn settle(home: &Path) -> Result<()> {
    let run = home.join("run");
    fs::create_dir_all(&run)?;
    fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).context("close a folder to others")
}

/// Puts a program into the session of this home.
pub(crate) fn within(command: &mut Command, home: &Path, display: Option<&str>, bus: Option<&str>) {
    command.env("HOME", home).env("XDG_RUNTIME_DIR", home.join("run"));
    command.env("GDK_BACKEND", "x11").env("NO_AT_BRIDGE", "1").env("LIBGL_ALWAYS_SOFTWARE", "1");
    command.envs(display.map(|display| ("DISPLAY", display)));
    command.envs(bus.map(|bus| ("DBUS_SESSION_BUS_ADDRESS", bus)));
}

/// Starts a server that prints where it is.
pub(crate) fn serve(command: &mut Command) -> Result<(Child, String)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().with_context(|| format!("start {name}"))?;
    let mut line = Vec::new();
    if let Some(out) = &mut child.stdout {
        let mut byte = [0];
        while out.read(&mut byte)? == 1 && byte[0] != b'\n' {
            line.push(byte[0]);
        }
    }
    Ok((child, String::from_utf8(line)?))
}

/// Processes of these programs in the session of this home. One may go while it is looked at.
pub(crate) fn processes(home: &Path, programs: &[&str]) -> Vec<u32> {
    let home = format!("HOME={}\0", home.display());
    let ours = |id: &u32| {
        let folder = PathBuf::from(format!("/proc/{id}"));
        let exe = fs::read_link(folder.join("exe")).unwrap_or_default();
        let name = exe.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let environment = fs::read(folder.join("environ")).unwrap_or_default();
        programs.contains(&name.as_str()) && String::from_utf8_lossy(&environment).contains(&home)
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok()).filter(ours).collect()
}

/// Sends a signal, such as `KILL`, to a process that may be gone.
pub(crate) fn signal(id: u32, signal: &str) {
    let mut kill = Command::new("kill");
    let _ = kill.args([&format!("-{signal}"), &id.to_string()]).stderr(Stdio::null()).status();
}
