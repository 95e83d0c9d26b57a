//! The tray: one loop that hears the daemon, the person's clicks and other starts of the program, and keeps icon, menu,
//! announcements, sign-in entry and the daemon itself as they should be.
//! Deliberately absent: a webview or toolkit; what needs one is a process of its own (window.rs).

mod announce;
mod icons;
mod item;
pub mod keep;
pub mod view;
mod window;

use crate::{
    alone::{Alone, Wish},
    autostart,
    config::Places,
    daemon::{self, Started},
    desk::{self, Desk},
    words::{self, Lang, Voice},
};
use announce::{Announcement, Announcer};
use icons::Icons;
use item::TrayItem;
use jiff::{Timestamp, tz::TimeZone};
use keep::Keep;
use std::time::Duration;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ttalkak_protocol::{
    desk::{Call, Language, News, NoticeWeight, Notices, Reply, SettingsNews, Told},
    shell::{Heard, Refusal},
    unit::UnixMillis,
};
use view::{Act, Daemon, Known, View};

/// Clicks that wait for the loop; a person makes few.
const ACTS: usize = 16;

/// What became of something that takes a while.
#[derive(Debug)]
enum Done {
    /// A person's answer before quitting: yes, or nothing had to be asked.
    MayQuit(bool),
    /// The daemon did not do what was clicked.
    Refused(Refusal),
    /// The window could not be shown.
    NoWindow(String),
}

/// The tray's state; owned by the one loop.
struct Tray {
    places: Places,
    desk: Desk,
    begin: Instant,
    known: Known,
    voice: Voice,
    system_language: Option<String>,
    keep: Keep,
    /// The daemon shall live in this process, whatever is installed.
    inside: bool,
    started: Option<Started>,
    announcer: Option<Announcer>,
    /// The newest notice that was there when we came, or was announced.
    announced: Option<u64>,
    autostart: Option<bool>,
    quitting: bool,
    done: mpsc::Sender<Done>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Runs until the person quits or `stop` is given, which leaves a daemon of its own process running. `inside`: a daemon
/// that has to be started is hosted here.
pub async fn run(
    places: Places,
    alone: Alone,
    (open, inside): (Option<Wish>, bool),
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let (desk, heard, connection) = desk::at(&places.desk);
    let (done, finished) = mpsc::channel(ACTS);
    let (act, acts) = mpsc::channel(ACTS);
    let (wish, wishes) = Alone::channel();
    let system_language = sys_locale::get_locale();
    let lang = Lang::choose(Language::System, system_language.as_deref());
    let mut tray = Tray {
        inside,
        places,
        desk,
        begin: Instant::now(),
        known: Known::default(),
        voice: Voice { lang, zone: TimeZone::system() },
        system_language,
        keep: Keep::new(Duration::ZERO),
        started: None,
        announcer: None,
        announced: None,
        autostart: None,
        quitting: false,
        done,
        tasks: TaskTracker::new(),
        stop: stop.child_token(),
    };
    tray.tasks.spawn(connection.run(tray.stop.clone()));
    let hearing = tray.stop.clone();
    tray.tasks.spawn(async move { hearing.run_until_cancelled(alone.hear(wish)).await });
    if let Some(wish) = open {
        tray.wish(wish);
    }
    let item = tray.join_session(act.clone()).await?;
    let inlets = Inlets { heard, finished, acts, wishes };
    tray.turn(inlets, item.as_ref(), &stop).await;
    if let Some(item) = item {
        item.remove().await;
    }
    if let Some(started) = tray.started.take() {
        started.leave().await;
    }
    tray.stop.cancel();
    // A window that is open goes on without us, and so does a daemon of its own process.
    Ok(())
}

/// All that comes in.
struct Inlets {
    heard: mpsc::Receiver<Heard>,
    finished: mpsc::Receiver<Done>,
    acts: mpsc::Receiver<Act>,
    wishes: mpsc::Receiver<Wish>,
}

impl Tray {
    /// Icon and announcements, where there is a session bus; the rest works without.
    async fn join_session(&mut self, acts: mpsc::Sender<Act>) -> anyhow::Result<Option<TrayItem>> {
        let bus = match zbus::Connection::session().await {
            Ok(bus) => bus,
            Err(error) => {
                tracing::info!("no session bus, so no tray icon and no announcements: {error}");
                return Ok(None);
            }
        };
        let announcer = Announcer::new(bus);
        let (clicked, mut clicks) = mpsc::channel(1);
        let (listener, stop, opens) = (announcer.clone(), self.stop.clone(), acts.clone());
        self.tasks.spawn(async move {
            let opening = async {
                while clicks.recv().await.is_some() && opens.send(Act::Open(Some("notices"))).await.is_ok() {}
            };
            stop.run_until_cancelled(async { tokio::join!(listener.clicks(clicked), opening) }).await
        });
        self.announcer = Some(announcer);
        match TrayItem::show(self.app_name().to_owned(), self.view(), Icons::load()?, acts).await {
            Ok(item) => Ok(Some(item)),
            Err(error) => {
                tracing::info!("no tray icon: {error}");
                Ok(None)
            }
        }
    }

