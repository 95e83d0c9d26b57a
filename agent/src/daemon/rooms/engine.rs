//! The engine as the rooms need it: for this agent's own objects, and as news that it came or went. The driver looks at it
//! all the time; before a machine is signed in there is no driver, so it is looked at from here.

use super::Rooms;
use crate::{desk::Refusal, io::engine::Engine};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::sleep};
use ttalkak_protocol::{error::ErrorCode, id::AgentId};
use uuid::Uuid;

/// A person who has just started the engine looks at the window.
const LOOK_EVERY: Duration = Duration::from_secs(3);

impl Rooms {
    /// The engine while it answers, for this agent's own objects.
    pub(super) async fn engine(&self) -> Option<Engine> {
        let world = self.around.world.borrow().clone()?;
        world.view.borrow().engine.as_ref()?;
        let mut kept = self.engine.lock().await;
        if kept.is_none() {
            *kept = self.find(world.identity.record.agent).await.map(|(engine, _)| engine);
        }
        kept.clone()
    }

    pub(super) async fn need_engine(&self) -> Result<Engine, Refusal> {
        let missing = || Refusal::new(ErrorCode::EngineUnavailable, "The container engine does not answer.");
        self.engine().await.ok_or_else(missing)
    }

    /// Tells the doctor and the disk when the engine comes or goes.
    pub(super) async fn follow_engine(self: Arc<Self>, told: watch::Sender<Option<String>>) {
        let mut world = self.around.world.clone();
        loop {
            let now = world.borrow_and_update().clone();
            let mut view = now.map(|world| world.view);
            let engine = match view.as_mut() {
                Some(view) => view.borrow_and_update().engine.clone(),
                // Nothing is labelled by a look, so whose it is does not matter yet.
                None => self.find(AgentId::new(Uuid::nil())).await.map(|(_, name)| name),
            };
            if engine.is_none() {
                *self.engine.lock().await = None;
            }
            let changed = told.send_if_modified(|old| std::mem::replace(old, engine.clone()) != engine);
            if changed {
                self.nudge.send_modify(|count| *count += 1);
            }
            let next = async {
                match view.as_mut() {
                    Some(view) => {
                        if view.changed().await.is_err() {
                            // A view that ended is followed by another world.
                            std::future::pending().await
                        }
                    }
                    None => sleep(LOOK_EVERY).await,
                }
            };
            tokio::select! {
                changed = world.changed() => if changed.is_err() { return },
                () = next => {}
            }
        }
    }

    async fn find(&self, agent: AgentId) -> Option<(Engine, String)> {
        let config = &self.around.config;
        let found = Engine::find(config.engine.as_deref(), config.runtime_dir.as_deref(), agent).await;
        found.ok().map(|(engine, facts)| (engine, facts.name))
    }
}
