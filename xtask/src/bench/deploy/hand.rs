//! The plain way: `docker build`, `docker run`, and looking until it answers.

use super::{Copy, PATIENCE, Took};
use crate::{
    bench::{build, http},
    shell,
};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path, process::Command, time::Instant};

/// What a build needs besides the sources.
pub(crate) struct Recipe {
    dockerfile: String,
    files: BTreeMap<String, String>,
    port: u64,
    /// Base images.
    pub images: Vec<String>,
}

/// The platform's own recipe for a folder. `cache`: put before the ids of package caches.
pub(crate) fn recipe(folder: &Path, cache: &str) -> Result<Recipe> {
    let text = shell::output(build::command("recipe")?.arg(folder).args(["--cache-prefix", cache]))?;
    let plan: Value = serde_json::from_str(&text).context("read the recipe")?;
    Ok(Recipe {
        dockerfile: plan["dockerfile"].as_str().unwrap_or_default().to_owned(),
        files: serde_json::from_value(plan["files"].clone()).context("read the recipe's files")?,
        port: plan["port"].as_u64().context("read the recipe's port")?,
        images: serde_json::from_value(plan["images"].clone()).context("read the recipe's images")?,
    })
}

/// A person with a terminal.
pub(crate) struct Hand {
    name: String,
    docker: &'static str,
    port: u64,
}

impl Hand {
    /// Writes the Dockerfile into the copy, as that person would have.
    pub(crate) fn new(copy: &Copy) -> Result<Self> {
        let recipe = recipe(&copy.folder, &copy.nonce)?;
        for (path, text) in recipe.files.iter().chain([(&"Dockerfile".to_owned(), &recipe.dockerfile)]) {
            let path = copy.folder.join(path);
            fs::create_dir_all(path.parent().context("a folder")?)?;
            fs::write(path, text)?;
        }
        Ok(Self {
            name: format!("ttalkak-bench-{}", copy.nonce),
            docker: buildkit_client()?,
            port: recipe.port,
        })
    }

    /// Builds, runs, and waits for the copy's word.
    pub(crate) fn deploy(&mut self, copy: &Copy) -> Result<Took> {
        self.remove_container();
        let begin = Instant::now();
        let mut build = Command::new(self.docker);
        build.env("DOCKER_BUILDKIT", "1").args(["build", "--quiet", "--tag", &self.name]).arg(&copy.folder);
        shell::quiet(&mut build)?;
        let built = begin.elapsed().as_secs_f64();
        let port = http::free_port()?;
        let (publish, env) = (format!("127.0.0.1:{port}:{}", self.port), format!("PORT={}", self.port));
        let mut run = Command::new(self.docker);
        run.args(["run", "--detach", "--name", &self.name, "--publish", &publish, "--env", &env, &self.name]);
        shell::quiet(&mut run)?;
        http::await_mark((port, "localhost"), &copy.mark, PATIENCE, || Ok(()))?;
        Ok(Took { whole: begin.elapsed().as_secs_f64(), build: built })
    }

    fn remove_container(&self) {
        shell::succeeds(Command::new(self.docker).args(["rm", "--force", &self.name]));
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.remove_container();
        shell::succeeds(Command::new(self.docker).args(["rmi", "--force", &self.name]));
    }
}

/// A client that can ask the engine for BuildKit: with buildx, or old enough to carry that itself.
fn buildkit_client() -> Result<&'static str> {
    let able = |docker: &&str| {
        let version =
            shell::output(Command::new(docker).args(["version", "--format", "{{.Client.Version}}"]));
        let major = version.ok().and_then(|text| text.trim().split('.').next()?.parse::<u32>().ok());
        major.is_some_and(|major| major < 23)
            || shell::succeeds(Command::new(docker).args(["buildx", "version"]))
    };
    match ["docker", "/usr/bin/docker"].into_iter().find(able) {
        Some(docker) => Ok(docker),
        None => bail!(
            "No docker client here can do BuildKit. Install one: apt-get install docker-buildx or docker.io"
        ),
    }
}
