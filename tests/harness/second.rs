//! A second agent of a world: another provider on the same machine, with a folder of its own.

use crate::{World, engine, program::Program, until, world::SOON};
use bollard::Docker;

/// The second agent.
pub struct Second {
    /// Its process.
    pub agent: Program,
    /// Its id, `agt_…`.
    pub id: String,
    engine: Docker,
}

impl Second {
    /// Starts it and waits until it could take work.
    pub async fn start(world: &World) -> Self {
        let agent = world.start_second().await;
        let id = until("the second agent is online", SOON, || async {
            let (_, list) = world.get_api("/v1/providers").await;
            let mut all = list["items"].as_array()?.iter();
            let other = all.find(|one| one["id"] != world.agent_id.as_str())?;
            let ready = other["online"] == true && other["capacity"]["engine"].is_string();
            ready.then(|| other["id"].as_str().map(str::to_owned)).flatten()
        })
        .await;
        Self { agent, id, engine: world.engine.clone() }
    }

    /// Waits until it has exactly so many containers.
    pub async fn await_containers(&self, count: usize) -> Vec<String> {
        until(&format!("the second agent has {count} containers"), SOON, || async {
            let containers = engine::containers(&self.engine, &self.id).await;
            (containers.len() == count).then_some(containers)
        })
        .await
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- second agent\n{}", self.agent.log_tail(60));
        }
        self.agent.signal("KILL");
        engine::clear(&self.id);
    }
}
