//! One coordinator's API with two accounts, and shorthands to ask it.

use axum::{Router, body::Body};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::{collections::BTreeSet, ops::RangeInclusive, path::Path, sync::Arc};
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;
use ttalkak_coordinator::{
    api::{self, ApiState, EdgeDoor},
    clock,
    config::Config,
    flows::{self, plan::Plans, world::Visitors},
    fresh,
    git::GitPolicy,
    github::GitHub,
    log_hub::LogHub,
    mail::Mailer,
    nudge::Nudge,
    online::Online,
    seal::Sealer,
    store::{Store, route::AddressRow, token::TokenWish, tunnel::TunnelRow},
};
use ttalkak_protocol::{
    api::team::TokenScope,
    id::{AccountId, AgentId, LeaseId, TunnelId},
};

pub(crate) struct World {
    pub(crate) dir: Arc<TempDir>,
    pub(crate) state: ApiState,
    pub(crate) router: Router,
    pub(crate) account: AccountId,
    pub(crate) token: String,
    pub(crate) stranger: String,
}

struct NoEdge;

impl EdgeDoor for NoEdge {
    fn is_open(&self, _: TunnelId) -> bool {
        false
    }
    fn made(&self, _: &TunnelRow) {}
    fn deleted(&self, _: &TunnelRow) {}
    fn changed(&self, _: &AddressRow) {}
    fn busy(&self, _: RangeInclusive<u16>) -> BTreeSet<u16> {
        BTreeSet::new()
    }
}

