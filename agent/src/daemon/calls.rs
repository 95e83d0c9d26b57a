//! What each call on lending, settings and workloads does. Calls that look at the machine go to their rooms.

use super::{Daemon, enrolling::Wanted, locked::copy_locked, notices::write_failed};
use crate::{
    cause::Chain,
    desk::{Answer, Asked, DeskHandle, Refusal},
    logic::{
        lending::Pause,
        preferences::{Fit, fit, patched},
    },
    order::Order,
};
use ttalkak_protocol::{
    desk::{
        CONSENT_VERSION, Call, Fault, NoticeKind, Preview, PreviewLeave, Reply, Settings, SettingsPatch,
        WhenBelowUse, WorkloadAct,
    },
    error::{ErrorCode, Problem},
    id::LeaseId,
    link::{HandBackReason, HandedBack},
    unit::{Millis, UnixMillis},
};

/// A pause beyond it is forgotten; whoever wants more turns lending off.
const PAUSE_LONGEST: Millis = Millis(31 * 86_400_000);
/// Leaving within a day.
const LEAVE_MINUTES_MAX: u32 = 1440;
/// A workload that its provider stops is moved within so long.
const MOVE_WITHIN: Millis = Millis(10 * 60_000);
/// A workload that does not fit new limits is moved within so long.
const DRAIN_WITHIN: Millis = Millis(30 * 60_000);

impl Daemon {
    /// Answers a call, or hands it to whoever does.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other calls go to rooms, which name them")]
    pub(super) async fn on_ask(&mut self, asked: Asked) {
        let Asked { desk, call, answer } = asked;
        tracing::debug!(desk = desk.id.0, "{call:?}");
        let done = match call {
            Call::Enrol { coordinator, code, name, force } => {
                return self.enrol(Wanted { coordinator, code, name, force }, answer);
            }
            Call::Consent { version } => self.consent(version),
            Call::Lend { on } => self.lend(on),
            Call::Pause { until, running } => self.pause(Pause { until, running }),
            Call::Resume => self.resume(),
            Call::LeaveIn { minutes } => self.leave_in(minutes),
            Call::CancelLeave => self.cancel_leave(),
            Call::PreviewSettings { patch } => self.preview(patch).map(|made| Reply::Preview(made.0)),
            Call::ChangeSettings { patch, when_below_use } => self.change(patch, when_below_use).await,
            Call::SetPayee { payee } => self.set_payee(payee).await,
            Call::RestartWorkload { lease } => self.restart(lease).await,
            Call::StopWorkload { lease } => self.give_back(lease, WorkloadAct::Stop),
            Call::RemoveWorkload { lease } => self.remove_workload(lease),
            Call::FollowLog { lease } => self.follow(lease, desk).await,
            Call::UnfollowLog { lease } => {
                self.order(Order::Unfollow(lease, desk)).await;
                Ok(Reply::Done)
            }
            Call::FollowProgramLog => {
                crate::program_log::follow(desk);
                Ok(Reply::Done)
            }
            Call::UnfollowProgramLog => {
                crate::program_log::unfollow(desk.id);
                Ok(Reply::Done)
            }
            Call::ProgramLog => Ok(Reply::ProgramLog { lines: crate::program_log::recent() }),
            Call::ReadNotices { up_to } => {
                let now = self.now();
                self.notices.read(up_to, &self.settings.announce, now);
                self.publish_notices();
                Ok(Reply::Done)
            }
            Call::QuitCost => Ok(Reply::QuitCost(self.quit_cost())),
            Call::Shutdown { keep_workloads } => {
                self.ending = Some(keep_workloads);
                Ok(Reply::Done)
            }
            other => return self.to_a_room(Asked { desk, call: other, answer }),
        };
        // A desk that is gone hears nothing.
        let _ = answer.send(done);
    }

    fn to_a_room(&self, asked: Asked) {
        use tokio::sync::mpsc::error::TrySendError;
        match self.rooms.try_send(asked) {
            Ok(()) => {}
            Err(TrySendError::Full(asked) | TrySendError::Closed(asked)) => {
                asked.reply(Err(Refusal::new(ErrorCode::DeskBusy, "The daemon has much to do.")));
            }
        }
    }

    fn consent(&mut self, version: u32) -> Answer {
        if version != CONSENT_VERSION {
            let told = format!("The text of lending has version {CONSENT_VERSION}, not {version}.");
            return Err(Refusal::new(ErrorCode::ConsentMissing, told));
        }
        let mut chosen = self.chosen.clone();
        chosen.consent = Some(version);
        self.take(chosen)
    }

