//! Whole lives of several deployments on one purse, in steps of five seconds: deposits, different rates, raises that wait
//! for the chain, readings that lag, owners' pauses, crashes between two steps, and a clock that jumps. The books are the
//! real ledger, so a charge that is not covered cannot hide.

use super::*;
use crate::{
    ledger::{Account, Ledger, tests as id, write},
    logic::{
        funding::{InUse, cost, raises},
        runway::{Drain, Runway, runways},
    },
};
use proptest::prelude::*;
use ttalkak_protocol::{id::HoldId, money::Amount};
use uuid::Uuid;

/// The clock of this world: the meter's and the ladder's.
const TICK: u64 = 5 * SECOND;
const READING: u64 = 30 * SECOND;
/// How long a workload takes for ending by itself.
const DRAIN: u64 = 30 * SECOND;
/// A quarter of it, below which caps are raised, is longer than the stop margin.
const LOCK_FOR: Millis = Millis(12 * MINUTE);

/// The default with its long spans shortened, so that a life fits into a test; the margin is the real one.
const LADDER: Ladder = Ladder {
    week: Millis(60 * MINUTE),
    day: Millis(30 * MINUTE),
    hour: Millis(15 * MINUTE),
    grace: Millis(5 * MINUTE),
    stop_margin: Millis(2 * MINUTE),
    retention: Millis(60 * MINUTE),
    warnings: [Millis(20 * MINUTE), Millis(5 * MINUTE)],
};

/// What happens from outside.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// The tenant pays in.
    Deposit(u128),
    /// The owner stops or starts one.
    Pause(usize),
    /// The coordinator's clock jumps.
    Clock(i64),
    /// The chain takes no raise for so many ticks.
    ChainDown(u64),
    /// The coordinator dies before it keeps a notice, or after it did and before it acts.
    Crash,
    /// Time passes: so many ticks.
    Wait(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Running,
    Ending(u64),
    Paused,
    Stopped(UnixMillis),
    Deleted,
}

struct Deployment {
    rate: u128,
    work: Work,
    /// Worked and not in a reading yet, ms.
    unread: u64,
    /// Part of a base unit, in ms times rate.
    carry: u128,
    charged: u128,
    pending: Option<(HoldId, u128, u64)>,
    resumptions: u64,
    /// Notices with their cycle, in the order given.
    told: Vec<(u64, NoticeKind, UnixMillis)>,
    /// True time for which it was stopped, ms; of the clock's jumps it knows nothing.
    stopped_for: u64,
}

struct World {
    books: Ledger,
    all: Vec<Deployment>,
    deposits: u64,
    true_now: u64,
    jumped: i64,
    chain_down: u64,
    crash: bool,
    holds: u128,
}

impl World {
    fn new(rates: &[u128]) -> Self {
        let fresh = |rate: &u128| Deployment {
            rate: *rate,
            // Placed only once money for an hour is there: that is how the ladder lets it in.
            work: Work::Stopped(START),
            unread: 0,
            carry: 0,
            charged: 0,
            pending: None,
            resumptions: 0,
            told: Vec::new(),
            stopped_for: 0,
        };
        let all = rates.iter().map(fresh).collect();
        let (books, deposits, true_now, jumped) = (Ledger::default(), 0, 0, 0);
        Self { books, all, deposits, true_now, jumped, chain_down: 0, crash: false, holds: 0 }
    }

    fn now(&self) -> UnixMillis {
        UnixMillis(START.0 + i64::try_from(self.true_now).unwrap() + self.jumped)
    }