impl Visitors for NoEdge {
    fn set(&self, _: &AddressRow) {}
    fn remove(&self, _: &AddressRow) {}
    fn reachable(&self, _: AgentId) -> bool {
        false
    }
    fn streams(&self, _: LeaseId) -> u64 {
        0
    }
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// Status and code of an error answer, after its shape was checked.
    pub(crate) fn error(&self) -> (u16, String) {
        let json = self.json();
        let error = &json["error"];
        for part in ["code", "message", "next", "request_id"] {
            assert!(error[part].as_str().is_some_and(|text| !text.is_empty()), "{part} of {json}");
        }
        assert_eq!(error["request_id"].as_str().unwrap(), self.headers["x-request-id"].to_str().unwrap());
        (self.status.as_u16(), error["code"].as_str().unwrap().to_owned())
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(set: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let mut config =
            Config { data_dir: dir.path().to_owned(), public_ports: 30_000..=30_001, ..Config::default() };
        set(&mut config);
        let mail = Mailer::new(&config.accounts.mail()).unwrap();
        let github = GitHub::open(&config.github).unwrap();
        let money = config.payments.on.then(|| crate::money::money(&config));
        let (account, token) = account(&store, "tenant").await;
        let (_, stranger) = account_and_token(&store).await;
        let (sealer, nudge, online) =
            (Sealer::open(dir.path()).unwrap(), Nudge::default(), Online::default());
        let sources = dir.path().join("sources");
        std::fs::create_dir_all(&sources).unwrap();
        let git = GitPolicy::new(config.allow_local_git, []);
        let parts = ((store.clone(), sealer.clone()), (nudge.clone(), online.clone()));
        let planning = flows::world::World::new(parts.0, parts.1, Arc::new(NoEdge), git, sources);
        let plans = Plans::new(planning.with_money(money.clone()).with_github(github.clone()));
        let state = ApiState {
            store,
            sealer,
            nudge,
            logs: LogHub::default(),
            online,
            plans,
            config: Arc::new(config.clone()),
            money,
            github,
            mail,
            edge: Arc::new(NoEdge),
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
        };
        let router = api::router(state.clone());
        Self { dir: Arc::new(dir), state, router, account, token, stranger }
    }

    /// The same world, to be asked in another way.
    pub(crate) fn view(&self) -> Self {
        Self {
            dir: self.dir.clone(),
            state: self.state.clone(),
            router: self.router.clone(),
            account: self.account,
            token: self.token.clone(),
            stranger: self.stranger.clone(),
        }
    }

    /// The status alone: an event stream has no end to wait for.
    pub(crate) async fn status(&self, request: Request<Body>) -> StatusCode {
        self.router.clone().oneshot(request).await.unwrap().status()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Reply { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> http::request::Builder {
        Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request("GET", path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: Value) -> Reply {
        self.raw(method, path, body.to_string()).await
    }

    pub(crate) async fn raw(&self, method: &str, path: &str, body: impl Into<Body>) -> Reply {
        let request = self.request(method, path).header("content-type", "application/json");
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str) -> Reply {
        self.send(self.request("POST", path).body(Body::empty()).unwrap()).await
    }

    /// A deployment of a repository.
    pub(crate) async fn deploy(&self, name: &str) -> Value {
        let reply = self.ask("POST", "/v1/deployments", wish(name)).await;
        assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", String::from_utf8_lossy(&reply.body));
        reply.json()
    }

    /// What the sagas would write when the newest release of a deployment goes live: its number.
    pub(crate) async fn go_live(&self, name: &str) -> u32 {
        let mut tx = self.state.store.begin().await.unwrap();
        for sql in [
            "UPDATE saga SET state = 'done' WHERE deployment_id = (SELECT id FROM deployment WHERE name = ?)",
            "UPDATE release SET state = 'retired' WHERE state = 'live' AND deployment_id = (SELECT id FROM deployment WHERE name = ?)",
            "UPDATE deployment SET state = 'live', reason = NULL, release_id = (SELECT id FROM release WHERE deployment_id = deployment.id ORDER BY number DESC LIMIT 1) WHERE name = ?",
            "UPDATE release SET state = 'live', live_at = 1 WHERE id = (SELECT release_id FROM deployment WHERE name = ?)",
        ] {
            sqlx::query(sql).bind(name).execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
        let number =
            "SELECT max(number) FROM release r JOIN deployment d ON d.id = r.deployment_id WHERE d.name = ?";
        sqlx::query_scalar::<_, i64>(number)
            .bind(name)
            .fetch_one(self.state.store.read())
            .await
            .unwrap()
            .try_into()
            .unwrap()
    }

    /// What the sagas would write when a deployment has ended.
    pub(crate) async fn ended(&self, name: &str) {
        let mut tx = self.state.store.begin().await.unwrap();
        for sql in [
            "UPDATE saga SET state = 'done' WHERE deployment_id = (SELECT id FROM deployment WHERE name = ?)",
            "UPDATE release SET state = 'retired' WHERE state = 'live' AND deployment_id = (SELECT id FROM deployment WHERE name = ?)",
            "UPDATE deployment SET state = 'ended', reason = 'stopped' WHERE name = ?",
        ] {
            sqlx::query(sql).bind(name).execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// An agent of the account with a lease on the newest release of a deployment.
    pub(crate) async fn lease(&self, name: &str) -> (AgentId, LeaseId) {
        let (agent, lease) = (fresh::id(AgentId::new), fresh::id(LeaseId::new));
        let mut tx = self.state.store.begin().await.unwrap();
        sqlx::query(
            "INSERT INTO agent (id, account_id, name, public_key, created_at) VALUES (?, ?, 'box', x'00', 1)",
        )
        .bind(agent.to_string())
        .bind(self.account.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO lease (id, deployment_id, release_id, agent_id, saga_id, state, created_at)
             SELECT ?, d.id, r.id, ?, 'sag_x', 'active', 1 FROM deployment d JOIN release r ON r.deployment_id = d.id
             WHERE d.name = ? ORDER BY r.number DESC LIMIT 1",
        )
        .bind(lease.to_string())
        .bind(agent.to_string())
        .bind(name)
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
        (agent, lease)
    }

    pub(crate) async fn count(&self, table: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(self.state.store.read()).await.unwrap()
    }

    /// Whether the bytes stand anywhere in the files of the data folder but the master key's.
    pub(crate) fn is_on_disk(&self, needle: &[u8]) -> bool {
        fn search(dir: &Path, needle: &[u8]) -> bool {
            std::fs::read_dir(dir).unwrap().any(|entry| {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    return search(&path, needle);
                }
                std::fs::read(path).unwrap().windows(needle.len()).any(|part| part == needle)
            })
        }
        search(self.dir.path(), needle)
    }
}

pub(crate) fn wish(name: &str) -> Value {
    json!({ "name": name, "source": { "kind": "git", "url": "https://example.com/me/app" } })
}

async fn account(store: &Store, name: &str) -> (AccountId, String) {
    let id = fresh::id(AccountId::new);
    store.create_account(id, name, clock::now()).await.unwrap();
    let token = api::new_token(store, &owner_token(id, "test"), clock::now()).await.unwrap();
    (id, token.secret.into_inner())
}

async fn account_and_token(store: &Store) -> (AccountId, String) {
    account(store, "stranger").await
}

/// A wish for a token that may do everything.
pub(crate) fn owner_token(account: AccountId, name: &str) -> TokenWish<'_> {
    TokenWish { account, user: None, name, scope: TokenScope::Full, expires_at: None }
}
