//! What the program's exit code means. Scripts branch on these numbers, so a released one never changes its meaning.

use std::process::ExitCode;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was asked for was done.
    Ok,
    /// The request was refused or failed.
    Failed,
    /// The command line, or a file it names, cannot be used as it is.
    Usage,
    /// No token, or one that the coordinator does not take.
    NotSignedIn,
    /// Nothing of that name.
    NotFound,
    /// It does not fit the present state, or the name is taken.
    Conflict,
    /// The coordinator does not answer.
    Unreachable,
    /// The request was taken, but the build or the app failed.
    DeployFailed,
    /// An invoice does not follow from its evidence.
    NotEqual,
    /// Ended with Ctrl-C.
    Interrupted,
}

/// The table that `--help` shows.
pub(crate) const HELP: &str = "\
Exit codes:
  0    done
  1    the request was refused or failed
  2    the command line, or a file on this machine, cannot be used as it is
  3    not signed in, or the token is not valid
  4    nothing of that name
  5    conflict: the name is taken, or it does not fit the present state
  6    the coordinator cannot be reached
  7    the deploy was started, but its build or its app failed
  8    an invoice does not follow from its evidence
  130  interrupted with Ctrl-C (a started deploy goes on)

Results go to standard output, everything else to standard error.";

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotSignedIn => 3,
            Self::NotFound => 4,
            Self::Conflict => 5,
            Self::Unreachable => 6,
            Self::DeployFailed => 7,
            Self::NotEqual => 8,
            Self::Interrupted => 130,
        }
    }

    /// The exit that goes with an HTTP status of the coordinator.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            401 => Self::NotSignedIn,
            404 => Self::NotFound,
            409 => Self::Conflict,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_code_stands_in_the_help() {
        for exit in [
            Exit::Ok,
            Exit::Failed,
            Exit::Usage,
            Exit::NotSignedIn,
            Exit::NotFound,
            Exit::Conflict,
            Exit::Unreachable,
            Exit::DeployFailed,
            Exit::NotEqual,
            Exit::Interrupted,
        ] {
            let start = format!("  {:<5}", exit.number());
            assert!(HELP.lines().any(|line| line.starts_with(&start)), "{exit:?}");
        }
    }
}
