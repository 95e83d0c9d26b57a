//! The way out when readings will never be charged: the coordinator has let their lease go before we heard of it, and
//! takes no reading after them. They are given up, so that the lease that is wanted now can work. What is lost is within
//! what the owner is willing to lose, since the work had stopped at that bound.

use super::{Meter, Metered};
use crate::logic::{effect::Effect, event::Now};
use std::{collections::BTreeSet, time::Duration};
use ttalkak_protocol::{id::LeaseId, link::short_key};

/// Readings that the coordinator has stored for so long and did not vouch for are not charged by it.
const HOPELESS_AFTER: Duration = Duration::from_secs(60);

impl Meter {
    /// A report that was sent at `sent` is stored, and with it every reading that is on disk.
    pub fn heard(&mut self, sent: Duration, now: Now) -> Vec<Effect> {
        let hopeless = self.missing.iter().filter(|(_, since)| sent >= **since + HOPELESS_AFTER);
        let keys: Vec<_> = hopeless.map(|(key, _)| *key).collect();
        let wanted: BTreeSet<LeaseId> = self.paid.keys().copied().collect();
        let mut effects = Vec::new();
        for key in keys {
            let Some(page) = self.book.pages.get_mut(&key) else { continue };
            let over = |metered: &Metered| !wanted.contains(&metered.reading.lease);
            let given_up = page.unvouched.iter().take_while(|metered| over(metered)).count();
            if given_up == 0 {
                continue;
            }
            page.unvouched.drain(..given_up);
            // The coordinator goes on counting where it stopped; numbers that it refused are free.
            page.seq = page.vouched_seq;
            let version = self.desk.change();
            for metered in &mut page.unvouched {
                page.seq += 1;
                (metered.reading.seq, metered.version) = (page.seq, version);
            }
            page.touched = now.wall;
            let text = format!(
                "{given_up} readings of {} ({}) are given up: their lease is over, and nobody vouched for them",
                short_key(key),
                page.name
            );
            effects.push(Effect::Warn { text });
        }
        effects
    }
}