    fn app_name(&self) -> &'static str {
        self.voice.lang.pick("딸깍", "Ttalkak")
    }

    fn view(&self) -> View {
        view::view(&self.known, &self.voice, now())
    }

    async fn turn(&mut self, mut inlets: Inlets, item: Option<&TrayItem>, stop: &CancellationToken) {
        let mut shown = None;
        while !self.quitting {
            let view = self.view();
            if let Some(item) = item
                && shown.as_ref() != Some(&view)
            {
                item.change(view.clone()).await;
                shown = Some(view);
            }
            let next = self.keep.next().map(|at| self.begin + at);
            // Each arm only receives; what is begun is carried to its end below, in tasks that the tracker owns.
            tokio::select! {
                () = stop.cancelled() => return,
                Some(heard) = inlets.heard.recv() => self.hear(heard),
                Some(act) = inlets.acts.recv() => self.act(act),
                Some(wish) = inlets.wishes.recv() => self.wish(wish),
                Some(done) = inlets.finished.recv() => self.finish(done).await,
                orderly = ended(&mut self.started) => self.daemon_ended(orderly),
                () = sleep_until(next.unwrap_or(self.begin)), if next.is_some() => self.tick().await,
            }
            self.known.daemon = self.keep.shown();
        }
    }

    fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Connected => self.keep.connected(),
            Heard::Lost { crashed } => {
                self.keep.lost(crashed, self.elapsed());
                self.known = Known { daemon: self.keep.shown(), ..Known::default() };
            }
            Heard::Told { told: Told::News(news) } => self.learn(news),
            Heard::Told { told: Told::Lines(_) | Told::Answer { .. } | Told::Refused { .. } }
            | Heard::Page { .. } => {}
        }
    }

    fn learn(&mut self, news: News) {
        match news {
            News::Status(status) => self.known.status = Some(status),
            News::Workloads(workloads) => self.known.workloads = Some(workloads),
            News::Earnings(earnings) => self.known.earnings = Some(earnings),
            News::Doctor(doctor) => self.known.doctor = Some(doctor),
            News::Settings(settings) => self.follow(&settings),
            News::Notices(notices) => self.announce_new(&notices),
            News::Hello(_)
            | News::Machine(_)
            | News::Tunnel(_)
            | News::Disk(_)
            | News::Ports(_)
            | News::Wallet(_) => {}
        }
    }

    /// Language and sign-in entry are the owner's choice.
    fn follow(&mut self, settings: &SettingsNews) {
        let values = &settings.values;
        self.voice.lang = Lang::choose(values.language, self.system_language.as_deref());
        if self.autostart == Some(values.autostart) {
            return;
        }
        self.autostart = Some(values.autostart);
        let (wanted, program) = (values.autostart, self.places.starter());
        self.tasks.spawn_blocking(move || match autostart::keep(wanted, &program) {
            Ok(true) => {
                tracing::info!("the app {} at sign-in", if wanted { "starts" } else { "no longer starts" })
            }
            Ok(false) => {}
            Err(error) => tracing::warn!("the sign-in entry stays as it is: {error:?}"),
        });
    }

    /// Announces what came since we are here. What happened before is in the app's list.
    fn announce_new(&mut self, notices: &Notices) {
        let newest = notices.items.iter().map(|notice| notice.id).max().unwrap_or_default();
        let Some(before) = self.announced.replace(newest) else { return };
        let token = self.known.earnings.as_ref().map(|earnings| &earnings.token);
        let new = notices.items.iter().rev().filter(|notice| notice.id > before && notice.announce);
        let said: Vec<_> = new
            .filter_map(|notice| {
                let (title, text) = words::notice(&self.voice, &notice.what, token, now())?;
                Some(Announcement { weight: notice.weight, title, text })
            })
            .collect();
        said.into_iter().for_each(|said| self.announce(said));
    }

    fn announce(&self, said: Announcement) {
        let Some(announcer) = self.announcer.clone() else { return };
        let (app, stop) = (self.app_name(), self.stop.clone());
        self.tasks.spawn(async move { stop.run_until_cancelled(announcer.announce(app, &said)).await });
    }

    fn wish(&mut self, wish: Wish) {
        match wish {
            Wish::Open { page } => self.open(page),
            Wish::Ping => {}
            Wish::StartDaemon => self.act(Act::StartDaemon),
            Wish::Quit | Wish::Close => self.act(Act::Quit),
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Open(page) => self.open(page.map(str::to_owned)),
            Act::Ask(call) => self.ask(call),
            Act::PauseFor(span) => self.ask(view::pause_for(span, now())),
            Act::PauseUntilTomorrow => self.ask(view::pause_until_tomorrow(&self.voice, now())),
            Act::StartDaemon => self.keep.wanted(self.elapsed()),
            Act::Quit => self.ask_to_quit(),
        }
    }

    fn open(&mut self, page: Option<String>) {
        // Whoever looks wants it to run, also when it was stopped before.
        self.keep.wanted(self.elapsed());
        let (places, done) = (self.places.clone(), self.done.clone());
        let token = ksni::current_xdg_activation_token();
        self.tasks.spawn(async move {
            if let Err(error) = window::open(&places, page, token).await {
                let _ = done.send(Done::NoWindow(error.to_string())).await;
            }
        });
    }

    fn ask(&self, call: Call) {
        let (desk, done) = (self.desk.clone(), self.done.clone());
        self.tasks.spawn(async move {
            if let Err(refusal) = desk.ask(call).await {
                let _ = done.send(Done::Refused(refusal)).await;
            }
        });
    }

    fn ask_to_quit(&self) {
        let (places, desk, done) = (self.places.clone(), self.desk.clone(), self.done.clone());
        let (lang, here) = (self.voice.lang, self.known.daemon == Daemon::Here);
        let token = self.known.earnings.as_ref().map(|earnings| earnings.token.clone());
        self.tasks.spawn(async move {
            let question = match desk.ask(Call::QuitCost).await {
                Ok(Reply::QuitCost(cost)) if here => words::quit(lang, &cost, token.as_ref()),
                // A daemon that does not answer cannot say what runs, and goes on by itself when we are gone.
                Ok(_) | Err(_) => None,
            };
            let yes = match &question {
                None => true,
                Some(question) => window::ask(&places, question).await.unwrap_or(false),
            };
            let _ = done.send(Done::MayQuit(yes)).await;
        });
    }

    async fn finish(&mut self, done: Done) {
        match done {
            Done::MayQuit(false) => {}
            Done::MayQuit(true) => {
                self.quitting = true;
                window::close(&self.places).await;
                if let Err(refusal) = self.desk.ask(Call::Shutdown { keep_workloads: None }).await {
                    tracing::warn!("the daemon was not stopped: {}", refusal.problem.message);
                }
            }
            Done::Refused(refusal) => {
                let title = self.voice.lang.pick("실행하지 못했어요", "That did not work").to_owned();
                let text = format!("{} {}", refusal.problem.message, refusal.problem.next);
                self.announce(Announcement { weight: NoticeWeight::Warn, title, text });
            }
            Done::NoWindow(why) => {
                tracing::warn!("the window was not shown to its end: {why}");
                let title = self.voice.lang.pick("창이 닫혔어요", "The window ended").to_owned();
                let text =
                    self.voice.lang.pick("앱은 계속 실행 중이에요.", "The app goes on running.").to_owned();
                self.announce(Announcement { weight: NoticeWeight::Warn, title, text });
            }
        }
    }

    async fn tick(&mut self) {
        if !self.keep.tick(self.elapsed()) {
            return;
        }
        if matches!(self.started, Some(Started::Here(_))) {
            // Still on its way; a second one would only find the lock taken.
            return;
        }
        // Looked up anew, as its program may have been installed since.
        let home = if self.inside { daemon::Home::Here } else { daemon::home(&self.places) };
        match daemon::start(&home, &self.places).await {
            Ok(started) => self.started = Some(started),
            Err(error) => {
                tracing::warn!("the daemon cannot be started: {error:?}");
                self.keep.failed(self.elapsed());
            }
        }
    }

    fn daemon_ended(&mut self, orderly: bool) {
        tracing::info!("the daemon has ended{}", if orderly { "" } else { ", and not in order" });
        self.started = None;
        // Before it answered: it could not begin. Afterwards the lost connection tells the rest.
        self.keep.failed(self.elapsed());
    }
}

/// Cancel-safe, as waiting for a process is.
async fn ended(started: &mut Option<Started>) -> bool {
    match started {
        Some(started) => started.ended().await,
        None => std::future::pending().await,
    }
}

fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}
