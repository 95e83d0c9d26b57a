//! Reading Gradle's scripts without running them: modules, plugins, main class, version of Java.

use crate::scan;
use crate::source_tree::SourceTree;

/// How a module makes a program, most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    SpringBoot,
    Shadow,
    Application,
    Plain,
}

/// One module with a build script of its own; the root is the one with an empty `dir`.
#[derive(Debug, Clone)]
pub(crate) struct Module {
    pub(crate) dir: String,
    pub(crate) file: String,
    pub(crate) kind: Kind,
    pub(crate) is_java: bool,
    pub(crate) is_war: bool,
    pub(crate) main_class: Option<String>,
    /// File and words that name a version of Java.
    pub(crate) java: Option<(String, String)>,
    text: String,
}

impl Module {
    fn read(tree: &SourceTree, dir: &str) -> Option<Module> {
        let at = |name: &str| if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") };
        let file = ["build.gradle.kts", "build.gradle"].into_iter().map(at).find(|file| tree.has(file))?;
        let text = scan::without_comments(tree.read(&file)?);
        Some(Module {
            kind: kind(&text),
            is_java: has_plugin(&text, "java")
                || text.contains("kotlin")
                || text.contains("groovy")
                || tree.has_dir(&at("src/main")),
            is_war: has_plugin(&text, "war"),
            main_class: main_class(&text),
            java: java(&text).map(|found| (file.clone(), found)),
            dir: dir.to_owned(),
            file,
            text,
        })
    }

    /// The module as a Gradle path, without the leading colon.
    pub(crate) fn path(&self) -> String {
        self.dir.replace('/', ":")
    }

    /// The module's name for people.
    pub(crate) fn shown(&self) -> &str {
        if self.dir.is_empty() { "the root" } else { &self.dir }
    }

    pub(crate) fn framework(&self) -> Option<&'static str> {
        const KNOWN: [(&str, &str); 6] = [
            ("spring", "spring-boot"),
            ("io.ktor", "ktor"),
            ("micronaut", "micronaut"),
            ("quarkus", "quarkus"),
            ("javalin", "javalin"),
            ("sparkjava", "spark"),
        ];
        if self.kind == Kind::SpringBoot {
            return Some("spring-boot");
        }
        KNOWN.iter().skip(1).find(|(word, _)| self.text.contains(word)).map(|(_, name)| *name)
    }
}

/// The root and the modules that the settings include, those that make a program by themselves first in order.
pub(crate) fn modules(tree: &SourceTree) -> Vec<Module> {
    let settings = ["settings.gradle.kts", "settings.gradle"].into_iter().find_map(|file| tree.read(file));
    let settings = scan::without_comments(settings.unwrap_or_default());
    let mut dirs = vec![String::new()];
    dirs.extend(included(&settings));
    let mut found: Vec<Module> = dirs.iter().filter_map(|dir| Module::read(tree, dir)).collect();
    // A root that only hands its plugins down (`apply false`, `subprojects`) makes no program itself.
    if found.len() > 1 && !tree.has_dir("src/main") {
        found.retain(|module| !module.dir.is_empty());
    }
    found
}

/// Folders named by `include`: `include ':app', 'services:api'`, `include("app")`.
fn included(settings: &str) -> Vec<String> {
    let mut dirs: Vec<String> = Vec::new();
    for (at, _) in settings.match_indices("include") {
        let rest = settings[at + "include".len()..].trim_start();
        if !rest.starts_with(['(', '\'', '"']) {
            continue;
        }
        // The list goes on over lines as long as a comma or an open bracket says so.
        let mut rest = rest.trim_start_matches('(').trim_start();
        while let Some(name) = scan::quoted(rest) {
            let dir = name.trim_start_matches(':').replace(':', "/");
            if let Some(dir) = scan::folder(&dir)
                && !dirs.contains(&dir)
            {
                dirs.push(dir);
            }
            let Some(next) = rest[name.len() + 2..].trim_start().strip_prefix(',') else { break };
            rest = next.trim_start();
        }
    }
    dirs
}

fn kind(text: &str) -> Kind {
    let boot = has_plugin(text, "org.springframework.boot")
        || text.contains("libs.plugins.spring.boot")
        || text.contains("libs.plugins.springboot");
    let shadow =
        ["com.github.johnrengelman.shadow", "com.gradleup.shadow"].iter().any(|id| has_plugin(text, id));
    if boot {
        Kind::SpringBoot
    } else if shadow {
        Kind::Shadow
    } else if has_plugin(text, "application")
        || text.contains("application-conventions")
        || has_block(text, "application")
    {
        Kind::Application
    } else {
        Kind::Plain
    }
}

