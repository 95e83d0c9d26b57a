//! A coordinator and an agent with everything around them.

use crate::{
    engine,
    own_engine::Namespace,
    program::{Program, binary},
    until, visit,
};
use bollard::Docker;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

/// A build on a busy machine may take this long.
pub const BUILD: Duration = Duration::from_secs(400);
/// What needs no build takes seconds.
pub const SOON: Duration = Duration::from_secs(60);

/// How a world differs from the usual one.
#[derive(Default)]
pub struct Options {
    /// Environment of the coordinator.
    pub coordinator_env: Vec<(String, String)>,
    /// Environment of the agent.
    pub agent_env: Vec<(String, String)>,
    /// An engine of its own instead of the machine's.
    pub engine: Option<Docker>,
    /// Where the agent runs when its engine is not in the tests' own network.
    pub namespace: Option<Namespace>,
}

/// Where a coordinator listens; the same after it is started again.
#[derive(Clone, Copy)]
struct Ports {
    api: u16,
    edge: u16,
    public: u16,
}

/// Programs, folders, ports.
pub struct World {
    folder: tempfile::TempDir,
    /// The coordinator's process.
    pub coordinator: Program,
    /// The agent's process.
    pub agent: Program,
    /// The engine that the agent uses.
    pub engine: Docker,
    /// The agent's id, `agt_…`.
    pub agent_id: String,
    /// The owner's token.
    pub token: String,
    ports: Ports,
    client: Client,
    options: Options,
}

impl World {
    /// Starts a world; `None` when there is no engine to do it with.
    pub async fn start() -> Option<Self> {
        Self::start_with(Options::default()).await
    }

    /// Starts a world that differs.
    pub async fn start_with(mut options: Options) -> Option<Self> {
        let engine = match options.engine.take() {
            Some(engine) => engine,
            None => engine::connect().await?,
        };
        let folder = tempfile::Builder::new().prefix("ttalkak-world-").tempdir().expect("a folder");
        let data = folder.path().join("coordinator");
        let output = Command::new(binary("ttalkak-coordinator"))
            .args(["token", "--name", "test", "--data-dir"])
            .arg(&data)
            .output()
            .expect("a coordinator that runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let token = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let ports = Ports { api: free_port(), edge: free_port(), public: free_port() };
        let client = visit::client();
        let coordinator = start_coordinator(folder.path(), ports, &options, Vec::new());
        await_health(&client, ports.api).await;
        let code = enrol_code(&client, &token, ports.api).await;
        let agent = start_agent(folder.path(), ports.api, Some(&code), &options);
        let mut world = Self {
            folder,
            coordinator,
            agent,
            engine,
            agent_id: String::new(),
            token,
            ports,
            client,
            options,
        };
        world.agent_id = world.await_agent().await;
        Some(world)
    }

    /// Waits until the agent is online with its engine; returns its id.
    pub async fn await_agent(&self) -> String {
        let found = until("the agent is online", SOON, || async {
            let (_, list) = self.get_api("/v1/providers").await;
            let provider = list["items"].as_array()?.first()?.clone();
            let ready = provider["online"] == true && provider["capacity"]["engine"].is_string();
            ready.then(|| provider["id"].as_str().map(str::to_owned)).flatten()
        });
        found.await
    }

    /// The address of the API.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.api)
    }

    /// The folder of this world.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the command line.
    pub async fn cli(&self, arguments: &[&str]) -> Output {
        let mut command = tokio::process::Command::new(binary("ttalkak"));
        command
            .args(arguments)
            .env("TTALKAK_COORDINATOR", self.api_url())
            .env("TTALKAK_TOKEN", &self.token)
            .env("TTALKAK_WALLET_PASSPHRASE", "for tests only")
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"));
        tokio::time::timeout(BUILD, command.kill_on_drop(true).output())
            .await
            .expect("in time")
            .expect("a command that runs")
    }

