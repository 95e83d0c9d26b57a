//! The daemon's own sections: hello, status, settings, notices.

use super::Daemon;
use crate::view::LinkView;
use ttalkak_protocol::{
    desk::{
        CONSENT_VERSION, Counts, EngineState, EngineStatus, Enrolled, IdleSense, Lending, LinkState,
        LinkStatus, News, Senses, SettingsNews, Setup, Status,
    },
    error::Problem,
    link::{Health, Phase},
    unit::Millis,
};

impl Daemon {
    pub(super) fn publish_hello(&self) {
        self.hub.publish(News::Hello(self.hello.clone()));
    }

    pub(super) fn publish_settings(&self) {
        self.hub.publish(News::Settings(SettingsNews {
            values: self.settings.clone(),
            defaults: crate::logic::preferences::defaults(&self.size),
            bounds: self.bounds.clone(),
            locked: self.locked.clone(),
            broken: self.broken.clone(),
        }));
    }

    pub(super) fn publish_notices(&self) {
        self.hub.publish(News::Notices(self.notices.section()));
    }

    pub(super) fn publish_status(&mut self) {
        let link = self.link();
        let engine = self.engine();
        let status = Status {
            setup: self.setup(),
            link,
            engine,
            lending: Lending {
                state: self.keeper.state().clone(),
                since: self.keeper.since(),
                accepting: self.keeper.accepting(),
                running: self.keeper.running(),
                stops_at: self.keeper.stops_at(),
                next: self.keeper.next(),
                senses: self.senses(),
            },
            counts: counts(self.view.workloads.iter().map(|workload| &workload.phase)),
            // To the minute: a status that is the same is not told again.
            at: ttalkak_protocol::unit::UnixMillis(self.now().0 / 60_000 * 60_000),
        };
        self.hub.publish(News::Status(status));
    }

    fn setup(&self) -> Setup {
        let enrolled = self.running.as_ref().map(|running| {
            let record = &running.world.identity.record;
            Enrolled {
                agent: record.agent,
                coordinator: record.coordinator.to_string(),
                name: record.name.clone(),
                plaintext: record.coordinator.readable_by_others(),
            }
        });
        let consent = self.settings.consent.filter(|version| *version == CONSENT_VERSION);
        let agreed = consent.is_some() || self.agreed_by_command;
        let wallet =
            crate::io::wallet::Wallet::new(&self.config.data_dir, self.config.money.wallet_keyring).record();
        Setup {
            consent,
            done: enrolled.is_some() && agreed,
            enrolled,
            limits_chosen: self.settings.limits_chosen,
            payee_known: self.settings.payee.is_some() || matches!(wallet, Ok(Some(_))),
        }
    }

    fn link(&mut self) -> LinkStatus {
        let (state, problem): (LinkState, Option<Problem>) = match (&self.running, &self.view.link) {
            (None, _) => (LinkState::Off, self.identity_problem.clone()),
            (Some(_), LinkView::Dialling) => (LinkState::Dialling, None),
            (Some(_), LinkView::Connected) => (LinkState::Connected, None),
            (Some(_), LinkView::Down(problem)) => (LinkState::Down, Some(problem.clone())),
            (Some(_), LinkView::Refused(problem)) => (LinkState::Refused, Some(problem.clone())),
        };
        if self.link_since.0 != state {
            self.link_since = (state, self.now());
        }
        LinkStatus { state, since: self.link_since.1, problem }
    }

    fn engine(&mut self) -> EngineStatus {
        let state = match (&self.view.engine, &self.view.engine_problem) {
            (Some(_), _) => EngineState::Up,
            (None, Some(_)) => EngineState::Down,
            (None, None) => EngineState::Unknown,
        };
        if self.engine_since.0 != state {
            self.engine_since = (state, self.now());
        }
        EngineStatus {
            state,
            since: self.engine_since.1,
            name: self.view.engine.clone(),
            address: self.config.engine.clone(),
            problem: self.view.engine_problem.clone(),
        }
    }

    fn senses(&self) -> Senses {
        let idle = match self.sensed.idle {
            // To five minutes: enough for a screen that says since when nobody is there.
            Some((idle, by)) => IdleSense::Known { idle_ms: Millis(idle.as_secs() / 300 * 300_000), by },
            None if self.settings.idle.on => IdleSense::Unknown {
                why: "This desktop does not tell how long nobody touched it.".to_owned(),
            },
            None => IdleSense::Unknown { why: "No rule needs it.".to_owned() },
        };
        Senses { idle, fullscreen: self.sensed.fullscreen, battery: self.sensed.battery }
    }
}

fn counts<'a>(phases: impl Iterator<Item = &'a Phase>) -> Counts {
    let mut counts = Counts::default();
    for phase in phases {
        let count = match phase {
            Phase::Running { health: Health::Healthy } => &mut counts.live,
            Phase::Running { health: Health::Unhealthy { .. } }
            | Phase::BackingOff { .. }
            | Phase::Failed { .. } => &mut counts.troubled,
            Phase::Stopping => &mut counts.stopping,
            Phase::Waiting { .. }
            | Phase::Fetching
            | Phase::Building { .. }
            | Phase::Starting
            | Phase::Running { health: Health::Unknown } => &mut counts.coming,
        };
        *count += 1;
    }
    counts
}