    fn has(&self, account: Account) -> u128 {
        self.books.amount(account).0
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Deposit(amount) => {
                self.books.apply(&write::deposit(id::tenant(0), Amount(amount)).unwrap()).unwrap();
                self.deposits += 1;
            }
            Act::Pause(at) => {
                let at = at % self.all.len();
                let next = match self.all[at].work {
                    Work::Running => Work::Paused,
                    // The owner's start is checked as a new deployment's: by the same rule.
                    Work::Paused => Work::Stopped(self.now()),
                    other @ (Work::Ending(_) | Work::Stopped(_) | Work::Deleted) => other,
                };
                if next == Work::Paused {
                    self.read(at);
                }
                self.all[at].work = next;
            }
            Act::Clock(by) => self.jumped += by,
            Act::ChainDown(ticks) => self.chain_down = ticks,
            Act::Crash => self.crash = true,
            Act::Wait(ticks) => (0..ticks).for_each(|_| self.tick()),
        }
    }

    fn tick(&mut self) {
        self.true_now += TICK;
        for at in 0..self.all.len() {
            self.work(at);
        }
        self.raise();
        self.chain_down = self.chain_down.saturating_sub(1);
        for at in 0..self.all.len() {
            self.look(at);
        }
        assert_eq!(self.books.sum(), 0);
    }

    fn work(&mut self, at: usize) {
        let one = &mut self.all[at];
        match &mut one.work {
            Work::Running => one.unread += TICK,
            Work::Ending(left) => {
                one.unread += TICK;
                *left = left.saturating_sub(TICK);
            }
            Work::Stopped(_) => one.stopped_for += TICK,
            Work::Paused | Work::Deleted => {}
        }
        let over = one.work == Work::Ending(0);
        if over || one.unread >= READING {
            self.read(at);
        }
        if over {
            self.all[at].work = Work::Stopped(self.now());
            self.all[at].stopped_for = 0;
        }
    }

    /// All that was worked is charged. The ledger refuses what is not locked: then somebody worked unpaid.
    fn read(&mut self, at: usize) {
        let one = &mut self.all[at];
        let parts = one.rate * u128::from(one.unread) + one.carry;
        let (charge, carry) = (parts / u128::from(HOUR), parts % u128::from(HOUR));
        (one.unread, one.carry) = (0, carry);
        one.charged += charge;
        let entry = write::charge(agreement(at), Amount(charge)).unwrap();
        self.books.apply(&entry).expect("all work is paid");
    }

    /// Raises are held at once and stand on chain two ticks later, or when the chain is back.
    fn raise(&mut self) {
        let tenant = id::tenant(0);
        for at in 0..self.all.len() {
            let Some((hold, amount, wait)) = self.all[at].pending else { continue };
            if wait > 0 || self.chain_down > 0 {
                self.all[at].pending = Some((hold, amount, wait.saturating_sub(1)));
                continue;
            }
            self.books.apply(&write::hold_post(hold, agreement(at), Amount(amount)).unwrap()).unwrap();
            self.all[at].pending = None;
        }
        let in_use: Vec<(usize, InUse)> = (0..self.all.len())
            .filter(|at| self.all[*at].work == Work::Running && self.all[*at].pending.is_none())
            .map(|at| (at, self.in_use(at)))
            .collect();
        let list: Vec<InUse> = in_use.iter().map(|(_, one)| *one).collect();
        let free = self.books.amount(Account::Free(tenant));
        for raise in raises(&list, free, Amount::MAX, LOCK_FOR, self.now()) {
            let at = in_use.iter().find(|(_, one)| one.agreement == raise.agreement).unwrap().0;
            self.hold(at, raise.by.0, 2);
        }
    }

    fn in_use(&self, at: usize) -> InUse {
        let one = &self.all[at];
        InUse {
            agreement: agreement(at),
            cap: Amount(one.charged + self.has(Account::Locked(agreement(at)))),
            pending: Amount(0),
            charged: Amount(one.charged),
            rate_per_hour: Amount(one.rate),
            expiry: u64::MAX / 1000,
        }
    }

    fn hold(&mut self, at: usize, amount: u128, wait: u64) {
        self.holds += 1;
        let hold = HoldId::new(Uuid::from_u128(self.holds));
        self.books.apply(&write::hold(id::tenant(0), hold, Amount(amount)).unwrap()).unwrap();
        self.all[at].pending = Some((hold, amount, wait));
    }

    /// As the job computes it, for those that run and for the one that is asked about.
    fn runway(&self, asked: usize) -> Option<Runway> {
        let drains: Vec<Drain> = (0..self.all.len())
            .filter(|at| *at == asked || matches!(self.all[*at].work, Work::Running | Work::Ending(_)))
            .map(|at| Drain {
                locked: self.books.amount(Account::Locked(agreement(at))),
                pending: Amount(self.all[at].pending.map_or(0, |(_, amount, _)| amount)),
                rate_per_hour: Amount(self.all[at].rate),
            })
            .collect();
        let before = (0..asked).filter(|at| matches!(self.all[*at].work, Work::Running | Work::Ending(_)));
        runways(self.books.amount(Account::Free(id::tenant(0))), &drains)[before.count()]
    }

    fn look(&mut self, at: usize) {
        let standing = match self.all[at].work {
            Work::Running => Standing::Running,
            Work::Stopped(since) => Standing::Stopped { since },
            Work::Ending(_) | Work::Paused | Work::Deleted => return,
        };
        // A stopped one cannot be started without the chain, so nothing is known of it.
        let stopped = standing != Standing::Running;
        let runway = self.runway(at).filter(|_| !(stopped && self.chain_down > 0));
        let one = &self.all[at];
        let number = cycle(self.deposits, one.resumptions);
        let given = one.told.iter().filter(|told| told.0 == number).map(|told| (told.1, told.2)).collect();
        for step in steps(&LADDER, &Purse { runway, standing, given }, self.now()) {
            if std::mem::take(&mut self.crash) {
                return;
            }
            self.carry_out(at, step, number);
        }
    }

    fn carry_out(&mut self, at: usize, step: Step, number: u64) {
        let now = self.now();
        match step {
            Step::Notice(kind) => {
                let resumed = u64::from(kind == NoticeKind::Resumed);
                self.all[at].resumptions += resumed;
                self.all[at].told.push((number + resumed, kind, now));
            }
            Step::Stop => self.all[at].work = Work::Ending(DRAIN),
            Step::Resume => self.resume(at),
            Step::Delete => {
                self.assert_may_be_deleted(at, number);
                self.all[at].work = Work::Deleted;
            }
        }
    }

    /// It starts once its lock stands on chain, as a deploy does.
    fn resume(&mut self, at: usize) {
        let runway = self.runway(at).unwrap();
        assert!(runway.money >= LADDER.hour, "it came back with less than an hour");
        let one = &self.all[at];
        if runway.locked > LADDER.stop_margin {
            self.all[at].work = Work::Running;
        } else if one.pending.is_none() {
            let full = cost(Amount(one.rate), LOCK_FOR.min(runway.money)).0;
            let amount = full.saturating_sub(self.has(Account::Locked(agreement(at))));
            self.hold(at, amount.min(self.has(Account::Free(id::tenant(0)))), 2);
        }
    }

    fn assert_may_be_deleted(&self, at: usize, number: u64) {
        let one = &self.all[at];
        let when = |kind| one.told.iter().find(|told| told.0 == number && told.1 == kind).map(|told| told.2);
        let (week, day) = (when(NoticeKind::DeletionWeek), when(NoticeKind::DeletionDay));
        let (week, day) = (week.expect("the first warning"), day.expect("the last warning"));
        assert!(week < day, "the warnings are in order");
        assert!(self.now().since(week) >= LADDER.warnings[0]);
        assert!(self.now().since(day) >= LADDER.warnings[1]);
        let Work::Stopped(since) = one.work else { panic!("deleted while it runs") };
        assert!(self.now().since(since) >= LADDER.retention);
        if self.jumped == 0 {
            assert!(one.stopped_for >= LADDER.retention.0);
        }
    }

    fn assert_told_well(&self) {
        for one in &self.all {
            for pair in one.told.windows(2) {
                assert!(pair[0].0 <= pair[1].0, "cycles only grow: {:?}", one.told);
                if pair[0].0 == pair[1].0 {
                    assert!(pair[0].1 < pair[1].1, "once each and in order: {:?}", one.told);
                }
            }
        }
    }

    /// Left alone, what runs is secured and what is stopped was told of it.
    fn assert_at_rest(&self) {
        for (at, one) in self.all.iter().enumerate() {
            match one.work {
                Work::Running => assert!(self.runway(at).unwrap().locked > LADDER.stop_margin),
                Work::Stopped(_) => {
                    let (number, kind, _) = one.told.last().expect("a word");
                    assert_eq!(*number, cycle(self.deposits, one.resumptions));
                    // Either it stays, or its lock is on the way to the chain.
                    let rises = *kind == NoticeKind::Resumed && one.pending.is_some();
                    assert!(rises || *kind >= NoticeKind::Stopped, "{kind}");
                }
                Work::Ending(_) | Work::Paused | Work::Deleted => {}
            }
        }
    }
}

