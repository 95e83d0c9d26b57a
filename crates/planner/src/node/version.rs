//! Which Node a project wants: a pin or a range becomes the major version of an official image.

use nodejs_semver::Range;

use super::package::{FILE, Package};
use crate::error::PlanError;
use crate::source_tree::SourceTree;

/// What a project without a wish gets.
pub(crate) const DEFAULT_MAJOR: u64 = 24;

/// Majors that a range may resolve to, best first: the default, the older long-term lines, the newer line, and at
/// last those that nobody patches any more, for a project that names one.
const MAJORS: [u64; 8] = [24, 22, 20, 26, 18, 25, 23, 21];
const UNPATCHED: [u64; 4] = [18, 21, 23, 25];
const OLDEST: u64 = 18;

const LINES: [(&str, u64); 6] =
    [("hydrogen", 18), ("iron", 20), ("jod", 22), ("krypton", 24), ("gallium", 16), ("fermium", 14)];

/// The version chosen, and the file and words it was chosen for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeVersion {
    pub(crate) major: u64,
    pub(crate) file: &'static str,
    pub(crate) found: String,
    pub(crate) warning: Option<String>,
}

impl NodeVersion {
    /// The first wish of `.nvmrc`, `.node-version`, `.tool-versions`, `engines.node` and volta; else `preferred`.
    /// Errors: `Unsupported` for a version that is too old to be safe or that does not exist.
    pub(crate) fn choose(tree: &SourceTree, package: &Package, preferred: u64) -> Result<Self, PlanError> {
        let line = |file: &'static str| {
            let text =
                tree.read(file)?.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#'))?;
            Some((file, text.to_owned()))
        };
        let tools = || {
            let text = tree.read(".tool-versions")?;
            let line =
                text.lines().find_map(|l| l.strip_prefix("nodejs ").or_else(|| l.strip_prefix("node ")))?;
            Some((".tool-versions", line.split_whitespace().next()?.to_owned()))
        };
        let wish = line(".nvmrc")
            .or_else(|| line(".node-version"))
            .or_else(tools)
            .or_else(|| Some((FILE, package.engines_node.clone()?)))
            .or_else(|| Some((FILE, package.volta_node.clone()?)));
        let Some((file, found)) = wish else {
            let found = "no wish for a version of Node".to_owned();
            return Ok(NodeVersion { major: preferred, file: FILE, found, warning: None });
        };
        let major = resolve(&found, preferred).ok_or_else(|| refusal(file, &found))?;
        let warning = UNPATCHED
            .contains(&major)
            .then(|| format!("Node {major} gets no security fixes any more; move to Node {DEFAULT_MAJOR}."));
        Ok(NodeVersion { major, file, found: format!("Node {found}"), warning })
    }

    /// The image to build and run with: glibc, so that prebuilt native modules work.
    pub(crate) fn image(&self) -> String {
        format!("node:{}-slim", self.major)
    }
}

/// The major version that `wish` (a range, a version, an alias) means; none when no usable one fits.
fn resolve(wish: &str, preferred: u64) -> Option<u64> {
    let wish = wish.trim().to_ascii_lowercase();
    let plain = wish.strip_prefix("lts/").or_else(|| wish.strip_prefix("lts-"));
    if let Some(line) = plain {
        let named = LINES.iter().find(|(name, _)| *name == line).map(|(_, major)| *major);
        return if line == "*" || line.is_empty() { Some(preferred) } else { named.filter(|m| *m >= OLDEST) };
    }
    if matches!(wish.as_str(), "node" | "latest" | "current" | "stable" | "lts" | "*" | "x" | "") {
        return Some(preferred);
    }
    let range = Range::parse(wish.trim_start_matches('v')).ok()?;
    let fits = |major: u64| {
        let line = Range::parse(format!(">={major}.0.0 <{}.0.0", major + 1)).ok();
        line.is_some_and(|line| range.allows_any(&line))
    };
    std::iter::once(preferred).chain(MAJORS).find(|major| fits(*major))
}

fn refusal(file: &str, found: &str) -> PlanError {
    PlanError::unsupported(
        format!("{file} asks for Node {found:?}, and no Node between {OLDEST} and 26 is that."),
        format!("Ask for a supported line, such as {DEFAULT_MAJOR}, in {file}."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_become_the_best_supported_line() {
        for (wish, major) in [
            (">=18", 24),
            ("^18.17.0 || >=20", 24),
            ("20.x", 20),
            ("v22.11.0", 22),
            ("22", 22),
            (">=20 <23", 22),
            ("^20.19.0 || >=22.12.0", 24),
            ("lts/iron", 20),
            ("lts/*", 24),
            ("18.19", 18),
            (">=25", 26),
            ("~23.1", 23),
            (">=10 <=20", 20),
        ] {
            assert_eq!(resolve(wish, 24), Some(major), "{wish}");
        }
    }

    #[test]
    fn a_line_that_nobody_patches_is_refused_or_warned_about() {
        for wish in ["16", "14.x", "<18", "lts/gallium", "8.11.1", "nonsense", "99"] {
            assert_eq!(resolve(wish, 24), None, "{wish}");
        }
        let mut tree = SourceTree::new();
        tree.insert(".nvmrc", Some("18\n"));
        let chosen = NodeVersion::choose(&tree, &Package::default(), DEFAULT_MAJOR).unwrap();
        assert_eq!(chosen.major, 18);
        assert!(chosen.warning.unwrap().contains("no security fixes"));
    }

    #[test]
    fn a_preference_gives_way_to_a_wish() {
        assert_eq!(resolve(">=18", 20), Some(20));
        assert_eq!(resolve(">=22", 20), Some(24));
    }
}
