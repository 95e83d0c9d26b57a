use super::*;

fn read(text: &str) -> Vec<(String, String)> {
    parse(text.as_bytes()).unwrap()
}

fn check(text: &str, pairs: &[(&str, &str)]) {
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    assert_eq!(read(text), pairs, "{text:?}");
}

#[test]
fn plain_values_are_trimmed_and_lose_their_comment() {
    check(
        "A=1\n  B = two words  # why\nC=a#b\nD=\nE=#x",
        &[("A", "1"), ("B", "two words"), ("C", "a#b"), ("D", ""), ("E", "")],
    );
}

#[test]
fn comments_empty_lines_and_export_are_understood() {
    check(
        "# head\n\n   \nexport A=1\n export  B=2\nexported=3",
        &[("A", "1"), ("B", "2"), ("exported", "3")],
    );
}

#[test]
fn quotes_keep_blanks_and_hashes() {
    check(
        "A=' x # y '\nB=\" x # y \" # note\nC=\"\"\nD=''",
        &[("A", " x # y "), ("B", " x # y "), ("C", ""), ("D", "")],
    );
}

#[test]
fn escapes_count_in_double_quotes_only() {
    check(r#"A="a\nb\t\"c\" \\ \$ \x""#, &[("A", "a\nb\t\"c\" \\ $ \\x")]);
    check(r"B='a\nb'", &[("B", r"a\nb")]);
    check(r"C=a\nb", &[("C", r"a\nb")]);
}

#[test]
fn a_quoted_value_may_span_lines() {
    check(
        "KEY=\"-----BEGIN-----\nabc\n-----END-----\"\nB=2",
        &[("KEY", "-----BEGIN-----\nabc\n-----END-----"), ("B", "2")],
    );
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    check("\u{feff}A=1\r\nB=\"x\r\ny\"\r\nC='z'\r\n\r\n", &[("A", "1"), ("B", "x\ny"), ("C", "z")]);
}

#[test]
fn nothing_is_expanded() {
    check("A=$HOME\nB=\"${HOME} `id` $(id)\"", &[("A", "$HOME"), ("B", "${HOME} `id` $(id)")]);
}

#[test]
fn the_first_equals_sign_divides() {
    check("URL=postgres://u:p@h/db?sslmode=require", &[("URL", "postgres://u:p@h/db?sslmode=require")]);
}

#[test]
fn mistakes_name_their_line() {
    use DotenvError as E;
    let cases: &[(&str, E)] = &[
        ("A=1\nB", E::Shape(2)),
        ("A=1\n\n1B=2", E::Key { line: 3, key: "1B".into() }),
        ("A B=1", E::Key { line: 1, key: "A B".into() }),
        ("=x", E::Key { line: 1, key: String::new() }),
        ("A=\"x\ny\"\nB=1\nA=2", E::Duplicate { line: 4, first: 1, key: "A".into() }),
        ("A=1\nB=\"x\nC=2", E::Unclosed(2)),
        ("A='x", E::Unclosed(1)),
        ("A=\"x\\", E::Unclosed(1)),
        ("A=\"x\ny\" z", E::AfterQuote(2)),
        ("A=1\nB=\0", E::Nul(2)),
    ];
    for (text, error) in cases {
        assert_eq!(parse(text.as_bytes()).as_ref(), Err(error), "{text:?}");
    }
    assert_eq!(parse(b"A=1\nB=\xff"), Err(E::NotText(2)));
}

#[test]
fn a_huge_file_is_refused_unread() {
    assert_eq!(parse(&vec![b'A'; 10 << 20]), Err(DotenvError::TooLarge(10 << 20)));
}

#[test]
fn no_text_makes_the_parser_panic() {
    // Every short text over the characters that mean something.
    let alphabet = ['A', '=', '"', '\'', '\\', '#', ' ', '\n', '\r', '딸'];
    let mut texts = vec![String::new()];
    for _ in 0..4 {
        texts = texts.iter().flat_map(|t| alphabet.iter().map(move |c| format!("{t}{c}"))).collect();
        for text in &texts {
            drop(parse(format!("A={text}").as_bytes()));
            drop(parse(text.as_bytes()));
        }
    }
}
