//! All settings of the agent in one place: read from flags, environment and file, checked together, and every mistake
//! told at once. The commented `agent.example.toml` is the manual. This is the only reader of the environment.
//! Deliberately absent: what is kept by the program itself (identity.rs, checkpoint.rs).

mod layers;
mod money;
mod units;

pub use layers::{ConfigError, Mistake};
pub use money::MoneyConfig;
pub use units::{duration, memory, milli_cpu, port_range};

use crate::{address::Coordinator, io::machine::MachineSize};
use layers::{Layers, Origin};
use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};
use ttalkak_protocol::{
    secret::Secret,
    unit::{Bytes, MilliCpu},
};

/// Variables with this prefix are settings of the agent.
pub const ENV_PREFIX: &str = "TTALKAK_AGENT_";
/// The longest name of a machine.
const NAME_CHARS_MAX: usize = 64;

/// Flags or variables by key, as text.
pub type Texts = BTreeMap<String, String>;

/// The settings of `ttalkak-agent run`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where key, record and state are kept.
    pub data_dir: PathBuf,
    /// Needed for the first enrolment only; afterwards the record knows it.
    pub coordinator: Option<Coordinator>,
    /// A one-time code: enrols at the first start.
    pub enrol_code: Option<Secret<String>>,
    /// What to call the machine; the host's name when there is none.
    pub name: Option<String>,
    /// Host ports that workloads may get.
    pub port_range: RangeInclusive<u16>,
    /// Lent processor share.
    pub cpu: MilliCpu,
    /// Lent memory.
    pub memory: Bytes,
    /// Most workloads at a time.
    pub workloads_max: u32,
    /// Whether workloads run on when the agent stops.
    pub keep_workloads: bool,
    /// How long visitors' streams may go on at shutdown.
    pub drain: Duration,
    /// Most streams of the tunnel at a time.
    pub tunnel_streams_max: usize,
    /// The engine's socket, from the settings or `DOCKER_HOST`; found by itself when not said.
    pub engine: Option<String>,
    /// `XDG_RUNTIME_DIR`, where rootless engines have their sockets.
    pub runtime_dir: Option<String>,
    /// What is asked for it.
    pub money: MoneyConfig,
}

/// What the surroundings say: gathered once by `main`, made up by tests.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The environment.
    pub env: Texts,
    /// The text of the settings file, with the name it is called by.
    pub file: Option<(String, String)>,
}

impl Surroundings {
    /// This process's environment; the file is still to be read.
    /// Variables that are not text are left out: none of ours would be.
    #[allow(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn of_this_process() -> Self {
        let env = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
        Self { env: env.collect(), file: None }
    }

    /// The proxy that requests of this program go through, without its password, as the usual variables say.
    pub fn proxy(&self) -> crate::logic::doctor::ProxyFacts {
        let said = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy"];
        let said = said.iter().find_map(|key| self.env.get(*key).filter(|text| !text.is_empty()));
        let own = said.map(|text| match url::Url::parse(text) {
            Ok(mut url) => {
                // Only a host can be without a place for them; there is nothing to hide then.
                let _ = url.set_password(None);
                let _ = url.set_username("");
                url.to_string().trim_end_matches('/').to_owned()
            }
            Err(_) => text.rsplit('@').next().unwrap_or_default().to_owned(),
        });
        crate::logic::doctor::ProxyFacts { own }
    }

    /// Reads the settings file, when there is one.
    /// Errors: it cannot be read.
    pub fn read_file(&mut self, path: Option<&Path>) -> Result<(), SettingsFileError> {
        let Some(path) = path else { return Ok(()) };
        let text =
            std::fs::read_to_string(path).map_err(|cause| SettingsFileError { path: path.into(), cause })?;
        self.file = Some((path.display().to_string(), text));
        Ok(())
    }
}

/// The settings file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("read the settings in {path}")]
pub struct SettingsFileError {
    /// Which.
    pub path: PathBuf,
    #[source]
    /// What the disk said.
    pub cause: std::io::Error,
}

