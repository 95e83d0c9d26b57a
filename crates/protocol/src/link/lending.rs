//! Whether an agent takes work, what it wants to be rid of, and what becomes of that. Since version 2.
//! The agent says what it wants; where work goes, and when it may end, is the coordinator's to decide and to tell.

use crate::{
    id::{DeploymentId, LeaseId},
    unit::UnixMillis,
};
use serde::{Deserialize, Serialize};

/// Whether an agent takes new work, and until when it is here. Version 1 has no such word: those agents always take work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Lending {
    /// Whether new work may be placed here. What runs goes on.
    pub accepting: bool,
    /// Why not, when it does not; the most lasting reason if there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<NotLending>,
    /// The agent leaves: what can be moved is moved, and the rest is stopped at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving_by: Option<UnixMillis>,
}

impl Default for Lending {
    fn default() -> Self {
        Self { accepting: true, why: None, leaving_by: None }
    }
}

impl Lending {
    /// Takes work and stays: what is meant when nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether new work may be placed here. Who leaves takes none, whatever else it says.
    pub fn takes_work(&self) -> bool {
        self.accepting && self.leaving_by.is_none()
    }

    /// Why no work may be placed here; `None` when it may.
    pub fn obstacle(&self) -> Option<NotLending> {
        if self.leaving_by.is_some() {
            return Some(NotLending::Leaving);
        }
        (!self.accepting).then(|| self.why.unwrap_or_default())
    }
}

/// Why an agent takes no new work.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NotLending {
    /// Its owner said so.
    Paused,
    /// It is outside the hours that its owner set.
    Schedule,
    /// Somebody uses the machine.
    OwnerActive,
    /// It runs on battery.
    Battery,
    /// A program runs that shall have the machine for itself.
    ExclusiveApp,
    /// It goes away.
    Leaving,
    /// Its limits are below what runs on it already.
    Limits,
    /// A reason of a newer agent.
    #[default]
    #[serde(other)]
    Other,
}

impl NotLending {
    /// What stands after "The provider …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Paused => "has paused lending",
            Self::Schedule => "does not lend at this hour",
            Self::OwnerActive => "is using the machine",
            Self::Battery => "runs on battery",
            Self::ExclusiveApp => "runs a program that needs the whole machine",
            Self::Leaving => "is leaving",
            Self::Limits => "has lowered its limits",
            Self::Other => "takes no new work",
        }
    }
}

/// The most leases that one report hands back; as many as an agent can hold.
pub const HANDED_BACK_MAX: usize = 200;

/// A lease that an agent wants to be rid of. Repeated in each report until the lease is no longer assigned, so that a
/// lost message costs nothing. The agent goes on running the workload until then, or until `by`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedBack {
    /// Which.
    pub lease: LeaseId,
    /// Why.
    pub reason: HandBackReason,
    /// It is moved until then, and stopped then if nobody else could take it. A time that is over: stopped at once.
    pub by: UnixMillis,
}

/// Why a single lease was handed back.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum HandBackReason {
    /// The owner lowered a limit below what runs.
    Limits,
    /// The owner stopped it, and gave no other reason.
    Owner,
    /// The machine cannot carry it: disk full, engine broken.
    Machine,
    /// A reason of a newer agent.
    #[serde(other)]
    Other,
}

impl HandBackReason {
    /// What stands after "The provider …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Limits => "has lowered its limits",
            Self::Owner => "stopped it",
            Self::Machine => "has no room to run it",
            Self::Other => "handed it back",
        }
    }
}

/// What becomes of the leases of an agent that leaves or hands some back. Whole each time, sent on every change; an
/// empty list means that nothing leaves. Not sent before version 2.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DrainPlan {
    /// One for each lease that shall go or has gone, oldest lease first. What has gone is listed for as long as the
    /// agent leaves, or for a quarter of an hour.
    pub items: Vec<Drained>,
}

/// What becomes of one lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drained {
    /// Which.
    pub lease: LeaseId,
    /// Whose workload.
    pub deployment: DeploymentId,
    /// The deployment's name, for people.
    pub name: String,
    /// What becomes of it.
    #[serde(flatten)]
    pub fate: Fate,
}

/// The ways a lease can leave an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum Fate {
    /// It is being started elsewhere; visitors stay here until it is healthy there.
    Moving {
        /// How far that is, one line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doing: Option<String>,
        /// It is stopped then if the move has not come to its end.
        stops_at: UnixMillis,
    },
    /// Visitors are led elsewhere.
    Moved {
        /// Since when.
        at: UnixMillis,
    },
    /// Nobody else can take it at this moment; it is looked for until then.
    Stops {
        /// When it is stopped.
        at: UnixMillis,
        /// What keeps it from being moved, one sentence.
        why: String,
    },
    /// It was stopped without being moved.
    Stopped {
        /// When.
        at: UnixMillis,
    },
}
