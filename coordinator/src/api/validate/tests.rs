use super::*;
use ttalkak_protocol::{Secret, api::env::EnvScope};

fn entry(key: &str, value: &str) -> EnvEntry {
    EnvEntry {
        key: key.to_owned(),
        value: Secret::new(value.to_owned()),
        scope: EnvScope::Both,
        secret: false,
    }
}

fn code<T>(checked: Checked<T>) -> Option<ErrorCode> {
    checked.err().map(|problem| problem.code)
}

#[test]
fn names_are_judged_by_length_shape_and_reservation() {
    assert_eq!(code(hostname("my-shop")), None);
    for bad in ["", "-x", "Shop", "a.b", "💥", "x--y", &"a".repeat(64)] {
        assert_eq!(code(hostname(bad)), Some(ErrorCode::NameInvalid), "{bad}");
    }
    assert_eq!(code(hostname("www")), Some(ErrorCode::NameReserved));
}

#[test]
fn ports_memory_and_processor_stay_in_their_bounds() {
    for bad in [-1, 0, 65_536, i64::MAX] {
        assert_eq!(code(port(Some(bad))), Some(ErrorCode::PortOutOfRange));
    }
    assert_eq!(port(Some(22)).unwrap().map(ContainerPort::get), Some(22));
    for bad in [0, 1, u64::MAX] {
        assert_eq!(code(memory(Some(bad))), Some(ErrorCode::LimitsInvalid));
    }
    for bad in [0, 49, u32::MAX] {
        assert_eq!(code(cpu(Some(bad))), Some(ErrorCode::LimitsInvalid));
    }
    assert_eq!((memory(None).unwrap(), cpu(None).unwrap()), (MEMORY_DEFAULT, CPU_DEFAULT));
}

#[test]
fn keys_of_variables_are_what_programs_can_read() {
    for good in ["A", "_x", "PORT_2", "LD_PRELOAD", "path"] {
        assert_eq!(code(environment(&[entry(good, "v")])), None, "{good}");
    }
    for bad in ["", "A=B", "A\0", "A\nB", "2A", "A-B", "A B", "Ä", &"A".repeat(129)] {
        assert_eq!(code(environment(&[entry(bad, "v")])), Some(ErrorCode::EnvKeyInvalid), "{bad:?}");
    }
}

#[test]
fn values_doubles_and_sizes_of_variables_are_refused_by_their_own_code() {
    assert_eq!(code(environment(&[entry("A", "a\0b")])), Some(ErrorCode::EnvValueInvalid));
    assert_eq!(code(environment(&[entry("A", "1"), entry("A", "2")])), Some(ErrorCode::EnvKeyInvalid));
    let large = "x".repeat(ENV_BYTES_MAX);
    assert_eq!(code(environment(&[entry("A", &large)])), Some(ErrorCode::EnvTooLarge));
    let many: Vec<_> = (0..=ENV_KEYS_MAX).map(|n| entry(&format!("K{n}"), "")).collect();
    assert_eq!(code(environment(&many)), Some(ErrorCode::EnvTooLarge));
    assert_eq!(code(environment(&many[1..])), None);
}

#[test]
fn only_plain_web_addresses_of_repositories_pass() {
    assert_eq!(code(git_url("https://example.com/me/app.git", false)), None);
    for bad in [
        "",
        "--upload-pack=touch /tmp/x",
        "ext::sh -c id",
        "ssh://git@example.com/x",
        "git@example.com:me/app",
        "file:///etc",
        "http://example.com/x",
        "https://",
        "https://exa mple.com/x",
        "https://example.com/\n",
        &format!("https://example.com/{}", "a".repeat(3000)),
    ] {
        assert_eq!(code(git_url(bad, false)), Some(ErrorCode::GitUrlRefused), "{bad}");
    }
    let with_password = "https://user:pw@example.com/x";
    assert_eq!(code(git_url(with_password, false)), Some(ErrorCode::GitCredentialsInUrl));
    assert_eq!(code(git_url("file:///srv/repo", true)), None);
}

#[test]
fn a_branch_is_never_an_option_and_a_folder_never_leaves_the_tree() {
    for good in ["main", "feature/x-1", "v1.2.3", "한글"] {
        assert_eq!(code(git_ref(good)), None, "{good}");
    }
    for bad in
        ["", "-x", "--help", "a..b", "a b", "a~1", "a:b", "x.lock", "/x", "x/", "@{u}", "a\nb", "$(id) x"]
    {
        assert_eq!(code(git_ref(bad)), Some(ErrorCode::GitRefInvalid), "{bad:?}");
    }
    assert_eq!(folder("apps/web/").unwrap().as_deref(), Some("apps/web"));
    assert_eq!(folder("./apps").unwrap().as_deref(), Some("apps"));
    assert_eq!(folder(".").unwrap(), None);
    for bad in ["../x", "a/../../b", "/etc", "a//b", ".git/hooks", "a\\b", "a\0b"] {
        assert_eq!(code(folder(bad)), Some(ErrorCode::SourceInvalid), "{bad:?}");
    }
}
