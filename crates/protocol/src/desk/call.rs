//! All that a desk can ask for.

use super::{DoctorCheck, Section, SettingsPatch, WhenBelowUse};
use crate::{id::LeaseId, money::Amount, secret::Secret, unit::UnixMillis};
use serde::{Deserialize, Serialize};

/// What is asked. The reply to each is named in its description; `Done` unless something else is said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Call {
    /// Which of the live sections this desk looks at: `machine` and `tunnel` are told once a second, and only while some
    /// desk looks. All other sections come to every desk.
    Look {
        /// All of them; replaces what was said before.
        at: Vec<Section>,
    },
    /// The owner agrees to the text of lending of this version.
    Consent {
        /// The version of the text, as [`super::CONSENT_VERSION`].
        version: u32,
    },
    /// Makes this machine an agent of a coordinator. Reply: `Enrolled`.
    Enrol {
        /// The coordinator's address, such as `https://ttalkak.example`.
        coordinator: String,
        /// The one-time code.
        code: Secret<String>,
        /// What to call the machine; its host name when absent.
        name: Option<String>,
        /// Whether to give up an enrolment that is there; its files are kept aside.
        force: bool,
    },
    /// The great switch. Off: no new work, and running work is treated as the settings say for it.
    Lend {
        /// On or off.
        on: bool,
    },
    /// No new work until then; absent: until [`Call::Resume`].
    Pause {
        /// When lending goes on by itself; must lie ahead and at most 31 days.
        until: Option<UnixMillis>,
        /// What happens to running work.
        running: super::Treatment,
    },
    /// Ends a pause.
    Resume,
    /// Takes no new work, moves away what can be moved, stops the rest at the end, then lending is off.
    LeaveIn {
        /// 0 to 1440; 0: at once.
        minutes: u32,
    },
    /// Stays after all.
    CancelLeave,
    /// What a change of the settings would do, without doing it. Reply: `Preview`.
    PreviewSettings {
        /// Only what should change.
        patch: SettingsPatch,
    },
    /// Changes settings; they take hold at once. Reply: `Preview`, of what was done.
    ChangeSettings {
        /// Only what should change.
        patch: SettingsPatch,
        /// What to do when limits fall below what runs.
        when_below_use: WhenBelowUse,
    },
    /// Looks at the machine again; the findings come as news. Reply at the end of the round.
    RunDoctor,
    /// Does what a finding offers to do. Reply: `Done`, after the check was run again.
    Mend {
        /// Which check's finding.
        check: DoctorCheck,
    },
    /// Stops the workload's container with its grace and starts it again.
    RestartWorkload {
        /// Which.
        lease: LeaseId,
    },
    /// Gives the lease back: the coordinator places the app elsewhere, and then the workload is stopped here.
    StopWorkload {
        /// Which.
        lease: LeaseId,
    },
    /// The same as stopping, and removes its image from this machine afterwards.
    RemoveWorkload {
        /// Which.
        lease: LeaseId,
    },
    /// Tells the last lines of a workload's log and every further one, as [`super::Told::Lines`].
    FollowLog {
        /// Whose.
        lease: LeaseId,
    },
    /// No more of it.
    UnfollowLog {
        /// Whose.
        lease: LeaseId,
    },
    /// Tells the program's own last lines and every further one, as [`super::Told::Lines`].
    FollowProgramLog,
    /// No more of it.
    UnfollowProgramLog,
    /// The program's own last lines, once. Reply: `ProgramLog`.
    ProgramLog,
    /// Looks at the engine's images and the program's own files again.
    LookAtDisk,
    /// Removes an image of ours that nothing uses. Reply: `Freed`.
    RemoveImage {
        /// The engine's digest, `sha256:…`.
        digest: String,
    },
    /// Keeps an image through every clean-up, or no longer.
    PinImage {
        /// The engine's digest, `sha256:…`.
        digest: String,
        /// Whether to keep it.
        pinned: bool,
    },
    /// Removes what is ours and unused: images and source archives. Reply: `Freed`.
    CleanUp {
        /// Only tells what it would free.
        only_look: bool,
        /// Also what the engine's build cache holds unused. The engine does not tell whose its records are, so that
        /// other programs' next builds may take longer: the owner decides.
        #[serde(default)]
        build_cache: bool,
    },
    /// Looks again who has which port of the range.
    ScanPorts,
    /// Asks the coordinator again what was earned and settled.
    RefreshEarnings,
    /// Settles now, instead of at the threshold.
    Claim,
    /// From which amount on earnings are settled by themselves.
    SetThreshold {
        /// In base units of the token.
        amount: Amount,
    },
    /// A month's statement as a file. Reply: `Statement`.
    Statement {
        /// `2026-11`.
        month: String,
        /// How it is written.
        format: super::StatementFormat,
    },
    /// Makes a wallet on this machine. Reply: `WalletMade`.
    CreateWallet {
        /// For the encrypted file, when the system has no key store; one is made when absent. At least 12 characters.
        passphrase: Option<Secret<String>>,
    },
    /// Takes over a key. Reply: `WalletMade`.
    ImportWallet {
        /// A private key in hex, or a keystore's JSON.
        key: Secret<String>,
        /// Of the keystore that is imported.
        passphrase: Option<Secret<String>>,
        /// Whether a wallet that is there is set aside; it can be had back. Otherwise `wallet_exists` is the answer.
        #[serde(default)]
        replace: bool,
    },
    /// The wallet's key, to be written down. Reply: `WalletSecret`; the only reply with a secret.
    BackUpWallet {
        /// Given: a keystore under this passphrase, of at least 12 characters; absent: the bare private key.
        passphrase: Option<Secret<String>>,
    },
    /// The owner has kept the backup; the reminder goes away.
    WalletBackedUp,
    /// Where payments go.
    SetPayee {
        /// Absent: to the wallet on this machine. With capitals it must bear the right checksum.
        payee: Option<String>,
    },
    /// All notices up to this one were seen.
    ReadNotices {
        /// The newest that was seen.
        up_to: u64,
    },
    /// What quitting now would stop and cost. Reply: `QuitCost`.
    QuitCost,
    /// Ends the daemon the orderly way.
    Shutdown {
        /// Whether workloads run on; absent: as the settings say.
        keep_workloads: Option<bool>,
    },
}
