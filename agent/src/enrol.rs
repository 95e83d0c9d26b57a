//! How a machine becomes an agent: its own key, a one-time code, an id in return; or without a code, when its owner lets
//! it in from where they are signed in already.
//! Deliberately absent: making codes, which is the coordinator's.

use crate::{
    address::Coordinator,
    identity::{self, AgentRecord, Identity, IdentityError},
    io::{
        api::{Api, ApiError},
        clock,
    },
};
use std::{io, path::Path, time::Duration};
use ttalkak_protocol::{
    Secret,
    api::{
        machine::{AskPairing, Pairing, PairingState, PollPairing},
        provider::{AgentEnrolled, EnrolAgent},
    },
    id::AgentId,
};

/// What enrolment needs.
#[derive(Debug)]
pub struct Enrolment {
    /// With whom.
    pub coordinator: Coordinator,
    /// The one-time code.
    pub code: Secret<String>,
    /// What to call the machine.
    pub name: String,
    /// Whether to give up an identity that is there already; its files are kept aside.
    pub force: bool,
}

/// What pairing needs.
#[derive(Debug)]
pub struct Wish {
    /// With whom.
    pub coordinator: Coordinator,
    /// What to call the machine.
    pub name: String,
    /// Whether to give up an identity that is there already; its files are kept aside.
    pub force: bool,
}

/// Why the machine was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// It is enrolled.
    #[error("this machine is enrolled with {} as {} ({}); use --force to enrol it anew", .0.coordinator, .0.agent, .0.name)]
    Already(Box<AgentRecord>),
    /// The data folder cannot be made.
    #[error("make the folder {folder}")]
    Folder {
        /// Which.
        folder: std::path::PathBuf,
        #[source]
        /// What the disk said.
        cause: io::Error,
    },
    /// Key or record.
    #[error("keep the machine's identity")]
    Identity(#[from] IdentityError),
    /// The coordinator was not reached, or refused.
    #[error("enrol with the coordinator")]
    Api(#[from] ApiError),
}

/// Enrols this machine and keeps its identity in `data`.
/// A second try after a failure uses the same key, so a lost answer costs a code and nothing else.
pub async fn enrol(data: &Path, enrolment: Enrolment) -> Result<Identity, EnrolError> {
    begin(data, enrolment.force)?;
    let Enrolment { coordinator, code, name, force: _ } = enrolment;
    let body = EnrolAgent { code, public_key: identity::public_key_or_new(data)?, name: name.clone() };
    let enrolled: AgentEnrolled =
        Api::new(coordinator.clone(), None)?.post("/v1/agents", &body, None).await?;
    identity::write_record(data, &AgentRecord { agent: enrolled.agent, coordinator, name })?;
    Ok(Identity::open(data)?)
}

/// Enrols this machine without a code: `show` gets one for its owner to approve elsewhere, and this waits until they did.
/// Errors: as [`enrol`]; the coordinator's own when the code was not approved in time.
pub async fn pair(data: &Path, wish: Wish, show: impl FnOnce(&Pairing)) -> Result<Identity, EnrolError> {
    begin(data, wish.force)?;
    let Wish { coordinator, name, force: _ } = wish;
    let api = Api::new(coordinator.clone(), None)?;
    let body = AskPairing { public_key: identity::public_key_or_new(data)?, name: name.clone() };
    let pairing: Pairing = api.post("/v1/agents/pairings", &body, None).await?;
    show(&pairing);
    let agent = approved(&api, &pairing).await?;
    identity::write_record(data, &AgentRecord { agent, coordinator, name })?;
    Ok(Identity::open(data)?)
}

/// Asks until somebody approved it. A coordinator that is away for a moment is asked again as long as the code is good.
async fn approved(api: &Api, pairing: &Pairing) -> Result<AgentId, ApiError> {
    let body = PollPairing { poll: pairing.poll.clone() };
    loop {
        tokio::time::sleep(Duration::from_millis(pairing.every.0)).await;
        match api.post("/v1/agents/pairings/poll", &body, None).await {
            Ok(PairingState::Approved { agent }) => return Ok(agent),
            Ok(PairingState::Waiting) => {}
            Err(ApiError::Unreachable { .. }) if clock::wall() < pairing.expires_at => {}
            Err(error) => return Err(error),
        }
    }
}

fn begin(data: &Path, force: bool) -> Result<(), EnrolError> {
    create_data_dir(data).map_err(|cause| EnrolError::Folder { folder: data.to_owned(), cause })?;
    if force {
        identity::retire(data)?;
    } else if let Some(record) = identity::read_record(data)? {
        return Err(EnrolError::Already(Box::new(record)));
    }
    Ok(())
}

/// Makes the data folder, closed to others.
pub fn create_data_dir(data: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data)
}
