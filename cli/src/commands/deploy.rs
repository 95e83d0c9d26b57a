//! `ttalkak deploy`: a repository or a folder in, an address out.

mod source;
pub(super) mod wish;

use self::source::Origin;
use super::{WaitArgs, part::Part};
use crate::{
    api::Api,
    args::{deployment, new_name, token},
    clock,
    context::Context,
    cost,
    env_entry::{Assignment, EnvBuilder},
    error::{CliError, CliResult},
    rollout::{self, Rollout, Screen},
    term::TermArgs,
};
use clap::ValueEnum;
use std::path::{Path, PathBuf};
use tokio::time::Instant;
use ttalkak_protocol::{
    api::{
        deployment::{CreateDeployment, DeploymentView, Exposure, Redeploy, SetPart, SetSize, SetTerm},
        env::{EnvEntry, EnvScope},
    },
    unit::{Bytes, MilliCpu, UnixMillis},
};

/// What `deploy` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A Git address (https://…) or a folder
    #[arg(value_name = "GIT_URL|PATH", default_value = ".")]
    source: String,
    /// Name, and first label of the address; the repository's or folder's own when absent
    #[arg(long, value_parser = new_name)]
    name: Option<String>,
    /// Branch or tag; the default branch when absent
    #[arg(long)]
    branch: Option<String>,
    /// Folder of the app within the repository or folder
    #[arg(long, value_name = "DIR")]
    root_dir: Option<String>,
    /// Set a variable; may be given often
    #[arg(long = "env", short = 'e', value_name = "KEY=VALUE")]
    env: Vec<Assignment>,
    /// Set a variable that is never shown again; may be given often
    #[arg(long = "secret", value_name = "KEY=VALUE")]
    secrets: Vec<Assignment>,
    /// Set the variables of a .env file; --env and --secret win over it
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
    /// The same as --env-file, for variables that are never shown again
    #[arg(long, value_name = "FILE")]
    secret_file: Vec<PathBuf>,
    /// When the variables given here are there
    #[arg(long, value_name = "SCOPE", default_value = "both")]
    env_scope: Scope,
    /// Read token for a private repository; better in TTALKAK_GIT_TOKEN, as others on this machine see arguments
    #[arg(long, value_name = "TOKEN", env = "TTALKAK_GIT_TOKEN", hide_env_values = true)]
    git_token: Option<String>,
    /// Raw TCP on a public port instead of HTTP
    #[arg(long)]
    tcp: bool,
    /// Port that the app listens on, when the detector should not decide
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Memory limit, such as 512MiB (32MiB to 16GiB)
    #[arg(long, value_name = "SIZE", value_parser = wish::memory)]
    memory: Option<Bytes>,
    /// Processor limit, such as 0.5 (0.05 to 16)
    #[arg(long, value_name = "CORES", value_parser = wish::cpu)]
    cpu: Option<MilliCpu>,
    /// A path that must answer below 500 for the app to count as healthy
    #[arg(long, value_name = "PATH", value_parser = wish::health_path)]
    health_path: Option<String>,
    /// Project to put it into
    #[arg(long, value_parser = deployment)]
    project: Option<String>,
    /// Build it by this Dockerfile instead of what is detected
    #[arg(long, value_name = "FILE")]
    dockerfile: Option<PathBuf>,
    /// Which part of its project it is: /api of a front end is answered by the back end
    #[arg(long, value_name = "PART")]
    part: Option<Part>,
    #[command(flatten)]
    term: TermArgs,
    #[command(flatten)]
    wait: WaitArgs,
}

/// When a variable is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    /// While the image is built
    Build,
    /// While the app runs
    Run,
    /// Both
    Both,
}

impl From<Scope> for EnvScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Build => Self::Build,
            Scope::Run => Self::Run,
            Scope::Both => Self::Both,
        }
    }
}

/// The text of a Dockerfile.
pub(super) fn dockerfile(path: &Path) -> CliResult<String> {
    std::fs::read_to_string(path).map_err(|cause| CliError::file("read the Dockerfile", cause))
}

