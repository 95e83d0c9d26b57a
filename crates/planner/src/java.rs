//! What Gradle and Maven share: the choice of a Java version, the choice of the jar, the stage that runs it.

use crate::DEFAULT_PORT;
use crate::build_plan::Evidence;
use crate::dockerfile::Stage;
use crate::source_tree::SourceTree;

/// What a project that names no version gets.
const DEFAULT: u32 = 17;
/// Lines with long-term support: the only ones that images exist for over years.
const LINES: [u32; 5] = [8, 11, 17, 21, 25];

/// The version of Java chosen and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JavaVersion {
    pub(crate) line: u32,
    pub(crate) evidence: Evidence,
}

impl JavaVersion {
    /// The line for `manifest`'s wish (file, words), else for what the customary files say, else the default.
    /// The next supported line up is taken, as a newer Java runs what an older one was asked for.
    pub(crate) fn choose(tree: &SourceTree, manifest: Option<(String, String)>) -> JavaVersion {
        let wish = manifest.filter(|(_, text)| number(text).is_some()).or_else(|| from_files(tree));
        let (file, found, wanted) = match wish {
            Some((file, text)) => {
                let wanted = number(&text).unwrap_or(DEFAULT);
                (file, format!("Java {}", text.trim()), wanted)
            }
            None => ("the project".to_owned(), "no wish for a version of Java".to_owned(), DEFAULT),
        };
        let line = LINES.into_iter().find(|line| *line >= wanted).unwrap_or(wanted);
        JavaVersion { line, evidence: Evidence { file, found, so: format!("use Java {line}") } }
    }
}

fn from_files(tree: &SourceTree) -> Option<(String, String)> {
    let system =
        tree.read("system.properties").and_then(|text| crate::scan::property(text, "java.runtime.version"));
    let plain = || tree.read(".java-version").and_then(|text| text.lines().next());
    let sdkman = || tree.read(".sdkmanrc").and_then(|text| crate::scan::property(text, "java"));
    system
        .map(|text| ("system.properties", text))
        .or_else(|| Some((".java-version", plain()?)))
        .or_else(|| Some((".sdkmanrc", sdkman()?)))
        .map(|(file, text)| (file.to_owned(), text.to_owned()))
}

/// The version in `17`, `"1.8"`, `VERSION_1_8`, `VERSION_17`, `temurin-21.0.2`.
pub(crate) fn number(text: &str) -> Option<u32> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let mut parts = text[start..].split(|c: char| !c.is_ascii_digit());
    let first: u32 = parts.next()?.parse().ok()?;
    let major = if first == 1 { parts.next()?.parse().ok()? } else { first };
    (5..100).contains(&major).then_some(major)
}

/// Shell commands that leave the program at `/app.jar`: the largest jar below `dir` with a Main-Class, side
/// products left out. A jar that cannot start is found here, not by a container that ends at once again and again.
pub(crate) fn pick_jar(dir: &str, folder: &str) -> Vec<String> {
    let not = ["*-plain.jar", "*-sources.jar", "*-javadoc.jar", "*-tests.jar", "original-*"]
        .map(|name| format!("! -name '{name}'"))
        .join(" ");
    vec![
        format!("find {dir} -path '*/{folder}/*.jar' -type f {not} -printf '%s %p\\n' | sort -rn | cut -d' ' -f2- > /tmp/jars"),
        "while read -r jar; do rm -rf /tmp/jar; mkdir /tmp/jar; (cd /tmp/jar; jar xf \"$jar\" META-INF/MANIFEST.MF); \
         if grep -q '^Main-Class:' /tmp/jar/META-INF/MANIFEST.MF 2>/dev/null; then cp \"$jar\" /app.jar; break; fi; done < /tmp/jars"
            .to_owned(),
        "{ test -f /app.jar || { echo 'no jar with a Main-Class was built; found:' >&2; cat /tmp/jars >&2; exit 1; }; }"
            .to_owned(),
        "chmod a+r /app.jar".to_owned(),
    ]
}

/// The stage that runs the program: a JRE, any user, a heap that follows the container's memory limit.
pub(crate) fn run_stage(version: &JavaVersion, from: &str, to: &str, words: &[&str]) -> Stage {
    Stage::new(format!("eclipse-temurin:{}-jre", version.line))
        .workdir("/app")
        .env(&[
            ("PORT", "8080"),
            ("SERVER_PORT", "8080"),
            ("HOME", "/tmp"),
            // A user without an entry in the image's list has no home; Java would write into a folder named `?`.
            ("JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=75 -Duser.home=/tmp"),
        ])
        .copy_from("build", from, to)
        .user("10001")
        .expose(DEFAULT_PORT)
        .cmd(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_in_all_their_spellings() {
        for (text, version) in [
            ("17", 17),
            ("1.8", 8),
            ("VERSION_1_8", 8),
            ("JavaVersion.VERSION_17", 17),
            ("temurin-21.0.2", 21),
            ("'11'", 11),
        ] {
            assert_eq!(number(text), Some(version), "{text}");
        }
        assert_eq!(number("${java.version}"), None);
        assert_eq!(number("4.4.1"), None);
    }

    #[test]
    fn the_next_supported_line_up_is_taken() {
        for (wish, line) in [("14", 17), ("17", 17), ("18", 21), ("1.8", 8), ("22", 25)] {
            let wish = Some(("pom.xml".to_owned(), wish.to_owned()));
            assert_eq!(JavaVersion::choose(&SourceTree::new(), wish).line, line);
        }
        assert_eq!(JavaVersion::choose(&SourceTree::new(), None).line, DEFAULT);
    }

    #[test]
    fn a_version_file_is_heard_when_the_manifest_is_silent() {
        let mut tree = SourceTree::new();
        tree.insert("system.properties", Some("java.runtime.version=21\n"));
        let chosen = JavaVersion::choose(&tree, None);
        assert_eq!((chosen.line, chosen.evidence.file.as_str()), (21, "system.properties"));
    }
}
