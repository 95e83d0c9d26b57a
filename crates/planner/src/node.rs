//! What all stacks of the Node world share: the manifest, the version of Node, the package manager, the stage that
//! installs and builds. Which framework it is stands in `stacks/`.

mod package;
mod packager;
mod start;
mod version;
mod workshop;

pub(crate) use package::Package;
pub(crate) use packager::{Flavour, Packager};
pub(crate) use start::{Start, command, exec_form};
pub(crate) use version::{DEFAULT_MAJOR, NodeVersion};
pub(crate) use workshop::{BuildStep, Workshop, apt_install};
