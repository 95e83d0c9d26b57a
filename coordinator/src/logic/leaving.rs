//! What becomes of a lease whose agent leaves or hands it back: moved while it serves, stopped when its time is over.
//! Deliberately absent: where it could go; that is `placement`'s to say.

use ttalkak_protocol::{
    link::Fate,
    unit::{Millis, UnixMillis},
};

/// The first pause after a lease was handed back; each further one doubles it.
const PAUSE: Millis = Millis(10 * 60 * 1000);
/// No pause is longer.
const PAUSE_MAX: Millis = Millis(24 * 60 * 60 * 1000);

/// A lease in force that shall go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// It is stopped then, moved or not.
    pub by: UnixMillis,
    /// Visitors are led to it.
    pub serves: bool,
    /// Visitors are led to another lease since then.
    pub moved_at: Option<UnixMillis>,
    /// The rollout that it was granted for is on its way, and nobody cancelled it.
    pub in_rollout: bool,
    /// Some change of its deployment is at work.
    pub changing: bool,
    /// How far that change is.
    pub doing: Option<String>,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Wait.
    Nothing,
    /// Start it elsewhere, and lead visitors there when it is healthy.
    Move,
    /// Give this rollout up for the same one elsewhere: nobody is served by it yet.
    BeginAnew,
    /// End the lease: visitors left it already.
    LetGo,
    /// End the lease, and tell visitors that the provider is gone.
    Stop,
    /// Give the rollout up: its provider goes, and nobody else could take it.
    GiveUp,
}

/// Decides. `fits`: somebody else could take it now.
pub fn decide(leaving: &Leaving, fits: bool, now: UnixMillis) -> Act {
    let over = now >= leaving.by;
    if leaving.moved_at.is_some() && !leaving.in_rollout {
        // The rollout that took over drains it; its time is bounded by the provider's.
        return if over { Act::LetGo } else { Act::Nothing };
    }
    if leaving.serves {
        return match (over, leaving.changing, fits) {
            (true, _, _) => Act::Stop,
            (false, false, true) => Act::Move,
            (false, true, _) | (false, false, false) => Act::Nothing,
        };
    }
    match (leaving.in_rollout, fits, over) {
        (true, true, _) => Act::BeginAnew,
        (true, false, true) => Act::GiveUp,
        (false, _, true) => Act::LetGo,
        (true, false, false) | (false, _, false) => Act::Nothing,
    }
}

/// What its agent is told. `obstacle`: what keeps everybody else from taking it; `None` when somebody could.
pub fn fate(leaving: &Leaving, obstacle: Option<String>) -> Fate {
    let Leaving { by, moved_at, doing, .. } = leaving;
    match (moved_at, obstacle) {
        (Some(at), _) if !leaving.in_rollout => Fate::Moved { at: *at },
        (_, Some(why)) if !leaving.changing || leaving.in_rollout => Fate::Stops { at: *by, why },
        (_, Some(_) | None) => Fate::Moving { doing: doing.clone(), stops_at: *by },
    }
}

/// How long an agent is not asked again to run what it handed back for the `times`th time.
pub fn pause(times: u32) -> Millis {
    let doublings = times.saturating_sub(1).min(16);
    Millis((PAUSE.0 << doublings).min(PAUSE_MAX.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BY: UnixMillis = UnixMillis(1_000);

    fn serving() -> Leaving {
        Leaving { by: BY, serves: true, moved_at: None, in_rollout: false, changing: false, doing: None }
    }

    #[test]
    fn what_serves_is_moved_once_and_stopped_when_its_time_is_over() {
        let (early, over) = (UnixMillis(999), BY);
        let moving = Leaving { changing: true, ..serving() };
        let moved = Leaving { serves: false, moved_at: Some(UnixMillis(5)), ..moving.clone() };
        for (leaving, fits, now, act) in [
            (serving(), true, early, Act::Move),
            (serving(), false, early, Act::Nothing),
            (moving.clone(), true, early, Act::Nothing),
            (moving.clone(), false, early, Act::Nothing),
            (serving(), true, over, Act::Stop),
            (serving(), false, over, Act::Stop),
            (moving, true, over, Act::Stop),
            (moved.clone(), true, early, Act::Nothing),
            (moved, false, over, Act::LetGo),
        ] {
            assert_eq!(decide(&leaving, fits, now), act, "{leaving:?} fits {fits} at {}", now.0);
        }
    }

    #[test]
    fn a_rollout_on_its_way_to_a_provider_that_leaves_begins_anew_elsewhere() {
        let rolling = Leaving { serves: false, in_rollout: true, changing: true, ..serving() };
        // A redeploy beside an older lease of another provider: the route leads there, and it is no drain of ours.
        let beside = Leaving { moved_at: Some(UnixMillis(5)), ..rolling.clone() };
        for leaving in [rolling.clone(), beside] {
            assert_eq!(decide(&leaving, true, UnixMillis(0)), Act::BeginAnew);
            assert_eq!(decide(&leaving, false, UnixMillis(0)), Act::Nothing);
            assert_eq!(decide(&leaving, false, BY), Act::GiveUp);
        }
        let cancelled = Leaving { in_rollout: false, ..rolling };
        assert_eq!(decide(&cancelled, true, UnixMillis(0)), Act::Nothing);
    }

    #[test]
    fn the_agent_is_told_what_will_happen_and_what_stands_in_the_way() {
        let why = || Some("Nobody.".to_owned());
        assert_eq!(fate(&serving(), why()), Fate::Stops { at: BY, why: "Nobody.".into() });
        assert_eq!(fate(&serving(), None), Fate::Moving { doing: None, stops_at: BY });
        let building = Leaving { changing: true, doing: Some("step 1 of 2".into()), ..serving() };
        let moving = Fate::Moving { doing: Some("step 1 of 2".into()), stops_at: BY };
        assert_eq!(fate(&building, why()), moving, "the one that takes it is not asked again");
        let moved = Leaving { serves: false, moved_at: Some(UnixMillis(7)), ..serving() };
        assert_eq!(fate(&moved, why()), Fate::Moved { at: UnixMillis(7) });
    }

    #[test]
    fn each_hand_back_costs_a_longer_pause_up_to_a_day() {
        let minutes: Vec<u64> = [1, 2, 3, 20, u32::MAX].map(|times| pause(times).0 / 60_000).to_vec();
        assert_eq!(minutes, [10, 20, 40, 1440, 1440]);
    }
}
