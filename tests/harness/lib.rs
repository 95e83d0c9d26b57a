//! A world of real programs for the system tests: a coordinator and an agent as processes, the real container engine,
//! real sockets. Each world has folders, ports and an agent of its own, so that worlds run side by side, and it
//! leaves nothing behind.

#![allow(clippy::print_stderr, reason = "tests speak to the terminal")]

pub mod app;
pub mod chain;
pub mod engine;
pub mod faults;
pub mod github;
pub mod hosting;
pub mod made;
pub mod own_engine;
pub mod program;
pub mod second;
pub mod traces;
pub mod visit;
pub mod visitors;
pub mod world;

pub use app::{App, Mode};
pub use chain::LocalChain;
pub use hosting::Hosting;
pub use second::Second;
pub use visitors::Visitors;
pub use world::{Options, World};

use std::{future::Future, time::Duration};

/// Waits until `look` finds what it is after. Panics with `what` when it does not come in time.
pub async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    within: Duration,
    mut look: impl FnMut() -> F,
) -> T {
    let deadline = tokio::time::Instant::now() + within;
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "{what}: not within {within:?}");
        tick.tick().await;
    }
}

/// The workspace.
pub fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

/// A project of the fixtures or examples: `vite-react`, `examples/hello`.
pub fn project(name: &str) -> std::path::PathBuf {
    let path = if name.starts_with("examples/") {
        root().join(name)
    } else {
        root().join("tests/fixtures").join(name)
    };
    assert!(path.is_dir(), "there is no project {name}");
    path
}
