//! Maven: the module that is packed as a jar with a main class.

use super::Stack;
use crate::build_plan::{BuildPlan, PackageManager, Platform};
use crate::dockerfile::{Dockerfile, Run, Stage};
use crate::error::PlanError;
use crate::java::{self, JavaVersion};
use crate::project::Project;
use crate::scan;

mod pom;

use pom::Pom;

pub(crate) const STACK: Stack = Stack { looks_for: "pom.xml", detect, plan };

fn detect(project: &Project<'_>) -> Result<bool, PlanError> {
    Ok(project.tree.has("pom.xml"))
}

fn plan(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let mut plan = BuildPlan::new(Platform::Maven);
    plan.package_manager = Some(PackageManager::Maven);
    let root = Pom::read(project.tree, "")?;
    let modules = modules(project, &root)?;
    let module = choose(&mut plan, &root, &modules)?;
    refuse_war(module)?;
    plan.because(&module.file, format!("packaging {}", module.packaging), "build with Maven and run the jar");

    let wish = module.java.clone().map(|text| (module.file.clone(), text));
    let wish = wish.or_else(|| Some((root.file.clone(), root.java.clone()?)));
    let version = JavaVersion::choose(project.tree, wish);
    plan.evidence.push(version.evidence.clone());
    plan.runtime("java", version.line.to_string());
    plan.framework = module.framework().or(root.framework()).map(str::to_owned);
    if plan.framework.is_none() && !module.packs_dependencies && module.has_dependencies {
        plan.warn("pom.xml packs no dependencies into the jar (no Spring Boot, shade or assembly plugin): it may not start.");
    }

    let options = project.options;
    let inline: String = options.build_env.iter().map(|name| format!("{name}=\"${name}\" ")).collect();
    let mut command = format!("{inline}mvn -B -q -DskipTests");
    if !module.dir.is_empty() {
        command.push_str(&format!(" -pl {} -am", scan::shell_word(&module.dir)));
    }
    if plan.framework.as_deref() == Some("quarkus") {
        // By default its jar leans on folders beside it; older versions know the second name.
        command.push_str(" -Dquarkus.package.jar.type=uber-jar -Dquarkus.package.type=uber-jar");
    }
    command.push_str(" package");
    let mut run = Run::new(command)
        .cache(options.cache_id("maven"), "/root/.m2/repository")
        .secrets(&options.secret_env);
    let below = if module.dir.is_empty() { "/src".to_owned() } else { format!("/src/{}", module.dir) };
    for command in java::pick_jar(&scan::shell_word(&below), "target") {
        run = run.then(command);
    }
    let build = Stage::named(format!("maven:3-eclipse-temurin-{}", version.line), "build")
        .workdir("/src")
        .copy(&["."], "./")
        .args(&options.build_env)
        .run(run);
    let last = java::run_stage(&version, "/app.jar", "/app/app.jar", &["java", "-jar", "/app/app.jar"]);
    plan.start = Some("java -jar /app/app.jar".to_owned());
    plan.recipe(&Dockerfile::new(vec![build, last]));
    Ok(plan)
}

/// The modules that the root names, those below a module included; a missing one is Maven's to complain about.
fn modules(project: &Project<'_>, root: &Pom) -> Result<Vec<Pom>, PlanError> {
    let mut found = Vec::new();
    for dir in &root.modules {
        if !project.tree.has(&format!("{dir}/pom.xml")) {
            continue;
        }
        let module = Pom::read(project.tree, dir)?;
        for inner in &module.modules {
            let dir = format!("{dir}/{inner}");
            if project.tree.has(&format!("{dir}/pom.xml")) {
                found.push(Pom::read(project.tree, &dir)?);
            }
        }
        found.push(module);
    }
    Ok(found)
}

/// The root where it is a jar; else the module that makes a program, by its plugins.
fn choose<'p>(plan: &mut BuildPlan, root: &'p Pom, modules: &'p [Pom]) -> Result<&'p Pom, PlanError> {
    if root.packaging != "pom" {
        return Ok(root);
    }
    let programs: Vec<&Pom> = modules.iter().filter(|m| m.makes_program && m.packaging == "jar").collect();
    if let [first, _, ..] = programs.as_slice() {
        let names: Vec<&str> = programs.iter().map(|m| m.dir.as_str()).collect();
        plan.warn(format!("Several modules make a program ({}): {} is used.", names.join(", "), first.dir));
    }
    let jars: Vec<&Pom> = modules.iter().filter(|m| m.packaging == "jar").collect();
    let only = if let [only] = jars.as_slice() { Some(*only) } else { None };
    programs.first().copied().or(only).or_else(|| modules.iter().find(|m| m.packaging == "war")).ok_or_else(|| {
        PlanError::unsupported(
            "None of the Maven modules makes a program that can be run.",
            "Add the Spring Boot or shade plugin with a main class to one module, or choose its folder as root directory.",
        )
    })
}

fn refuse_war(module: &Pom) -> Result<(), PlanError> {
    // Spring Boot makes a war that runs by itself, yet under a name that the jar's choice would not find.
    if module.packaging == "jar" || module.packaging == "quarkus" {
        return Ok(());
    }
    Err(PlanError::unsupported(
        format!("{} has the packaging {:?}, which leaves no jar to run.", module.file, module.packaging),
        "Set <packaging>jar</packaging> with an embedded server, or add a Dockerfile with Tomcat.",
    ))
}
