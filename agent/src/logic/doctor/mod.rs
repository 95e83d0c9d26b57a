//! The doctor: what is wrong with this machine, and what helps. Pure: [`Facts`] in, one finding for each check out.
//! Deliberately absent: looking (`io::doctor`) and mending (`doctor.rs`).

mod engine;
mod facts;
mod finding;
mod network;
mod surroundings;

pub use engine::{DOCKER_OLDEST, PODMAN_OLDEST, TESTED};
pub use facts::*;
pub use finding::Act;

use finding::Draft;
use ttalkak_protocol::desk::{Doctor, Finding, Grade};

/// All findings, in the order to show: what stops lending altogether stands before what only hampers it.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let checks: [fn(&Facts) -> Draft; 16] = [
        engine::engine,
        engine::version,
        engine::architecture,
        engine::machine_size,
        engine::limits,
        engine::builder,
        engine::storage,
        surroundings::engine_disk,
        surroundings::folder,
        surroundings::other_daemon,
        network::outbound,
        network::coordinator,
        network::clock,
        network::proxy,
        surroundings::ports,
        surroundings::key_store,
    ];
    checks.iter().map(|check| check(facts).finish(facts.at)).collect()
}

/// The section after a round.
pub fn section(facts: &Facts) -> Doctor {
    Doctor { at: Some(facts.at), running: false, findings: findings(facts) }
}

/// The worst of all findings; what cannot be told counts as good.
pub fn worst(findings: &[Finding]) -> Grade {
    let rank = |grade: Grade| match grade {
        Grade::Good | Grade::Unknown | Grade::Pending => 0,
        Grade::Warn => 1,
        Grade::Bad => 2,
    };
    findings.iter().map(|finding| finding.grade).max_by_key(|grade| rank(*grade)).unwrap_or(Grade::Pending)
}

#[cfg(test)]
mod tests;
