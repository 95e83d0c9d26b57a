//! Reads `.env` files. Pure.
//!
//! A value is literal text: `$NAME`, backticks and `$(…)` are not expanded, since the value would then depend on the
//! machine it was read on. Within double quotes `\n`, `\r`, `\t`, `\\`, `\"` and `\$` stand for one character, and a
//! value may span lines; within single quotes everything is itself. Deliberately absent: opening the file.

use std::collections::BTreeMap;

/// A larger file is refused; the coordinator takes 64 KiB of environment in all.
pub(crate) const FILE_BYTES_MAX: usize = 64 * 1024;

/// Why a file cannot be used. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DotenvError {
    /// More than [`FILE_BYTES_MAX`].
    #[error("The file has {0} bytes; an environment may have {FILE_BYTES_MAX}.")]
    TooLarge(usize),
    /// Not UTF-8.
    #[error("Line {0}: the file is not UTF-8 text.")]
    NotText(usize),
    /// A NUL, which no environment can hold.
    #[error("Line {0}: there is a NUL character.")]
    Nul(usize),
    /// Neither `KEY=value`, a comment nor empty.
    #[error("Line {0}: expected KEY=value.")]
    Shape(usize),
    /// A key that no program reads.
    #[error(
        "Line {line}: `{key}` is not a key; use letters, digits and underscores, not starting with a digit."
    )]
    Key {
        /// Where.
        line: usize,
        /// What stood there, shortened.
        key: String,
    },
    /// The same key again.
    #[error("Line {line}: {key} was already set in line {first}.")]
    Duplicate {
        /// The second place.
        line: usize,
        /// The first place.
        first: usize,
        /// The key.
        key: String,
    },
    /// A quote that is never closed.
    #[error("Line {0}: the quote that opens here is never closed.")]
    Unclosed(usize),
    /// Text behind a closing quote.
    #[error("Line {0}: there is text after the closing quote.")]
    AfterQuote(usize),
}

/// The variables of a file, in its order. Errors: the first rule that it breaks, with the line.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<(String, String)>, DotenvError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(DotenvError::TooLarge(bytes.len()));
    }
    let text =
        std::str::from_utf8(bytes).map_err(|e| DotenvError::NotText(line_of(bytes, e.valid_up_to())))?;
    if let Some(at) = bytes.iter().position(|&b| b == 0) {
        return Err(DotenvError::Nul(line_of(bytes, at)));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { rest: text, line: 1 };
    let mut seen = BTreeMap::new();
    let mut found = Vec::new();
    while !reader.rest.is_empty() {
        let line = reader.line;
        let Some((key, value)) = reader.entry()? else { continue };
        if let Some(first) = seen.insert(key.clone(), line) {
            return Err(DotenvError::Duplicate { line, first, key });
        }
        found.push((key, value));
    }
    Ok(found)
}

/// Whether `key` is one that programs can read: letters, digits, underscores, not starting with a digit.
pub(crate) fn is_key(key: &str) -> bool {
    let start = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    key.bytes().next().is_some_and(start) && key.bytes().all(|b| start(b) || b.is_ascii_digit())
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at].iter().filter(|&&b| b == b'\n').count()
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
}

impl Reader<'_> {
    /// Takes one line, or more where a quoted value spans them. `None`: an empty line or a comment.
    fn entry(&mut self) -> Result<Option<(String, String)>, DotenvError> {
        let start = self.line;
        let head = self.rest.split('\n').next().unwrap_or_default();
        let content = head.trim_start();
        if content.trim_end().is_empty() || content.starts_with('#') {
            self.skip(head.len());
            return Ok(None);
        }
        let content = content.strip_prefix("export ").map_or(content, str::trim_start);
        let (key, value) = content.split_once('=').ok_or(DotenvError::Shape(start))?;
        let key = key.trim_end();
        if !is_key(key) {
            return Err(DotenvError::Key { line: start, key: key.chars().take(40).collect() });
        }
        let key = key.to_owned();
        let value_at = head.len() - value.trim_start_matches([' ', '\t']).len();
        let quote = self.rest[value_at..].chars().next().filter(|c| matches!(c, '"' | '\''));
        let value = match quote {
            Some(quote) => self.quoted(value_at + 1, quote)?,
            None => {
                let value = plain(&head[value_at..]).to_owned();
                self.skip(head.len());
                value
            }
        };
        Ok(Some((key, value)))
    }

    /// Reads from just behind the opening quote to the end of the line of the closing one.
    fn quoted(&mut self, from: usize, quote: char) -> Result<String, DotenvError> {
        let start = self.line;
        let mut value = String::new();
        let mut chars = self.rest[from..].char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                _ if c == quote => {
                    let behind = from + at + 1;
                    let tail = self.rest[behind..].split('\n').next().unwrap_or_default();
                    let closing_line = start + self.rest[..behind].matches('\n').count();
                    if !tail.trim().is_empty() && !tail.trim_start().starts_with('#') {
                        return Err(DotenvError::AfterQuote(closing_line));
                    }
                    let whole = behind + tail.len();
                    self.skip(whole);
                    return Ok(value);
                }
                '\\' if quote == '"' => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, 'r')) => value.push('\r'),
                    Some((_, 't')) => value.push('\t'),
                    Some((_, c @ ('\\' | '"' | '$'))) => value.push(c),
                    Some((_, c)) => value.extend(['\\', c]),
                    None => break,
                },
                // A file with Windows line ends means the same.
                '\r' if self.rest[from + at..].starts_with("\r\n") => {}
                _ => value.push(c),
            }
        }
        Err(DotenvError::Unclosed(start))
    }

    /// Passes over `bytes` and the line end behind them.
    fn skip(&mut self, bytes: usize) {
        self.line += self.rest[..bytes].matches('\n').count() + 1;
        self.rest = self.rest.get(bytes + 1..).unwrap_or_default();
    }
}

/// A value without quotes: up to a comment (a `#` behind a blank), blanks around it taken off.
fn plain(text: &str) -> &str {
    let end = if text.starts_with('#') {
        0
    } else {
        text.find(" #").or_else(|| text.find("\t#")).unwrap_or(text.len())
    };
    text[..end].trim()
}

#[cfg(test)]
mod tests;
