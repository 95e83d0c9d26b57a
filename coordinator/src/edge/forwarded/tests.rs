use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn told(pairs: &[(&'static str, &str)], peer: &str, trusted: &[&str]) -> HeaderMap {
    let mut headers = headers(pairs);
    let trusted = TrustedHops::parse(trusted.iter().copied()).unwrap();
    let hop = Hop {
        peer: peer.parse().unwrap(),
        authority: "shop.localhost:8080",
        port: Some(8080),
        scheme: Scheme::Http,
        trusted: &trusted,
    };
    tell(&mut headers, hop);
    headers
}

const SPOOFED: &[(&str, &str)] = &[
    ("x-forwarded-for", "1.1.1.1"),
    ("x-forwarded-for", "2.2.2.2"),
    ("x_forwarded_for", "3.3.3.3"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "bank.example"),
    ("x-forwarded-port", "443"),
    ("x-real-ip", "1.1.1.1"),
    ("x_real-ip", "1.1.1.1"),
    ("forwarded", "for=1.1.1.1"),
];

#[test]
fn a_visitors_own_word_is_replaced() {
    let told = told(SPOOFED, "203.0.113.9", &["10.0.0.0/8"]);
    assert_eq!(told.get_all("x-forwarded-for").iter().collect::<Vec<_>>(), ["203.0.113.9"]);
    assert_eq!(told["x-real-ip"], "203.0.113.9");
    assert_eq!(told["x-forwarded-proto"], "http");
    assert_eq!(told["x-forwarded-host"], "shop.localhost:8080");
    assert_eq!(told["x-forwarded-port"], "8080");
    assert_eq!(told["forwarded"], "for=203.0.113.9;host=\"shop.localhost:8080\";proto=http");
    assert!(!told.contains_key("x_forwarded_for") && !told.contains_key("x_real-ip"));
}

#[test]
fn a_trusted_hops_word_is_kept_and_continued() {
    let told = told(SPOOFED, "10.1.2.3", &["10.0.0.0/8", "2.2.2.2"]);
    assert_eq!(told["x-forwarded-for"], "1.1.1.1, 2.2.2.2, 10.1.2.3");
    assert_eq!(told["x-real-ip"], "1.1.1.1");
    assert_eq!(told["x-forwarded-proto"], "https");
    assert_eq!(told["forwarded"], "for=1.1.1.1, for=10.1.2.3;host=\"shop.localhost:8080\";proto=http");
}

#[test]
fn addresses_are_written_as_the_standards_want() {
    let v6 = told(&[], "2001:db8::1", &[]);
    assert_eq!(v6["forwarded"], "for=\"[2001:db8::1]\";host=\"shop.localhost:8080\";proto=http");
    assert_eq!(told(&[], "::ffff:192.0.2.1", &[])["x-real-ip"], "192.0.2.1");
    let chained = told(&[("x-forwarded-for", "junk, 9.9.9.9")], "::1", &["::1", "9.9.9.9"]);
    assert_eq!(chained["x-real-ip"], "9.9.9.9", "behind junk nobody is believed");
}

#[test]
fn blocks_are_read_strictly() {
    let hops = TrustedHops::parse(["0.0.0.0/0", "fd00::/8"]).unwrap();
    assert!(hops.contains("8.8.8.8".parse().unwrap()) && hops.contains("fd12::1".parse().unwrap()));
    assert!(!hops.contains("fe80::1".parse().unwrap()));
    for bad in ["", "10.0.0.0/33", "10.0.0/8", "host", "10.0.0.0/-1"] {
        assert!(TrustedHops::parse([bad]).is_err(), "{bad}");
    }
}

#[test]
fn headers_of_one_connection_do_not_travel() {
    let mut headers = headers(&[
        ("connection", "close, X-Secret, host, content-length"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("upgrade", "websocket"),
        ("te", "gzip, trailers"),
        ("x-secret", "1"),
        ("host", "a"),
        ("content-length", "3"),
        ("trailer", "x-sum"),
        ("accept", "*/*"),
    ]);
    strip(&mut headers);
    let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    left.sort_unstable();
    assert_eq!(left, ["accept", "content-length", "host", "trailer"]);
}

#[test]
fn a_request_id_is_kept_only_when_it_is_sane() {
    let fresh = || HeaderValue::from_static("fresh");
    let id = |value: &str| request_id(&headers(&[("x-request-id", value)]), fresh);
    assert_eq!(id("abc-1.2_3"), "abc-1.2_3");
    for bad in ["", "a b", "<b>", &"a".repeat(129)] {
        assert_eq!(id(bad), "fresh", "{bad}");
    }
    assert_eq!(request_id(&HeaderMap::new(), fresh), "fresh");
}
