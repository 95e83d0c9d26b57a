//! The owner's settings on disk, `settings.toml`: written atomically by the daemon and readable by people. What cannot
//! be understood is kept aside, and what is not said is as proposed.

use crate::{
    checkpoint::{CheckpointError, write_atomically},
    logic::preferences,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use ttalkak_protocol::{
    desk::{Bounds, Settings},
    unit::UnixMillis,
};

/// Larger is none of ours.
const BYTES_MAX: u64 = 1024 * 1024;
const HEAD: &str =
    "# The settings of Ttalkak's screens. The agent writes this file; it is read when the agent starts.\n\n";

/// The file.
#[derive(Debug, Clone)]
pub(super) struct SettingsFile(PathBuf);

/// What was found.
#[derive(Debug)]
pub(super) struct Loaded {
    /// What to use.
    pub settings: Settings,
    /// Where a file that could not be understood is now, and what was wrong with it.
    pub broken: Option<(String, String)>,
}

impl SettingsFile {
    /// In this data folder.
    pub(super) fn new(data: &Path) -> Self {
        Self(data.join("settings.toml"))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Reads it. Blocks for as long as the disk takes.
    pub(super) fn load(&self, defaults: Settings, bounds: &Bounds, now: UnixMillis) -> Loaded {
        let text = match self.read() {
            Ok(Some(text)) => text,
            Ok(None) => return Loaded { settings: defaults, broken: None },
            Err(error) => return self.set_aside(defaults, error.to_string(), now),
        };
        match parse(&text, &defaults, bounds) {
            Ok(settings) => Loaded { settings, broken: None },
            Err(why) => self.set_aside(defaults, why, now),
        }
    }

    fn read(&self) -> io::Result<Option<String>> {
        match fs::metadata(&self.0) {
            Ok(meta) if meta.len() > BYTES_MAX => Err(io::Error::other("the file is far too large")),
            Ok(_) => fs::read_to_string(&self.0).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn set_aside(&self, settings: Settings, why: String, now: UnixMillis) -> Loaded {
        let aside = format!("{}.broken-{}", self.0.display(), now.0 / 1000);
        let kept = match fs::rename(&self.0, &aside) {
            Ok(()) => aside,
            Err(error) => {
                tracing::warn!(%error, "the settings could not be kept aside");
                self.0.display().to_string()
            }
        };
        tracing::warn!("the settings could not be read ({why}) and are now {kept}; what is proposed applies");
        Loaded { settings, broken: Some((kept, why)) }
    }

    /// Replaces it; returns when it is on the disk.
    pub(super) fn save(&self, settings: &Settings) -> Result<(), CheckpointError> {
        let text =
            toml::to_string_pretty(settings).expect("settings are tables, texts, numbers and yes or no");
        write_atomically(&self.0, format!("{HEAD}{text}").as_bytes())
    }
}

/// What is not said is as proposed; what is beyond this machine is brought within its bounds.
fn parse(text: &str, defaults: &Settings, bounds: &Bounds) -> Result<Settings, String> {
    let said: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let mut all = toml::Table::try_from(defaults).map_err(|error| error.to_string())?;
    merge(&mut all, said);
    let mut settings: Settings =
        all.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
    preferences::clamp(&mut settings.limits, bounds);
    match preferences::check(&settings, bounds).into_iter().next() {
        None => Ok(settings),
        Some(fault) => Err(format!("{}: {}", fault.field, fault.problem.message)),
    }
}

fn merge(all: &mut toml::Table, said: toml::Table) {
    for (key, value) in said {
        match (all.get_mut(&key), value) {
            // What happens to running work is one value, though it is written as a table.
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) if !new.contains_key("treatment") => {
                merge(old, new);
            }
            (_, value) => drop(all.insert(key, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::preferences::{Size, bounds, defaults};
    use ttalkak_protocol::{
        desk::{HourSpan, Treatment},
        unit::{Bytes, MilliCpu},
    };

    const SIZE: Size = Size { cpu: MilliCpu(4000), memory: Bytes(8 << 30), disk: Bytes(100 << 30) };

    fn load(text: &str) -> (tempfile::TempDir, Loaded) {
        let folder = tempfile::tempdir().unwrap();
        let file = SettingsFile::new(folder.path());
        fs::write(file.path(), text).unwrap();
        let loaded = file.load(defaults(&SIZE), &bounds(&SIZE), UnixMillis(1_000_000));
        (folder, loaded)
    }

    #[test]
    fn what_was_saved_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = SettingsFile::new(folder.path());
        let mut settings = defaults(&SIZE);
        assert_eq!(file.load(settings.clone(), &bounds(&SIZE), UnixMillis(0)).settings, settings);
        settings.lend = true;
        settings.schedule.on = true;
        settings.schedule.days[6] = vec![HourSpan { from: 0, to: 60 }, HourSpan { from: 120, to: 1440 }];
        settings.schedule.running = Treatment::Stop { notice_minutes: 5 };
        settings.exclusive.programs = vec!["steam".to_owned()];
        settings.limits.upload = Some(Bytes(1 << 20));
        settings.electricity.per_kilowatt_hour = Some("120.5".to_owned());
        file.save(&settings).unwrap();
        let loaded = file.load(defaults(&SIZE), &bounds(&SIZE), UnixMillis(0));
        assert!(loaded.broken.is_none());
        assert_eq!(loaded.settings, settings);
    }

    #[test]
    fn what_is_not_said_is_as_proposed_and_what_this_machine_lacks_is_cut() {
        let (_folder, loaded) = load("lend = true\n[limits]\nmemory = 99999999999999\n");
        assert!(loaded.broken.is_none() && loaded.settings.lend);
        assert_eq!(loaded.settings.limits.memory, SIZE.memory);
        assert_eq!(loaded.settings.limits.cpu, MilliCpu(2000));
    }

    #[test]
    fn a_corrupted_file_is_kept_aside_and_what_is_proposed_applies() {
        for text in ["lend = maybe", "\u{0}\u{1}", "lend = 3", "[idle]\non = true\nafter_minutes = 0\n"] {
            let (_folder, loaded) = load(text);
            assert_eq!(loaded.settings, defaults(&SIZE), "{text}");
            let (kept, why) = loaded.broken.unwrap();
            assert!(kept.ends_with("settings.toml.broken-1000") && !why.is_empty());
            assert_eq!(fs::read_to_string(kept).unwrap(), text);
        }
    }
}
