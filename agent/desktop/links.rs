//! Which links the window may hand to the system's browser. Pure.
//! Deliberately absent: opening them.

use url::{Host, Url};

/// Links to the web only, without a password in them, and no longer than browsers take.
const CHARS_MAX: usize = 2048;

/// A link that may leave the window, as it is handed on; `None` for everything else: files, other schemes, scripts.
/// Without TLS only names and addresses of this machine, where a coordinator for trying out lives.
pub fn allowed(text: &str) -> Option<Url> {
    if text.len() > CHARS_MAX {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    let safe = match url.scheme() {
        "https" => url.host().is_some(),
        "http" => url.host().is_some_and(|host| is_here(&host)),
        _ => false,
    };
    (plain && safe).then_some(url)
}

fn is_here(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_web_leaves_the_window() {
        for good in [
            "https://shop.example/x?y#z",
            "http://hello.localhost:7780/",
            "http://127.0.0.1:7700/console",
            "http://[::1]:7700/",
        ] {
            assert!(allowed(good).is_some(), "{good}");
        }
        for bad in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http://shop.example/",
            "http://localhost.example/",
            "https://user:secret@shop.example/",
            "https://user@shop.example/",
            "data:text/html,x",
            "smb://host/share",
            "not a link",
            "",
        ] {
            assert!(allowed(bad).is_none(), "{bad}");
        }
        assert!(allowed(&format!("https://example.com/{}", "x".repeat(CHARS_MAX))).is_none());
    }
}
