//! The container engine of the tests: is it there, and what do we have in it?

use bollard::{
    Docker,
    query_parameters::{ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder},
};
use std::collections::HashMap;

/// The engine; `None` when none answers and the run does not insist on one. `cargo xtask test` insists.
pub async fn connect() -> Option<Docker> {
    let engine = Docker::connect_with_defaults().ok();
    if let Some(engine) = engine
        && engine.ping().await.is_ok()
    {
        return Some(engine);
    }
    let required = std::env::var_os("TTALKAK_REQUIRE_ENGINE").is_some();
    assert!(!required, "TTALKAK_REQUIRE_ENGINE is set and no container engine answers");
    eprintln!(
        "SKIPPED: no container engine answers, so this test proves nothing here. Run `cargo xtask test`."
    );
    None
}

fn of_agent(agent: &str) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![format!("ttalkak.agent={agent}")])])
}

/// Names of all containers, images and networks that an agent has in the engine.
pub async fn objects(engine: &Docker, agent: &str) -> Vec<String> {
    let mut found = containers(engine, agent).await;
    let options = ListImagesOptionsBuilder::new().filters(&of_agent(agent)).build();
    let images = engine.list_images(Some(options)).await.expect("a list of images");
    found.extend(images.into_iter().map(|image| format!("image {} {:?}", image.id, image.repo_tags)));
    let options = ListNetworksOptionsBuilder::new().filters(&of_agent(agent)).build();
    let networks = engine.list_networks(Some(options)).await.expect("a list of networks");
    found.extend(networks.into_iter().map(|network| format!("network {}", network.name.unwrap_or_default())));
    found
}

/// Names of an agent's containers, running or not.
pub async fn containers(engine: &Docker, agent: &str) -> Vec<String> {
    let options = ListContainersOptionsBuilder::new().all(true).filters(&of_agent(agent)).build();
    let containers = engine.list_containers(Some(options)).await.expect("a list of containers");
    let name = |c: bollard::models::ContainerSummary| {
        format!("container {} {:?}", c.names.unwrap_or_default().join(" "), c.state)
    };
    containers.into_iter().map(name).collect()
}

/// Ids of an agent's running containers, by name.
pub async fn running(engine: &Docker, agent: &str) -> Vec<(String, String)> {
    let options = ListContainersOptionsBuilder::new().filters(&of_agent(agent)).build();
    let containers = engine.list_containers(Some(options)).await.expect("a list of containers");
    let pair = |c: bollard::models::ContainerSummary| {
        (c.names.unwrap_or_default().join(" "), c.id.unwrap_or_default())
    };
    containers.into_iter().map(pair).collect()
}

/// Removes everything that an agent left, by the engine's own client: it must work while a test unwinds.
pub fn clear(agent: &str) {
    let filter = format!("label=ttalkak.agent={agent}");
    for (list, remove) in [
        (vec!["ps", "-aq", "--filter"], vec!["rm", "-f"]),
        (vec!["images", "-q", "--filter"], vec!["rmi", "-f"]),
        (vec!["network", "ls", "-q", "--filter"], vec!["network", "rm"]),
    ] {
        let output = std::process::Command::new("docker").args(&list).arg(&filter).output();
        let ids = output.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default();
        let ids: Vec<&str> = ids.split_whitespace().collect();
        if !ids.is_empty() {
            let _ = std::process::Command::new("docker").args(&remove).args(&ids).output();
        }
    }
}
