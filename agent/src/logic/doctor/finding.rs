//! How a finding is put together, and what can be done about one by this program.

use super::SystemFacts;
use std::collections::BTreeMap;
use ttalkak_protocol::{
    desk::{DoctorCheck, Finding, Grade, Mend},
    error::{ErrorCode, Problem},
    unit::UnixMillis,
};

/// What this program can do about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Starts the engine.
    StartEngine,
    /// Adds the user to the socket's group.
    JoinGroup,
    /// Lets the system hand the kernel's limits to this user.
    DelegateLimits,
    /// Makes the data folder.
    MakeFolder,
    /// Moves the range to where it is free.
    MovePorts,
    /// Removes what is ours and unused.
    CleanUp,
    /// Lets wallets go to the encrypted file.
    WalletToFile,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::StartEngine,
        Self::JoinGroup,
        Self::DelegateLimits,
        Self::MakeFolder,
        Self::MovePorts,
        Self::CleanUp,
        Self::WalletToFile,
    ];

    /// The word that the screens know.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StartEngine => "start_engine",
            Self::JoinGroup => "join_group",
            Self::DelegateLimits => "delegate_limits",
            Self::MakeFolder => "make_folder",
            Self::MovePorts => "move_ports",
            Self::CleanUp => "clean_up",
            Self::WalletToFile => "wallet_to_file",
        }
    }
}

/// A finding in the making.
#[derive(Debug)]
pub(super) struct Draft {
    check: DoctorCheck,
    grade: Grade,
    problem: Option<Problem>,
    seen: String,
    values: BTreeMap<String, String>,
    mend: Mend,
}

impl Draft {
    pub(super) fn good(check: DoctorCheck, seen: impl Into<String>) -> Self {
        Self {
            check,
            grade: Grade::Good,
            problem: None,
            seen: seen.into(),
            values: BTreeMap::new(),
            mend: Mend::None,
        }
    }

    pub(super) fn unknown(check: DoctorCheck, seen: impl Into<String>) -> Self {
        Self { grade: Grade::Unknown, ..Self::good(check, seen) }
    }

    pub(super) fn warn(check: DoctorCheck, code: ErrorCode, message: impl Into<String>) -> Self {
        Self::wrong(check, Grade::Warn, code, message)
    }

    pub(super) fn bad(check: DoctorCheck, code: ErrorCode, message: impl Into<String>) -> Self {
        Self::wrong(check, Grade::Bad, code, message)
    }

    fn wrong(check: DoctorCheck, grade: Grade, code: ErrorCode, message: impl Into<String>) -> Self {
        let problem = Problem::new(code, message);
        Self { grade, seen: problem.message.clone(), problem: Some(problem), ..Self::good(check, "") }
    }

    /// A next move that knows the case.
    pub(super) fn next(mut self, next: impl Into<String>) -> Self {
        self.problem = self.problem.map(|problem| problem.with_next(next));
        self
    }

    pub(super) fn seen(mut self, seen: impl Into<String>) -> Self {
        self.seen = seen.into();
        self
    }

    pub(super) fn value(mut self, key: &str, value: impl ToString) -> Self {
        self.values.insert(key.to_owned(), value.to_string());
        self
    }

    pub(super) fn link(mut self, url: &str) -> Self {
        self.mend = Mend::Link { url: url.to_owned() };
        self
    }

    pub(super) fn screen(mut self, screen: &str) -> Self {
        self.mend = Mend::Screen { screen: screen.to_owned() };
        self
    }

    /// The program does it by itself.
    pub(super) fn button(mut self, act: Act) -> Self {
        self.mend = Mend::Button { action: act.as_str().to_owned(), command: None, asks_password: false };
        self
    }

    pub(super) fn command(mut self, command: impl Into<String>) -> Self {
        self.mend = Mend::Command { command: command.into() };
        self
    }

    /// A command with rights of our own.
    pub(super) fn run(mut self, act: Act, command: &str) -> Self {
        let (action, command) = (act.as_str().to_owned(), Some(command.to_owned()));
        self.mend = Mend::Button { action, command, asks_password: false };
        self
    }

    /// A command that needs the system's rights: run as it is when we have them, through `pkexec` where somebody can be
    /// asked, else to be copied.
    pub(super) fn run_as_root(mut self, act: Act, command: &str, system: &SystemFacts) -> Self {
        if system.root {
            return self.run(act, command);
        }
        self.mend = if system.pkexec {
            let (action, command) = (act.as_str().to_owned(), Some(format!("pkexec {command}")));
            Mend::Button { action, command, asks_password: true }
        } else {
            Mend::Command { command: format!("sudo {command}") }
        };
        self
    }

    pub(super) fn finish(self, at: UnixMillis) -> Finding {
        let Self { check, grade, problem, seen, values, mend } = self;
        Finding { check, grade, problem, seen, values, mend, at }
    }
}

/// Bytes as people read them: `1.5 GiB`, `700 MiB`.
pub(super) fn size(bytes: u64) -> String {
    const GIB: u64 = 1 << 30;
    if bytes >= GIB {
        let tenths = bytes.saturating_mul(10) / GIB;
        return format!("{}.{} GiB", tenths / 10, tenths % 10);
    }
    format!("{} MiB", bytes >> 20)
}
