//! How a machine becomes an agent: its own key, a one-time code, an id in return.
//! Deliberately absent: making codes, which is the coordinator's.

use crate::{
    address::Coordinator,
    identity::{self, AgentRecord, Identity, IdentityError},
    io::api::{Api, ApiError},
};
use std::{io, path::Path};
use ttalkak_protocol::{
    Secret,
    api::provider::{AgentEnrolled, EnrolAgent},
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

/// Why the machine was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// It is enrolled.
    #[error("this machine is enrolled with {} as {} ({}); use --force to enrol it anew", .0.coordinator, .0.agent, .0.name)]
    Already(AgentRecord),
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
    create_data_dir(data).map_err(|cause| EnrolError::Folder { folder: data.to_owned(), cause })?;
    if enrolment.force {
        identity::retire(data)?;
    } else if let Some(record) = identity::read_record(data)? {
        return Err(EnrolError::Already(record));
    }
    let Enrolment { coordinator, code, name, force: _ } = enrolment;
    let body = EnrolAgent { code, public_key: identity::public_key_or_new(data)?, name: name.clone() };
    let enrolled: AgentEnrolled =
        Api::new(coordinator.clone(), None)?.post("/v1/agents", &body, None).await?;
    identity::write_record(data, &AgentRecord { agent: enrolled.agent, coordinator, name })?;
    Ok(Identity::open(data)?)
}

/// Makes the data folder, closed to others.
pub fn create_data_dir(data: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data)
}
