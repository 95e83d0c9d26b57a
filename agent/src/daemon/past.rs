//! What this machine has been through, kept across runs: that what is told once is told once, and that an end which nobody
//! asked for is noticed at the next start.

use crate::checkpoint::Checkpoint;
use serde::{Deserialize, Serialize};
use std::path::Path;
use ttalkak_protocol::{desk::NoticeKind, money::EvmAddress, unit::UnixMillis};

const FILE: &str = "past.json";

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// A daemon is at work, or was when everything ended.
    running: bool,
    /// The first earning was told.
    earned: bool,
    /// The wallet whose backup was asked for.
    wallet: Option<EvmAddress>,
    /// The change of summer time that was told.
    shift: Option<UnixMillis>,
}

/// The past of one data folder.
#[derive(Debug)]
pub(super) struct Past {
    file: Checkpoint<Kept>,
    kept: Kept,
    /// The run before this one ended without having been asked to.
    pub crashed: bool,
}

impl Past {
    /// Opens it, and notes that a daemon is at work. A file that cannot be read is a past that is not known.
    pub(super) fn open(data: &Path) -> Self {
        let file = Checkpoint::<Kept>::new(data.join(FILE));
        let kept = file.load().map(|(kept, _)| kept).unwrap_or_default();
        let mut past = Self { file, crashed: kept.running, kept };
        past.change(|kept| kept.running = true);
        past
    }

    /// Whether something is to be told now.
    pub(super) fn is_news(&mut self, what: &NoticeKind) -> bool {
        if !matches!(what, NoticeKind::FirstEarning { .. }) {
            return true;
        }
        let news = !self.kept.earned;
        self.change(|kept| kept.earned = true);
        news
    }

    /// Whether the owner of this wallet is asked to back it up now; once for each.
    pub(super) fn asks_for_backup(&mut self, wallet: EvmAddress) -> bool {
        let asks = self.kept.wallet != Some(wallet);
        self.change(|kept| kept.wallet = Some(wallet));
        asks
    }

    /// Whether this change of summer time is to be told now; once for each.
    pub(super) fn tells_shift(&mut self, at: UnixMillis) -> bool {
        let tells = self.kept.shift != Some(at);
        self.change(|kept| kept.shift = Some(at));
        tells
    }

    /// The daemon ends in order.
    pub(super) fn ended(&mut self) {
        self.change(|kept| kept.running = false);
    }

    fn change(&mut self, change: impl FnOnce(&mut Kept)) {
        let before = self.kept.clone();
        change(&mut self.kept);
        if self.kept != before
            && let Err(error) = self.file.save(&self.kept)
        {
            tracing::warn!("what was told is not kept across a restart: {}", crate::cause::Chain(&error));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::money::Amount;

    #[test]
    fn a_first_earning_is_the_first_of_the_machine_and_not_of_each_run() {
        let folder = tempfile::tempdir().unwrap();
        let earning = NoticeKind::FirstEarning { amount: Amount(5) };
        let mut first = Past::open(folder.path());
        assert!(!first.crashed && first.is_news(&earning) && !first.is_news(&earning));
        assert!(first.is_news(&NoticeKind::Left) && first.is_news(&NoticeKind::Left));
        first.ended();
        let mut second = Past::open(folder.path());
        assert!(!second.crashed && !second.is_news(&earning));
    }

    #[test]
    fn a_backup_is_asked_for_once_for_each_wallet() {
        let folder = tempfile::tempdir().unwrap();
        let mut past = Past::open(folder.path());
        let [one, other] = [1, 2].map(|byte| EvmAddress([byte; 20]));
        assert!(past.asks_for_backup(one) && !past.asks_for_backup(one) && past.asks_for_backup(other));
    }

    #[test]
    fn a_change_of_summer_time_is_told_once_whatever_is_started_anew_that_day() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Past::open(folder.path()).tells_shift(UnixMillis(1)));
        let mut next = Past::open(folder.path());
        assert!(!next.tells_shift(UnixMillis(1)) && next.tells_shift(UnixMillis(2)));
    }

    #[test]
    fn a_run_that_was_not_ended_in_order_is_noticed_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        drop(Past::open(folder.path()));
        let mut next = Past::open(folder.path());
        assert!(next.crashed);
        next.ended();
        std::fs::write(folder.path().join(FILE), "{ not json").unwrap();
        assert!(!Past::open(folder.path()).crashed);
    }
}
