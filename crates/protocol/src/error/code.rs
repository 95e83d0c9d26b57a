//! The codes: what each means, its HTTP status, and what the reader can do about it.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $status:literal, $next:literal;)*) => {
        /// Every error that leaves a program. The text form never changes once released; screens branch on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS))]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
            /// A code of a newer peer.
            #[serde(other, rename = "unknown")]
            Unknown,
        }

        impl ErrorCode {
            /// All codes, in the order of this file.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$variant,)* ErrorCode::Unknown];

            /// The stable text form.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* Self::Unknown => "unknown" }
            }

            /// The HTTP status that goes with the code.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* Self::Unknown => 500 }
            }

            /// What the reader can do about it, unless the place that failed knows better.
            pub fn next_move(self) -> &'static str {
                match self { $(Self::$variant => $next,)* Self::Unknown => "Update this program and try again." }
            }
        }
    };
}

codes! {
    // Requests
    /// No token, or one that is not known, expired or revoked.
    Unauthorized = "unauthorized", 401, "Sign in with `ttalkak login`, or send a valid token.";
    /// The token may not do this.
    Forbidden = "forbidden", 403, "Use a token that may do this.";
    /// A browser's request that changes something, and did not come from our own page.
    CsrfRefused = "csrf_refused", 403, "Load the console again and repeat it there.";
    /// A token that no person made was asked for what is a person's.
    PersonNeeded = "person_needed", 403, "Sign in to the console, or use a token that you made there.";
    /// Nothing of that id or name, or not yours.
    NotFound = "not_found", 404, "Check the name with `ttalkak list`.";
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405, "See the API description at /v1/openapi.json.";
    /// The body is not what the API describes.
    InvalidBody = "invalid_body", 400, "See the API description at /v1/openapi.json.";
    /// The query is not what the API describes.
    InvalidQuery = "invalid_query", 400, "See the API description at /v1/openapi.json.";
    /// More bytes than allowed.
    BodyTooLarge = "body_too_large", 413, "Send less.";
    /// Not `application/json`, or not the type that the route takes.
    UnsupportedMediaType = "unsupported_media_type", 415, "Send application/json.";
    /// Too many requests.
    RateLimited = "rate_limited", 429, "Wait a moment and try again.";
    /// Our fault.
    Internal = "internal", 500, "Try again; if it stays, report the request id.";
    /// Not now.
    Unavailable = "unavailable", 503, "Try again in a moment.";
    /// The same idempotency key came with another request.
    IdempotencyConflict = "idempotency_conflict", 422, "Use a new Idempotency-Key for a new request.";
    /// The first request of this key is still being worked on.
    IdempotencyInProgress = "idempotency_in_progress", 409, "Wait for the first request to end.";
    /// The key is not 1 to 255 visible characters.
    IdempotencyKeyInvalid = "idempotency_key_invalid", 400, "Send 1 to 255 visible ASCII characters.";
    /// The paging cursor was altered or belongs to another list.
    CursorInvalid = "cursor_invalid", 400, "Start again from the first page.";
    /// What is asked does not fit the state it is in.
    StateConflict = "state_conflict", 409, "Look at the state with `ttalkak status`.";

    // People, teams, signing in
    /// The other place was told no, or said no.
    SignInDenied = "sign_in_denied", 403, "Sign in again, and agree there.";
    /// The way back does not belong to a way out of this browser, or took too long.
    SignInStale = "sign_in_stale", 400, "Sign in again from the start.";
    /// This way in is not open here.
    SignInClosed = "sign_in_closed", 404, "Choose another way to sign in.";
    /// Not the login of anybody.
    LoginInvalid = "login_invalid", 400, "Use 1 to 39 letters, digits and single hyphens.";
    /// GitHub does not answer, or not as it should.
    GithubUnavailable = "github_unavailable", 502, "Try again in a moment.";
    /// GitHub was asked too often.
    GithubLimited = "github_limited", 503, "Try again in a few minutes.";
    /// Not an address that mail can be sent to.
    EmailInvalid = "email_invalid", 400, "Check the address.";
    /// Not the code that was sent.
    EmailCodeWrong = "email_code_wrong", 422, "Look at the newest mail and type its six digits.";
    /// No code waits: it was never sent, is too old, or was tried too often.
    EmailCodeExpired = "email_code_expired", 422, "Let another code be sent.";
    /// Mail cannot be sent now.
    MailUnavailable = "mail_unavailable", 503, "Try again later; whoever runs this coordinator can see why in its log.";
    /// The team would be left without an owner.
    LastOwner = "last_owner", 409, "Make somebody else an owner first.";
    /// Taken back, accepted by somebody else, too old, or never was.
    InvitationGone = "invitation_gone", 404, "Ask for a new invitation.";
    /// No device waits with this code.
    DeviceGone = "device_gone", 404, "Start signing in anew on the device.";

    // GitHub and pushes
    /// The sign-in at GitHub is over, or sees less than is needed.
    GithubRefused = "github_refused", 403, "Sign in with GitHub again, or let the App see the repository.";
    /// This coordinator has no App at GitHub.
    GithubOff = "github_off", 404, "Give the repository's address instead.";
    /// The webhook is not signed, or not with the secret that it should be.
    HookUnsigned = "hook_unsigned", 401, "Check the webhook's secret on both sides.";
    /// The webhook is not what its sender describes.
    HookInvalid = "hook_invalid", 400, "Send pushes as JSON, as GitHub, GitLab or Gitea do.";
    /// Branches, paths or bounds of push to deploy that cannot be meant.
    PushInvalid = "push_invalid", 422, "Give a branch, at most 20 path patterns, and bounds within their limits.";

    // Names, ports, environment
    /// The name cannot be an address.
    NameInvalid = "name_invalid", 400, "Use a-z, 0-9 and hyphens, 1 to 48 characters.";
    /// The name is the platform's own.
    NameReserved = "name_reserved", 400, "Choose another name.";
    /// Somebody has it.
    NameTaken = "name_taken", 409, "Choose another name.";
    /// The project has a back end already, or a part is asked of what is not reached by HTTP.
    PartTaken = "part_taken", 409, "Let the other one stand alone first, or put this one into another project.";
    /// Not 1 to 65535.
    PortOutOfRange = "port_out_of_range", 400, "Give a port from 1 to 65535.";
    /// The key is empty, too long, or has `=`, NUL or other characters that no program reads.
    EnvKeyInvalid = "env_key_invalid", 400, "Use letters, digits and underscores, not starting with a digit.";
    /// The value holds a NUL.
    EnvValueInvalid = "env_value_invalid", 400, "Remove the NUL character; for binary use base64.";
    /// More than 64 KiB or 256 keys in all.
    EnvTooLarge = "env_too_large", 413, "Keep the environment under 64 KiB and 256 keys; put files into the repository or a volume.";
    /// A resource wish out of bounds.
    LimitsInvalid = "limits_invalid", 400, "See `ttalkak deploy --help` for what can be asked for.";

    // Source
    /// Neither a Git address nor an upload.
    SourceInvalid = "source_invalid", 400, "Give a Git URL or a folder.";
    /// Not an https address of an allowed host.
    GitUrlRefused = "git_url_refused", 400, "Give an address such as https://github.com/you/app.";
    /// The address holds a password.
    GitCredentialsInUrl = "git_credentials_in_url", 400, "Pass the token with --git-token, not in the address.";
    /// There is no such repository, or it is private.
    GitNotFound = "git_not_found", 422, "Check the address; for a private repository pass --git-token.";
    /// The token was refused.
    GitAuthFailed = "git_auth_failed", 422, "Make a new token with read access to the repository.";
    /// No such branch or tag.
    GitBranchUnknown = "git_branch_unknown", 422, "Check the branch name.";
    /// The branch name is not one.
    GitRefInvalid = "git_ref_invalid", 400, "Give a plain branch or tag name.";
    /// The repository has no commit.
    GitEmpty = "git_empty", 422, "Push a first commit.";
    /// The host does not answer.
    GitUnreachable = "git_unreachable", 422, "Try again; check that the host is up.";
    /// Fetching took too long.
    GitTimeout = "git_timeout", 422, "Try again, or make the repository smaller.";
    /// A submodule would be needed.
    GitSubmodule = "git_submodule", 422, "Copy the submodule's files into the repository, or set --root-dir to a folder without it.";
    /// A file is only a Git LFS pointer.
    GitLfsPointer = "git_lfs_pointer", 422, "Commit the file itself, or load it at run time.";
    /// The folder is not in the repository.
    RootDirMissing = "root_dir_missing", 422, "Check --root-dir against the repository.";
    /// Over the size limit.
    SourceTooLarge = "source_too_large", 422, "Leave out build results and data, or set --root-dir.";
    /// Over the count limit.
    SourceTooManyFiles = "source_too_many_files", 422, "Leave out installed packages and build results.";
    /// A path that no build should meet.
    SourcePathUnsafe = "source_path_unsafe", 422, "Rename the file.";
    /// A link that points out of the tree.
    SourceLinkEscapes = "source_link_escapes", 422, "Replace the link by the file it points to.";
    /// A device, socket or pipe.
    SourceSpecialFile = "source_special_file", 422, "Remove the file.";
    /// Small packed, huge unpacked.
    SourceBomb = "source_bomb", 422, "Remove the file that unpacks to so much.";
    /// The archive is damaged or not one.
    SourceCorrupt = "source_corrupt", 422, "Send it again.";
    /// Nothing in it.
    SourceEmpty = "source_empty", 422, "Add files, or check --root-dir.";
    /// The upload is not there, or already cleared away.
    UploadUnknown = "upload_unknown", 404, "Upload the folder again.";

    // Plan
    /// No stack was recognised.
    NothingDetected = "nothing_detected", 422, "Add a Dockerfile, or set --root-dir to the folder of the app.";
    /// Recognised, but it cannot be built here.
    PlanUnsupported = "plan_unsupported", 422, "Add a Dockerfile of your own.";
    /// A manifest cannot be read.
    ManifestInvalid = "manifest_invalid", 422, "Mend the file that is named.";
    /// The Dockerfile asks for what is not allowed.
    DockerfileRefused = "dockerfile_refused", 422, "Change the line that is named.";

    // Build
    /// A step of the build failed.
    BuildFailed = "build_failed", 422, "Read the end of the build log with `ttalkak logs --build`.";
    /// The build ran over its deadline.
    BuildTimeout = "build_timeout", 422, "Make the build shorter, or look for a step that waits for input.";
    /// The build was killed for memory.
    BuildOutOfMemory = "build_out_of_memory", 422, "Let the build use less memory.";
    /// A base image cannot be had.
    BaseImageUnavailable = "base_image_unavailable", 422, "Check the image name in the Dockerfile, or try again later.";
    /// The provider's engine does not answer.
    EngineUnavailable = "engine_unavailable", 503, "Wait: the deploy goes on when the engine is back.";
    /// The provider has no room.
    DiskFull = "disk_full", 507, "Try again: another provider may have room.";

    // Run
    /// The app ended by itself.
    AppExited = "app_exited", 422, "Read the app's log with `ttalkak logs`.";
    /// The app was killed for memory.
    AppOutOfMemory = "app_out_of_memory", 422, "Give it more with --memory, or let it use less.";
    /// The app runs and listens on nothing.
    AppNeverListened = "app_never_listened", 422, "Let the app listen on 0.0.0.0 and the port in PORT.";
    /// The app listens on another port.
    AppWrongPort = "app_wrong_port", 422, "Listen on the port in PORT, or say --port.";
    /// The app listens on 127.0.0.1 only.
    AppLoopbackOnly = "app_loopback_only", 422, "Listen on 0.0.0.0 instead of 127.0.0.1 or localhost.";
    /// The app accepts but does not answer.
    AppUnhealthy = "app_unhealthy", 422, "Read the app's log with `ttalkak logs`.";
    /// The container would not have had the limits it must have.
    PolicyViolation = "policy_violation", 500, "Report this: the engine did not apply the run policy.";
    /// Every port of the provider's range is in use.
    PortsExhausted = "ports_exhausted", 503, "Ask the provider to widen the port range.";
    /// The container could not be started.
    StartFailed = "start_failed", 422, "Read the message; check the image's command.";
    /// The image was cleared away.
    ImageCollected = "image_collected", 409, "Redeploy: the image is built again from the same commit.";

    // Placement and lifecycle
    /// Nobody can take it now.
    NoProvider = "no_provider", 503, "Start an agent, or wait for one to come online.";
    /// The provider went away in the middle.
    ProviderLost = "provider_lost", 503, "Redeploy: another provider is chosen.";
    /// A step did not come to an end in time.
    DeadlineExceeded = "deadline_exceeded", 504, "Try again.";
    /// A newer deploy took over.
    Superseded = "superseded", 409, "Nothing to do: the newest deploy wins.";
    /// Stopped by its owner.
    Cancelled = "cancelled", 409, "Deploy again when you like.";
    /// There is no release to go to.
    NoRelease = "no_release", 409, "Deploy first.";
    /// All public TCP ports are given away.
    PublicPortsExhausted = "public_ports_exhausted", 503, "Use HTTP, or ask the operator for more ports.";

    // Link and enrolment
    /// No version in common.
    VersionUnsupported = "version_unsupported", 426, "Update the agent.";
    /// The one-time code is wrong, used or too old.
    EnrolCodeInvalid = "enrol_code_invalid", 403, "Make a new code with `ttalkak providers enrol`.";
    /// The coordinator does not know this agent.
    AgentUnknown = "agent_unknown", 403, "Enrol the agent again.";
    /// The agent's right was taken away.
    AgentRevoked = "agent_revoked", 403, "Enrol the agent again with a new code.";
    /// The signature does not fit the challenge.
    SignatureInvalid = "signature_invalid", 403, "Check the agent's key and clock.";
    /// A frame that is damaged or out of shape.
    FrameRefused = "frame_refused", 400, "Update both sides; look for a proxy that alters traffic.";
    /// A message out of order, such as a second hello.
    UnexpectedMessage = "unexpected_message", 400, "Update the agent.";

    // Money
    /// This coordinator charges nothing.
    PaymentsOff = "payments_off", 409, "Nothing needs to be paid here; deploy as usual.";
    /// The account has no wallet.
    WalletRequired = "wallet_required", 402, "Link a wallet with `ttalkak wallet link`.";
    /// The wallet belongs to another account.
    WalletTaken = "wallet_taken", 409, "Use another wallet, or sign in to the account that has it.";
    /// The signature is not the wallet's, or over something else.
    WalletSignatureInvalid = "wallet_signature_invalid", 403, "Sign again with the wallet of this account.";
    /// The sign-in message is used, too old, or not ours.
    WalletNonceInvalid = "wallet_nonce_invalid", 403, "Ask for a new message and sign that one.";
    /// No mandate that is in force.
    MandateRequired = "mandate_required", 402, "Sign a mandate with `ttalkak billing mandate`.";
    /// The mandate is for another wallet, token, chain or time.
    MandateInvalid = "mandate_invalid", 422, "Sign a new mandate with `ttalkak billing mandate`.";
    /// The mandate's cap is used up.
    MandateExhausted = "mandate_exhausted", 402, "Sign a mandate with a higher cap, or wait for its next period.";
    /// Not enough money in the escrow.
    FundsInsufficient = "funds_insufficient", 402, "Deposit more with `ttalkak wallet deposit`.";
    /// The money for this deployment is used up.
    BalanceEnded = "balance_ended", 402, "Deposit more with `ttalkak wallet deposit`; it comes back by itself.";
    /// The end date of this deployment is reached, or near.
    TermOver = "term_over", 409, "Set a later end with `ttalkak extend`.";
    /// An end date that is too near or too far.
    TermInvalid = "term_invalid", 422, "Give a time between five minutes and five years from now.";
    /// An amount that is not a number of the token's units, or out of bounds.
    AmountInvalid = "amount_invalid", 400, "Give a number such as 12.50.";
    /// The chain does not answer, or answers wrongly.
    ChainUnavailable = "chain_unavailable", 503, "Wait a moment; metering goes on and nothing is lost.";
    /// Chain, contract, token or meter are not those that were configured.
    ChainMismatch = "chain_mismatch", 409, "Check the chain settings of the coordinator.";
    /// The terms pay less than the provider asks, or somebody else.
    PaymentRefused = "payment_refused", 422, "Check the offer in the agent's settings.";
    /// Work went on without a voucher for longer than the provider is willing to lose.
    PaymentMissing = "payment_missing", 402, "Wait until the coordinator vouches again; the agent starts the app then.";

    // The provider's desk
    /// Not a message of the desk, or a call that this daemon does not know.
    CallInvalid = "call_invalid", 400, "Update the app and the agent to the same version.";
    /// The machine is no agent of any coordinator yet.
    NotEnrolled = "not_enrolled", 409, "Sign in to a coordinator first.";
    /// It is one already.
    AlreadyEnrolled = "already_enrolled", 409, "Sign in anew, which gives up the present sign-in.";
    /// The text of lending was not agreed to.
    ConsentMissing = "consent_missing", 409, "Read the text of lending and agree to it.";
    /// A setting has a value that it cannot have.
    SettingInvalid = "setting_invalid", 422, "Change the fields that are marked.";
    /// A flag or the environment decides a setting.
    SettingLocked = "setting_locked", 409, "Change it where the agent is started.";
    /// Limits would fall below what runs.
    LimitsBelowUse = "limits_below_use", 409, "Choose higher limits, or let the workloads be moved away.";
    /// No workload of that lease is here.
    WorkloadUnknown = "workload_unknown", 404, "Nothing to do: it is gone already.";
    /// The workload's state does not allow it.
    ActNotAllowed = "act_not_allowed", 409, "Wait until the workload is in another state.";
    /// More desks or asks at a time than the daemon serves.
    DeskBusy = "desk_busy", 429, "Close other windows of this app, and try again.";
    /// A point in time that does not fit.
    TimeInvalid = "time_invalid", 422, "Choose a time that lies ahead.";
    /// The disk did not take it.
    WriteFailed = "write_failed", 500, "Make room on the disk, and check who may write to the folder.";
    /// The agent's daemon does not answer its desk.
    DaemonGone = "daemon_gone", 503, "Start it again, or wait a moment when it is starting by itself.";
    /// This machine cannot do it: a program or service of the system is missing.
    SystemMissing = "system_missing", 501, "Install what is missing, or do it by hand.";
    /// A newer version could not be fetched, or is not what its makers signed.
    UpdateFailed = "update_failed", 502, "Try again later; the version that runs stays as it is.";
    /// The machine has no such thing, or it is not there any more.
    NotHere = "not_here", 404, "Look again: the list has changed.";
    /// An image that something still needs.
    ImageHeld = "image_held", 409, "Stop what uses it, or take the pin off.";

    // The wallet on the desk
    /// There is none.
    WalletMissing = "wallet_missing", 404, "Make a wallet, or take one over.";
    /// There is one, and it is not written over.
    WalletExists = "wallet_exists", 409, "Back it up first; then take the other one over and let this one be set aside.";
    /// Not a private key, and not a keystore.
    KeyInvalid = "key_invalid", 422, "Give 64 hexadecimal digits, or the text of a keystore file of version 3.";
    /// It does not open the keystore.
    PassphraseWrong = "passphrase_wrong", 422, "Check the passphrase; upper and lower case differ.";
    /// Shorter than a guesser needs a lifetime for.
    PassphraseShort = "passphrase_short", 422, "Take at least 12 characters; four unrelated words are good.";
    /// Not an address, or one with a mistyped character.
    AddressInvalid = "address_invalid", 422, "Copy the address again; its checksum does not fit.";

    // What the doctor finds
    /// No container engine is installed.
    EngineMissing = "engine_missing", 503, "Install Docker or Podman.";
    /// It is installed and does not run.
    EngineStopped = "engine_stopped", 503, "Start the engine.";
    /// It runs, and this user may not use it.
    EngineDenied = "engine_denied", 403, "Let this user use the engine's socket.";
    /// It accepts connections and says nothing.
    EngineSilent = "engine_silent", 503, "Restart the engine; look at its log when that does not help.";
    /// It answers with something that no engine says.
    EngineGarbled = "engine_garbled", 502, "Restart the engine, and check that its address is that of an engine.";
    /// Older than what was tested.
    EngineTooOld = "engine_too_old", 409, "Update the engine.";
    /// The engine's machine is smaller than what is lent.
    EngineSmall = "engine_small", 409, "Give the engine's machine more, or lend less.";
    /// Limits of memory, processor or processes would be ignored.
    LimitsIgnored = "limits_ignored", 409, "Turn the kernel's limits on; until then this machine cannot keep apps in bounds.";
    /// The engine runs without root and was not given the kernel's limits.
    LimitsNotDelegated = "limits_not_delegated", 409, "Let the system hand the limits to this user, then sign in again.";
    /// No BuildKit.
    BuilderMissing = "builder_missing", 409, "Use Docker 23 or newer, or turn BuildKit on.";
    /// A storage driver that is slow, or keeps a copy of every layer.
    StorageOdd = "storage_odd", 409, "Let the engine use overlay2 on ext4, xfs or btrfs.";
    /// Neither of the two kinds that apps are built for.
    ArchitectureOdd = "architecture_odd", 409, "Lend a machine with a 64-bit x86 or ARM processor and Linux containers.";
    /// Little room is left on a disk.
    DiskLow = "disk_low", 507, "Make room, or clean up what is ours.";
    /// The data folder cannot be written.
    FolderDenied = "folder_denied", 403, "Let this user write to the folder, or choose another one.";
    /// The coordinator's name leads nowhere.
    CoordinatorUnresolved = "coordinator_unresolved", 503, "Check the address, and this machine's name service.";
    /// Nothing listens there.
    CoordinatorDown = "coordinator_down", 503, "Check the address and that the coordinator is up; the agent keeps trying.";
    /// No connection comes about: a firewall, or no network.
    OutboundBlocked = "outbound_blocked", 503, "Let this machine connect outwards to the coordinator's port.";
    /// The certificate does not prove who answers.
    CertificateWrong = "certificate_wrong", 502, "Check the address and this machine's clock; a proxy that reads along shows the same.";
    /// Something else answers, such as a sign-in page of the network.
    CoordinatorStranger = "coordinator_stranger", 502, "Sign in to the network in a browser, or check the address.";
    /// The engine or this program lacks the proxy that the other one has.
    ProxyUneven = "proxy_uneven", 409, "Set the same proxy for both.";
    /// This machine's clock is off.
    ClockOff = "clock_off", 409, "Set the time, or turn on its synchronisation.";
    /// Other programs hold ports of the range.
    PortsTaken = "ports_taken", 409, "Choose another range.";
    /// There is no key store.
    KeyStoreAbsent = "key_store_absent", 404, "Nothing needs to be done: the wallet is in an encrypted file.";
    /// There is one, and it is locked.
    KeyStoreLocked = "key_store_locked", 409, "Sign in to the desktop, or unlock the key store.";
    /// Another daemon has the data folder.
    DaemonTwice = "daemon_twice", 409, "Stop the other one, or give this one its own data folder.";
}