fn has_block(text: &str, name: &str) -> bool {
    text.lines()
        .any(|line| line.trim().strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('{')))
}

/// Whether the script applies the plugin `id`, in any of the ways to write it. `apply false` applies it not.
fn has_plugin(text: &str, id: &str) -> bool {
    text.lines().map(str::trim).any(|line| {
        if line.ends_with("apply false") || line.contains(".apply(false)") {
            return false;
        }
        let bare = line == id || line == format!("`{id}`");
        let named = ["id", "plugin", "apply(plugin"].iter().any(|word| line.contains(word))
            && (line.contains(&format!("'{id}'")) || line.contains(&format!("\"{id}\"")));
        bare || named
    })
}

fn main_class(text: &str) -> Option<String> {
    let plain = |name: &&str| {
        name.contains(|c: char| c.is_alphabetic())
            && name.chars().all(|c| c.is_alphanumeric() || "._$".contains(c))
    };
    let set = || {
        let at = text.find("mainClass.set(")?;
        scan::quoted(&text[at + "mainClass.set(".len()..])
    };
    let found =
        scan::literal(text, "mainClass").or_else(|| scan::literal(text, "mainClassName")).or_else(set);
    found.filter(plain).map(str::to_owned)
}

/// What names a version: a toolchain, `sourceCompatibility`, a release flag, Kotlin's `jvmToolchain`.
fn java(text: &str) -> Option<String> {
    let after = |mark: &str| {
        let rest = &text[text.find(mark)? + mark.len()..];
        let line = rest.lines().next()?.trim_start_matches([' ', '=', '(']);
        let end = line.find([')', ';', '\n']).unwrap_or(line.len());
        let found = line[..end].trim().trim_matches(['"', '\'']);
        crate::java::number(found).map(|_| found.to_owned())
    };
    [
        "JavaLanguageVersion.of",
        "jvmToolchain",
        "sourceCompatibility",
        "options.release.set",
        "options.release",
        "targetCompatibility",
    ]
    .iter()
    .find_map(|mark| after(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_seen_however_they_are_written() {
        for text in [
            "plugins {\n id 'application'\n}",
            "plugins {\n  application\n}",
            "plugins { \n id(\"application\")\n}",
            "apply plugin: 'application'",
            "application {\n mainClass = 'a.B'\n}",
        ] {
            assert_eq!(kind(text), Kind::Application, "{text}");
        }
        assert_eq!(kind("plugins {\n id 'org.springframework.boot' version '3.2.0'\n}"), Kind::SpringBoot);
        assert_eq!(
            kind("plugins {\n id 'org.springframework.boot' version '3.2.0' apply false\n}"),
            Kind::Plain
        );
    }

    #[test]
    fn a_version_of_java_is_found_in_each_of_its_places() {
        for (text, found) in [
            ("java { toolchain { languageVersion = JavaLanguageVersion.of(21) } }", "21"),
            ("kotlin { jvmToolchain(17) }", "17"),
            ("sourceCompatibility = '1.8'", "1.8"),
            ("sourceCompatibility = JavaVersion.VERSION_11", "JavaVersion.VERSION_11"),
            ("tasks.compileJava { options.release = 17 }", "17 }"),
        ] {
            let read = java(text).unwrap();
            assert_eq!(crate::java::number(&read), crate::java::number(found), "{text}");
        }
        assert_eq!(java("version = '1.0'"), None);
    }

    #[test]
    fn included_modules_become_folders() {
        assert_eq!(
            included("include ':app', 'services:api'\ninclude(\"web\")"),
            ["app", "services/api", "web"]
        );
        assert_eq!(included("include(\n    \"a\",\n    \"b\"\n)"), ["a", "b"]);
        assert!(included("includeBuild(\"build-logic\")\ninclude '../x'").is_empty());
    }

    #[test]
    fn a_main_class_that_is_no_name_is_not_taken() {
        assert_eq!(main_class("mainClass = 'a.b.Main'").as_deref(), Some("a.b.Main"));
        assert_eq!(main_class("mainClass.set(\"a.MainKt\")").as_deref(), Some("a.MainKt"));
        assert_eq!(main_class("mainClassName = \"a; rm\""), None);
    }
}
