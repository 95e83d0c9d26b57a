//! Breaking things on purpose: processes that die at a line of the saga log, requests that nobody hears the end of.

use crate::{App, World, until, visit, world::SOON};
use reqwest::Method;
use serde_json::{Value, json};

impl World {
    /// Kills the coordinator where it stands and starts it again; with `line` (`step:event`) it will die by itself as
    /// soon as a saga writes that line. Returns when it answers, or has died already.
    pub async fn restart_coordinator_to_die_at(&mut self, line: Option<&str>) {
        if self.coordinator.ended().is_none() {
            self.coordinator.kill().await;
        }
        let env = line.map(|line| ("TTALKAK_CRASH_AT".to_owned(), line.to_owned()));
        self.start_coordinator_again(env.into_iter().collect());
        let (client, url) = (visit::client(), format!("{}/v1/health", self.api_url()));
        until("the coordinator answers, or has died at its line", SOON, || {
            let died = self.coordinator.ended().is_some();
            let asked = client.get(&url).send();
            async move { (died || asked.await.is_ok()).then_some(()) }
        })
        .await;
    }

    /// Kills the agent and starts it again. An agent that saw many links break waits long before it dials again, which
    /// is right and which a test with many rounds has no time for.
    pub async fn refresh_agent(&mut self) {
        self.agent.kill().await;
        self.restart_agent();
    }

    /// Asks for something without counting on an answer: the coordinator may die first.
    pub async fn ask_unheard(&self, method: Method, path: &str, body: &Value) {
        let url = format!("{}{path}", self.api_url());
        let request = visit::client().request(method, url).bearer_auth(&self.token).json(body);
        if let Ok(response) = request.send().await {
            let status = response.status();
            assert!(status.is_success(), "{path}: {status} {:?}", response.text().await);
        }
    }

    /// Waits until the coordinator has died by itself.
    pub async fn await_coordinator_death(&mut self, line: &str) {
        until(&format!("the coordinator died at {line}"), SOON, || {
            let died = self.coordinator.ended().is_some();
            std::future::ready(died.then_some(()))
        })
        .await;
    }

    /// The ids of the agent's running containers.
    pub async fn running_ids(&self) -> Vec<String> {
        let running = crate::engine::running(&self.engine, &self.agent_id).await;
        running.into_iter().map(|(_, id)| id).collect()
    }

    /// Waits until a deployment is in a state with this release serving and nothing on its way.
    pub async fn await_release(&self, name: &str, number: u64) -> Value {
        until(&format!("release {number} of {name} is live"), SOON, || async {
            let view = self.deployment(name).await;
            let settled = view["state"] == "live" && view["rollout"].is_null();
            (settled && view["release"] == number).then_some(view)
        })
        .await
    }

    /// Waits until the rollout of a deployment is at the step of its build that says `text`.
    pub async fn await_build_step(&self, name: &str, text: &str) {
        until(&format!("the build of {name} is at {text}"), SOON, || async {
            let progress = self.deployment(name).await["rollout"]["progress"].as_str()?.to_owned();
            progress.contains(text).then_some(())
        })
        .await;
    }

    /// Waits until an app answers with exactly this.
    pub async fn await_body(&self, name: &str, body: &str) {
        until(&format!("{name} answers {body:?}"), SOON, || async {
            let visit = self.visit(name, "/").await;
            (visit.status == 200 && visit.body.trim() == body).then_some(())
        })
        .await;
    }
}

/// An app that leaves at once when it is asked to.
pub fn quick_app(version: &str) -> App {
    let app = App::new(version);
    app.write("app.py", include_str!("app/quick.py"));
    app
}

/// The same, with a build that stays at its step `sleep {seconds}` for a while; `salt` keeps it out of every cache.
pub fn slow_app(version: &str, salt: &str, seconds: u32) -> App {
    let app = quick_app(version);
    let slow = format!("RUN echo {salt} && sleep {seconds}\nCMD");
    app.write("Dockerfile", &include_str!("app/Dockerfile").replace("CMD", &slow));
    app
}

/// The wish for a small app from a Git repository.
pub fn small(name: &str, git_url: &str) -> Value {
    let mib = 1024 * 1024;
    json!({
        "name": name,
        "source": { "kind": "git", "url": git_url },
        "memory_bytes": 64 * mib,
        "milli_cpu": 200,
    })
}
