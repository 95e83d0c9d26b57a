//! Patterns of branches and paths: `*` stands for anything but a slash, `**` for anything, `?` for one character.

/// The longest pattern.
pub const CHARS_MAX: usize = 200;

/// Whether a pattern can be meant: short, and of printable characters.
pub fn is_pattern(pattern: &str) -> bool {
    let count = pattern.chars().count();
    (1..=CHARS_MAX).contains(&count) && !pattern.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// Whether the whole text fits. Takes pattern times text steps at most, whatever the pattern: one line of what fits so far
/// is carried along.
pub fn matches(pattern: &str, text: &str) -> bool {
    let parts = parts(pattern);
    // fits[i]: the text read so far fits the first i parts.
    let mut fits = vec![false; parts.len() + 1];
    fits[0] = true;
    let skip_stars = |fits: &mut Vec<bool>| {
        for (at, part) in parts.iter().enumerate() {
            fits[at + 1] |= fits[at] && matches!(part, Part::Star | Part::Stars);
        }
    };
    skip_stars(&mut fits);
    for c in text.chars() {
        let mut next = vec![false; parts.len() + 1];
        for (at, part) in parts.iter().enumerate() {
            match part {
                Part::One(wanted) => next[at + 1] |= fits[at] && *wanted == c,
                Part::Any => next[at + 1] |= fits[at] && c != '/',
                Part::Star => next[at + 1] |= fits[at + 1] && c != '/',
                Part::Stars => next[at + 1] |= fits[at + 1],
            }
        }
        skip_stars(&mut next);
        fits = next;
    }
    fits[parts.len()]
}

enum Part {
    One(char),
    Any,
    Star,
    Stars,
}

fn parts(pattern: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '*' if chars.next_if_eq(&'*').is_some() => Part::Stars,
            '*' => Part::Star,
            '?' => Part::Any,
            other => Part::One(other),
        });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_star_stays_within_a_folder_and_two_do_not() {
        for (pattern, text, fits) in [
            ("main", "main", true),
            ("main", "mainline", false),
            ("release/*", "release/1", true),
            ("release/*", "release/1/rc", false),
            ("release/**", "release/1/rc", true),
            ("apps/web/**", "apps/web/src/a.ts", true),
            ("apps/web/**", "apps/api/main.py", false),
            ("**/*.md", "docs/a/b.md", true),
            ("*.md", "docs/b.md", false),
            ("v?", "v1", true),
            ("v?", "v/", false),
            ("*", "", true),
            ("딸*", "딸깍", true),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_of_stars_does_not_take_for_ever() {
        let (pattern, text) = ("*a".repeat(100), "a".repeat(4_000));
        assert!(!matches(&pattern, &format!("{text}b")));
        assert!(is_pattern("a*") && !is_pattern("") && !is_pattern("a b") && !is_pattern(&"a".repeat(201)));
    }
}
