//! Visitors who never stop asking: what a deploy must not be noticed by.

use crate::World;
use http::header::HOST;
use reqwest::Client;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What all visitors saw together.
#[derive(Debug, Default)]
pub struct Seen {
    /// How many answers were `200`, by body.
    pub answers: BTreeMap<String, usize>,
    /// Every other one, as text.
    pub failures: Vec<String>,
    /// Whether a visitor met a body again after another one had taken its place.
    pub went_back: bool,
}

/// A crowd at work.
pub struct Visitors {
    tasks: JoinSet<Seen>,
    stop: CancellationToken,
}

impl Visitors {
    /// Starts `count` visitors who ask one request after the other, half of them each time over a new connection.
    pub fn start(world: &World, name: &str, count: usize) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let url = Arc::new(world.edge_url("/"));
        let host = Arc::new(world.host(name));
        for visitor in 0..count {
            let kept = visitor % 2;
            let client = Client::builder()
                .timeout(Duration::from_secs(30))
                .pool_max_idle_per_host(kept)
                .no_proxy()
                .build()
                .expect("a client");
            tasks.spawn(ask(client, Arc::clone(&url), Arc::clone(&host), stop.clone()));
        }
        Self { tasks, stop }
    }

    /// Sends them home after their last answer.
    pub async fn stop(mut self) -> Seen {
        self.stop.cancel();
        let mut all = Seen::default();
        while let Some(seen) = self.tasks.join_next().await {
            let seen = seen.expect("a visitor that does not panic");
            for (body, count) in seen.answers {
                *all.answers.entry(body).or_default() += count;
            }
            all.failures.extend(seen.failures);
            all.went_back |= seen.went_back;
        }
        all
    }
}

async fn ask(client: Client, url: Arc<String>, host: Arc<String>, stop: CancellationToken) -> Seen {
    let mut seen = Seen::default();
    let mut last = String::new();
    while !stop.is_cancelled() {
        let answer = client.get(&*url).header(HOST, &*host).send().await;
        let (status, cause, body) = match answer {
            Ok(answer) => {
                let cause = answer.headers().get("x-ttalkak-cause").cloned();
                (answer.status(), cause, answer.text().await)
            }
            Err(error) => {
                seen.failures.push(format!("{error:?}"));
                continue;
            }
        };
        match body {
            Ok(body) if status == 200 => {
                if body != last {
                    seen.went_back |= seen.answers.contains_key(&body);
                    last.clone_from(&body);
                }
                *seen.answers.entry(body).or_default() += 1;
            }
            other => seen.failures.push(format!("{status} {cause:?} {other:?}")),
        }
    }
    seen
}
