//! What tenants, repositories and apps do wrong. Each ends in a stable code with words that help, and when it is over
//! nothing of it is left: no container, image, route, process or row.

#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

mod apps;
mod builds;
mod floods;
mod requests;
mod sources;

use serde_json::Value;
use std::time::Duration;
use ttalkak_tests::{World, until};

/// The code of a problem, as text.
fn code(of: &Value) -> &str {
    of["problem"]["code"].as_str().unwrap_or("none")
}

/// Waits until a first release has failed; returns it. The deployment has ended by then, with the same problem.
async fn await_failure(world: &World, name: &str, within: Duration) -> Value {
    let ended = until(&format!("{name} has failed"), within, || async {
        let view = world.deployment(name).await;
        (view["state"] == "ended" && view["rollout"].is_null()).then_some(view)
    })
    .await;
    assert_eq!(ended["reason"], "failed", "{ended}");
    let release = world.release(name, 1).await;
    assert_eq!((&release["state"], code(&release)), (&"failed".into(), code(&ended)), "{release}");
    assert!(ended["problem"]["next"].as_str().is_some_and(|next| next.ends_with('.')), "{ended}");
    release
}
