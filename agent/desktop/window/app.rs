//! The Tauri app: one window, its desk, and what it asks of the system.
//! Deliberately absent: tray and announcements, which outlive the window.

use super::{commands, system, updates};
use anyhow::Context;
use std::{process::ExitCode, sync::Mutex};
use tauri::{
    AppHandle, Manager, RunEvent, Url, WebviewUrl, WebviewWindowBuilder, ipc::Channel,
    webview::NewWindowResponse,
};
use tauri_plugin_window_state::StateFlags;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ttalkak_desktop::{
    alone::{self, Alone, Role, Wish},
    config::Places,
    desk::{self, Desk},
};
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    shell::{Heard, Refusal},
};

/// The window's name among Tauri's.
const MAIN: &str = "main";
/// Comfortable, and the least that is usable.
const SIZE: (f64, f64) = (960.0, 640.0);
const SIZE_MIN: (f64, f64) = (720.0, 480.0);
/// What the commands need.
pub(crate) struct Shell {
    places: Places,
    tasks: TaskTracker,
    runtime: tokio::runtime::Handle,
    open: Mutex<OpenDesk>,
}

struct OpenDesk {
    desk: Desk,
    stop: CancellationToken,
    /// Where the page hears.
    page: Option<Channel<Heard>>,
    /// The page that was asked for before one could hear it.
    wanted: Option<String>,
}

/// Opens the window and stays until it is closed. A second window's wish goes to the first.
pub(crate) fn run(places: Places, page: Option<String>) -> anyhow::Result<ExitCode> {
    // One worker carries news and answers; the page has processes of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let handle = runtime.handle().clone();
    let entered = runtime.enter();
    let Some(alone) = alone::be(Role::Window, &places.run)? else {
        let wish = Wish::Open { page };
        runtime.block_on(alone::tell(Role::Window, &places.run, &wish)).context("raise the window")?;
        return Ok(ExitCode::SUCCESS);
    };
    tauri::async_runtime::set(handle.clone());
    // Until a page listens nobody asks; its desk is made when it does.
    let (desk, _, _) = desk::at(&places.desk);
    let open = Mutex::new(OpenDesk { desk, stop: CancellationToken::new(), page: None, wanted: page });
    let shell = Shell { places, tasks: TaskTracker::new(), runtime: handle, open };
    let remembered = StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED;
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, _, _| raise(app, None)))
        .plugin(tauri_plugin_window_state::Builder::new().with_state_flags(remembered).build())
        .plugin(tauri_plugin_updater::Builder::new().build())
        .manage(shell)
        .manage(updates::Found::default())
        .invoke_handler(tauri::generate_handler![
            commands::about,
            commands::ask,
            commands::check_update,
            commands::hear,
            commands::install_update,
            commands::open_link,
            commands::quit,
            commands::save_file,
            commands::start_daemon
        ])
        .setup(move |app| {
            open_window(app.handle())?;
            let app = app.handle().clone();
            let shell = app.state::<Shell>();
            shell.tasks.spawn_on(hear_wishes(app.clone(), alone), &shell.runtime);
            shell.tasks.spawn_on(have_a_tray(shell.places.clone()), &shell.runtime);
            Ok(())
        })
        .build(tauri::generate_context!())
        .context("start the toolkit")?;
    let code = app.run_return(|app, event| {
        if let RunEvent::ExitRequested { .. } = event {
            app.state::<Shell>().lock(|open| open.stop.cancel());
        }
    });
    drop(entered);
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn open_window(app: &AppHandle) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::default())
        .title("Ttalkak")
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(SIZE_MIN.0, SIZE_MIN.1)
        // The page is ours and stays: links leave by `OpenLink`, with its own look at them.
        .on_navigation(is_ours)
        .on_new_window(|url, _| {
            // A refusal is in the log; the page asked for nothing that could be answered.
            let _ = system::open_link(url.as_str());
            NewWindowResponse::Deny
        })
        .build()?;
    #[cfg(target_os = "linux")]
    draw_plainly(&window)?;
    Ok(())
}

/// Lets WebKit draw without the graphics card: each layer of a page would be kept once more as tiles for it, which is
/// seventy of three hundred megabytes here, and some drivers leave such a window white. Our pages move little.
#[cfg(target_os = "linux")]
fn draw_plainly(window: &tauri::WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt, WebViewExt};
    window.with_webview(|webview| {
        if let Some(settings) = webview.inner().settings() {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    })
}

/// Where our screens live: in the program, or at the development server of a debug build.
fn is_ours(url: &Url) -> bool {
    let inside = url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost");
    inside || (cfg!(debug_assertions) && url.host_str() == Some("127.0.0.1") && url.port() == Some(5173))
}

fn raise(app: &AppHandle, page: Option<String>) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    // A window that is about to close needs none of this.
    let _ = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
    if let Some(page) = page {
        app.state::<Shell>().show_page(page);
    }
}

async fn hear_wishes(app: AppHandle, alone: Alone) {
    let (sender, mut wishes) = Alone::channel();
    let acting = async {
        while let Some(wish) = wishes.recv().await {
            match wish {
                Wish::Open { page } => raise(&app, page),
                Wish::Ping | Wish::StartDaemon => {}
                Wish::Quit | Wish::Close => app.exit(0),
            }
        }
    };
    tokio::join!(alone.hear(sender), acting);
}

/// The tray keeps the daemon running, so a window that was started without one starts it.
async fn have_a_tray(places: Places) {
    if alone::tell(Role::Tray, &places.run, &Wish::Ping).await.is_err()
        && let Err(error) = places.start_tray()
    {
        tracing::warn!("the tray cannot be started: {error}");
    }
}

impl Shell {
    fn lock<R>(&self, with: impl FnOnce(&mut OpenDesk) -> R) -> R {
        with(&mut self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    pub(crate) fn desk(&self) -> Desk {
        self.lock(|open| open.desk.clone())
    }

    /// A page that was loaded again gets a desk of its own, so that it hears every section.
    pub(crate) fn open_desk(&self, page: Channel<Heard>) {
        let (desk, heard, connection) = desk::at(&self.places.desk);
        let stop = CancellationToken::new();
        let wanted = self.lock(|open| {
            open.stop.cancel();
            (open.desk, open.stop, open.page) = (desk, stop.clone(), Some(page.clone()));
            open.wanted.take()
        });
        if let Some(wanted) = wanted {
            let _ = page.send(Heard::Page { page: wanted });
        }
        self.tasks.spawn_on(connection.run(stop), &self.runtime);
        self.tasks.spawn_on(forward(heard, page), &self.runtime);
    }

    fn show_page(&self, wanted: String) {
        self.lock(|open| match &open.page {
            Some(page) => drop(page.send(Heard::Page { page: wanted })),
            None => open.wanted = Some(wanted),
        });
    }

    pub(crate) async fn tell_tray(&self, wish: &Wish) -> Result<(), Refusal> {
        alone::tell(Role::Tray, &self.places.run, wish).await.map_err(|error| {
            tracing::warn!("the tray does not hear: {error}");
            Problem::new(ErrorCode::DaemonGone, "The tray of Ttalkak does not answer. Open the app again.")
                .into()
        })
    }
}

/// Hands on what the daemon tells, until the desk is closed.
async fn forward(mut heard: mpsc::Receiver<Heard>, page: Channel<Heard>) {
    while let Some(heard) = heard.recv().await {
        // A page that is going away hears nothing more, and the next one asks for everything.
        let _ = page.send(heard);
    }
}