    /// Deploys a folder by the command line and waits for it. Panics with all that was said when that fails.
    pub async fn deploy(&self, folder: &Path, name: &str, more: &[&str]) -> String {
        let path = folder.to_string_lossy().into_owned();
        let output = self.cli(&[&["deploy", &path, "--name", name], more].concat()).await;
        let said = format!(
            "{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(
            output.status.success(),
            "deploy of {path} failed:\n{said}\nagent:\n{}",
            self.agent.log_tail(40)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Reads from the API.
    pub async fn get_api(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, None).await
    }

    /// Posts to the API.
    pub async fn post_api(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Any call of the API.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        visit::call(&self.client, &self.token, method, &format!("{}{path}", self.api_url()), body).await
    }

    /// Visits an app.
    pub async fn visit(&self, name: &str, path: &str) -> visit::Visit {
        let request = self.request(name, path);
        match request.send().await {
            Ok(response) => visit::read(response).await,
            Err(error) => visit::Visit { status: 0, cause: Some(format!("{error:?}")), body: String::new() },
        }
    }

    /// A request to an app, to be added to.
    pub fn request(&self, name: &str, path: &str) -> reqwest::RequestBuilder {
        self.request_as(Method::GET, name, path)
    }

    /// The same with another method.
    pub fn request_as(&self, method: Method, name: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, self.edge_url(path)).header("host", self.host(name))
    }

    /// A path at the edge, by address.
    pub fn edge_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.ports.edge)
    }

    /// What visitors of an app send as `Host`.
    pub fn host(&self, name: &str) -> String {
        format!("{name}.localhost:{}", self.ports.edge)
    }

    /// The deployment as the API shows it.
    pub async fn deployment(&self, name: &str) -> Value {
        self.get_api(&format!("/v1/deployments/{name}")).await.1
    }

    /// A release as the API shows it.
    pub async fn release(&self, name: &str, number: u64) -> Value {
        self.get_api(&format!("/v1/deployments/{name}/releases/{number}")).await.1
    }

    /// Asks for a first deploy by the API, without waiting for it.
    pub async fn create(&self, wish: Value) {
        let (status, answer) = self.post_api("/v1/deployments", &wish).await;
        assert_eq!(status, 202, "{answer}");
    }

    /// Asks `name` to do something (`redeploy`, `rollback`, `restart`, …) and waits until it is live afterwards.
    /// Returns the release that serves.
    pub async fn bring_live(&self, name: &str, verb: &str, body: &Value) -> Value {
        let (status, answer) = self.post_api(&format!("/v1/deployments/{name}/{verb}"), body).await;
        assert_eq!(status, 202, "{verb}: {answer}");
        let deployment = self.await_state(name, "live", BUILD).await;
        self.release(name, deployment["release"].as_u64().expect("the release that serves")).await
    }

    /// Waits until a deployment is in a state and no rollout is on its way.
    pub async fn await_state(&self, name: &str, state: &str, within: Duration) -> Value {
        until(&format!("{name} is {state}"), within, || async {
            let deployment = self.deployment(name).await;
            (deployment["state"] == state && deployment["rollout"].is_null()).then_some(deployment)
        })
        .await
    }

    /// Waits until an app answers with 200.
    pub async fn await_answer(&self, name: &str, within: Duration) -> visit::Visit {
        until(&format!("{name} answers"), within, || async {
            let visit = self.visit(name, "/").await;
            (visit.status == 200).then_some(visit)
        })
        .await
    }

    /// The program of another agent: its own folder and its own ports, the same engine. It comes without a code and is
    /// approved by the command line.
    pub(crate) async fn start_second(&self) -> Program {
        let folder = self.folder.path().join("second");
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut enrol = Command::new(binary("ttalkak-agent"));
        enrol.args(["enrol", "--coordinator", &self.api_url(), "--name", "second", "--data-dir"]);
        enrol.arg(agent_folder(&folder));
        let mut pairing = Program::start(enrol, &folder.join("enrol.log"));
        let code = until("the machine shows a code", SOON, async || {
            let said = pairing.log_tail(5);
            said.split_once("providers approve ").map(|(_, code)| code.trim().to_owned())
        })
        .await;
        let output = self.cli(&["providers", "approve", &code]).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(pairing.wait(SOON).await.success(), "{}", pairing.log_tail(10));
        let mut env = self.options.agent_env.clone();
        env.push(("TTALKAK_AGENT_PORT_RANGE".to_owned(), "28000-28099".to_owned()));
        env.push(("TTALKAK_AGENT_NAME".to_owned(), "second".to_owned()));
        let options = Options { agent_env: env, namespace: None, ..Options::default() };
        start_agent(&folder, self.ports.api, None, &options)
    }

    /// Starts the agent again after it was killed or stopped.
    pub fn restart_agent(&mut self) {
        self.agent = start_agent(self.folder.path(), self.ports.api, None, &self.options);
    }

    /// Starts the coordinator again, with this environment beside its usual one.
    pub async fn restart_coordinator(&mut self, env: Vec<(String, String)>) {
        self.start_coordinator_again(env);
        await_health(&self.client, self.ports.api).await;
    }

    /// The same without waiting for it.
    pub fn start_coordinator_again(&mut self, env: Vec<(String, String)>) {
        self.coordinator = start_coordinator(self.folder.path(), self.ports, &self.options, env);
    }

    /// Names of all that the agent has in the engine.
    pub async fn objects(&self) -> Vec<String> {
        engine::objects(&self.engine, &self.agent_id).await
    }

    /// Waits until the agent has exactly so many containers.
    pub async fn await_containers(&self, count: usize) -> Vec<String> {
        until(&format!("the agent has {count} containers"), SOON, || async {
            let containers = engine::containers(&self.engine, &self.agent_id).await;
            (containers.len() == count).then_some(containers)
        })
        .await
    }

    /// Stops both programs in order and shows that nothing of theirs still runs.
    pub async fn stop(mut self) {
        self.agent.stop(Duration::from_secs(30)).await;
        self.coordinator.stop(Duration::from_secs(30)).await;
        assert!(
            engine::running(&self.engine, &self.agent_id).await.is_empty(),
            "a clean stop leaves no container running"
        );
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "--- coordinator\n{}\n--- agent\n{}",
                self.coordinator.log_tail(60),
                self.agent.log_tail(60)
            );
        }
        self.agent.signal("KILL");
        if !self.agent_id.is_empty() {
            engine::clear(&self.agent_id);
        }
    }
}

