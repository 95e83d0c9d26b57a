//! Base images: pulled where a registry can be reached, else made locally under the same names.

use crate::{
    engine, host,
    shell::{self, say},
};
use anyhow::Result;
use std::process::Command;

/// Makes sure that these images are in the engine. A pull is tried first; when it is impossible, a local stand-in is
/// made, and the person is told once.
pub(crate) fn ensure(images: &[&str], install: bool) -> Result<()> {
    let missing: Vec<&str> = images.iter().copied().filter(|image| !engine::has_image(image)).collect();
    let mut unreachable = Vec::new();
    for image in missing {
        // One failed pull is enough to know that there is no registry: the next ones need not wait for it.
        let pulled = unreachable.is_empty() && {
            say(&format!("Pulling {image}."));
            shell::succeeds(Command::new("timeout").args(["300", "docker", "pull", "--quiet", image]))
        };
        if !pulled {
            unreachable.push(image);
        }
    }
    if unreachable.is_empty() {
        return Ok(());
    }
    say(&format!(
        "No image registry can be reached, so local stand-ins are made for {}.",
        unreachable.join(", ")
    ));
    if unreachable.iter().any(|image| image.starts_with("node") || image.contains("bun")) {
        host::ensure(&[&host::NPM], install)?;
    }
    make(&unreachable.iter().map(|image| (*image).to_owned()).collect::<Vec<_>>())
}

/// Makes stand-ins for these groups or tags; for all when none is named.
pub(crate) fn make(wanted: &[String]) -> Result<()> {
    shell::run(Command::new(shell::root().join("tests/images/build-images")).args(wanted))
}
