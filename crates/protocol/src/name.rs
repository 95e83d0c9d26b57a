//! The rule for names that become hostnames. Pure; used by the CLI for an early answer and by the coordinator for the
//! binding one.

/// Names that would be mistaken for the platform's own addresses.
pub const RESERVED: &[&str] = &[
    "admin",
    "agent",
    "api",
    "app",
    "apps",
    "assets",
    "auth",
    "billing",
    "blog",
    "cdn",
    "console",
    "coordinator",
    "dashboard",
    "docs",
    "edge",
    "ftp",
    "git",
    "help",
    "internal",
    "link",
    "localhost",
    "login",
    "mail",
    "ns",
    "root",
    "smtp",
    "static",
    "status",
    "support",
    "system",
    "test",
    "ttalkak",
    "tunnel",
    "www",
];

/// The longest name. A hostname label may have 63 characters; the rest is kept for prefixes such as preview addresses.
pub const MAX_CHARS: usize = 48;

/// Why a name cannot be an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("a name is needed")]
    Empty,
    /// More than [`MAX_CHARS`].
    #[error("the name has {0} characters; {MAX_CHARS} are allowed")]
    TooLong(usize),
    /// Something else than `a-z`, `0-9` and inner hyphens.
    #[error("a name has small letters a-z, digits and hyphens, and starts and ends with a letter or digit")]
    Shape,
    /// One of [`RESERVED`].
    #[error("the name {0} is kept for the platform")]
    Reserved(String),
    /// Looks like one of [`RESERVED`], which is given here.
    #[error("the name looks like {0}, which is kept for the platform")]
    LooksLike(&'static str),
}

/// Checks a name that will become the first label of a hostname.
/// Errors: the first rule that it breaks. Punycode (`xn--`) is refused as a shape, since it can look like another name.
pub fn check(name: &str) -> Result<(), NameError> {
    let count = name.chars().count();
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    match count {
        0 => Err(NameError::Empty),
        _ if count > MAX_CHARS => Err(NameError::TooLong(count)),
        _ if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') => {
            Err(NameError::Shape)
        }
        _ if !edge(name.chars().next()) || !edge(name.chars().last()) || name.contains("--") => {
            Err(NameError::Shape)
        }
        _ if RESERVED.contains(&name) => Err(NameError::Reserved(name.to_owned())),
        _ => looks_like(name).map_or(Ok(()), |other| Err(NameError::LooksLike(other))),
    }
}

/// The reserved name that a reader could take this one for: digits for letters, `rn` for `m`, hyphens in between.
fn looks_like(name: &str) -> Option<&'static str> {
    let read = |one: char| -> String {
        let letters = name.chars().filter(|c| *c != '-').map(|c| match c {
            '0' => 'o',
            '1' => one,
            '3' => 'e',
            '4' => 'a',
            '5' => 's',
            '7' => 't',
            other => other,
        });
        letters.collect::<String>().replace("rn", "m").replace("vv", "w")
    };
    let (with_i, with_l) = (read('i'), read('l'));
    RESERVED.iter().copied().find(|reserved| *reserved == with_i || *reserved == with_l)
}

/// Makes a name out of a repository or folder name; `None` when nothing usable is left.
pub fn suggest(text: &str) -> Option<String> {
    let base = text.trim_end_matches('/').rsplit('/').next().unwrap_or(text);
    let base = base.strip_suffix(".git").unwrap_or(base);
    let mut name = String::new();
    for c in base.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.truncate(MAX_CHARS);
    let name = name.trim_end_matches('-').to_owned();
    check(&name).is_ok().then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_mislead_are_refused() {
        for (name, error) in [
            ("", NameError::Empty),
            ("www", NameError::Reserved("www".into())),
            ("a".repeat(49).as_str(), NameError::TooLong(49)),
        ] {
            assert_eq!(check(name), Err(error));
        }
        for name in [
            "-x",
            "x-",
            "Shop",
            "shöp",
            "a_b",
            "a.b",
            "xn--80ak6aa92e",
            "shop\u{202e}",
            "<b>",
            "a b",
            "' or 1",
        ] {
            assert_eq!(check(name), Err(NameError::Shape), "{name}");
        }
        assert_eq!(check("my-shop-2"), Ok(()));
        for (name, other) in [
            ("ap1", "api"),
            ("b1lling", "billing"),
            ("d0cs", "docs"),
            ("adrnin", "admin"),
            ("t-talkak", "ttalkak"),
            ("vvvvvv", "www"),
            ("5tatus", "status"),
        ] {
            assert_eq!(check(name), Err(NameError::LooksLike(other)), "{name}");
        }
        for name in ["mall", "shop1", "apis", "blog2", "my-api"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_repository_suggests_its_own_name() {
        assert_eq!(suggest("https://example.com/me/My_Shop.git").as_deref(), Some("my-shop"));
        assert_eq!(suggest("/home/me/hello/").as_deref(), Some("hello"));
        assert_eq!(suggest("딸깍"), None);
        assert_eq!(suggest("https://example.com/me/api"), None);
    }
}