/// Deploys and waits.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let started = Instant::now();
    context.on_interrupt("Interrupted before anything was deployed.", "Run the command again when you like.");
    let env = args.env()?;
    let git_token = args.git_token.as_deref().map(token).transpose()?;
    let origin = Origin::parse(&args.source, args.branch.as_deref(), args.root_dir.as_deref())?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => origin.name()?,
    };
    let until = args.term.end(clock::now())?;
    let own = args.dockerfile.as_deref().map(dockerfile).transpose()?;
    let api = context.api()?;
    let mut screen = Screen::new(&context.output, args.wait.verbose);
    screen.now("Asking the coordinator", "");
    let existing = api.find_deployment(&name).await?;
    if let Some(existing) = &existing {
        args.check_unchanged(existing)?;
        screen.print(&format!("{name} exists: this becomes its next release"));
    }
    let plan_known = matches!(origin, Origin::Folder(_));
    let source = origin.request(&api, &mut screen, &env, git_token).await?;
    screen.now("Starting the deploy", "");
    let accepted = match existing {
        Some(existing) => {
            if until.is_some() && until != existing.until {
                api.set_term(&name, &SetTerm { until }).await?;
            }
            args.reshape(&api, &existing).await?;
            api.redeploy(&name, &Redeploy { source: Some(source), env, dockerfile: own }).await?
        }
        None => {
            let creation = args.creation(name.clone(), source, env, until);
            api.create_deployment(&CreateDeployment { dockerfile: own, ..creation }).await?
        }
    };
    let rollout = Rollout {
        accepted,
        reused: false,
        plan_known,
        verbose: args.wait.verbose,
        no_wait: args.wait.no_wait,
        started,
    };
    rollout::finish(context, &api, rollout, screen).await?;
    if !args.wait.no_wait
        && !context.output.json
        && let Some(cost) = cost::of(&api, &name).await
    {
        context.output.say(format!("Costs {cost}"));
    }
    Ok(())
}

impl Args {
    fn env(&self) -> CliResult<Vec<EnvEntry>> {
        let mut env = EnvBuilder::new(self.env_scope.into());
        for file in &self.env_file {
            env.file(file, false)?;
        }
        for file in &self.secret_file {
            env.file(file, true)?;
        }
        env.assignments(&self.env, false)?;
        env.assignments(&self.secrets, true)?;
        Ok(env.finish())
    }

    fn creation(
        &self,
        name: String,
        source: ttalkak_protocol::api::deployment::SourceRequest,
        env: Vec<EnvEntry>,
        until: Option<UnixMillis>,
    ) -> CreateDeployment {
        CreateDeployment {
            name,
            project: self.project.clone(),
            source,
            env,
            exposure: if self.tcp { Exposure::Tcp } else { Exposure::Http },
            port: self.port.map(i64::from),
            memory_bytes: self.memory.map(|memory| memory.0),
            milli_cpu: self.cpu.map(|cpu| cpu.0),
            health_path: self.health_path.clone(),
            until,
            dockerfile: None,
            part: self.part.and_then(Part::wish),
        }
    }

    /// Gives what exists the size and the part that are wished for.
    async fn reshape(&self, api: &Api, existing: &DeploymentView) -> CliResult<()> {
        let memory = self.memory.filter(|memory| *memory != existing.memory_bytes);
        let cpu = self.cpu.filter(|cpu| *cpu != existing.milli_cpu);
        if memory.is_some() || cpu.is_some() {
            let size = SetSize { memory_bytes: memory.map(|it| it.0), milli_cpu: cpu.map(|it| it.0) };
            api.set_size(&existing.name, &size).await?;
        }
        if let Some(part) = self.part.map(Part::wish).filter(|part| *part != existing.part) {
            api.set_part(&existing.name, &SetPart { part }).await?;
        }
        Ok(())
    }
}
