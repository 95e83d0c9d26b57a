use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

fn tale(cause: Cause) -> Tale<'static> {
    Tale { cause, host: "<b>shop</b>", detail: "step 1 of 2: \"npm ci\" & more", request_id: "r-1" }
}

#[test]
fn every_cause_has_a_page_in_both_languages_without_foreign_assets() {
    for cause in Cause::ALL {
        for (language, lang) in [(Language::English, "lang=\"en\""), (Language::Korean, "lang=\"ko\"")] {
            let (kind, page) = render(tale(cause), Reader { json: false, language });
            assert!(kind.starts_with("text/html") && page.contains(lang) && page.contains(cause.as_str()));
            assert!(!page.contains("{{") && !page.contains("}}"), "a field was left open");
            assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
            assert!(
                page.contains("&lt;b&gt;shop&lt;/b&gt;") && !page.contains("<b>shop"),
                "the host is escaped"
            );
            assert!(page.contains("&quot;npm ci&quot; &amp; more"));
            assert_eq!(
                page.contains("http-equiv=\"refresh\""),
                matches!(cause, Cause::Building | Cause::Waking)
            );
        }
    }
}

#[test]
fn programs_get_json_with_a_stable_code() {
    for cause in Cause::ALL {
        let (kind, body) = render(tale(cause), Reader { json: true, language: Language::English });
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(kind, "application/json");
        assert_eq!(value["error"]["code"], cause.as_str());
        assert_eq!(value["error"]["host"], "<b>shop</b>");
        assert_eq!(value["error"]["request_id"], "r-1");
    }
}

#[test]
fn the_reader_gets_what_it_prefers() {
    let read = |accept: &str, language: &str| {
        Reader::of(&headers(&[("accept", accept), ("accept-language", language)]))
    };
    assert!(read("application/json", "").json);
    assert!(read("application/problem+json, */*;q=0.1", "").json);
    assert!(!read("text/html,application/xhtml+xml,*/*;q=0.8", "").json);
    assert!(!read("text/html, application/json;q=0.9", "").json);
    assert!(!read("application/json;q=0, */*", "").json);
    assert!(!Reader::of(&HeaderMap::new()).json);
    for (value, language) in [
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", Language::Korean),
        ("ko,en", Language::Korean),
        ("en,ko", Language::English),
        ("en;q=0.5, ko;q=0.8", Language::Korean),
        ("fr", Language::English),
        ("", Language::English),
        ("kok", Language::English),
    ] {
        assert_eq!(read("", value).language, language, "{value}");
    }
}
