//! What is left behind: rows of the coordinator's tables and objects in the engine. Tests read the tables and never
//! write them.

use crate::{World, engine, until, world::SOON};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use std::time::Duration;

/// Leases that an agent should honour.
pub const ACTIVE_LEASES: &str = "SELECT count(*) FROM lease WHERE state = 'active'";
/// Changes that have not come to an end.
pub const OPEN_SAGAS: &str = "SELECT count(*) FROM saga WHERE state NOT IN ('done', 'failed')";
/// Addresses that lead somewhere.
pub const ROUTES: &str = "SELECT count(*) FROM route";
/// Addresses that lead to a lease which is over.
pub const STALE_ROUTES: &str = "SELECT count(*) FROM route WHERE lease_id NOT IN \
                                (SELECT id FROM lease WHERE state = 'active')";

/// Every table that holds something of a deployment.
const OF_DEPLOYMENTS: &[(&str, &str)] = &[
    ("deployment", "SELECT count(*) FROM deployment"),
    ("release", "SELECT count(*) FROM release"),
    ("saga", "SELECT count(*) FROM saga"),
    ("saga_log", "SELECT count(*) FROM saga_log"),
    ("lease", "SELECT count(*) FROM lease"),
    ("route", ROUTES),
    ("env_var", "SELECT count(*) FROM env_var"),
    ("name_claim", "SELECT count(*) FROM name_claim"),
    ("public_port", "SELECT count(*) FROM public_port"),
];

impl World {
    /// One number out of the coordinator's tables.
    pub async fn count(&self, sql: &'static str) -> i64 {
        self.number("main.db", sql).await
    }

    /// One number out of the file of log lines.
    pub async fn count_lines(&self, sql: &'static str) -> i64 {
        self.number("logs.db", sql).await
    }

    async fn number(&self, file: &str, sql: &'static str) -> i64 {
        let path = self.folder().join("coordinator").join(file);
        let options = SqliteConnectOptions::new().filename(&path).busy_timeout(Duration::from_secs(5));
        let mut tables = options.read_only(true).connect().await.expect("the coordinator's tables");
        let number = sqlx::query_scalar(sql).fetch_one(&mut tables).await.expect("a number");
        tables.close().await.expect("tables that close");
        number
    }

    /// Waits until exactly `count` workloads are there, each with one lease and one route, and nothing else is on its way.
    pub async fn await_workloads(&self, count: usize) {
        let want = i64::try_from(count).expect("a small number");
        until(&format!("{count} workloads and nothing else"), SOON, || async {
            let containers = engine::containers(&self.engine, &self.agent_id).await.len();
            let rows = [
                self.count(ACTIVE_LEASES).await,
                self.count(ROUTES).await,
                self.count(STALE_ROUTES).await,
                self.count(OPEN_SAGAS).await,
            ];
            let (routes, nothing) = (want, 0);
            (containers == count && rows == [want, routes, nothing, nothing]).then_some(())
        })
        .await;
    }

    /// Waits until no image of the agent's is left beside `kept`.
    pub async fn await_images(&self, kept: usize) {
        until(&format!("{kept} images"), SOON, || async {
            let images = self.objects().await.into_iter().filter(|name| name.starts_with("image")).count();
            (images == kept).then_some(())
        })
        .await;
    }

    /// Deletes every deployment and waits until no row, container or image tells of any.
    pub async fn delete_all(&self) {
        let (_, list) = self.get_api("/v1/deployments").await;
        for deployment in list["items"].as_array().expect("a list of deployments") {
            let name = deployment["name"].as_str().expect("a name");
            let (status, answer) =
                self.call(reqwest::Method::DELETE, &format!("/v1/deployments/{name}"), None).await;
            assert!(status < 300, "delete {name}: {answer}");
        }
        self.await_no_trace().await;
    }

    /// Waits until no row, container or image tells of any deployment.
    pub async fn await_no_trace(&self) {
        let deadline = tokio::time::Instant::now() + SOON;
        let mut look = tokio::time::interval(Duration::from_millis(100));
        loop {
            look.tick().await;
            let traces = self.traces().await;
            if traces.is_empty() {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "left behind: {traces:?}");
        }
    }

    async fn traces(&self) -> Vec<String> {
        let mut traces = self.objects().await;
        traces.retain(|name| !name.starts_with("network"));
        for (table, sql) in OF_DEPLOYMENTS {
            let rows = self.count(sql).await;
            if rows > 0 {
                traces.push(format!("{rows} rows of {table}"));
            }
        }
        let lines = self.count_lines("SELECT count(*) FROM line").await;
        if lines > 0 {
            traces.push(format!("{lines} log lines"));
        }
        traces
    }
}