    fn lend(&mut self, on: bool) -> Answer {
        if on {
            if !self.agreed_by_command && self.settings.consent != Some(CONSENT_VERSION) {
                return Err(Refusal::new(
                    ErrorCode::ConsentMissing,
                    "The text of lending was not agreed to.",
                ));
            }
            if self.running.is_none() {
                return Err(Refusal::new(ErrorCode::NotEnrolled, "This machine is signed in nowhere yet."));
            }
        }
        if let Some(locked) = self.locked.iter().find(|locked| locked.setting == "lend" && !on) {
            let told = format!("{} lends for as long as it runs.", locked.by);
            return Err(Refusal::new(ErrorCode::SettingLocked, told));
        }
        let mut chosen = self.chosen.clone();
        chosen.lend = on;
        let done = self.take(chosen)?;
        if on {
            // Whoever turns it on wants it now.
            self.wishes = Default::default();
            self.keep_wishes();
        }
        Ok(done)
    }

    fn pause(&mut self, pause: Pause) -> Answer {
        let now = self.now();
        if let Some(until) = pause.until
            && (until <= now || until > now.after(PAUSE_LONGEST))
        {
            return Err(Refusal::new(ErrorCode::TimeInvalid, "A pause ends within the next 31 days."));
        }
        if !crate::logic::preferences::is_sound(pause.running) {
            return Err(Refusal::new(ErrorCode::SettingInvalid, "A notice has at most a day."));
        }
        self.wishes.pause = Some(pause);
        self.keep_wishes();
        Ok(Reply::Done)
    }

    fn resume(&mut self) -> Answer {
        self.wishes.pause = None;
        self.keep_wishes();
        Ok(Reply::Done)
    }

    fn leave_in(&mut self, minutes: u32) -> Answer {
        if minutes > LEAVE_MINUTES_MAX {
            return Err(Refusal::new(ErrorCode::TimeInvalid, "Leaving takes at most a day."));
        }
        if self.running.is_none() {
            return Err(Refusal::new(ErrorCode::NotEnrolled, "This machine is signed in nowhere yet."));
        }
        if let Some(locked) = self.locked.iter().find(|locked| locked.setting == "lend") {
            let told = format!("{} lends for as long as it runs.", locked.by);
            return Err(Refusal::new(ErrorCode::SettingLocked, told));
        }
        self.wishes.leaving_by = Some(self.now().after(Millis(u64::from(minutes) * 60_000)));
        self.keep_wishes();
        Ok(Reply::Done)
    }

    fn cancel_leave(&mut self) -> Answer {
        self.wishes.leaving_by = None;
        self.keep_wishes();
        Ok(Reply::Done)
    }

    /// What a patch would do, and the settings that would apply.
    fn preview(&self, patch: SettingsPatch) -> Result<(Preview, Settings), Refusal> {
        let new = patched(&self.settings, patch, &self.bounds, &self.locked).map_err(|faults| {
            let told = "Some settings cannot be as they were given.";
            let code = faults.first().map_or(ErrorCode::SettingInvalid, |fault| fault.problem.code);
            Refusal { problem: Problem::new(code, told), faults }
        })?;
        let Fit { stays, leaves, .. } = fit(&new.limits, &self.held());
        let leaves: Vec<PreviewLeave> =
            leaves.into_iter().map(|(lease, limit)| self.leave(lease, limit)).collect();
        let decided =
            crate::logic::lending::decide(&new, &self.wishes, &self.facts, self.now(), &self.zone).state;
        let preview = Preview {
            fits: leaves.is_empty(),
            before: self.settings.limits,
            after: new.limits,
            stays: u32::try_from(stays.len()).unwrap_or(u32::MAX),
            leaves,
            stops_lending: self.keeper.accepting()
                && decided != ttalkak_protocol::desk::LendingState::Lending,
        };
        Ok((preview, new))
    }

    fn leave(&self, lease: LeaseId, limit: &str) -> PreviewLeave {
        let view = self.view.leases.iter().find(|view| view.lease == lease);
        PreviewLeave {
            lease,
            name: view.map(|view| view.name.clone()).unwrap_or_default(),
            limit: limit.to_owned(),
            per_hour: view.map(super::workloads::per_hour).unwrap_or_default(),
        }
    }

