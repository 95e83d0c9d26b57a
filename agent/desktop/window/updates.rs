//! Newer versions: looked for where the build says, signed by the key that the build holds, and let in by stages.
//! A build without key and place (a distribution's, or one by hand) never looks.

use tauri::{AppHandle, Manager, Url};
use tauri_plugin_updater::{Update, UpdaterExt};
use tokio::sync::Mutex;
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    shell::{Refusal, UpdateNews},
};

/// What was found last.
#[derive(Default)]
pub(crate) struct Found(Mutex<Option<Update>>);

/// Looks for a newer version.
pub(crate) async fn check(app: &AppHandle) -> Result<UpdateNews, Refusal> {
    if !configured(app) {
        return Ok(UpdateNews::NotConfigured);
    }
    let found = look(app).await.map_err(|error| problem("Looking for a newer version failed", &error))?;
    let Some(update) = found.filter(|update| is_our_turn(&update.raw_json, bucket(&update.version))) else {
        return Ok(UpdateNews::Newest);
    };
    let news = UpdateNews::Ready { version: update.version.clone(), notes: update.body.clone() };
    *app.state::<Found>().0.lock().await = Some(update);
    Ok(news)
}

/// Installs what was found. The daemon goes on serving: it is replaced at its next start.
pub(crate) async fn install(app: &AppHandle) -> Result<(), Refusal> {
    let Some(update) = app.state::<Found>().0.lock().await.take() else {
        return Err(Problem::new(ErrorCode::NotHere, "No newer version was found yet.").into());
    };
    let done = update.download_and_install(|_, _| {}, || {}).await;
    done.map_err(|error| problem("The newer version was not installed", &error))
}

async fn look(app: &AppHandle) -> tauri_plugin_updater::Result<Option<Update>> {
    app.updater()?.check().await
}

fn problem(what: &str, error: &tauri_plugin_updater::Error) -> Refusal {
    Problem::new(ErrorCode::UpdateFailed, format!("{what}: {error}.")).into()
}

/// The configuration holds a key and a place exactly in builds that are released by us.
fn configured(app: &AppHandle) -> bool {
    let config = app.config().plugins.0.get("updater");
    config.is_some_and(|config| {
        let places = config["endpoints"].as_array().into_iter().flatten();
        let places = places.filter_map(|place| place.as_str()?.parse::<Url>().ok()).count();
        places > 0 && config["pubkey"].as_str().is_some_and(|key| !key.is_empty())
    })
}

/// Which hundredth of all machines this one is in, for this version: chance is fresh with each, so that no machine is
/// always among the first.
fn bucket(version: &str) -> u8 {
    // Where a system has no such file all its machines draw by the version alone.
    let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    u8::try_from(crc32fast::hash(format!("{} {version}", machine.trim()).as_bytes()) % 100)
        .unwrap_or_default()
}

/// A release's `rollout` is the percentage of machines that take it; all when it says nothing.
fn is_our_turn(release: &serde_json::Value, bucket: u8) -> bool {
    release["rollout"].as_u64().is_none_or(|percent| u64::from(bucket) < percent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_release_reaches_the_share_of_machines_that_it_names() {
        let reached =
            |release: serde_json::Value| (0..100).filter(|bucket| is_our_turn(&release, *bucket)).count();
        assert_eq!(reached(json!({ "rollout": 0 })), 0);
        assert_eq!(reached(json!({ "rollout": 7 })), 7);
        assert_eq!(reached(json!({ "rollout": 100 })), 100);
        assert_eq!(reached(json!({})), 100);
        assert!(bucket("1.2.3") < 100);
    }
}
