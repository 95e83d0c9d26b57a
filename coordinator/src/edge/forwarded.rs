//! What the app is told of the visitor: `X-Forwarded-*`, `Forwarded`, `X-Real-IP`, `X-Request-Id`. Also the removal
//! of headers that speak of one connection only. Pure.
//!
//! A visitor's own word on who it is counts for nothing: what it sends of these is replaced, unless the connection
//! comes from a hop that the operator trusts.

use super::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use std::{fmt::Write, net::IpAddr, str::FromStr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
/// Names a request in the logs of everybody who touches it.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers of one connection (RFC 9110, 7.6.1). `te` and `trailer` are dealt with apart.
const HOP_BY_HOP: [HeaderName; 6] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The longest request id of somebody else that is kept.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Address blocks whose word on the visitor counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedHops {
    blocks: Vec<(IpAddr, u8)>,
}

/// A text that is not an address block such as `10.0.0.0/8`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not an address block such as 10.0.0.0/8")]
pub struct NotABlock(String);

impl TrustedHops {
    /// Reads blocks such as `10.0.0.0/8`, `::1`.
    /// Errors: the first text that is none.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, NotABlock> {
        let blocks = texts.into_iter().map(|text| block(text).ok_or_else(|| NotABlock(text.to_owned())));
        Ok(Self { blocks: blocks.collect::<Result<_, _>>()? })
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.blocks.iter().any(|(base, bits)| match (base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(*bits);
                base.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(*bits);
                base.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        })
    }
}

fn block(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address = IpAddr::from_str(address).ok()?;
    let widest = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(widest), |bits| bits.parse().ok())?;
    (bits <= widest).then_some((address, bits))
}

/// What the edge knows of a request's way here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hop<'a> {
    /// The other end of the connection.
    pub(super) peer: IpAddr,
    /// The host as the visitor wrote it, port included.
    pub(super) authority: &'a str,
    /// The port, when it was written.
    pub(super) port: Option<u16>,
    pub(super) scheme: Scheme,
    pub(super) trusted: &'a TrustedHops,
}

/// Tells the app who asks. Call after [`strip`], or the visitor could have it taken away again.
pub(super) fn tell(headers: &mut HeaderMap, hop: Hop<'_>) {
    drop_disguised(headers);
    let peer = hop.peer.to_canonical();
    let trusted = hop.trusted.contains(peer);
    let mut chain = if trusted { joined(headers, &X_FORWARDED_FOR) } else { String::new() };
    let visitor = visitor_of(&chain, peer, hop.trusted);
    push(&mut chain, format_args!("{peer}"));
    set(headers, X_FORWARDED_FOR, &chain);
    set(headers, X_REAL_IP, &visitor.to_string());
    let mut forwarded = if trusted { joined(headers, &header::FORWARDED) } else { String::new() };
    let (host, proto) = (hop.authority, hop.scheme.as_str());
    match peer {
        IpAddr::V4(peer) => push(&mut forwarded, format_args!("for={peer};host=\"{host}\";proto={proto}")),
        IpAddr::V6(peer) => {
            push(&mut forwarded, format_args!("for=\"[{peer}]\";host=\"{host}\";proto={proto}"))
        }
    }
    set(headers, header::FORWARDED, &forwarded);
    if !(trusted && headers.contains_key(X_FORWARDED_PROTO)) {
        headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(proto));
    }
    if !(trusted && headers.contains_key(X_FORWARDED_HOST)) {
        set(headers, X_FORWARDED_HOST, host);
    }
    if !(trusted && headers.contains_key(X_FORWARDED_PORT)) {
        let port = hop.port.unwrap_or(hop.scheme.default_port());
        headers.insert(X_FORWARDED_PORT, HeaderValue::from(port));
    }
}

/// The last address in the chain that is not a trusted hop.
fn visitor_of(chain: &str, peer: IpAddr, trusted: &TrustedHops) -> IpAddr {
    let mut visitor = peer;
    for text in chain.rsplit(',').map(str::trim) {
        let Ok(address) = text.parse::<IpAddr>() else { break };
        if !trusted.contains(visitor) {
            break;
        }
        visitor = address.to_canonical();
    }
    visitor
}

fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let values: Vec<_> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    values.join(", ")
}

fn push(list: &mut String, item: std::fmt::Arguments<'_>) {
    if !list.is_empty() {
        list.push_str(", ");
    }
    list.write_fmt(item).expect("a string takes everything");
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    match HeaderValue::from_str(value) {
        Ok(value) => headers.insert(name, value),
        // Only bytes that no address or vetted host has could lead here; then nothing is better than a lie.
        Err(_) => headers.remove(name),
    };
}

/// Servers that turn headers into variables read `x_real_ip` and `x-real-ip` as one; the former would slip through.
fn drop_disguised(headers: &mut HeaderMap) {
    let disguised = |name: &HeaderName| {
        let name = name.as_str();
        name.contains('_') && (name.starts_with("x_") || name.starts_with("x-"))
    };
    if headers.keys().any(disguised) {
        let names: Vec<_> = headers.keys().filter(|name| disguised(name)).cloned().collect();
        for name in names {
            let plain = name.as_str().replace('_', "-");
            let ours = plain.starts_with("x-forwarded-") || plain == "x-real-ip" || plain == "x-request-id";
            if ours {
                headers.remove(name);
            }
        }
    }
}

/// Takes away what speaks of one connection only: the known names and those that `Connection` lists.
pub(super) fn strip(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        for name in connection_names(headers) {
            headers.remove(name);
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
    let trailers = |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"trailers");
    if headers.contains_key(header::TE) && !headers.get_all(header::TE).iter().all(trailers) {
        headers.remove(header::TE);
    }
}

/// Names that `Connection` lists, but for those that frame or address the message: nobody may have them removed.
fn connection_names(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_str(name.trim()).ok())
        .filter(|name| ![header::HOST, header::CONTENT_LENGTH, header::TE].contains(name))
        .collect()
}

/// The request's id: the visitor's own when it is sane, else `fresh`.
pub(super) fn request_id(headers: &HeaderMap, fresh: impl FnOnce() -> HeaderValue) -> HeaderValue {
    let sane = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=REQUEST_ID_BYTES_MAX).contains(&bytes.len())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    };
    headers.get(X_REQUEST_ID).filter(sane).cloned().unwrap_or_else(fresh)
}

#[cfg(test)]
mod tests;
