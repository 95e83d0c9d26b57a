//! The system around: who we are, what is installed, who may use a socket.

use crate::logic::doctor::{Installed, SystemFacts};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Where the system is looked at.
#[derive(Debug, Clone)]
pub struct System {
    /// `/`; another folder in tests.
    pub root: PathBuf,
    /// Our user's number.
    pub uid: u32,
    /// The groups that this process is in.
    pub gids: BTreeSet<u32>,
}

impl System {
    /// The one that this process runs in.
    pub fn of_this_process() -> Self {
        #[cfg(unix)]
        let (uid, gids) = {
            let more = rustix::process::getgroups().unwrap_or_default();
            let gids = more.into_iter().chain([rustix::process::getegid()]);
            (rustix::process::geteuid().as_raw(), gids.map(|gid| gid.as_raw()).collect())
        };
        #[cfg(not(unix))]
        let (uid, gids) = (1000, BTreeSet::new());
        Self { root: PathBuf::from("/"), uid, gids }
    }

    pub(super) fn look(&self) -> SystemFacts {
        let (user, home) = self.user();
        SystemFacts {
            user,
            installed: self.installed(&home),
            systemd: self.has("run/systemd/system"),
            root: self.uid == 0,
            pkexec: self.has("usr/bin/pkexec"),
        }
    }

    fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    fn installed(&self, home: &str) -> BTreeSet<Installed> {
        let units = |level: &str, unit: &str| {
            ["usr/lib/systemd", "lib/systemd", "etc/systemd"]
                .iter()
                .any(|folder| self.has(&format!("{folder}/{level}/{unit}")))
                || level == "user"
                    && self.has(&format!("{}/.config/systemd/user/{unit}", home.trim_start_matches('/')))
        };
        let program = |name: &str| {
            ["usr/bin", "usr/sbin", "usr/local/bin"]
                .iter()
                .any(|folder| self.has(&format!("{folder}/{name}")))
        };
        [
            (program("dockerd") || units("system", "docker.service"), Installed::Docker),
            (units("user", "docker.service"), Installed::DockerRootless),
            (units("user", "docker-desktop.service"), Installed::DockerDesktop),
            (program("podman"), Installed::Podman),
        ]
        .into_iter()
        .filter_map(|(there, engine)| there.then_some(engine))
        .collect()
    }

    /// Name and home of our user.
    fn user(&self) -> (String, String) {
        let uid = self.uid.to_string();
        let found = self.lines("etc/passwd").into_iter().find_map(|fields| {
            (fields.get(2) == Some(&uid))
                .then(|| (fields[0].clone(), fields.get(5).cloned().unwrap_or_default()))
        });
        found.unwrap_or((uid, String::new()))
    }

    /// The group that a file belongs to, and whether our user is in it, though not since this session began.
    pub(super) fn group_of(&self, file: &Path) -> (Option<String>, bool) {
        #[cfg(unix)]
        let gid = fs::metadata(file).ok().map(|meta| std::os::unix::fs::MetadataExt::gid(&meta));
        #[cfg(not(unix))]
        let gid: Option<u32> = {
            let _ = file;
            None
        };
        let Some(gid) = gid else { return (None, false) };
        let user = self.user().0;
        let number = gid.to_string();
        let group = self.lines("etc/group").into_iter().find(|fields| fields.get(2) == Some(&number));
        let listed = group
            .as_ref()
            .and_then(|fields| fields.get(3))
            .is_some_and(|members| members.split(',').any(|one| one == user));
        let name = group.map(|fields| fields[0].clone());
        (name, listed && !self.gids.contains(&gid))
    }

    fn lines(&self, file: &str) -> Vec<Vec<String>> {
        let text = fs::read_to_string(self.root.join(file)).unwrap_or_default();
        text.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect()
    }
}
