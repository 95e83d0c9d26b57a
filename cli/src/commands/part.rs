//! `ttalkak part`: which part of its project a deployment is. What asks a front end for `/api` is answered by the back end.

use crate::{args::deployment, context::Context, error::CliResult, output::plain};
use clap::ValueEnum;
use ttalkak_protocol::api::deployment::{DeploymentView, ProjectPart, SetPart};

/// What `part` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_parser = deployment)]
    name: String,
    /// The part
    part: Part,
}

/// A part of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// What browsers load
    FrontEnd,
    /// What answers /api at the front end's address; one in a project
    BackEnd,
    /// Neither: it stands alone
    None,
}

impl Part {
    /// As the API names it.
    pub(crate) fn wish(self) -> Option<ProjectPart> {
        match self {
            Self::FrontEnd => Some(ProjectPart::FrontEnd),
            Self::BackEnd => Some(ProjectPart::BackEnd),
            Self::None => None,
        }
    }
}

/// Makes it so.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let view = context.api()?.set_part(&args.name, &SetPart { part: args.part.wish() }).await?;
    context.output.result(&view, || words(&view))
}

fn words(view: &DeploymentView) -> String {
    let (name, project) = (plain(&view.name), plain(&view.project_name));
    match view.part {
        Some(ProjectPart::FrontEnd) => {
            format!("{name} is a front end of {project}: its /api is answered by the project's back end.")
        }
        Some(ProjectPart::BackEnd) => {
            format!("{name} is the back end of {project}: it answers /api of the project's front ends.")
        }
        None => format!("{name} stands alone."),
    }
}
