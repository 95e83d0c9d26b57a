//! A stand-in for GitHub that speaks its real endpoints over a real socket: sign-in with PKCE, people, installations,
//! repositories, folders, commits, checks, statuses and the App's own tokens. What it holds is set by the test; what it
//! was told is kept for the test to look at. It knows no coordinator: both sorts of tests use this one file.

#[path = "github/answers.rs"]
mod answers;
#[path = "github/git.rs"]
mod git;
#[path = "github/proof.rs"]
mod proof;
#[path = "github/sign_in.rs"]
mod sign_in;
#[path = "github/webhook.rs"]
pub mod webhook;

use axum::{
    Router,
    extract::State,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// The App of the tests.
pub const APP_ID: u64 = 4242;
/// What people sign in through.
pub const CLIENT_ID: &str = "Iv1.tests";
/// Its secret.
pub const CLIENT_SECRET: &str = "client-secret-of-the-tests";
/// What webhooks are signed with.
pub const WEBHOOK_SECRET: &str = "webhook-secret-of-the-tests";
/// The App's key, made for the tests and known to everybody.
pub const APP_KEY: &str = include_str!("github/app.pem");

/// A person at the stand-in.
#[derive(Debug, Clone)]
pub struct User {
    /// Stays.
    pub id: u64,
    /// What they are called.
    pub login: String,
    /// Their address, and whether GitHub made sure of it.
    pub email: (String, bool),
    /// Installations that they see.
    pub installations: BTreeSet<u64>,
}

/// A repository at the stand-in.
#[derive(Debug, Clone, Default)]
pub struct Repo {
    /// Stays.
    pub id: u64,
    /// Whether the world may not see it.
    pub private: bool,
    /// Where it is cloned from; made of the stand-in's address when empty.
    pub clone_url: String,
    /// The installation that sees it.
    pub installation: Option<u64>,
    /// People who may push.
    pub pushers: BTreeSet<String>,
    /// Branches and their newest commits.
    pub branches: BTreeMap<String, String>,
    /// Paths of files.
    pub files: BTreeSet<String>,
    /// Check runs by commit: name, status, conclusion.
    pub checks: BTreeMap<String, Vec<(String, String, Option<String>)>>,
}

/// A status that somebody posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// `owner/name`.
    pub repo: String,
    /// The commit.
    pub commit: String,
    /// `pending`, `success`, `failure`.
    pub state: String,
    /// Where to look.
    pub target_url: String,
    /// Whose status it is.
    pub context: String,
    /// In a few words.
    pub description: String,
}

/// What it holds. Tests change it as they like.
#[derive(Debug, Default)]
pub struct Held {
    /// People by login.
    pub users: BTreeMap<String, User>,
    /// Who signs in next when a browser is sent here; `None`: they say no.
    pub signs_in: Option<String>,
    /// Repositories by `owner/name`.
    pub repos: BTreeMap<String, Repo>,
    /// Statuses, oldest first.
    pub statuses: Vec<Posted>,
    /// Whatever is asked is answered with this status, and these headers, until it is taken back.
    pub trouble: Option<(u16, Vec<(&'static str, String)>)>,
    /// Where the repositories themselves are: `owner/name.git` beneath it.
    pub git_root: Option<PathBuf>,
    /// How often each path was asked.
    pub asked: BTreeMap<String, u32>,
    codes: BTreeMap<String, sign_in::Code>,
    access: BTreeMap<String, String>,
    refresh: BTreeMap<String, String>,
    installation_tokens: BTreeMap<String, u64>,
    made: u64,
}

impl Held {
    fn fresh(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}{:08}", self.made)
    }
}

/// The stand-in, listening until it is dropped.
pub struct GitHubStandIn {
    address: std::net::SocketAddr,
    held: Arc<Mutex<Held>>,
    serving: JoinHandle<()>,
}

impl Drop for GitHubStandIn {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[derive(Clone)]
struct Site {
    held: Arc<Mutex<Held>>,
    url: String,
}

impl Site {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GitHubStandIn {
    /// Listens on a port of its own, with nobody and nothing in it.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let held = Arc::new(Mutex::new(Held::default()));
        let site = Site { held: held.clone(), url: format!("http://{address}") };
        let router = Router::new()
            .route("/login/oauth/authorize", get(sign_in::authorize))
            .route("/login/oauth/access_token", post(sign_in::access_token))
            .route("/user", get(answers::user))
            .route("/user/emails", get(answers::emails))
            .route("/user/installations", get(answers::installations))
            .route("/user/installations/{id}/repositories", get(answers::repositories))
            .route("/repos/{owner}/{name}", get(answers::repository))
            .route("/repos/{owner}/{name}/installation", get(answers::installation))
            .route("/repos/{owner}/{name}/branches", get(answers::branches))
            .route("/repos/{owner}/{name}/contents", get(answers::root))
            .route("/repos/{owner}/{name}/contents/{*path}", get(answers::folder))
            .route("/repos/{owner}/{name}/commits/{commit}", get(answers::commit))
            .route("/repos/{owner}/{name}/commits/{commit}/status", get(answers::status))
            .route("/repos/{owner}/{name}/commits/{commit}/check-runs", get(answers::check_runs))
            .route("/repos/{owner}/{name}/statuses/{commit}", post(answers::post_status))
            .route("/app/installations/{id}/access_tokens", post(proof::access_token))
            .fallback(git::serve)
            .layer(middleware::from_fn_with_state(site.clone(), in_trouble))
            .with_state(site);
        #[allow(clippy::disallowed_methods, reason = "its owner is the stand-in, which ends it")]
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a stand-in that serves");
        });
        Self { address, held, serving }
    }

