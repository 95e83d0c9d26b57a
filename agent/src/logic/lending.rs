//! Whether this machine lends now: `(settings, wishes, facts, now) -> Decision`, and what happens to running work when it
//! does not. The first reason that holds counts, the most lasting ones first. What cannot be known never counts as
//! idle, as mains power or as a program.
//! Deliberately absent: clocks, screens and the engine.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use ttalkak_protocol::{
    desk::{Battery, LendingState, NextChange, Settings, Treatment},
    link::{self, NotLending},
    unit::{Millis, UnixMillis},
};

mod hours;
mod keeper;

pub use hours::{Shift, next_change, opens_at, shift_today};
pub use keeper::Keeper;

/// What the owner asked for beside the settings; kept across a restart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wishes {
    /// No new work for a while.
    pub pause: Option<Pause>,
    /// Gone by then.
    pub leaving_by: Option<UnixMillis>,
}

/// A pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When it ends by itself.
    pub until: Option<UnixMillis>,
    /// What happens to running work.
    pub running: Treatment,
}

/// What is known of the machine and its owner.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Whether this machine is an agent of a coordinator.
    pub enrolled: bool,
    /// Whether the owner agreed to the text of lending, or started the agent by a command that implies it.
    pub agreed: bool,
    /// Since the last key or mouse move; `None`: nobody tells.
    pub idle: Option<Duration>,
    /// Whether a fullscreen program has the screen; `None`: nobody tells.
    pub fullscreen: Option<bool>,
    /// The battery, when there is one.
    pub battery: Option<Battery>,
    /// The first of the exclusive programs that runs, as the settings call it.
    pub exclusive: Option<String>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Whether it lends, or the reason why it does not.
    pub state: LendingState,
    /// What happens to running work.
    pub running: Treatment,
    /// The next change that can be foreseen.
    pub next: Option<NextChange>,
}

/// Decides. Pure; `zone` is where the schedule's hours are.
pub fn decide(
    settings: &Settings,
    wishes: &Wishes,
    facts: &Facts,
    now: UnixMillis,
    zone: &TimeZone,
) -> Decision {
    let reason = standing(settings, wishes, facts, now)
        .or_else(|| hours(settings, now, zone))
        .or_else(|| surroundings(settings, facts, now));
    let (state, running) = reason.unwrap_or((LendingState::Lending, Treatment::Keep));
    let next = foresee(settings, &state, now, zone);
    Decision { state, running, next }
}

type Reason = (LendingState, Treatment);

/// What the owner said, whatever the machine does.
fn standing(settings: &Settings, wishes: &Wishes, facts: &Facts, now: UnixMillis) -> Option<Reason> {
    if !facts.enrolled || !facts.agreed {
        return Some((LendingState::NotSetUp, Treatment::Keep));
    }
    if let Some(by) = wishes.leaving_by {
        return Some((LendingState::Leaving { by }, Treatment::Stop { notice_minutes: 0 }));
    }
    if !settings.lend {
        return Some((LendingState::Off, settings.when_off));
    }
    let pause = wishes.pause.filter(|pause| pause.until.is_none_or(|until| until > now))?;
    Some((LendingState::Paused { until: pause.until }, pause.running))
}

fn hours(settings: &Settings, now: UnixMillis, zone: &TimeZone) -> Option<Reason> {
    let schedule = &settings.schedule;
    (schedule.on && !hours::is_open(schedule, now, zone))
        .then(|| (LendingState::OutsideSchedule { opens: opens_at(schedule, now, zone) }, schedule.running))
}

/// What the machine and its owner do at this moment.
fn surroundings(settings: &Settings, facts: &Facts, now: UnixMillis) -> Option<Reason> {
    if let (true, Some(battery)) = (settings.battery.on, facts.battery)
        && battery.discharging
    {
        return Some((LendingState::OnBattery { percent: battery.percent }, settings.battery.running));
    }
    if let (true, Some(program)) = (settings.exclusive.on, &facts.exclusive) {
        let state = LendingState::ExclusiveApp { program: program.clone() };
        return Some((state, settings.exclusive.running));
    }
    let rule = settings.idle;
    if !rule.on {
        return None;
    }
    if rule.fullscreen && facts.fullscreen == Some(true) {
        return Some((LendingState::OwnerActive { fullscreen: true, lends_at: None }, rule.running));
    }
    let enough = Duration::from_secs(60) * rule.after_minutes;
    let idle = facts.idle.unwrap_or(Duration::ZERO);
    if idle >= enough {
        return None;
    }
    // To the minute, so that a screen is not told anew with each key.
    let left = facts.idle.map(|idle| enough.saturating_sub(idle).as_millis());
    let lends_at = left.map(|left| {
        let at = now.after(Millis(u64::try_from(left).unwrap_or(u64::MAX)));
        UnixMillis(at.0.div_euclid(60_000) * 60_000 + 60_000)
    });
    Some((LendingState::OwnerActive { fullscreen: false, lends_at }, rule.running))
}

/// The next change that time alone brings.
fn foresee(
    settings: &Settings,
    state: &LendingState,
    now: UnixMillis,
    zone: &TimeZone,
) -> Option<NextChange> {
    let open = |at| !settings.schedule.on || hours::is_open(&settings.schedule, at, zone);
    match state {
        LendingState::NotSetUp | LendingState::Off => None,
        LendingState::Leaving { by } => Some(NextChange { at: *by, lends: false }),
        LendingState::Paused { until } => until.map(|at| NextChange { at, lends: settings.lend && open(at) }),
        LendingState::OutsideSchedule { opens } => opens.map(|at| NextChange { at, lends: true }),
        LendingState::OwnerActive { lends_at, .. } => lends_at.map(|at| NextChange { at, lends: open(at) }),
        LendingState::OnBattery { .. } | LendingState::ExclusiveApp { .. } | LendingState::Lending => {
            settings.schedule.on.then(|| next_change(&settings.schedule, now, zone)).flatten()
        }
    }
}

/// The same for the coordinator. `stops_at`: when running work is stopped.
pub fn for_the_coordinator(state: &LendingState, stops_at: Option<UnixMillis>) -> link::Lending {
    let why = match state {
        LendingState::Lending => None,
        LendingState::NotSetUp | LendingState::Off | LendingState::Paused { .. } => Some(NotLending::Paused),
        LendingState::Leaving { .. } => Some(NotLending::Leaving),
        LendingState::OutsideSchedule { .. } => Some(NotLending::Schedule),
        LendingState::OnBattery { .. } => Some(NotLending::Battery),
        LendingState::ExclusiveApp { .. } => Some(NotLending::ExclusiveApp),
        LendingState::OwnerActive { .. } => Some(NotLending::OwnerActive),
    };
    link::Lending { accepting: why.is_none(), why, leaving_by: stops_at }
}

#[cfg(test)]
mod tests;
