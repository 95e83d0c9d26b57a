//! Versions and licences, as they were found when this program was built.

use ttalkak_protocol::shell::{About, Component};

/// Made by build.rs of what Cargo and npm say of the packages that are linked in.
const COMPONENTS: &str = include_str!(concat!(env!("OUT_DIR"), "/components.json"));

/// All of it.
pub(crate) fn about() -> About {
    let components: Vec<Component> = serde_json::from_str(COMPONENTS).unwrap_or_else(|error| {
        tracing::error!("the list of components is broken: {error}");
        Vec::new()
    });
    About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        webview: tauri::webview_version().ok(),
        licence: env!("CARGO_PKG_LICENSE").to_owned(),
        components,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_has_a_licence_and_the_great_ones_are_there() {
        let about = about();
        let bare = about.components.iter().find(|component| component.licence.is_empty());
        assert_eq!(bare, None);
        for name in ["tauri", "tokio", "ksni"] {
            assert!(about.components.iter().any(|component| component.name == name), "{name}");
        }
    }
}
