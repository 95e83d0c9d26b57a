//! Which effect becomes which task.

use super::{
    Driver,
    tasks::WATCH,
    work::{self, Answer},
};
use crate::{
    io::{clock, engine::Engine, logs::LogCommand, probe::probe},
    logic::{
        effect::Effect,
        event::{Event, Fact, Ticket},
        log_book::RawLine,
    },
};
use ttalkak_protocol::{id::LeaseId, link::LogStream};

impl Driver {
    pub(super) async fn carry_out(&mut self, effect: Effect) {
        tracing::debug!(?effect, "carry out");
        match effect {
            Effect::Fetch { lease, ticket, source } => {
                let (sources, answer) = (self.sources.clone(), self.answer(lease, ticket));
                self.tasks.of_lease(lease, ticket, "fetch", work::fetch(sources, source, answer));
            }
            Effect::Say { lease, text } => {
                let line = RawLine { stream: LogStream::System, at: clock::wall(), engine_nanos: 0, text };
                self.logs.tell(LogCommand::Line(lease, line)).await;
            }
            Effect::KeepSources { digests } => {
                let sources = self.sources.clone();
                self.tasks.other("tidy sources", async move {
                    if let Err(error) = sources.keep(&digests).await {
                        tracing::warn!(%error, "old source archives stay");
                    }
                });
            }
            Effect::KeepBook { version, entry } => {
                let (written, facts) = (self.till.write(version, entry), self.facts.clone());
                self.tasks.other("keep the book", async move {
                    let done = written.await;
                    // Nobody listens only when the agent ends.
                    let _ = facts.send(Event::BookWritten { done }).await;
                });
            }
            Effect::SignClose { domain, total } => {
                let signing = self.till.close(domain, total, self.facts.clone());
                self.tasks.other("sign a close", signing);
            }
            Effect::Warn { text } => tracing::warn!("{text}"),
            Effect::Retire { lease, grace } => {
                // What follows the container stays until it ends, so that its last words are heard.
                self.tasks.cancel(lease, |work| work != WATCH);
                let (engine, facts) = (self.engine.clone(), self.facts.clone());
                self.tasks.of_lease(lease, Ticket::default(), "retire", async move {
                    work::retire(engine, lease, grace).await;
                    // Nobody listens only when the agent ends.
                    let _ = facts.send(Event::Gone { lease }).await;
                });
            }
            Effect::Build { .. }
            | Effect::StopContainer { .. }
            | Effect::Limit { .. }
            | Effect::Start { .. }
            | Effect::Adopt { .. }
            | Effect::Watch { .. }
            | Effect::Probe { .. }
            | Effect::GiveUp { .. }
            | Effect::Observe { .. }
            | Effect::RemoveContainer { .. }
            | Effect::RemoveImage { .. }
            | Effect::RemoveStrayImage { .. }
            | Effect::RemoveNetwork { .. } => match self.engine.clone() {
                Some(engine) => self.with_engine(engine, effect),
                None => tracing::error!("an effect needs an engine before one was found: a bug in the logic"),
            },
        }
    }

    /// An owner's pin outlasts the coordinator's wish; when in doubt the image stays until the next look.
    fn remove_image(&mut self, engine: Engine, build_key: String) {
        let data = self.data_dir.clone();
        self.tasks.other("remove image", async move {
            let key = build_key.clone();
            let pinned = tokio::task::spawn_blocking(move || crate::disk::is_pinned(&data, &key)).await;
            if !pinned.unwrap_or(true) {
                work::told(engine.remove_image(&build_key).await, "an image stays until the next look");
            }
        });
    }

    fn with_engine(&mut self, engine: Engine, effect: Effect) {
        match effect {
            Effect::Build { lease, ticket, deployment, spec } => {
                let archive = self.sources.path(&spec.source.digest);
                let (logs, answer) = (self.logs.clone(), self.answer(lease, ticket));
                let task = work::build(engine, archive, deployment, spec, logs, answer);
                self.tasks.of_lease(lease, ticket, "build", task);
            }
            Effect::Start { lease, ticket, policy } => {
                let answer = self.answer(lease, ticket);
                self.tasks.of_lease(lease, ticket, "start", work::start(engine, *policy, answer));
            }
            Effect::Adopt { lease, ticket, container, policy } => {
                let answer = self.answer(lease, ticket);
                self.tasks.of_lease(lease, ticket, "adopt", work::adopt(engine, container, *policy, answer));
            }
            Effect::Watch { lease, ticket, container } => {
                self.tasks.cancel(lease, |work| work == WATCH);
                let (logs, answer) = (self.logs.clone(), self.answer(lease, ticket));
                let task = work::watch(engine, container, logs, self.clock, answer);
                self.tasks.of_lease(lease, ticket, WATCH, task);
            }
            Effect::Probe { lease, ticket, order } => {
                let answer = self.answer(lease, ticket);
                self.tasks.of_lease(lease, ticket, "probe", async move {
                    answer.send(Fact::Probed(probe(&engine, &order).await)).await;
                });
            }
            Effect::GiveUp { lease, ticket, container, grace } => {
                let answer = self.answer(lease, ticket);
                let task = work::give_up(engine, container, grace, answer);
                self.tasks.of_lease(lease, ticket, "give up", task);
            }
            Effect::StopContainer { lease, container, grace } => {
                self.tasks.of_lease(lease, Ticket::default(), "stop", async move {
                    work::told(engine.stop(&container, grace).await, "a container could not be stopped");
                });
            }
            Effect::Limit { container, cpu, memory } => self.tasks.other("limit container", async move {
                let limited = engine.limit(&container, cpu, memory).await;
                work::told(limited, "a container keeps its old limits");
            }),
            Effect::Observe { round } => {
                let facts = self.facts.clone();
                self.tasks.other("observe", work::observe(engine, round, facts));
            }
            Effect::RemoveContainer { id } => self.tasks.other("remove container", async move {
                work::told(engine.remove_container(&id).await, "a container stays until the next look");
            }),
            Effect::RemoveImage { build_key } => self.remove_image(engine, build_key),
            Effect::RemoveStrayImage { id } => self.tasks.other("remove stray image", async move {
                work::told(engine.remove_stray_image(&id).await, "a stray image stays until the next look");
            }),
            Effect::RemoveNetwork { id } => self.tasks.other("remove network", async move {
                work::told(engine.remove_network(&id).await, "a network stays until the next look");
            }),
            Effect::Fetch { .. }
            | Effect::Say { .. }
            | Effect::KeepSources { .. }
            | Effect::KeepBook { .. }
            | Effect::SignClose { .. }
            | Effect::Warn { .. }
            | Effect::Retire { .. } => {
                unreachable!("these need no engine and were carried out before")
            }
        }
    }

    fn answer(&self, lease: LeaseId, ticket: Ticket) -> Answer {
        Answer { lease, ticket, facts: self.facts.clone() }
    }
}
