use super::*;

fn verdict(text: &str, local: bool) -> Result<String, String> {
    GitUrl::parse(text, &GitPolicy::new(local, []))
        .map(|url| url.to_string())
        .map_err(|error| error.to_string())
}

#[test]
fn https_addresses_of_public_hosts_are_taken() {
    for text in [
        "https://github.com/you/app",
        "https://github.com/you/app.git",
        "HTTPS://GitLab.com/group/sub/app/",
        "https://git.example.org:8443/~me/app",
        "https://140.82.121.3/you/app",
    ] {
        verdict(text, false).unwrap();
    }
}

#[test]
fn tricks_and_other_transports_are_refused_everywhere() {
    for text in [
        "",
        "--upload-pack=touch /tmp/x",
        "--upload-pack=x",
        "-oProxyCommand=x",
        "ext::sh -c id",
        "ext::id",
        "fd::17/x",
        "ssh://git@github.com/you/app",
        "git@github.com:you/app.git",
        "git://github.com/you/app",
        "ftp://github.com/you/app",
        "github.com/you/app",
        "/etc",
        "https://",
        "https://github.com",
        "https://github.com/",
        "https:///you/app",
        "https://github.com/you/app?x=1",
        "https://github.com/you/app#x",
        "https://github.com/you/app%0aHost:%20x",
        "https://github.com/you/a\npp",
        "https://github.com/you/a pp",
        "https://gíthub.com/you/app",
        "https://xn--gthub-cza.com/you/app",
        "https://github.com\\@evil.com/you/app",
        "file://host/etc",
        "file:////host/share",
        "http://example.com/you/app",
    ] {
        assert!(verdict(text, false).is_err(), "{text}");
        assert!(verdict(text, true).is_err(), "{text} in development");
    }
    assert!(verdict(&format!("https://github.com/{}", "x".repeat(3000)), true).is_err());
}

#[test]
fn hosts_of_a_private_network_are_refused_in_every_spelling() {
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0",
        "10.1.2.3",
        "192.168.0.1",
        "172.20.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[fd00::1]",
        "[fe80::1]",
        "[2002:7f00:1::]",
        "[64:ff9b::a9fe:a9fe]",
        "localhost",
        "localhost.",
        "git.localhost",
        "gitea",
        "gitea.internal",
        "printer.local",
    ] {
        let error = verdict(&format!("https://{host}/you/app"), false).unwrap_err();
        assert!(error.contains("private network"), "{host}: {error}");
    }
}

#[test]
fn local_addresses_are_for_development() {
    for text in
        ["file:///srv/app.git", "http://127.0.0.1:3000/app", "http://localhost/app", "http://[::1]:80/app"]
    {
        assert!(verdict(text, false).is_err(), "{text}");
        assert!(verdict(text, true).is_ok(), "{text}");
    }
}

#[test]
fn credentials_in_an_address_are_refused_and_not_repeated() {
    for text in [
        "https://user:hunter2@github.com/you/app",
        "https://hunter2@github.com/you/app",
        "https://:hunter2@github.com/x",
        "https://@github.com/hunter2",
    ] {
        let error = GitUrl::parse(text, &GitPolicy::default()).unwrap_err();
        assert!(matches!(error, GitError::CredentialsInUrl), "{text}");
        assert!(!format!("{error} {error:?} {:?}", error.problem()).contains("hunter2"));
    }
}

#[test]
fn the_longer_form_of_an_address_is_tried_once() {
    let url = |text: &str| GitUrl::parse(text, &GitPolicy::new(true, [])).unwrap();
    assert_eq!(url("https://gitlab.com/a/b/").with_suffix(), Some(url("https://gitlab.com/a/b.git")));
    assert_eq!(url("https://gitlab.com/a/b.git").with_suffix(), None);
    assert_eq!(url("file:///srv/app").with_suffix(), None);
}
