//! `.dockerignore`, with the meaning that Docker's own client gives it. Pure.
//!
//! The engine does not apply this file: its client does, before it sends the context. So whoever makes a context
//! must do the same, or a build here would differ from a build by hand. The rules are those of Docker's matcher:
//! Go's `filepath.Match` patterns plus `**`, each pattern also tried on the folders above a path, last match wins.
//! Deliberately absent: regular expressions. Patterns come from strangers, and the matcher here is linear.

use crate::error::{SourceError, shown};

/// A parsed `.dockerignore`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IgnoreFile {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    /// Written with `!`: takes back what earlier rules left out.
    keeps: bool,
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// This character.
    Char(char),
    /// `?`: one character but no slash.
    One,
    /// `*`: any characters but no slash.
    Many,
    /// `**` before more: nothing, or any folders with their slashes.
    Folders,
    /// `**` at the end: anything at all.
    All,
    /// `[a-z]` or `[^a-z]`.
    Set { negated: bool, ranges: Vec<(char, char)> },
}

impl IgnoreFile {
    /// Parses the file's text. Errors: `IgnorePattern` with the line, where Docker's client refuses too.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        let mut rules = Vec::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            // As in Docker, a comment starts in the first column; an indented # is a pattern.
            let trimmed = line.trim();
            if line.starts_with('#') || trimmed.is_empty() {
                continue;
            }
            let invalid =
                || SourceError::IgnorePattern { line: index + 1, pattern: shown(trimmed.as_bytes()) };
            let (keeps, pattern) = match trimmed.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, trimmed),
            };
            if pattern.is_empty() {
                return Err(invalid());
            }
            let pattern = clean(pattern);
            rules.push(Rule { keeps, tokens: tokens(&pattern).ok_or_else(invalid)? });
        }
        Ok(IgnoreFile { rules })
    }

    /// Whether `path` (relative, with `/`) is left out of the context.
    pub fn ignores(&self, path: &str) -> bool {
        let mut ignored = false;
        for rule in &self.rules {
            // A rule that could not change the verdict need not be tried.
            if rule.keeps == ignored && rule.matches_path_or_folder(path) {
                ignored = !rule.keeps;
            }
        }
        ignored
    }
}

impl Rule {
    fn matches_path_or_folder(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        std::iter::once(path).chain(folders).any(|candidate| matches(&self.tokens, candidate))
    }
}

/// Go's `filepath.Clean`, then without a leading slash: `/a//b/../c/` becomes `a/c`.
fn clean(pattern: &str) -> String {
    let rooted = pattern.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            _ => parts.push(part),
        }
    }
    // A pattern that cleans to nothing names the context itself, which no path in it equals.
    if parts.is_empty() { ".".to_string() } else { parts.join("/") }
}

fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        match chars[at] {
            '*' if chars.get(at + 1) == Some(&'*') => {
                let start = at;
                at += 2;
                let slash = chars.get(at) == Some(&'/');
                at += usize::from(slash);
                found.push(stars(&chars, start, at, slash));
                continue;
            }
            '*' => found.push(Token::Many),
            '?' => found.push(Token::One),
            '\\' => {
                at += 1;
                found.push(Token::Char(*chars.get(at)?));
            }
            '[' => {
                let (set, next) = character_set(&chars, at + 1)?;
                found.push(set);
                at = next;
                continue;
            }
            plain => found.push(Token::Char(plain)),
        }
        at += 1;
    }
    Some(found)
}

/// What a `**` at `start` means. At the front and glued to plain text, as in `**.log`, Docker takes it as "ends in".
fn stars(chars: &[char], start: usize, next: usize, slash: bool) -> Token {
    let plain_rest = !chars[next..].iter().any(|c| matches!(c, '*' | '?' | '[' | ']' | '\\'));
    if next == chars.len() || (start == 0 && !slash && plain_rest) { Token::All } else { Token::Folders }
}

/// Parses after the `[`; returns the set and the place after its `]`.
fn character_set(chars: &[char], mut at: usize) -> Option<(Token, usize)> {
    let negated = chars.get(at) == Some(&'^');
    at += usize::from(negated);
    let mut ranges = Vec::new();
    loop {
        if *chars.get(at)? == ']' && !ranges.is_empty() {
            return Some((Token::Set { negated, ranges }, at + 1));
        }
        let (low, next) = set_char(chars, at)?;
        at = next;
        let mut high = low;
        if chars.get(at) == Some(&'-') {
            (high, at) = set_char(chars, at + 1)?;
        }
        if low > high {
            return None;
        }
        ranges.push((low, high));
    }
}

fn set_char(chars: &[char], at: usize) -> Option<(char, usize)> {
    match *chars.get(at)? {
        '-' | ']' => None,
        '\\' => Some((*chars.get(at + 1)?, at + 2)),
        plain => Some((plain, at + 1)),
    }
}

/// Runs all ways through the pattern at once: `reached[i]` says that the tokens so far can end before character `i`.
/// Time is tokens times characters, whatever the pattern.
fn matches(tokens: &[Token], path: &str) -> bool {
    let chars: Vec<char> = path.chars().collect();
    let mut reached = vec![false; chars.len() + 1];
    reached[0] = true;
    for token in tokens {
        reached = step(token, &reached, &chars);
    }
    reached[chars.len()]
}

fn step(token: &Token, before: &[bool], chars: &[char]) -> Vec<bool> {
    let mut after = vec![false; before.len()];
    // For the tokens that take any number of characters: whether an earlier place was reached and is still open.
    let mut open = false;
    for at in 0..before.len() {
        let taken = at.checked_sub(1).map(|last| chars[last]);
        after[at] = match token {
            Token::Char(_) | Token::One | Token::Set { .. } => {
                taken.is_some_and(|c| before[at - 1] && takes(token, c))
            }
            Token::Many => {
                open = before[at] || (open && taken != Some('/'));
                open
            }
            Token::All => {
                open |= before[at];
                open
            }
            Token::Folders => {
                let here = before[at] || (open && taken == Some('/'));
                open |= before[at];
                here
            }
        };
    }
    after
}

fn takes(token: &Token, c: char) -> bool {
    match token {
        Token::Char(wanted) => *wanted == c,
        Token::One => c != '/',
        Token::Set { negated, ranges } => {
            let inside = ranges.iter().any(|(low, high)| (*low..=*high).contains(&c));
            inside != *negated && c != '/'
        }
        Token::Many | Token::Folders | Token::All => false,
    }
}

#[cfg(test)]
mod tests;