    async fn change(&mut self, patch: SettingsPatch, when: WhenBelowUse) -> Answer {
        let (preview, new) = self.preview(patch)?;
        if !preview.fits && when == WhenBelowUse::Refuse {
            let names: Vec<&str> = preview.leaves.iter().map(|leave| leave.name.as_str()).collect();
            let told = format!("These do not fit any more: {}.", names.join(", "));
            return Err(Refusal::new(ErrorCode::LimitsBelowUse, told));
        }
        let (limits, rates) = (new.limits != self.settings.limits, new.rates != self.settings.rates);
        let keep = new.keep_workloads != self.settings.keep_workloads;
        let mut chosen = new;
        copy_locked(&mut chosen, &self.chosen, &self.locked);
        self.take(chosen)?;
        if limits || rates || keep {
            self.tell_limits().await;
        }
        if !preview.leaves.is_empty() {
            let by = self.now().after(DRAIN_WITHIN);
            for leave in &preview.leaves {
                self.hand_back(leave.lease, HandBackReason::Limits, by);
            }
            self.tell_handed_back();
            let drained = u32::try_from(preview.leaves.len()).unwrap_or(u32::MAX);
            self.notice(NoticeKind::BelowUse { drained });
        }
        Ok(Reply::Preview(preview))
    }

    async fn set_payee(&mut self, payee: Option<String>) -> Answer {
        let read = payee.map(|text| ttalkak_escrow::parse_address(&text)).transpose();
        let payee = read.map_err(|error| {
            let problem = Problem::new(ErrorCode::SettingInvalid, format!("{error}."));
            let fault = Fault { field: "payee".to_owned(), problem: problem.clone() };
            Refusal { problem, faults: vec![fault] }
        })?;
        if let Some(locked) = self.locked.iter().find(|locked| locked.setting == "payee") {
            return Err(Refusal::new(ErrorCode::SettingLocked, format!("{} decides this.", locked.by)));
        }
        let mut chosen = self.chosen.clone();
        chosen.payee = payee;
        let done = self.take(chosen)?;
        self.tell_limits().await;
        Ok(done)
    }

    /// Keeps other settings and lets them apply.
    fn take(&mut self, chosen: Settings) -> Answer {
        self.keep_settings(chosen.clone())?;
        let mut settings = chosen;
        copy_locked(&mut settings, &self.settings, &self.locked);
        self.settings = settings;
        self.publish_settings();
        Ok(Reply::Done)
    }

    /// Writes the settings. What the disk does not take does not apply.
    pub(super) fn keep_settings(&mut self, chosen: Settings) -> Result<(), Problem> {
        match self.file.save(&chosen) {
            Ok(()) => {
                self.chosen = chosen;
                Ok(())
            }
            Err(error) => {
                let path = self.file.path().display().to_string();
                self.notice(write_failed(&path, &error));
                Err(Problem::new(
                    ErrorCode::WriteFailed,
                    format!("The settings were not kept: {}.", Chain(&error)),
                ))
            }
        }
    }

    async fn restart(&mut self, lease: LeaseId) -> Answer {
        self.may(lease, WorkloadAct::Restart)?;
        self.order(Order::Restart(lease)).await;
        Ok(Reply::Done)
    }

    fn give_back(&mut self, lease: LeaseId, act: WorkloadAct) -> Answer {
        self.may(lease, act)?;
        let by = self.now().after(MOVE_WITHIN);
        self.hand_back(lease, HandBackReason::Owner, by);
        self.tell_handed_back();
        Ok(Reply::Done)
    }

    fn remove_workload(&mut self, lease: LeaseId) -> Answer {
        let row = self.row(lease);
        let done = self.give_back(lease, WorkloadAct::Remove)?;
        if let Some(row) = row {
            self.removals.note(&row);
        }
        Ok(done)
    }

    fn hand_back(&mut self, lease: LeaseId, reason: HandBackReason, by: UnixMillis) {
        self.handed_back.entry(lease).or_insert(HandedBack { lease, reason, by });
    }

    fn may(&self, lease: LeaseId, act: WorkloadAct) -> Result<(), Refusal> {
        let row = self.row(lease).ok_or_else(|| {
            Refusal::new(ErrorCode::WorkloadUnknown, "No workload of that lease is on this machine.")
        })?;
        if row.may.contains(&act) {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::ActNotAllowed, "The workload's state does not allow that now."))
    }

    async fn follow(&mut self, lease: LeaseId, desk: DeskHandle) -> Answer {
        if self.row(lease).is_none() {
            let told = "No workload of that lease is on this machine.";
            return Err(Refusal::new(ErrorCode::WorkloadUnknown, told));
        }
        self.order(Order::Follow(lease, desk)).await;
        Ok(Reply::Done)
    }
}
