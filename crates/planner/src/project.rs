//! One source under consideration: the tree, the wishes, and the package manifest read once for all stacks.

use crate::error::PlanError;
use crate::node::Package;
use crate::options::PlanOptions;
use crate::source_tree::SourceTree;

/// What every stack is given.
pub(crate) struct Project<'a> {
    pub(crate) tree: &'a SourceTree,
    pub(crate) options: &'a PlanOptions,
    package: Result<Option<Package>, PlanError>,
}

impl<'a> Project<'a> {
    pub(crate) fn read(tree: &'a SourceTree, options: &'a PlanOptions) -> Self {
        Project { tree, options, package: Package::read(tree) }
    }

    /// The root's `package.json`. Its being broken is an error only for a stack that asks, as a repository with
    /// its own Dockerfile may hold a strange one.
    pub(crate) fn package(&self) -> Result<Option<&Package>, PlanError> {
        match &self.package {
            Ok(package) => Ok(package.as_ref()),
            Err(error) => Err(error.clone()),
        }
    }

    /// The command of the `web` process of a Procfile.
    pub(crate) fn procfile_web(&self) -> Option<&'a str> {
        let lines = self.tree.read("Procfile")?.lines();
        let command = lines.filter_map(|line| line.trim().strip_prefix("web:")).map(str::trim).next()?;
        (!command.is_empty()).then_some(command)
    }
}
