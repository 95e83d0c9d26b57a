//! Turns a planned release into what an agent receives: the recipe for its image and for its container. Pure; the
//! build key made here decides whether two builds are the same.

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use ttalkak_planner::{BuildPlan, PlanError, PlanOptions};
use ttalkak_protocol::{
    api::{
        deployment::Exposure,
        env::{EnvEntry, EnvScope},
    },
    error::{ErrorCode, Problem},
    id::AccountId,
    link::{BuildSpec, RunSpec, SourceRef},
    secret::Secret,
    unit::{Bytes, ContainerPort, MilliCpu, Millis},
};

/// A build is stopped after so long: a cold Gradle build on a home line needs a few minutes, a hung one needs an end.
pub const BUILD_DEADLINE: Millis = Millis(15 * 60 * 1000);
/// From SIGTERM to SIGKILL.
pub const STOP_GRACE: Millis = Millis(10_000);
/// An app must answer so soon after its start. Spring on a small share needs over half a minute.
pub const START_DEADLINE: Millis = Millis(120_000);

/// What a tenant set for running, apart from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSettings {
    /// HTTP or raw TCP.
    pub exposure: Exposure,
    /// The tenant's own port, else the plan's.
    pub port: Option<ContainerPort>,
    /// Memory limit.
    pub memory: Bytes,
    /// Processor limit.
    pub cpu: MilliCpu,
    /// Health path.
    pub health_path: Option<String>,
}

