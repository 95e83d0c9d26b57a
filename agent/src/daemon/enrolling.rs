//! A desk makes this machine an agent of a coordinator, and the parts start.

use super::{Daemon, Later, startup::DaemonError};
use crate::{
    address::Coordinator,
    cause::Chain,
    desk::{Answer, Refusal},
    enrol::{EnrolError, Enrolment, enrol},
    identity::Identity,
    io::machine,
};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;
use ttalkak_protocol::{
    Secret,
    desk::{Enrolled, Reply},
    error::{ErrorCode, Problem},
};

/// What a desk gave.
pub(super) struct Wanted {
    pub coordinator: String,
    pub code: Secret<String>,
    pub name: Option<String>,
    pub force: bool,
}

impl Daemon {
    pub(super) fn enrol(&mut self, wanted: Wanted, answer: oneshot::Sender<Answer>) {
        let Wanted { coordinator, code, name, force } = wanted;
        let refused = |code, told: String| Err(Refusal::new(code, told));
        let coordinator: Coordinator = match coordinator.parse() {
            Ok(coordinator) => coordinator,
            Err(error) => {
                let _ = answer.send(refused(ErrorCode::SettingInvalid, format!("{error}.")));
                return;
            }
        };
        if self.running.is_some() {
            // The workloads and the money of the old enrolment belong to a coordinator that would not hear of their end.
            let told = "This machine is signed in; end the agent and enrol it anew with --force.".to_owned();
            let _ = answer.send(refused(ErrorCode::AlreadyEnrolled, told));
            return;
        }
        let name = name.or_else(|| self.config.name.clone()).or_else(machine::host_name);
        let enrolment =
            Enrolment { coordinator, code, name: name.unwrap_or_else(|| "agent".to_owned()), force };
        let (data, later) = (self.config.data_dir.clone(), self.later.clone());
        self.tasks.spawn(async move {
            let made = enrol(&data, enrolment).await;
            // Nobody is there to hear it only when the daemon ends; the next start finds the record.
            let _ = later.send(Later::Enrolled { made, answer }).await;
        });
    }

    pub(super) async fn on_enrolled(
        &mut self,
        made: Result<Identity, EnrolError>,
        answer: oneshot::Sender<Answer>,
        tasks: &TaskTracker,
    ) -> Result<(), DaemonError> {
        let done = match made {
            Ok(_) if self.running.is_some() => {
                Err(Refusal::new(ErrorCode::AlreadyEnrolled, "Another window was quicker."))
            }
            Ok(identity) => {
                let record = &identity.record;
                let enrolled = Enrolled {
                    agent: record.agent,
                    coordinator: record.coordinator.to_string(),
                    name: record.name.clone(),
                    plaintext: record.coordinator.readable_by_others(),
                };
                self.start_parts(tasks, identity).await?;
                Ok(Reply::Enrolled(enrolled))
            }
            Err(error) => Err(enrol_problem(&error).into()),
        };
        let _ = answer.send(done);
        Ok(())
    }
}

fn enrol_problem(error: &EnrolError) -> Problem {
    match error {
        EnrolError::Already(_) => Problem::new(ErrorCode::AlreadyEnrolled, format!("{error}.")),
        EnrolError::Folder { .. } | EnrolError::Identity(_) => {
            Problem::new(ErrorCode::WriteFailed, format!("{}.", Chain(error)))
        }
        EnrolError::Api(api) => api.problem(),
    }
}
