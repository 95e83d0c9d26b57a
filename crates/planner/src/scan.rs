//! Small readings of source text where a full parser would be out of proportion: literals in configuration files.

/// `text` without `//`, `/* */` comments; quoted strings are kept whole, so a URL survives.
pub(crate) fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut quote: Option<char> = None;
    while let Some(c) = chars.next() {
        match (quote, c, chars.peek().copied()) {
            (Some(_), '\\', _) => {
                kept.push(c);
                kept.extend(chars.next());
            }
            (Some(q), _, _) => {
                // An apostrophe in prose or a regular expression must not swallow the rest of the file.
                if c == q || (c == '\n' && q != '`') {
                    quote = None;
                }
                kept.push(c);
            }
            (None, '/', Some('/')) => {
                chars.by_ref().find(|c| *c == '\n');
                kept.push('\n');
            }
            (None, '/', Some('*')) => {
                let mut last = ' ';
                chars.by_ref().skip(1).find(|c| std::mem::replace(&mut last, *c) == '*' && *c == '/');
                kept.push(' ');
            }
            (None, '"' | '\'' | '`', _) => {
                quote = Some(c);
                kept.push(c);
            }
            (None, _, _) => kept.push(c),
        }
    }
    kept
}

/// The quoted literal given to `key`, as in `key: 'value'`, `"key": "value"` or `key = "value"`.
/// Computed values are not literals and give none.
pub(crate) fn literal<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    after_key(text, key).find_map(|rest| quoted(rest))
}

/// What follows `key` and its `:` or `=`, for each place where `key` stands as a whole word.
pub(crate) fn after_key<'a>(text: &'a str, key: &str) -> impl Iterator<Item = &'a str> {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.match_indices(key).filter_map(move |(at, _)| {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| word(c) || c == '-') {
            return None;
        }
        let rest = text[at + key.len()..].trim_start_matches(['"', '\'']);
        let rest = rest.trim_start();
        let rest = rest.strip_prefix(':').or_else(|| rest.strip_prefix('='))?;
        Some(rest.trim_start())
    })
}

/// The literal at the very beginning of `text`.
pub(crate) fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let body = &text[1..];
    let value = &body[..body.find(quote)?];
    (!value.contains('\n') && !value.contains("${")).then_some(value)
}

/// The value of a command's flag: `--out-dir x` or `--out-dir=x`.
pub(crate) fn flag<'a>(command: &'a str, name: &str) -> Option<&'a str> {
    let mut words = command.split_whitespace();
    while let Some(word) = words.next() {
        if word == name {
            return words.next();
        }
        if let Some(value) = word.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            return Some(value);
        }
    }
    None
}

/// The value of `key` in a file of `key=value` lines (`.env`, `.properties`).
pub(crate) fn property<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().filter(|line| !line.trim_start().starts_with('#')).find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then(|| value.trim().trim_matches(['"', '\'']))
    })
}

/// A folder named by a repository, made safe to stand in a path below the project: relative, without `..`,
/// quotes, variables or line ends. None when it is not of that kind.
pub(crate) fn folder(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches("./").trim_end_matches('/');
    let plain = |c: char| c.is_alphanumeric() || "-_./@+ ".contains(c);
    let safe = !text.is_empty() && !text.starts_with('/') && text.chars().all(plain);
    (safe && text.split('/').all(|part| part != "..")).then(|| text.to_owned())
}

/// The first whole number in `text`.
pub(crate) fn first_number(text: &str) -> Option<u64> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let digits: String = text[start..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Quotes one word for `sh`.
pub(crate) fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_not_a_comment() {
        let text = "a: 'https://x/y', // gone\n/* gone\n */ b: 1";
        assert_eq!(without_comments(text), "a: 'https://x/y', \n  b: 1");
    }

    #[test]
    fn a_literal_is_found_whatever_its_quotes() {
        for text in ["outDir: 'x'", "outDir : \"x\"", "\"outDir\": \"x\"", "a.outDir = `x`"] {
            assert_eq!(literal(text, "outDir"), Some("x"), "{text}");
        }
        assert_eq!(literal("myoutDir: 'x'", "outDir"), None);
        assert_eq!(literal("outDir: path.join('x')", "outDir"), None);
        assert_eq!(literal("base: `/${name}/`", "base"), None);
    }

    #[test]
    fn a_folder_that_leaves_the_project_is_refused() {
        assert_eq!(folder("./dist/app/"), Some("dist/app".to_owned()));
        for bad in ["../x", "/etc", "a/../../b", "", "$HOME", "a\nRUN x", "a;b", "`x`"] {
            assert_eq!(folder(bad), None, "{bad}");
        }
    }

    #[test]
    fn flags_are_read_in_both_spellings() {
        assert_eq!(flag("vite build --outDir x", "--outDir"), Some("x"));
        assert_eq!(flag("vite build --outDir=x", "--outDir"), Some("x"));
        assert_eq!(flag("vite build --outDirs=x", "--outDir"), None);
    }

    #[test]
    fn shell_words_cannot_end_their_quotes() {
        assert_eq!(shell_word("a b'c"), "'a b'\\''c'");
        assert_eq!(shell_word("main:app"), "main:app");
    }
}