/// The wishes that the planner takes from a release: its environment, and its owner's own Dockerfile.
pub fn plan_options(account: AccountId, env: &[EnvEntry], dockerfile: Option<&str>) -> PlanOptions {
    let names = |secret: bool| {
        let of_build = env.iter().filter(|e| e.scope != EnvScope::Run && e.secret == secret);
        of_build.map(|e| e.key.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    };
    PlanOptions {
        build_env: names(false),
        secret_env: names(true),
        tenant_cache_prefix: account.short(),
        dockerfile: dockerfile.map(str::to_owned),
        ..PlanOptions::default()
    }
}

/// What a plan that could not be made tells the tenant.
pub fn plan_problem(error: &PlanError) -> Problem {
    let code = match error {
        PlanError::NothingDetected { .. } => ErrorCode::NothingDetected,
        PlanError::Unsupported { .. } => ErrorCode::PlanUnsupported,
        PlanError::InvalidManifest { .. } => ErrorCode::ManifestInvalid,
        PlanError::DockerfileRefused { .. } => ErrorCode::DockerfileRefused,
        PlanError::InvalidOption { .. } => ErrorCode::EnvKeyInvalid,
    };
    Problem::new(code, error.to_string()).with_next(error.next_move())
}

/// Values of the plan's build arguments and secrets.
fn build_values(
    plan: &BuildPlan,
    env: &[EnvEntry],
) -> (BTreeMap<String, String>, BTreeMap<String, Secret<String>>) {
    let of_build = |key: &String, secret: bool| {
        env.iter().find(|e| e.key == *key && e.secret == secret && e.scope != EnvScope::Run)
    };
    let args =
        plan.build_args.iter().filter_map(|k| Some((k.clone(), of_build(k, false)?.value.reveal().clone())));
    let secrets =
        plan.build_secrets.iter().filter_map(|k| Some((k.clone(), of_build(k, true)?.value.clone())));
    (args.collect(), secrets.collect())
}

/// SHA-256 (hex) over all that goes into an image. Each part is preceded by its length, so that no two different
/// inputs run together. The account is part of it: one tenant's image is never another's.
pub fn build_key(account: AccountId, source_digest: &str, plan: &BuildPlan, env: &[EnvEntry]) -> String {
    let (args, secrets) = build_values(plan, env);
    let mut hash = Sha256::new();
    let mut feed = |part: &str| {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    };
    feed(&account.to_string());
    feed(source_digest);
    feed(&plan.dockerfile);
    for (name, text) in plan.files.iter().chain(&args) {
        feed(name);
        feed(text);
    }
    for (name, value) in &secrets {
        feed(name);
        feed(value.reveal());
    }
    hex::encode(hash.finalize())
}

/// The recipe for the image.
pub fn build_spec(build_key: String, source: SourceRef, plan: &BuildPlan, env: &[EnvEntry]) -> BuildSpec {
    let (args, secrets) = build_values(plan, env);
    BuildSpec {
        build_key,
        source,
        dockerfile: plan.dockerfile.clone(),
        files: plan.files.clone(),
        args,
        secrets,
        deadline: BUILD_DEADLINE,
    }
}

/// The port that visitors' streams go to. Errors: the plan names a port that is none (an own Dockerfile's `EXPOSE`).
pub fn port(plan: &BuildPlan, settings: &RunSettings) -> Result<ContainerPort, Problem> {
    settings.port.map_or_else(
        || {
            ContainerPort::try_from(i64::from(plan.port)).map_err(|error| {
                Problem::new(
                    ErrorCode::PortOutOfRange,
                    format!("The plan routes to a port that is none: {error}."),
                )
            })
        },
        Ok,
    )
}

/// The recipe for the container. A `PORT` set by the tenant loses against the port that is routed to, since an app
/// that listens elsewhere would be reachable by nobody.
pub fn run_spec(port: ContainerPort, settings: &RunSettings, env: &[EnvEntry]) -> RunSpec {
    let of_run = env.iter().filter(|e| e.scope != EnvScope::Build);
    let mut env: BTreeMap<String, Secret<String>> =
        of_run.map(|e| (e.key.clone(), e.value.clone())).collect();
    env.insert("PORT".to_owned(), Secret::new(port.to_string()));
    env.entry("SERVER_PORT".to_owned()).or_insert_with(|| Secret::new(port.to_string()));
    RunSpec {
        env,
        port,
        exposure: settings.exposure,
        memory: settings.memory,
        cpu: settings.cpu,
        stop_grace: STOP_GRACE,
        start_deadline: START_DEADLINE,
        health_path: settings.health_path.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_planner::SourceTree;
    use uuid::Uuid;

    fn entry(key: &str, value: &str, scope: EnvScope, secret: bool) -> EnvEntry {
        EnvEntry { key: key.into(), value: Secret::new(value.into()), scope, secret }
    }

    fn account(n: u128) -> AccountId {
        AccountId::new(Uuid::from_u128(n))
    }

    fn vite(env: &[EnvEntry]) -> BuildPlan {
        let mut tree = SourceTree::new();
        let manifest = r#"{"scripts":{"build":"vite build"},"devDependencies":{"vite":"^8.0.0"}}"#;
        tree.insert("package.json", Some(manifest));
        tree.insert("index.html", Some("<!doctype html>"));
        ttalkak_planner::plan(&tree, &plan_options(account(1), env, None)).expect("a Vite project")
    }

    #[test]
    fn the_build_key_changes_with_everything_that_goes_into_the_image_and_with_nothing_else() {
        let env = [entry("VITE_API", "a", EnvScope::Both, false), entry("TOKEN", "s", EnvScope::Build, true)];
        let plan = vite(&env);
        let key = build_key(account(1), "d1", &plan, &env);
        let run_only = [&env[..], &[entry("LATE", "x", EnvScope::Run, false)]].concat();
        assert_eq!(key, build_key(account(1), "d1", &plan, &run_only));
        let mut other = env.clone();
        other[0].value = Secret::new("b".into());
        assert_ne!(key, build_key(account(1), "d1", &plan, &other));
        assert_ne!(key, build_key(account(1), "d2", &plan, &env));
        assert_ne!(key, build_key(account(2), "d1", &plan, &env));
    }

    #[test]
    fn a_build_secret_is_never_an_argument() {
        let env = [
            entry("NPM_TOKEN", "s3cret", EnvScope::Build, true),
            entry("VITE_A", "1", EnvScope::Both, false),
        ];
        let source = SourceRef {
            path: "/".into(),
            token: Secret::new(String::new()),
            digest: "d".into(),
            bytes: Bytes(1),
        };
        let spec = build_spec("k".into(), source, &vite(&env), &env);
        assert_eq!(spec.args.keys().collect::<Vec<_>>(), ["VITE_A"]);
        assert_eq!(spec.secrets.keys().collect::<Vec<_>>(), ["NPM_TOKEN"]);
        assert!(!spec.dockerfile.contains("s3cret"));
    }

    #[test]
    fn the_app_is_told_the_port_that_is_routed_to() {
        let settings = RunSettings {
            exposure: Exposure::Http,
            port: None,
            memory: Bytes::mib(64),
            cpu: MilliCpu(100),
            health_path: None,
        };
        let env =
            [entry("PORT", "1", EnvScope::Both, false), entry("ONLY_BUILD", "1", EnvScope::Build, false)];
        let spec = run_spec(port(&vite(&[]), &settings).unwrap(), &settings, &env);
        assert_eq!(spec.env["PORT"].reveal(), "8080");
        assert!(!spec.env.contains_key("ONLY_BUILD"));
    }
}
