//! Settings as text in layers, of which the first that has a key wins; collects every mistake. Pure.

use super::{ENV_PREFIX, Surroundings, Texts};
use std::{collections::BTreeMap, fmt};

/// Where a setting was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// On the command line.
    Flag,
    /// In the environment.
    Env,
    /// In the settings file of this name.
    File(String),
    /// It was needed and said nowhere.
    Nowhere,
}

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The setting as its origin spells it: `--port-range`, `TTALKAK_AGENT_PORT_RANGE`, `port_range in agent.toml`.
    pub key: String,
    /// What is wrong.
    pub why: String,
    /// A value that would be right.
    pub example: Option<&'static str>,
}

/// All mistakes of the settings, one a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<Mistake>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings have {} to mend:", if self.0.len() == 1 { "a mistake" } else { "mistakes" })?;
        for Mistake { key, why, example } in &self.0 {
            write!(f, "\n  {key}: {why}")?;
            if let Some(example) = example {
                write!(f, "; an example is {example}")?;
            }
        }
        Ok(())
    }
}

pub(super) struct Layers {
    /// Flags, environment, file; what is taken is removed, so that the rest is what nobody knows.
    layers: Vec<(Origin, BTreeMap<String, String>)>,
    mistakes: Vec<Mistake>,
    /// What was said, and how its winner spells it.
    said: BTreeMap<String, String>,
}

impl Layers {
    pub(super) fn new(flags: Texts, surroundings: &Surroundings) -> Self {
        let mut layers =
            Self { layers: vec![(Origin::Flag, flags)], mistakes: Vec::new(), said: BTreeMap::new() };
        let ours = surroundings.env.iter().filter_map(|(key, value)| {
            Some((key.strip_prefix(ENV_PREFIX)?.to_ascii_lowercase(), value.clone()))
        });
        layers.layers.push((Origin::Env, ours.collect()));
        if let Some((name, text)) = &surroundings.file {
            layers.read_file(name, text);
        }
        layers
    }

    fn read_file(&mut self, name: &str, text: &str) {
        let origin = Origin::File(name.to_owned());
        match text.parse::<toml::Table>() {
            Ok(table) => {
                let mut texts = BTreeMap::new();
                for (key, value) in table {
                    match scalar(&value) {
                        Some(value) => drop(texts.insert(key, value)),
                        None => self.mistake(
                            &key,
                            origin.clone(),
                            "one value is needed, not a list or table",
                            None,
                        ),
                    }
                }
                self.layers.push((origin, texts));
            }
            Err(error) => {
                let why = format!("not TOML: {}", error.message());
                self.mistakes.push(Mistake {
                    key: name.to_owned(),
                    why,
                    example: Some("workloads_max = 20"),
                });
            }
        }
    }

    /// The value of a key from the first layer that has it; a value that cannot be read is a mistake and `None`.
    pub(super) fn take<T>(
        &mut self,
        key: &str,
        example: &'static str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let said: Vec<_> = self
            .layers
            .iter_mut()
            .filter_map(|(origin, texts)| texts.remove(key).map(|text| (origin.clone(), text)))
            .collect();
        if let Some((origin, _)) = said.first() {
            self.said.insert(key.to_owned(), spell(key, origin));
        }
        // Each layer is checked, also the ones that lose: a mistake in the file should not wait for the flag to go.
        let mut values = Vec::new();
        for (origin, text) in said {
            match read(&text) {
                Ok(value) => values.push(value),
                Err(why) => self.mistake(key, origin, why, Some(example)),
            }
        }
        values.into_iter().next()
    }

    pub(super) fn mistake(
        &mut self,
        key: &str,
        origin: Origin,
        why: impl Into<String>,
        example: impl Into<Option<&'static str>>,
    ) {
        self.mistakes.push(Mistake { key: spell(key, &origin), why: why.into(), example: example.into() });
    }

    /// The keys that were said, each as the layer that won spells it.
    pub(super) fn said(&self) -> BTreeMap<String, String> {
        self.said.clone()
    }

    /// Errors: all mistakes; a key that nobody took is one, since a typing error would otherwise go unseen.
    pub(super) fn finish(mut self) -> Result<(), ConfigError> {
        for (origin, texts) in std::mem::take(&mut self.layers) {
            for key in texts.into_keys() {
                self.mistake(&key, origin.clone(), "there is no such setting; see agent.example.toml", None);
            }
        }
        if self.mistakes.is_empty() { Ok(()) } else { Err(ConfigError(self.mistakes)) }
    }
}

fn spell(key: &str, origin: &Origin) -> String {
    match origin {
        Origin::Flag => format!("--{}", key.replace('_', "-")),
        Origin::Env => format!("{ENV_PREFIX}{}", key.to_ascii_uppercase()),
        Origin::File(name) => format!("{key} in {name}"),
        Origin::Nowhere => key.to_owned(),
    }
}

fn scalar(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(yes) => Some(yes.to_string()),
        toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => None,
    }
}
