//! Earnings from the own book, and the wallet's calls. Deliberately absent: the key (`wallet_desk`) and estimates
//! (`logic::earnings`).

use super::{super::Later, Rooms};
use crate::{
    cause::Chain,
    checkpoint::Checkpoint,
    desk::{Answer, Refusal},
    io::{cgroup::Cgroups, clock, doctor::System, machine::MachineSize, money_book::MoneyBookFile},
    logic::{
        earnings::{self, EarnedDays, Today},
        meter::MoneyBook,
    },
    wallet_desk,
};
use jiff::{ToSpan, Zoned};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};
use ttalkak_protocol::{
    desk::{Call, Earnings, News, Token},
    error::{ErrorCode, Problem},
    money::Amount,
};

/// As often as readings are made.
const EVERY: Duration = Duration::from_secs(30);
/// A forecast looks back no further.
const LOOK_BACK: i64 = 28;

/// Keeps the days and tells the section until it is dropped.
pub(super) async fn run(rooms: Arc<Rooms>) {
    let path = rooms.around.config.data_dir.join("money/days.json");
    let file = path.clone();
    let loaded = spawn_blocking(move || Checkpoint::<EarnedDays>::new(file).load()).await;
    let mut days = match loaded {
        Ok(Ok((days, _))) => days,
        Ok(Err(error)) => {
            tracing::warn!(error = %Chain(&error), "the days of earnings cannot be read");
            EarnedDays::default()
        }
        Err(_) => return,
    };
    let mut power = Power::new();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut nudge, mut said) = (rooms.nudge.subscribe(), rooms.said.subscribe());
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            Ok(()) = nudge.changed() => {}
            Ok(()) = said.changed() => {}
        }
        let data = rooms.around.config.data_dir.clone();
        // A book that is just being replaced is read a moment later.
        let Ok(Ok(book)) = spawn_blocking(move || MoneyBookFile::new(&data).load()).await else { continue };
        let today = today();
        let joules = power.since_last(&rooms).await;
        let spent = joules > 0;
        days.spend(joules, &today);
        if days.observe(&book, &today) || spent {
            let (path, days) = (path.clone(), days.clone());
            let saved = spawn_blocking(move || Checkpoint::<EarnedDays>::new(path).save(&days)).await;
            if let Ok(Err(error)) = saved {
                tracing::warn!(error = %Chain(&error), "the days of earnings are not on the disk");
            }
        }
        rooms.around.hub.publish(News::Earnings(section(&rooms, &days, &book, &today)));
    }
}

fn section(rooms: &Rooms, days: &EarnedDays, book: &MoneyBook, today: &Today) -> Earnings {
    let world = rooms.around.world.borrow().clone();
    let per_hour = world.map_or(Amount::ZERO, |world| {
        let view = world.view.borrow();
        Amount(view.leases.iter().map(|lease| super::super::workloads::per_hour(lease).0).sum())
    });
    let said = rooms.said.borrow().clone();
    let power = rooms.around.settings.borrow().electricity.clone();
    let worth = said.base_unit_worth(&power.currency);
    let domain = book.pages.values().next().map(|page| (page.domain, page.terms.token));
    Earnings {
        token: Token {
            decimals: said.token.as_ref().map_or(rooms.around.config.money.token_decimals, |token| token.1),
            symbol: said.token.map(|token| token.0),
            chain_id: domain.map(|(domain, _)| domain.chain_id),
            address: domain.map(|(_, token)| token),
            worth: said.worth,
        },
        today: days.on(&today.date),
        month: days.month(today),
        total: days.total(),
        vouched: earnings::vouched(book),
        per_hour,
        days: days.days(),
        agreements: earnings::agreements(book),
        forecast: days.forecast(today),
        electricity: days.electricity(today, &power, worth),
        coordinator: said.says,
    }
}

fn today() -> Today {
    let now = Zoned::now();
    let date = now.date();
    let before = (1..=LOOK_BACK).filter_map(|back| date.checked_sub(back.days()).ok());
    let seconds =
        f64::from(i32::from(now.hour()) * 3600 + i32::from(now.minute()) * 60 + i32::from(now.second()));
    Today {
        date: date.to_string(),
        day: u32::try_from(date.day()).unwrap_or(1),
        days_in_month: u32::try_from(date.days_in_month()).unwrap_or(30),
        over: seconds / 86_400.0,
        before: before.map(|date| date.to_string()).collect(),
    }
}

/// Energy by the processor time of our workloads.
struct Power {
    cgroups: Option<Cgroups>,
    before: BTreeMap<String, u64>,
}

impl Power {
    fn new() -> Self {
        let cgroups = Cgroups::new("/sys/fs/cgroup", System::of_this_process().uid);
        Self { cgroups: Some(cgroups), before: BTreeMap::new() }
    }

    /// Joules since the last call. What cannot be read is not counted: rather too little than made up.
    async fn since_last(&mut self, rooms: &Rooms) -> u64 {
        let watts = rooms.around.settings.borrow().electricity.watts_at_full_load;
        let Some(engine) = rooms.engine().await.filter(|_| watts > 0) else { return 0 };
        let Ok(running) = engine.running().await else { return 0 };
        let Some(mut cgroups) = self.cgroups.take() else { return 0 };
        let read = spawn_blocking(move || {
            let counters = cgroups.read(running.values().map(String::as_str));
            (cgroups, counters)
        });
        let Ok((cgroups, counters)) = read.await else { return 0 };
        self.cgroups = Some(cgroups);
        let now: BTreeMap<String, u64> =
            counters.into_iter().map(|(id, counters)| (id, counters.cpu_us)).collect();
        let used = now.iter().map(|(id, us)| us.saturating_sub(self.before.get(id).copied().unwrap_or(*us)));
        let used = used.fold(0, u64::saturating_add);
        self.before = now;
        earnings::lent_joules(used, MachineSize::read().cpus, watts)
    }
}

impl Rooms {
    pub(super) async fn answer_money(&self, call: Call) -> Answer {
        let wallet = self.wallet.clone();
        let changes = matches!(call, Call::CreateWallet { .. } | Call::ImportWallet { .. });
        #[allow(clippy::wildcard_enum_match_arm, reason = "the daemon's own loop answers all others")]
        let work = move || match call {
            Call::CreateWallet { passphrase } => wallet_desk::create(&wallet, passphrase.as_ref()),
            Call::ImportWallet { key, passphrase, replace } => {
                wallet_desk::import(&wallet, &key, passphrase.as_ref(), replace)
            }
            Call::BackUpWallet { passphrase } => wallet_desk::back_up(&wallet, passphrase.as_ref()),
            Call::WalletBackedUp => wallet_desk::backed_up(&wallet, clock::wall()),
            _ => Err(Problem::new(ErrorCode::CallInvalid, "This daemon does not know that call.")),
        };
        let died = |_| Refusal::new(ErrorCode::Internal, "The wallet's work ended in a bug.");
        let reply = spawn_blocking(work).await.map_err(died)??;
        if changes {
            // The loop that would hear it ends only with the daemon.
            let _ = self.around.later.send(Later::MoneyChanged).await;
        }
        self.tell_wallet().await;
        Ok(reply)
    }
}
