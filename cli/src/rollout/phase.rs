//! The steps of a deploy as a person sees them. Pure.

/// A part of a rollout. Several of the coordinator's steps may belong to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// The commit is resolved and packed.
    Source,
    /// What it is, and how it is built.
    Plan,
    /// Who runs it.
    Provider,
    /// The image is being made.
    Build,
    /// The container is being started.
    Start,
    /// Until visitors reach a healthy app.
    Connect,
    /// Visitors are served.
    Live,
}

impl Phase {
    /// The phase of a step of the coordinator; `None` for a step of a newer one.
    pub(crate) fn of_step(step: &str) -> Option<Self> {
        match step {
            "hold_funds" | "fetch_source" => Some(Self::Source),
            "plan_build" => Some(Self::Plan),
            "choose_offer" | "agree" | "grant_lease" => Some(Self::Provider),
            "await_image" | "await_escrow" => Some(Self::Build),
            "await_running" => Some(Self::Start),
            "await_tunnel" | "await_healthy" | "publish_route" | "mark_live" => Some(Self::Connect),
            "drain_previous" => Some(Self::Live),
            _ => None,
        }
    }

    /// While it is at work.
    pub(crate) fn doing(self) -> &'static str {
        match self {
            Self::Source => "Fetching the source",
            Self::Plan => "Looking how to build it",
            Self::Provider => "Choosing a provider",
            Self::Build => "Building",
            Self::Start => "Starting",
            Self::Connect => "Connecting",
            Self::Live => "Live",
        }
    }

    /// When it is done.
    pub(crate) fn done(self) -> &'static str {
        match self {
            Self::Source => "Source",
            Self::Plan => "Plan",
            Self::Provider => "Provider",
            Self::Build => "Build",
            Self::Start => "Start",
            Self::Connect => "Connect",
            Self::Live => "Live",
        }
    }

    fn next(self) -> Option<Self> {
        match self {
            Self::Source => Some(Self::Plan),
            Self::Plan => Some(Self::Provider),
            Self::Provider => Some(Self::Build),
            Self::Build => Some(Self::Start),
            Self::Start => Some(Self::Connect),
            Self::Connect => Some(Self::Live),
            Self::Live => None,
        }
    }
}

/// A phase that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Which.
    pub(crate) phase: Phase,
    /// How long it took, in milliseconds; `None` when it came and went between two looks.
    pub(crate) took_ms: Option<u64>,
}

/// Which phase is at work, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tracker {
    phase: Phase,
    since_ms: u64,
}

impl Tracker {
    /// At the first phase, at time `now_ms` of any steady clock.
    pub(crate) fn new(now_ms: u64) -> Self {
        Self { phase: Phase::Source, since_ms: now_ms }
    }

    /// The phase at work.
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// How long it has been, in milliseconds.
    pub(crate) fn elapsed(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.since_ms)
    }

    /// Takes note that `phase` is at work and returns the phases that are over by this. A look back (a step that is
    /// undone, an old answer) changes nothing.
    pub(crate) fn reach(&mut self, phase: Phase, now_ms: u64) -> Vec<Passed> {
        let mut passed = Vec::new();
        let mut took_ms = Some(self.elapsed(now_ms));
        while self.phase < phase {
            passed.push(Passed { phase: self.phase, took_ms: took_ms.take() });
            self.since_ms = now_ms;
            match self.phase.next() {
                Some(next) => self.phase = next,
                None => break,
            }
        }
        passed
    }
}

/// How a platform is called by its users.
pub(crate) fn platform_title(platform: &str) -> &str {
    match platform {
        "cra" => "Create React App",
        "vite" => "Vite",
        "next" => "Next.js",
        "gradle" => "Gradle",
        "maven" => "Maven",
        "node" => "Node",
        "static-build" => "a static site with a build",
        "static" => "a static site",
        "python" => "Python",
        "go" => "Go",
        "rust" => "Rust",
        "php" => "PHP",
        "ruby" => "Ruby",
        "dockerfile" => "a Dockerfile",
        other => other,
    }
}

/// `Detected Vite (react) · npm · node 24`: a plan in one line. `plan`: with the keys of `ttalkak plan --json`.
pub(crate) fn detected(plan: &serde_json::Value) -> Option<String> {
    let text = |key: &str| plan.get(key).and_then(serde_json::Value::as_str);
    let mut line = format!("Detected {}", platform_title(text("platform")?));
    if let Some(framework) = text("framework") {
        line.push_str(&format!(" ({framework})"));
    }
    for part in ["package_manager", "runtime"] {
        if let Some(part) = text(part) {
            line.push_str(&format!(" · {part}"));
        }
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_phase_that_was_watched_has_its_time_and_a_skipped_one_has_none() {
        let mut tracker = Tracker::new(0);
        assert_eq!(tracker.reach(Phase::Source, 500), []);
        assert_eq!(
            tracker.reach(Phase::Provider, 1200),
            [
                Passed { phase: Phase::Source, took_ms: Some(1200) },
                Passed { phase: Phase::Plan, took_ms: None },
            ]
        );
        assert_eq!((tracker.phase(), tracker.elapsed(1500)), (Phase::Provider, 300));
    }

    #[test]
    fn looking_back_changes_nothing() {
        let mut tracker = Tracker::new(0);
        tracker.reach(Phase::Build, 10);
        assert_eq!(tracker.reach(Phase::Source, 20), []);
        assert_eq!(tracker.phase(), Phase::Build);
    }

    #[test]
    fn every_step_of_a_deploy_belongs_to_a_phase_and_they_only_go_forward() {
        let steps = [
            "hold_funds",
            "fetch_source",
            "plan_build",
            "choose_offer",
            "agree",
            "grant_lease",
            "await_image",
            "await_escrow",
            "await_running",
            "await_tunnel",
            "await_healthy",
            "publish_route",
            "mark_live",
            "drain_previous",
        ];
        let phases: Vec<_> = steps.iter().map(|step| Phase::of_step(step).unwrap()).collect();
        assert!(phases.is_sorted());
        assert_eq!(Phase::of_step("tune_engines"), None);
    }

    #[test]
    fn a_plan_fits_in_one_line() {
        let plan = json!({ "platform": "vite", "framework": "react", "package_manager": "npm", "runtime": "node 24" });
        assert_eq!(detected(&plan).as_deref(), Some("Detected Vite (react) · npm · node 24"));
        assert_eq!(
            detected(&json!({ "platform": "static", "framework": null })).as_deref(),
            Some("Detected a static site")
        );
        assert_eq!(detected(&json!({})), None);
    }
}
