//! Names of branches, tags and commits. Pure; the rules are those of `git check-ref-format`, and a little stricter.

use std::fmt;

use super::error::GitError;

/// A checked name of a branch or tag, without `refs/heads/` or `refs/tags/` before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitRef(String);

impl GitRef {
    /// Checks a name. Errors: `RefInvalid`.
    pub fn parse(name: &str) -> Result<Self, GitError> {
        let short =
            name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/tags/")).unwrap_or(name);
        if is_valid(short) { Ok(Self(short.to_owned())) } else { Err(invalid(name)) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GitRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_valid(name: &str) -> bool {
    const NEVER: [char; 9] = [' ', '~', '^', ':', '?', '*', '[', '\\', '`'];
    let parts_fine =
        name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"));
    parts_fine
        && name.len() <= 255
        && name != "@"
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !["..", "@{", "$("].iter().any(|words| name.contains(words))
        && !name.chars().any(|c| c.is_control() || c.is_whitespace() || NEVER.contains(&c))
}

/// Checks a full commit id; returns it in lower case. Errors: `RefInvalid`.
pub(super) fn commit(text: &str) -> Result<String, GitError> {
    let fine = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if fine { Ok(text.to_ascii_lowercase()) } else { Err(invalid(text)) }
}

fn invalid(name: &str) -> GitError {
    GitError::RefInvalid { name: name.chars().take(100).flat_map(char::escape_debug).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_git_takes_are_taken() {
        for name in ["main", "feature/x-1", "v1.2.3", "user@fix", "한글", "a.b", "feat(x)", "it's"] {
            assert_eq!(GitRef::parse(name).unwrap().as_str(), name);
        }
        assert_eq!(GitRef::parse("refs/heads/main").unwrap().as_str(), "main");
        assert_eq!(GitRef::parse("refs/tags/v1").unwrap().as_str(), "v1");
    }

    #[test]
    fn options_commands_and_revisions_are_no_names() {
        for name in [
            "",
            "-x",
            "--help",
            "--upload-pack=x",
            "$(id)",
            "`id`",
            "a b",
            "a..b",
            "a~1",
            "a^",
            "a:b",
            "a*",
            "a?",
            "[a",
            "a\\b",
            "a\nb",
            "a\0",
            "@",
            "a@{1}",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.lock",
            "a.",
            "refs/heads/-x",
        ] {
            assert!(GitRef::parse(name).is_err(), "{name:?}");
        }
        assert!(GitRef::parse(&"x".repeat(256)).is_err());
    }

    #[test]
    fn a_commit_is_forty_hex_digits() {
        assert_eq!(commit(&"A1".repeat(20)).unwrap(), "a1".repeat(20));
        for text in ["", "HEAD", "a1b2", &"g1".repeat(20), &"a1".repeat(21)] {
            assert!(commit(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_invalid_name_is_shown_without_its_control_characters() {
        let error = GitRef::parse("a\x1b[2J").unwrap_err().to_string();
        assert!(!error.chars().any(char::is_control), "{error}");
    }
}
