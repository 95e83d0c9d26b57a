//! Draws progress on standard error: one line that is redrawn at a terminal, plain lines elsewhere, nothing when
//! the result is JSON.

use crate::output::{Output, Paint, Tone};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use std::time::Duration;

/// The signs of the status grammar, turning; the last one is shown at the end.
const SIGNS: [&str; 5] = ["◐", "◓", "◑", "◒", "●"];
/// Often enough to look alive, seldom enough to cost nothing.
const TICK: Duration = Duration::from_millis(120);

/// Where progress is drawn.
pub(crate) struct Screen {
    kind: Kind,
    paint: Paint,
}

enum Kind {
    Live(ProgressBar),
    Plain { last: String },
    Quiet,
}

impl Screen {
    /// `verbose`: told even when the result is JSON.
    pub(crate) fn new(output: &Output, verbose: bool) -> Self {
        let kind = if output.live {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
                .with_finish(ProgressFinish::AndClear);
            let style =
                ProgressStyle::with_template("{spinner} {wide_msg}").expect("the template is a constant");
            bar.set_style(style.tick_strings(&SIGNS));
            bar.enable_steady_tick(TICK);
            Kind::Live(bar)
        } else if output.json && !verbose {
            Kind::Quiet
        } else {
            Kind::Plain { last: String::new() }
        };
        Self { kind, paint: output.err }
    }

    /// Whether lines are appended, so that log lines may stand between them.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.kind, Kind::Plain { .. })
    }

    /// What is at work now; `moving` is what changes all the time, and is told only where a line is redrawn.
    pub(crate) fn now(&mut self, what: &str, moving: &str) {
        match &mut self.kind {
            Kind::Live(bar) if moving.is_empty() => bar.set_message(what.to_owned()),
            Kind::Live(bar) => bar.set_message(format!("{what} · {moving}")),
            Kind::Plain { last } if last != what => {
                what.clone_into(last);
                write_line(what);
            }
            Kind::Plain { .. } | Kind::Quiet => {}
        }
    }

    /// Something is done.
    pub(crate) fn done(&self, text: &str) {
        self.print(&format!("{} {text}", self.paint.tone(Tone::Good, "✓")));
    }

    /// A line that stays.
    pub(crate) fn print(&self, text: &str) {
        match &self.kind {
            Kind::Live(bar) => bar.suspend(|| write_line(text)),
            Kind::Plain { .. } => write_line(text),
            Kind::Quiet => {}
        }
    }

    /// A log line: less important than what is said about it.
    pub(crate) fn log(&self, text: &str) {
        self.print(&self.paint.dim(&format!("  {}", crate::output::plain(text))));
    }

    /// Takes the line that is redrawn away.
    pub(crate) fn clear(&self) {
        if let Kind::Live(bar) = &self.kind {
            bar.finish_and_clear();
        }
    }
}

fn write_line(text: &str) {
    // Progress that cannot be shown is no reason to stop.
    drop(std::io::Write::write_all(&mut std::io::stderr(), format!("{text}\n").as_bytes()));
}