    /// Its address, for `github_url` and `github_api_url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it holds. Not to be kept across an await.
    pub fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A person who sees these installations, and who signs in next.
    pub fn add_user(&self, login: &str, installations: &[u64]) {
        let mut held = self.held();
        let id = 1000 + held.users.len() as u64;
        let user = User {
            id,
            login: login.to_owned(),
            email: (format!("{login}@example.com"), true),
            installations: installations.iter().copied().collect(),
        };
        held.users.insert(login.to_owned(), user);
        held.signs_in = Some(login.to_owned());
    }

    /// A repository with a branch `main`, to which `pushers` may push.
    pub fn add_repo(&self, full_name: &str, installation: Option<u64>, pushers: &[&str], commit: &str) {
        let mut held = self.held();
        let repo = Repo {
            id: 5000 + held.repos.len() as u64,
            installation,
            pushers: pushers.iter().map(|login| (*login).to_owned()).collect(),
            branches: BTreeMap::from([("main".to_owned(), commit.to_owned())]),
            ..Repo::default()
        };
        held.repos.insert(full_name.to_owned(), repo);
    }

    /// The statuses that were posted about a commit, as `state`, oldest first.
    pub fn statuses_of(&self, commit: &str) -> Vec<Posted> {
        self.held().statuses.iter().filter(|posted| posted.commit == commit).cloned().collect()
    }

    /// The settings that lead a coordinator here, as environment variables; secrets are put into files beneath `folder`.
    pub fn settings(&self, folder: &Path) -> Vec<(String, String)> {
        let secret = |name: &str, text: &str| {
            let file = folder.join(name);
            std::fs::write(&file, text).expect("a file for a secret");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("its mode");
            file.display().to_string()
        };
        [
            ("github_client_id", CLIENT_ID.to_owned()),
            ("github_client_secret_file", secret("github-client", CLIENT_SECRET)),
            ("github_app_id", APP_ID.to_string()),
            ("github_app_key_file", secret("github-app.pem", APP_KEY)),
            ("github_app_slug", "ttalkak-tests".to_owned()),
            ("github_webhook_secret_file", secret("github-hook", WEBHOOK_SECRET)),
            ("github_url", self.url()),
            ("github_api_url", self.url()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }
}

async fn in_trouble(State(site): State<Site>, request: Request<axum::body::Body>, next: Next) -> Response {
    let trouble = {
        let mut held = site.held();
        *held.asked.entry(request.uri().path().to_owned()).or_default() += 1;
        held.trouble.clone()
    };
    let Some((status, headers)) = trouble else { return next.run(request).await };
    let mut answer = refused(status, "trouble");
    for (name, value) in headers {
        answer.headers_mut().insert(name, value.parse().expect("a header"));
    }
    answer
}

fn refused(status: u16, message: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, axum::Json(json!({ "message": message }))).into_response()
}

fn json_answer(value: Value) -> Response {
    axum::Json(value).into_response()
}
