use super::*;

#[test]
fn codes_are_unique_stable_words_with_a_next_move() {
    let mut seen = std::collections::BTreeSet::new();
    for code in ErrorCode::ALL {
        assert!(seen.insert(code.as_str()), "{code} stands twice");
        assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        assert!(code.next_move().ends_with('.'), "{code}");
        assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{code}\""));
    }
}

#[test]
fn a_code_from_the_future_is_read_as_unknown() {
    assert_eq!(serde_json::from_str::<ErrorCode>("\"brand_new\"").unwrap(), ErrorCode::Unknown);
}