fn agreement(at: usize) -> ttalkak_protocol::id::AgreementId {
    id::agreement(u8::try_from(at).unwrap())
}

fn any_act() -> impl Strategy<Value = Act> {
    let minutes = |ms: u64| i64::try_from(ms).unwrap();
    prop_oneof![
        3 => prop_oneof![1..2_000_u128, 1..3_000_000_u128].prop_map(Act::Deposit),
        1 => (0..3_usize).prop_map(Act::Pause),
        1 => (-minutes(2 * HOUR)..minutes(2 * HOUR)).prop_map(Act::Clock),
        1 => (1..120_u64).prop_map(Act::ChainDown),
        2 => Just(Act::Crash),
        6 => (1..600_u64).prop_map(Act::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn money_ends_without_debt_without_unpaid_work_and_never_without_a_word(
        // At less than 120 units an hour a quarter of a lock would be less than one unit.
        rates in prop::collection::vec(prop_oneof![120..500_u128, 1_000..1_000_000_u128], 1..4),
        acts in prop::collection::vec(any_act(), 1..40),
    ) {
        let mut world = World::new(&rates);
        for act in acts {
            world.act(act);
            world.assert_told_well();
        }
        world.crash = false;
        world.act(Act::Wait(2_000));
        world.assert_told_well();
        world.assert_at_rest();
    }
}

#[test]
fn a_life_is_told_step_by_step() {
    let mut world = World::new(&[600_000]);
    world.act(Act::Deposit(1_000_000));
    world.act(Act::Wait(3_000));
    let told: Vec<&str> = world.all[0].told.iter().map(|told| told.1.as_str()).collect();
    let expected = "resumed runway_week runway_day runway_hour grace stopped deletion_week deletion_day";
    assert_eq!(told.join(" "), expected);
    assert_eq!(world.all[0].work, Work::Deleted);
    let left = world.has(Account::Free(id::tenant(0))) + world.has(Account::Locked(agreement(0)));
    assert!(left < 25_000, "what is left is less than the stop margin and its rounding: {left}");
    assert_eq!(left + world.has(Account::Accrued(agreement(0))), 1_000_000);
}
