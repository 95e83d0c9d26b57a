//! Gradle, in Groovy and Kotlin: the module that makes a program, by Spring Boot, the `application` plugin, a
//! shadow jar or a plain one.

use super::Stack;
use crate::build_plan::{BuildPlan, PackageManager, Platform};
use crate::dockerfile::{Dockerfile, Run, Stage};
use crate::error::PlanError;
use crate::java::{self, JavaVersion};
use crate::project::Project;
use crate::scan;

mod script;

use script::{Kind, Module, modules};

pub(crate) const STACK: Stack = Stack { looks_for: "build.gradle or build.gradle.kts", detect, plan };

const ROOT_FILES: [&str; 4] = ["build.gradle.kts", "build.gradle", "settings.gradle.kts", "settings.gradle"];
const WRAPPER: &str = "gradle/wrapper/gradle-wrapper.properties";
/// The line of Gradle for a project without a wrapper.
const DEFAULT_MAJOR: u64 = 8;
/// Lines that images exist for.
const MAJORS: std::ops::RangeInclusive<u64> = 5..=9;

fn detect(project: &Project<'_>) -> Result<bool, PlanError> {
    Ok(project.tree.first(&ROOT_FILES).is_some())
}

fn plan(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let mut plan = BuildPlan::new(Platform::Gradle);
    plan.package_manager = Some(PackageManager::Gradle);
    let all = modules(project.tree);
    let module = choose(&mut plan, &all)?;
    let wish = module.java.clone().or_else(|| all.iter().find_map(|other| other.java.clone()));
    let version = JavaVersion::choose(project.tree, wish);
    plan.evidence.push(version.evidence.clone());
    let (gradle, version) = gradle_major(&mut plan, project, version);
    plan.runtime("java", version.line.to_string());
    plan.framework = module.framework().map(str::to_owned);

    let product = Product::of(module);
    plan.because(&module.file, product.found, format!("build with the task {}", product.task));
    let task = if module.dir.is_empty() {
        product.task.to_owned()
    } else {
        format!(":{}:{}", module.path(), product.task)
    };
    let options = project.options;
    let inline: String = options.build_env.iter().map(|name| format!("{name}=\"${name}\" ")).collect();
    let command = format!("{inline}gradle --no-daemon --console=plain {}", scan::shell_word(&task));
    let mut run = Run::new(command)
        .cache(options.cache_id("gradle"), "/home/gradle/.gradle/caches")
        .secrets(&options.secret_env);
    for command in product.after(&module.dir) {
        run = run.then(command);
    }
    let build = Stage::named(format!("gradle:{gradle}-jdk{}", version.line), "build")
        .workdir("/src")
        .copy(&["."], "./")
        .args(&options.build_env)
        // The root user's caches and the image's own must be one place, where the mount is.
        .env(&[("GRADLE_USER_HOME", "/home/gradle/.gradle")])
        .run(run);
    let last = product.run_stage(&version, module);
    plan.start = Some(product.start(module).join(" "));
    plan.recipe(&Dockerfile::new(vec![build, last]));
    Ok(plan)
}

/// The module that makes the program; several are told of.
fn choose<'m>(plan: &mut BuildPlan, all: &'m [Module]) -> Result<&'m Module, PlanError> {
    let programs: Vec<&Module> = all.iter().filter(|module| module.kind != Kind::Plain).collect();
    if let [first, second, ..] = programs.as_slice() {
        let names: Vec<&str> = programs.iter().map(|module| module.shown()).collect();
        plan.warn(format!(
            "Several modules make a program ({}): {} is used.",
            names.join(", "),
            first.shown()
        ));
        plan.because(&second.file, "another program", "choose its folder as the root directory to deploy it");
    }
    let module =
        programs.first().copied().or_else(|| all.iter().find(|module| module.is_java)).ok_or_else(|| {
            PlanError::unsupported(
                "This Gradle project has no module that makes a Java or Kotlin program.",
                "Apply the application or Spring Boot plugin to the module that holds the main class.",
            )
        })?;
    if module.is_war && module.kind == Kind::Plain {
        return Err(PlanError::unsupported(
            format!("{} makes a war, which has no program of its own to run.", module.file),
            "Use the Spring Boot plugin with an embedded server, or add a Dockerfile with Tomcat.",
        ));
    }
    Ok(module)
}

/// The line of Gradle, from the wrapper, and a Java that it runs on.
fn gradle_major(plan: &mut BuildPlan, project: &Project<'_>, java: JavaVersion) -> (u64, JavaVersion) {
    let url = project.tree.read(WRAPPER).and_then(|text| scan::property(text, "distributionUrl"));
    let wanted = url.and_then(|url| scan::first_number(url.rsplit_once("gradle-")?.1));
    match wanted {
        Some(major) => {
            plan.because(WRAPPER, format!("Gradle {major}"), "use the image of that line, not a download")
        }
        None => plan.because("the project", "no Gradle wrapper", format!("use Gradle {DEFAULT_MAJOR}")),
    }
    let mut major = wanted.unwrap_or(DEFAULT_MAJOR);
    // Each line runs on Javas up to some version: 6 up to 15, 7 up to 19, 8 up to 24; 9 needs 17 at least.
    let least = match java.line {
        0..=11 => *MAJORS.start(),
        12..=17 => 7,
        18..=21 => 8,
        _ => 9,
    };
    if major < least {
        plan.warn(format!("Gradle {major} does not run on Java {}: Gradle {least} is used.", java.line));
        major = least;
    }
    let major = major.min(*MAJORS.end());
    let line = if major >= 9 { java.line.max(17) } else { java.line };
    (major, JavaVersion { line, ..java })
}

/// What a module makes: the task, and what is taken from its output.
struct Product {
    found: &'static str,
    task: &'static str,
    /// A folder of jars rather than one jar.
    is_folder: bool,
}

impl Product {
    fn of(module: &Module) -> Product {
        let product = |found, task, is_folder| Product { found, task, is_folder };
        match module.kind {
            Kind::SpringBoot => product("the Spring Boot plugin", "bootJar", false),
            Kind::Shadow => product("the shadow plugin", "shadowJar", false),
            Kind::Application => product("the application plugin", "installDist", true),
            Kind::Plain => product("a plain Java project", "assemble", false),
        }
    }

    fn after(&self, dir: &str) -> Vec<String> {
        let below = if dir.is_empty() { "/src".to_owned() } else { format!("/src/{dir}") };
        if self.is_folder {
            vec![
                format!("cp -r {}/build/install/* /program", scan::shell_word(&below)),
                "chmod -R a+rX /program".to_owned(),
            ]
        } else {
            java::pick_jar(&scan::shell_word(&below), "build/libs")
        }
    }

    fn start(&self, module: &Module) -> Vec<String> {
        let words: Vec<&str> = match (&module.main_class, self.is_folder) {
            (Some(main), true) => vec!["java", "-cp", "/app/lib/*", main],
            // The plugin's own script knows the class; there is one for Windows beside it.
            (None, true) => {
                vec!["sh", "-c", "for run in bin/*; do case $run in *.bat) ;; *) exec sh $run ;; esac; done"]
            }
            (_, false) => vec!["java", "-jar", "/app/app.jar"],
        };
        words.into_iter().map(str::to_owned).collect()
    }

    fn run_stage(&self, version: &JavaVersion, module: &Module) -> Stage {
        let words = self.start(module);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (from, to) = if self.is_folder { ("/program", "./") } else { ("/app.jar", "/app/app.jar") };
        java::run_stage(version, from, to, &words)
    }
}
