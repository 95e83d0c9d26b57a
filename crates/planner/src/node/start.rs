//! From a `start` script to the command of a container.
//!
//! The program itself should be the container's process, not a package manager around it: signals arrive, and no
//! manager tries to write its logs into a read-only root.

use super::{Package, Packager};
use crate::build_plan::PackageManager;

/// What the container runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    /// For people.
    pub(crate) text: String,
    /// For the image, in exec form.
    pub(crate) words: Vec<String>,
    /// Whether it needs packages that are installed for development only.
    pub(crate) needs_dev: bool,
    /// Whether it runs by Bun rather than Node.
    pub(crate) needs_bun: bool,
}

/// Programs whose package has another name.
const OWNERS: [(&str, &str); 6] = [
    ("tsc", "typescript"),
    ("nest", "@nestjs/cli"),
    ("babel-node", "@babel/node"),
    ("ng", "@angular/cli"),
    ("remix-serve", "@remix-run/serve"),
    ("react-router-serve", "@react-router/serve"),
];

/// The command for `script`, which stands in the manifest as a shell line. `npm run x` is followed to what it names.
pub(crate) fn command(package: &Package, manager: &Packager, script: &str) -> Start {
    let text = followed(package, script).to_owned();
    let needs_bun = words_of(&text).any(|w| w == "bun" || w == "bunx")
        || (manager.kind == PackageManager::Bun && text.ends_with(".ts"));
    Start { words: exec_form(&text), needs_dev: needs_dev(package, &text), needs_bun, text }
}

impl Start {
    pub(crate) fn plain(text: &str) -> Start {
        Start { text: text.to_owned(), words: exec_form(text), needs_dev: false, needs_bun: false }
    }
}

fn followed<'a>(package: &'a Package, script: &'a str) -> &'a str {
    let mut script = script;
    // A script that names itself would go on for ever; three steps are more than anyone writes.
    for _ in 0..3 {
        let words: Vec<&str> = script.split_whitespace().collect();
        let name = match words.as_slice() {
            ["npm" | "yarn" | "pnpm" | "bun", "run", name] => name,
            ["yarn" | "pnpm", name] => name,
            _ => return script,
        };
        match package.script(name) {
            Some(next) => script = next,
            None => return script,
        }
    }
    script
}

/// Whether `text` is more than one plain program with its words.
fn needs_shell(text: &str) -> bool {
    text.contains(['&', '|', ';', '$', '`', '"', '\'', '>', '<', '(', '*', '~', '\\', '\n'])
        || text.split_whitespace().next().is_some_and(|word| word.contains('='))
}

/// The words for `CMD`. A line that needs a shell gets one; `exec` puts its program in the shell's place.
pub(crate) fn exec_form(text: &str) -> Vec<String> {
    if !needs_shell(text) {
        return text.split_whitespace().map(str::to_owned).collect();
    }
    let simple = !text.contains(['&', '|', ';', '\n', '(']);
    let starts_plain = text.split_whitespace().next().is_some_and(|word| !word.contains('='));
    let line = if simple && starts_plain { format!("exec {text}") } else { text.to_owned() };
    vec!["sh".to_owned(), "-c".to_owned(), line]
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|word| !word.contains('='))
}

fn needs_dev(package: &Package, text: &str) -> bool {
    words_of(text).any(|word| {
        let owner = OWNERS.iter().find(|(program, _)| *program == word).map_or(word, |(_, owner)| owner);
        package.is_dev_only(owner)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source_tree::SourceTree;

    fn start(json: &str) -> Start {
        let mut tree = SourceTree::new();
        tree.insert("package.json", Some(json));
        let package = Package::read(&tree).unwrap().unwrap();
        let manager = Packager::choose(&tree, &package);
        let script = package.script("start").unwrap();
        command(&package, &manager, script)
    }

    #[test]
    fn a_plain_program_is_run_without_a_shell() {
        assert_eq!(
            start(r#"{"scripts": {"start": "node dist/main.js --x"}}"#).words,
            ["node", "dist/main.js", "--x"]
        );
    }

    #[test]
    fn a_shell_gives_its_place_to_the_program() {
        assert_eq!(
            start(r#"{"scripts": {"start": "node x.js -p $PORT"}}"#).words[2],
            "exec node x.js -p $PORT"
        );
        assert_eq!(start(r#"{"scripts": {"start": "A=1 node x.js"}}"#).words, ["sh", "-c", "A=1 node x.js"]);
        assert_eq!(start(r#"{"scripts": {"start": "a && node x.js"}}"#).words[2], "a && node x.js");
    }

    #[test]
    fn a_script_that_names_another_is_followed_and_a_circle_ends() {
        let found = start(r#"{"scripts": {"start": "npm run serve", "serve": "node s.js"}}"#);
        assert_eq!(found.text, "node s.js");
        assert_eq!(start(r#"{"scripts": {"start": "npm run start"}}"#).text, "npm run start");
    }

    #[test]
    fn a_program_of_a_development_package_keeps_those() {
        let json = r#"{"scripts": {"start": "tsx src/index.ts"}, "devDependencies": {"tsx": "4"}}"#;
        assert!(start(json).needs_dev);
        assert!(!start(r#"{"scripts": {"start": "tsx a.ts"}, "dependencies": {"tsx": "4"}}"#).needs_dev);
    }
}