/// A port that nobody listens on, each once. None of those that the system gives to outgoing connections (from 32768
/// on): one of them could be anybody's by the time that a program opens it.
pub fn free_port() -> u16 {
    const FIRST: u16 = 10_000;
    const COUNT: u16 = 19_000;
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Test programs that run at the same time begin at places of their own.
    let begin = u16::try_from(std::process::id() * 97 % u32::from(COUNT)).expect("less than the count");
    let ports = std::iter::repeat_with(|| GIVEN.fetch_add(1, Ordering::Relaxed)).take(usize::from(COUNT));
    let mut ports = ports.map(|given| FIRST + (begin + given % COUNT) % COUNT);
    ports.find(|port| TcpListener::bind(("0.0.0.0", *port)).is_ok()).expect("a free port")
}

fn start_coordinator(
    folder: &Path,
    Ports { api, edge, public }: Ports,
    options: &Options,
    more: Vec<(String, String)>,
) -> Program {
    let mut command = Command::new(binary("ttalkak-coordinator"));
    command.args(["serve", "--allow-local-git", "--data-dir"]).arg(folder.join("coordinator"));
    let address = if options.namespace.is_some() { "0.0.0.0" } else { "127.0.0.1" };
    command.args(["--listen", &format!("{address}:{api}"), "--edge-listen", &format!("127.0.0.1:{edge}")]);
    command.args(["--public-ports", &format!("{public}-{public}")]);
    command.envs(options.coordinator_env.iter().map(|(key, value)| (key, value))).envs(more);
    Program::start(command, &folder.join("coordinator.log"))
}

fn start_agent(folder: &Path, api: u16, code: Option<&str>, options: &Options) -> Program {
    let (mut command, host) = match &options.namespace {
        None => (Command::new(binary("ttalkak-agent")), "127.0.0.1".to_owned()),
        Some(namespace) => {
            let mut command = Command::new("nsenter");
            command.arg(format!("--net=/run/netns/{}", namespace.name)).arg(binary("ttalkak-agent"));
            (command, namespace.outside.to_string())
        }
    };
    command
        .args(["run", "--coordinator", &format!("http://{host}:{api}"), "--data-dir"])
        .arg(agent_folder(folder));
    if let Some(code) = code {
        command.args(["--enrol-code", code]);
    }
    command.envs(options.agent_env.iter().map(|(key, value)| (key, value)));
    Program::start(command, &folder.join("agent.log"))
}

fn agent_folder(folder: &Path) -> PathBuf {
    folder.join("agent")
}

async fn await_health(client: &Client, port: u16) {
    until("the coordinator is healthy", SOON, || async {
        let response = client.get(format!("http://127.0.0.1:{port}/v1/health")).send().await.ok()?;
        response.status().is_success().then_some(())
    })
    .await;
}

async fn enrol_code(client: &Client, token: &str, port: u16) -> String {
    let url = format!("http://127.0.0.1:{port}/v1/enrolments");
    let (status, body) = visit::call(client, token, Method::POST, &url, Some(&json!({}))).await;
    assert!(status < 300, "no enrolment code: {body}");
    body["code"].as_str().expect("a code").to_owned()
}
