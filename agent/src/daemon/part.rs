//! The parts of a running agent and their orderly end.

use std::{future::Future, time::Duration};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

/// One long task with its own wish to stop.
#[derive(Debug)]
pub struct Part {
    name: &'static str,
    within: Duration,
    stop: CancellationToken,
    handle: JoinHandle<()>,
}

impl Part {
    /// Starts a part; when it is asked to stop it gets `within`.
    pub fn start<F>(
        tasks: &TaskTracker,
        name: &'static str,
        within: Duration,
        task: impl FnOnce(CancellationToken) -> F,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let handle = tasks.spawn(task(stop.clone()).instrument(tracing::info_span!("part", name)));
        Self { name, within, stop, handle }
    }

    /// Waits until the part has ended by itself, which only a bug makes it do. Cancel-safe.
    pub async fn ended(&mut self) -> &'static str {
        let _ = (&mut self.handle).await;
        self.name
    }

    async fn stop(mut self) -> Option<&'static str> {
        self.stop.cancel();
        if self.handle.is_finished() {
            return None;
        }
        match timeout(self.within, &mut self.handle).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                tracing::error!(%error, "{} failed while it stopped", self.name);
                None
            }
            Err(_) => {
                self.handle.abort();
                Some(self.name)
            }
        }
    }
}

/// Stops one part after the other, each within its time. Returns the names of those that had to be cut.
pub async fn stop_in_order(parts: Vec<Part>) -> Vec<&'static str> {
    let mut stuck = Vec::new();
    for part in parts {
        stuck.extend(part.stop().await);
    }
    stuck
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[tokio::test(start_paused = true)]
    async fn parts_stop_in_order_and_the_one_that_does_not_is_named() {
        let (tasks, order) = (TaskTracker::new(), Arc::new(Mutex::new(Vec::new())));
        let part = |name: &'static str| {
            let order = order.clone();
            Part::start(&tasks, name, Duration::from_secs(5), move |stop| async move {
                stop.cancelled().await;
                order.lock().unwrap().push(name);
                if name == "stubborn" {
                    std::future::pending::<()>().await;
                }
            })
        };
        let parts = vec![part("first"), part("stubborn"), part("last")];
        assert_eq!(stop_in_order(parts).await, ["stubborn"]);
        assert_eq!(*order.lock().unwrap(), ["first", "stubborn", "last"]);
        tasks.close();
        tasks.wait().await;
    }
}
