//! Where things are: the folder of sockets, the daemon's socket, the programs beside this one. Found from the environment,
//! which is read once by the agent's library. Deliberately absent: settings; the daemon keeps them.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The agent's own setting of its data folder; it reaches the daemon, and thus us.
const DATA_DIR: &str = "TTALKAK_AGENT_DATA_DIR";

/// Where things are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Private to the person; holds our locks and sockets.
    pub run: PathBuf,
    /// The daemon's socket.
    pub desk: PathBuf,
    /// The daemon's data folder.
    pub data: PathBuf,
    /// Where systemd looks for units of a person's own session.
    pub units: Vec<PathBuf>,
    /// The folder of our programs.
    pub programs: PathBuf,
    /// The AppImage that we run from; its inner paths are gone with it.
    pub appimage: Option<PathBuf>,
}

/// What cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum PlacesError {
    /// No home.
    #[error("neither XDG_DATA_HOME nor HOME is set, so there is no folder for this app")]
    NoHome,
    /// The system does not say where we are.
    #[error("find the folder of our programs")]
    NoProgram(#[source] io::Error),
}

impl Places {
    /// Finds everything.
    pub fn find(env: &BTreeMap<String, String>) -> Result<Self, PlacesError> {
        let own = std::env::current_exe().map_err(PlacesError::NoProgram)?;
        Self::of(env, own.parent().unwrap_or(Path::new("/")).to_owned())
    }

    /// The same, with the folder of our programs as an argument.
    pub fn of(env: &BTreeMap<String, String>, programs: PathBuf) -> Result<Self, PlacesError> {
        let folder = |key: &str| env.get(key).map(PathBuf::from).filter(|path| path.is_absolute());
        let chosen = folder(DATA_DIR).or_else(|| ttalkak_agent::config::data_dir(env));
        let data = chosen.ok_or(PlacesError::NoHome)?;
        // An app with another data folder is another app, and may run beside this one.
        let usual = ttalkak_agent::config::data_dir(env).as_ref() == Some(&data);
        let runtime = folder("XDG_RUNTIME_DIR").filter(|_| usual);
        let run = runtime.map_or_else(|| data.join("run"), |run| run.join("ttalkak"));
        let home = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")));
        let mut units: Vec<PathBuf> = home.map(|home| home.join("systemd/user")).into_iter().collect();
        units.extend(
            ["/etc/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user"].map(PathBuf::from),
        );
        let desk = ttalkak_agent::desk::socket(env, &data);
        Ok(Self { run, desk, data, units, programs, appimage: folder("APPIMAGE") })
    }

    /// One of our programs, when it is there.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let path = self.programs.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        path.is_file().then_some(path)
    }

    /// What the system should start when the person signs in.
    pub fn starter(&self) -> PathBuf {
        self.appimage.clone().unwrap_or_else(|| self.programs.join("ttalkak-desktop"))
    }

    /// Starts the tray, which lives on without us.
    pub fn start_tray(&self) -> io::Result<()> {
        use std::os::unix::process::CommandExt;
        let mut tray = Command::new(self.programs.join("ttalkak-desktop"));
        tray.arg("--hidden").stdin(Stdio::null()).process_group(0);
        // It is nobody's child for long: whoever started it ends first, or reaps it when both end together.
        tray.spawn().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn sockets_lie_in_the_runtime_folder_or_else_beside_the_data() {
        let with = env(&[("HOME", "/home/ann"), ("XDG_RUNTIME_DIR", "/run/user/1000")]);
        let places = Places::of(&with, "/usr/bin".into()).unwrap();
        assert_eq!(places.run, Path::new("/run/user/1000/ttalkak"));
        let without = env(&[("HOME", "/home/ann")]);
        let places = Places::of(&without, "/usr/bin".into()).unwrap();
        assert_eq!(places.run, Path::new("/home/ann/.local/share/ttalkak-agent/run"));
        assert!(matches!(Places::of(&env(&[]), "/usr/bin".into()), Err(PlacesError::NoHome)));
    }

    #[test]
    fn an_appimage_starts_itself_at_sign_in_and_not_its_passing_mount() {
        let inside = env(&[("HOME", "/home/ann"), ("APPIMAGE", "/home/ann/Ttalkak.AppImage")]);
        let places = Places::of(&inside, "/tmp/.mount_x/usr/bin".into()).unwrap();
        assert_eq!(places.starter(), Path::new("/home/ann/Ttalkak.AppImage"));
    }
}
