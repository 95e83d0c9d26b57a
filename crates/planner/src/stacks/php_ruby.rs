//! PHP and Ruby: recognised, so that the answer is an honest one. No recipe for them exists yet.

use super::Stack;
use crate::build_plan::BuildPlan;
use crate::error::PlanError;
use crate::project::Project;

pub(crate) const PHP: Stack = Stack { looks_for: "composer.json", detect: detect_php, plan: plan_php };
pub(crate) const RUBY: Stack = Stack { looks_for: "Gemfile", detect: detect_ruby, plan: plan_ruby };

fn detect_php(project: &Project<'_>) -> Result<bool, PlanError> {
    let tree = project.tree;
    Ok(tree.has("composer.json") || tree.has("artisan") || tree.has("index.php"))
}

fn detect_ruby(project: &Project<'_>) -> Result<bool, PlanError> {
    let tree = project.tree;
    // A Gemfile alone also serves tools of other projects (React Native's, say); these are of an application.
    let is_app = tree.has("config.ru") || tree.has("bin/rails") || tree.has("_config.yml");
    Ok(tree.has("Gemfile") && (is_app || !tree.has("package.json")))
}

fn plan_php(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let file = project.tree.first(&["composer.json", "artisan", "index.php"]).unwrap_or("composer.json");
    let name = if project.tree.has("artisan") { "a Laravel" } else { "a PHP" };
    Err(refusal(name, file))
}

fn plan_ruby(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let tree = project.tree;
    let gems = tree.read("Gemfile").unwrap_or_default();
    let rails = tree.has("bin/rails") || gems.contains("\"rails\"") || gems.contains("'rails'");
    let name = if rails {
        "a Rails"
    } else if tree.has("_config.yml") {
        "a Jekyll"
    } else {
        "a Ruby"
    };
    Err(refusal(name, "Gemfile"))
}

fn refusal(name: &str, file: &str) -> PlanError {
    PlanError::unsupported(
        format!("This is {name} project ({file}), and we cannot build those by ourselves yet."),
        "Add a Dockerfile at the root: it is used as it is.",
    )
}