impl Config {
    /// Puts the settings together; flags win over the environment, the environment over the file.
    /// Errors: every mistake there is, each with its key, where it was said, and an example.
    pub fn read(
        flags: Texts,
        surroundings: &Surroundings,
        machine: MachineSize,
    ) -> Result<Self, ConfigError> {
        Self::read_with_origins(flags, surroundings, machine).map(|(config, _)| config)
    }

    /// The same, with the keys that were said, each as it was spelt: `--memory`, `TTALKAK_AGENT_MEMORY`.
    pub fn read_with_origins(
        flags: Texts,
        surroundings: &Surroundings,
        machine: MachineSize,
    ) -> Result<(Self, Texts), ConfigError> {
        let mut layers = Layers::new(flags, surroundings);
        let half_cpu = MilliCpu(machine.cpus.saturating_mul(500));
        let half_memory = Bytes(machine.memory.0 / 2);
        let home = data_dir(&surroundings.env);
        let config = Self {
            data_dir: layers
                .take("data_dir", "/var/lib/ttalkak-agent", path)
                .or(home.clone())
                .unwrap_or_default(),
            coordinator: layers.take("coordinator", "https://ttalkak.example", |text| {
                text.parse().map_err(|error: crate::address::AddressError| error.to_string())
            }),
            enrol_code: layers.take("enrol_code", "7F3K-9QWD", |text| Ok(Secret::new(text.to_owned()))),
            name: layers.take("name", "attic", name),
            port_range: layers
                .take("port_range", "20000-29999", units::port_range)
                .unwrap_or(20_000..=29_999),
            cpu: layers.take("cpu", "1.5", units::milli_cpu).unwrap_or(half_cpu),
            memory: layers.take("memory", "2GiB", units::memory).unwrap_or(half_memory),
            workloads_max: layers.take("workloads_max", "20", |text| count(text, 1..=200)).unwrap_or(20),
            keep_workloads: layers.take("keep_workloads", "true", yes_or_no).unwrap_or(false),
            drain: layers.take("drain", "10s", units::duration).unwrap_or(Duration::from_secs(10)),
            tunnel_streams_max: layers
                .take("tunnel_streams_max", "1024", |text| count(text, 1..=1024))
                .map_or(1024, |count| count as usize),
            engine: layers
                .take("engine", "unix:///var/run/docker.sock", |text| Ok(text.to_owned()))
                .or_else(|| surroundings.env.get("DOCKER_HOST").cloned()),
            runtime_dir: surroundings.env.get("XDG_RUNTIME_DIR").cloned(),
            money: MoneyConfig::take(&mut layers),
        };
        if config.data_dir.as_os_str().is_empty() {
            layers.mistake(
                "data_dir",
                Origin::Nowhere,
                "neither XDG_DATA_HOME nor HOME is set",
                "/var/lib/ttalkak-agent",
            );
        }
        let said = layers.said();
        layers.finish().map(|()| (config, said))
    }
}

/// The data folder when nobody says another: `$XDG_DATA_HOME/ttalkak-agent`, or the same under `~/.local/share`.
pub fn data_dir(env: &Texts) -> Option<PathBuf> {
    let folder = |key: &str| env.get(key).map(PathBuf::from).filter(|path| path.is_absolute());
    let share = folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")));
    share.map(|share| share.join("ttalkak-agent"))
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("a folder is needed".to_owned()) } else { Ok(PathBuf::from(text)) }
}

fn name(text: &str) -> Result<String, String> {
    let chars = text.chars().count();
    if (1..=NAME_CHARS_MAX).contains(&chars) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(format!("a name has 1 to {NAME_CHARS_MAX} printable characters"))
    }
}

fn count(text: &str, allowed: RangeInclusive<u32>) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| allowed.contains(number));
    number.ok_or_else(|| format!("a number from {} to {} is needed", allowed.start(), allowed.end()))
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "say true or false".to_owned())
}

#[cfg(test)]
mod tests;
