//! What can go wrong between the rooms and the tables, and the code that tells people of it.

use crate::{
    ledger::{Account, LedgerError},
    logic::request::Refusal,
};
use std::path::PathBuf;
use ttalkak_protocol::ErrorCode;

/// A failed intention. Those with a code of their own are told to whoever asked; the rest are `internal`.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A database file could not be opened or made.
    #[error("open the database {file}")]
    Open {
        /// Which file.
        file: PathBuf,
        /// The system's or SQLite's error.
        #[source]
        cause: sqlx::Error,
    },
    /// The tables could not be brought up to date.
    #[error("migrate the database {file}")]
    Migrate {
        /// Which file.
        file: PathBuf,
        /// Why.
        #[source]
        cause: sqlx::migrate::MigrateError,
    },
    /// SQLite refused or failed.
    #[error("use the database")]
    Sql(#[source] sqlx::Error),
    /// Every connection is in use.
    #[error("The coordinator is busy.")]
    Busy(#[source] sqlx::Error),
    /// A row holds what this program never writes.
    #[error("column {column} holds what was never written there")]
    Corrupt {
        /// Where.
        column: String,
    },
    /// A sealed value could not be sealed or opened.
    #[error("open or seal a stored secret")]
    Seal(#[from] crate::seal::SealError),
    /// No such thing, or not of this account.
    #[error("There is no {what} {key}.")]
    NotFound {
        /// `deployment`, `project`, `release` …
        what: &'static str,
        /// What was looked for, as given.
        key: String,
    },
    /// The name has an owner.
    #[error("The name {0} is taken.")]
    NameTaken(String),
    /// The cursor was altered, or belongs to another list.
    #[error("The cursor does not belong to this list.")]
    CursorInvalid,
    /// A list cannot be sorted like that.
    #[error("A list cannot be sorted by {0}.")]
    SortUnknown(String),
    /// What is asked does not fit the state it is in.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A wish about money that cannot be granted.
    #[error("{1}")]
    Money(ErrorCode, String),
    /// Every port of the pool is given away.
    #[error("All public TCP ports are in use.")]
    PublicPortsExhausted,
    /// The upload is gone, or was never there.
    #[error("There is no upload {0}.")]
    UploadUnknown(String),
    /// The one-time code is wrong, used or too old.
    #[error("The enrolment code is wrong, used or too old.")]
    EnrolCodeInvalid,
    /// The invitation was taken back, accepted by somebody else, is too old, or never was.
    #[error("The invitation is over or never was.")]
    InvitationGone,
    /// The device's code is wrong, answered or too old.
    #[error("No device waits with this code.")]
    DeviceGone,
    /// The books refuse an entry.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl StoreError {
    /// The stable code for people and programs.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Busy(_) => ErrorCode::Unavailable,
            Self::Open { .. }
            | Self::Migrate { .. }
            | Self::Sql(_)
            | Self::Corrupt { .. }
            | Self::Seal(_) => ErrorCode::Internal,
            Self::Ledger(LedgerError::Overdrawn { account: Account::Free(_), .. }) => {
                ErrorCode::FundsInsufficient
            }
            Self::Ledger(_) => ErrorCode::Internal,
            Self::NotFound { .. } => ErrorCode::NotFound,
            Self::NameTaken(_) => ErrorCode::NameTaken,
            Self::CursorInvalid => ErrorCode::CursorInvalid,
            Self::SortUnknown(_) => ErrorCode::InvalidQuery,
            Self::Refused(refusal) => refusal.code(),
            Self::Money(code, _) => *code,
            Self::PublicPortsExhausted => ErrorCode::PublicPortsExhausted,
            Self::UploadUnknown(_) => ErrorCode::UploadUnknown,
            Self::EnrolCodeInvalid => ErrorCode::EnrolCodeInvalid,
            Self::InvitationGone => ErrorCode::InvitationGone,
            Self::DeviceGone => ErrorCode::DeviceGone,
        }
    }

    /// A next move that knows the case; `None` when the code's own is right.
    pub fn next_move(&self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) => refusal.next_move(),
            Self::Open { .. }
            | Self::Migrate { .. }
            | Self::Busy(_)
            | Self::Sql(_)
            | Self::Corrupt { .. }
            | Self::Seal(_)
            | Self::NotFound { .. }
            | Self::NameTaken(_)
            | Self::CursorInvalid
            | Self::SortUnknown(_)
            | Self::Money(..)
            | Self::PublicPortsExhausted
            | Self::UploadUnknown(_)
            | Self::EnrolCodeInvalid
            | Self::InvitationGone
            | Self::DeviceGone
            | Self::Ledger(_) => None,
        }
    }

    /// A column whose content cannot be read.
    pub(crate) fn corrupt(column: &str) -> Self {
        Self::Corrupt { column: column.to_owned() }
    }

    /// A wish about money that cannot be granted.
    pub(crate) fn money(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Money(code, message.into())
    }

    /// Nothing of that id or name.
    pub(crate) fn not_found(what: &'static str, key: impl ToString) -> Self {
        Self::NotFound { what, key: key.to_string() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(cause: sqlx::Error) -> Self {
        if matches!(cause, sqlx::Error::PoolTimedOut) { Self::Busy(cause) } else { Self::Sql(cause) }
    }
}
