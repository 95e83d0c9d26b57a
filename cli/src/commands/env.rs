//! `ttalkak env`: the variables of a deployment.

use super::deploy::Scope;
use crate::{
    args::deployment,
    context::Context,
    env_entry::{Assignment, EnvBuilder, parse_key},
    error::CliResult,
    output::{Paint, plain, table},
};
use std::path::PathBuf;
use ttalkak_protocol::api::env::{EnvList, EnvScope, EnvView, SetEnv};

/// What `env` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_parser = deployment)]
    name: String,
    /// What to do; `list` when absent
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Show them; the values of secrets stay hidden
    List,
    /// Set some; others stay
    Set {
        /// KEY=VALUE, one or more
        #[arg(required = true, value_name = "KEY=VALUE")]
        entries: Vec<Assignment>,
        #[command(flatten)]
        kind: Kind,
    },
    /// Remove some
    Unset {
        /// Keys, one or more
        #[arg(required = true, value_name = "KEY", value_parser = parse_key)]
        keys: Vec<String>,
    },
    /// Set those of a .env file; others stay
    Import {
        /// The file
        file: PathBuf,
        /// Remove all others
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        kind: Kind,
    },
}

#[derive(clap::Args)]
struct Kind {
    /// Never show them again, and mount them in a build instead of passing them
    #[arg(long)]
    secret: bool,
    /// When they are there
    #[arg(long, default_value = "both")]
    scope: Scope,
}

/// Shows or changes them.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let name = &args.name;
    let change = |set| SetEnv { set, unset: Vec::new() };
    let (list, changed) = match args.action {
        None | Some(Action::List) => (context.api()?.env(name).await?, false),
        Some(Action::Set { entries, kind }) => {
            let mut env = EnvBuilder::new(kind.scope.into());
            env.assignments(&entries, kind.secret)?;
            (context.api()?.change_env(name, &change(env.finish())).await?, true)
        }
        Some(Action::Unset { keys }) => {
            let change = SetEnv { set: Vec::new(), unset: keys };
            (context.api()?.change_env(name, &change).await?, true)
        }
        Some(Action::Import { file, replace, kind }) => {
            let mut env = EnvBuilder::new(kind.scope.into());
            env.file(&file, kind.secret)?;
            let (api, body) = (context.api()?, change(env.finish()));
            let list = if replace {
                api.replace_env(name, &body).await?
            } else {
                api.change_env(name, &body).await?
            };
            (list, true)
        }
    };
    context.output.result(&list, || words(&list, context.output.out))?;
    if changed && list.pending && !context.output.json {
        context.output.say(next_step(name, &list));
    }
    Ok(())
}

fn words(list: &EnvList, paint: Paint) -> String {
    if list.items.is_empty() {
        return "No variables.".to_owned();
    }
    let rows: Vec<_> = list
        .items
        .iter()
        .map(|item| {
            [item.key.clone(), value(item, paint), scope(item.scope).to_owned(), note(item).to_owned()]
        })
        .collect();
    table(["KEY", "VALUE", "WHEN", "NOTE"], &rows, paint)
}

fn value(item: &EnvView, paint: Paint) -> String {
    match &item.value {
        Some(value) => plain(&value.replace('\n', "\\n")),
        None => paint.dim("hidden"),
    }
}

fn scope(scope: EnvScope) -> &'static str {
    match scope {
        EnvScope::Build => "build",
        EnvScope::Run => "run",
        EnvScope::Both => "build, run",
    }
}

fn note(item: &EnvView) -> &'static str {
    match (item.public, item.secret) {
        (true, true) => "secret, yet baked into what browsers download",
        (true, false) => "visible in browsers",
        (false, true) => "secret",
        (false, false) => "",
    }
}

fn next_step(name: &str, list: &EnvList) -> String {
    // A restart is enough for what is read at run time only.
    let rebuild = list.items.iter().any(|item| item.public || item.scope != EnvScope::Run);
    let verb = if rebuild { "redeploy" } else { "restart" };
    format!("The running release still has the old values; apply them with `ttalkak {verb} {name}`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(key: &str, value: Option<&str>, public: bool) -> EnvView {
        EnvView {
            key: key.into(),
            value: value.map(str::to_owned),
            scope: EnvScope::Run,
            secret: value.is_none(),
            public,
        }
    }

    #[test]
    fn a_secret_is_told_to_be_hidden_and_a_public_one_to_be_visible() {
        let list = EnvList {
            items: vec![item("A", None, false), item("VITE_B", Some("x\ny"), true)],
            pending: true,
        };
        assert_eq!(
            words(&list, Paint::new(false)),
            "KEY     VALUE   WHEN  NOTE\nA       hidden  run   secret\nVITE_B  x\\ny    run   visible in browsers"
        );
        assert!(next_step("shop", &list).contains("redeploy shop"));
        let list = EnvList { items: vec![item("A", None, false)], pending: true };
        assert!(next_step("shop", &list).contains("restart shop"));
    }
}
