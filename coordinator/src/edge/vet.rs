//! The shape of a request, before anybody acts on it. Two servers that read one request differently are a way to
//! smuggle a second one past the first, so whatever could be read in two ways is refused. Pure.

use super::host;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};

/// Why a request is refused, one sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) text: &'static str,
}

const fn refuse(status: StatusCode, text: &'static str) -> Refusal {
    Refusal { status, text }
}

/// Checks a request and finds the host that it is for, as it was written.
/// `two_framings`: the head had a length and a coding, of which `parts` may show one only.
pub(super) fn vet(parts: &Parts, two_framings: bool) -> Result<HeaderValue, Refusal> {
    if parts.method == Method::CONNECT {
        return Err(refuse(StatusCode::METHOD_NOT_ALLOWED, "CONNECT is not offered here"));
    }
    vet_framing(&parts.headers, two_framings)?;
    vet_upgrade(&parts.headers)?;
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(refuse(StatusCode::BAD_REQUEST, "a request names exactly one host"));
    };
    // The absolute form wins over the header (RFC 9112, 3.2.2); the header is rewritten to it when forwarded.
    let host = match parts.uri.authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).ok(),
        None => Some(host.clone()),
    };
    host.filter(|host| host.to_str().is_ok_and(|text| host::parse(text).is_some()))
        .ok_or(refuse(StatusCode::BAD_REQUEST, "the host is not one that a URL could hold"))
}

fn vet_framing(headers: &HeaderMap, two_framings: bool) -> Result<(), Refusal> {
    if two_framings {
        return Err(refuse(StatusCode::BAD_REQUEST, "a request has a length or is chunked, not both"));
    }
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(()) };
    if codings.next().is_some() || !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") {
        return Err(refuse(StatusCode::NOT_IMPLEMENTED, "chunked is the only transfer coding here"));
    }
    Ok(())
}

fn vet_upgrade(headers: &HeaderMap) -> Result<(), Refusal> {
    let h2c = |value: &HeaderValue| {
        let mut tokens = value.as_bytes().split(|byte| *byte == b',');
        tokens.any(|token| token.trim_ascii().to_ascii_lowercase().starts_with(b"h2c"))
    };
    if headers.get_all(header::UPGRADE).iter().any(h2c) {
        return Err(refuse(StatusCode::NOT_IMPLEMENTED, "an upgrade to h2c is not offered here"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn status(method: &str, uri: &str, headers: &[(&str, &str)]) -> Option<u16> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        vet(&request.body(()).unwrap().into_parts().0, false).err().map(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let host = ("host", "a.localhost");
        assert_eq!(status("GET", "/", &[host]), None);
        assert_eq!(status("GET", "/", &[]), Some(400));
        assert_eq!(status("GET", "/", &[host, host]), Some(400));
        assert_eq!(status("GET", "/", &[("host", "a@b")]), Some(400));
        assert_eq!(status("POST", "/", &[host, ("transfer-encoding", "Chunked")]), None);
        assert_eq!(status("POST", "/", &[host, ("transfer-encoding", "gzip, chunked")]), Some(501));
        let twice = [host, ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")];
        assert_eq!(status("POST", "/", &twice), Some(501));
        assert_eq!(status("CONNECT", "a.localhost:80", &[host]), Some(405));
        assert_eq!(status("GET", "/", &[host, ("upgrade", "websocket, H2C")]), Some(501));
        assert_eq!(status("GET", "/", &[host, ("upgrade", "websocket")]), None);
    }

    #[test]
    fn the_absolute_form_wins_over_the_header() {
        let request = Request::get("http://b.localhost/x").header("host", "a.localhost").body(()).unwrap();
        let parts = request.into_parts().0;
        assert_eq!(vet(&parts, false).unwrap(), "b.localhost");
        assert_eq!(vet(&parts, true).unwrap_err().status, StatusCode::BAD_REQUEST);
    }
}
