//! Checks of the way to the coordinator: can it be reached, is it the right one, is the clock right, does a proxy stand
//! in the way.

use super::{CoordinatorLook, EngineLook, Facts, Reached, finding::Draft};
use ttalkak_protocol::{desk::DoctorCheck as Check, error::ErrorCode as Code, unit::UnixMillis};

/// A clock further off than this makes tokens and certificates look wrong.
const SKEW_MAX_MS: i64 = 30_000;

pub(super) fn outbound(facts: &Facts) -> Draft {
    let CoordinatorLook::Tried { address, port, reached, .. } = &facts.coordinator else {
        return Draft::unknown(Check::Outbound, "no coordinator is known yet");
    };
    let draft = match reached {
        Reached::Blocked => Draft::bad(
            Check::Outbound,
            Code::OutboundBlocked,
            format!(
                "No connection to {address} comes about: there is no network, or port {port} is blocked outwards."
            ),
        ),
        Reached::Unresolved => {
            Draft::unknown(Check::Outbound, "cannot be told before the coordinator's name is found")
        }
        Reached::Refused
        | Reached::NoRoots
        | Reached::Certificate { .. }
        | Reached::NoTls
        | Reached::Silent
        | Reached::Stranger { .. }
        | Reached::Answered { .. } => Draft::good(Check::Outbound, format!("port {port} is open outwards")),
    };
    draft.value("port", port)
}

pub(super) fn coordinator(facts: &Facts) -> Draft {
    match &facts.coordinator {
        CoordinatorLook::None => Draft::unknown(Check::Coordinator, "no coordinator is known yet"),
        CoordinatorLook::Tried { address, plaintext, reached, .. } => {
            judge(address, *plaintext, reached).value("address", address)
        }
    }
}

fn judge(address: &str, plaintext: bool, reached: &Reached) -> Draft {
    let bad = |code, message: String| Draft::bad(Check::Coordinator, code, message);
    match reached {
        Reached::Answered { version, .. } => {
            let open =
                if plaintext { "; without TLS, so that others on the way can read what is said" } else { "" };
            Draft::good(Check::Coordinator, format!("{address} answers, version {version}{open}"))
                .value("version", version)
                .value("plaintext", plaintext)
        }
        Reached::Unresolved => {
            bad(Code::CoordinatorUnresolved, format!("The name in {address} leads nowhere."))
        }
        Reached::Refused => bad(Code::CoordinatorDown, format!("Nothing listens at {address}.")),
        Reached::Blocked => {
            Draft::unknown(Check::Coordinator, "cannot be told while no connection comes about")
        }
        Reached::Silent => {
            bad(Code::CoordinatorDown, format!("{address} takes connections and does not answer in time."))
        }
        Reached::NoTls => bad(Code::CoordinatorStranger, format!("What listens at {address} speaks no TLS.")),
        Reached::NoRoots => {
            bad(Code::CertificateWrong, "This machine has no certificates to trust.".to_owned())
                .next("Install the package ca-certificates.")
                .command("sudo apt-get install ca-certificates")
        }
        Reached::Certificate { why } => {
            bad(Code::CertificateWrong, format!("The certificate of {address} does not prove who answers."))
                .seen(why.clone())
        }
        Reached::Stranger { status, location } => stranger(address, *status, location.as_deref()),
    }
}

/// A page that sends a browser elsewhere, or says 511, is how networks ask to sign in.
fn stranger(address: &str, status: u16, location: Option<&str>) -> Draft {
    let message = if status == 0 {
        format!("What answers at {address} speaks no HTTP.")
    } else {
        format!("What answers at {address} is no coordinator (status {status}).")
    };
    let draft = Draft::bad(Check::Coordinator, Code::CoordinatorStranger, message).value("status", status);
    let page = location.filter(|page| page.starts_with("http://") || page.starts_with("https://"));
    match (status, page) {
        (_, Some(page)) => draft.next("Sign in to this network in a browser, then look again.").link(page),
        (511, None) => draft.next("Sign in to this network in a browser, then look again."),
        (_, None) => draft.next("Check the coordinator's address, and whether the network asks to sign in."),
    }
}

pub(super) fn clock(facts: &Facts) -> Draft {
    let CoordinatorLook::Tried { reached: Reached::Answered { date: Some(there), .. }, .. } =
        &facts.coordinator
    else {
        return Draft::unknown(Check::Clock, "the coordinator has not told its time");
    };
    let (seconds, seen) = skew(facts.at, *there);
    let draft = if (facts.at.0 - there.0).abs() <= SKEW_MAX_MS {
        Draft::good(Check::Clock, seen)
    } else {
        let draft = Draft::bad(Check::Clock, Code::ClockOff, format!("This machine's clock is {seen}."));
        if facts.system.systemd { draft.command("sudo timedatectl set-ntp true") } else { draft }
    };
    draft.value("seconds", seconds)
}

fn skew(here: UnixMillis, there: UnixMillis) -> (i64, String) {
    let off = (here.0 - there.0) / 1000;
    let side = if off < 0 { "behind" } else { "ahead of" };
    (off, format!("{} s {side} the coordinator's", off.abs()))
}

/// The agent's long connections go straight to the coordinator; a proxy serves requests and the engine's pulls only.
pub(super) fn proxy(facts: &Facts) -> Draft {
    let engine = match &facts.engine {
        EngineLook::Answers(info) => Some(info.proxy.as_deref()),
        EngineLook::NoSocket
        | EngineLook::Refused { .. }
        | EngineLook::Denied { .. }
        | EngineLook::Silent { .. }
        | EngineLook::Garbled { .. }
        | EngineLook::BadAddress { .. } => None,
    };
    let own = facts.proxy.own.as_deref();
    match (own, engine) {
        (None, Some(None) | None) => Draft::good(Check::Proxy, "none is set"),
        (Some(own), None) => Draft::good(Check::Proxy, format!("{own} for this program; no engine answers")),
        (Some(own), Some(Some(engine))) if own == engine => Draft::good(Check::Proxy, format!("{own} for both")),
        (Some(own), Some(Some(engine))) => uneven(format!("This program goes through {own}, the engine through {engine}.")),
        (Some(own), Some(None)) => uneven(format!("This program goes through the proxy {own}, and the engine through none: it may not reach registries."))
            .link("https://docs.docker.com/engine/daemon/proxy/"),
        (None, Some(Some(engine))) => uneven(format!("The engine goes through the proxy {engine}, and this program through none."))
            .next("Set HTTPS_PROXY for this program, if the coordinator is not reached without."),
    }
    .value("own", own.unwrap_or(""))
    .value("engine", engine.flatten().unwrap_or(""))
}

fn uneven(message: String) -> Draft {
    Draft::warn(Check::Proxy, Code::ProxyUneven, message)
}
