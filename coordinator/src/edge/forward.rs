//! One visitor's request from head to head: vet it, find its target, tell the app who asks, hand back the answer or
//! a page that says why there is none.

use super::{
    Edge,
    body::{Answer, Download, Upload},
    cause::{self, CAUSE_HEADER, Cause, Reader, Tale},
    forwarded::{self, Hop, X_REQUEST_ID},
    head_watch::Watch,
    host,
    routes::{Claim, Found},
    switch,
    upstream::{Failure, exchange},
    vet::{Refusal, vet},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, Version, header, request::Parts,
};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use std::{net::SocketAddr, sync::Arc};

/// Answers one request; there is always an answer.
pub(super) async fn answer(
    edge: &Arc<Edge>,
    peer: SocketAddr,
    watch: &Arc<Watch>,
    mut request: Request<Incoming>,
) -> Response<Answer> {
    let visitor = request.headers().contains_key(header::UPGRADE).then(|| hyper::upgrade::on(&mut request));
    let (mut parts, body) = request.into_parts();
    let id = forwarded::request_id(&parts.headers, fresh_id);
    let host = match vet(&parts, watch.saw_two_framings()) {
        Ok(host) => host,
        Err(refusal) => return refuse(refusal, id),
    };
    let reader = Reader::of(&parts.headers);
    let told = Told { host: host.to_str().unwrap_or_default(), reader, id: &id };
    let claim = match find(edge, told.host, parts.uri.path()) {
        Found::Target(claim) => claim,
        Found::Nobody { cause, detail } => return told.page(cause, &detail),
        Found::Unknown => return told.page(Cause::NoRoute, ""),
    };
    prepare(edge, peer, &mut parts, &host, &id, visitor.is_some());
    let request = Request::from_parts(parts, Upload::new(body, Arc::clone(watch)));
    let mut answer = match pass(edge, claim, request, visitor).await {
        Ok(answer) => answer,
        Err(Failure::Visitor) => {
            let text = "the request's body broke off or is malformed";
            return refuse(Refusal { status: StatusCode::BAD_REQUEST, text }, id);
        }
        Err(failure) => {
            tracing::debug!(?failure, "no answer");
            let (cause, detail) = failure.cause();
            return told.page(cause, detail);
        }
    };
    answer.headers_mut().entry(X_REQUEST_ID).or_insert(id);
    answer
}

fn find(edge: &Edge, host: &str, path: &str) -> Found {
    let authority = host::parse(host);
    match authority.and_then(|authority| authority.name(&edge.config.apps_domain)) {
        Some(name) => edge.routes.claim(&name, path),
        None => Found::Unknown,
    }
}

/// Makes the request one of our own: origin form, our version, our word on the visitor.
fn prepare(
    edge: &Edge,
    peer: SocketAddr,
    parts: &mut Parts,
    host: &HeaderValue,
    id: &HeaderValue,
    upgrades: bool,
) {
    let upgrade = parts.headers.get(header::UPGRADE).cloned().filter(|_| upgrades);
    let headers = &mut parts.headers;
    forwarded::strip(headers);
    // The body's first bytes are asked for when the app's connection wants them, so nobody waits for a 100.
    headers.remove(header::EXPECT);
    if let Some(upgrade) = upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, upgrade);
    } else if headers.contains_key(header::TE) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
    }
    let text = host.to_str().unwrap_or_default();
    let port = host::parse(text).and_then(|authority| authority.port);
    let config = &edge.config;
    let hop =
        Hop { peer: peer.ip(), authority: text, port, scheme: config.scheme, trusted: &config.trusted_hops };
    forwarded::tell(headers, hop);
    headers.insert(X_REQUEST_ID, id.clone());
    if parts.uri.authority().is_some() {
        headers.insert(header::HOST, host.clone());
        let path = parts.uri.path_and_query().cloned();
        parts.uri = path.map_or_else(Uri::default, Uri::from);
    }
    parts.version = Version::HTTP_11;
}

async fn pass(
    edge: &Arc<Edge>,
    claim: Claim,
    request: Request<Upload>,
    visitor: Option<OnUpgrade>,
) -> Result<Response<Answer>, Failure> {
    let (mut response, sender) = exchange(edge, claim.target, request).await?;
    *response.version_mut() = Version::HTTP_11;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        // Without a wish for it, a 101 is not an answer.
        let visitor = visitor.ok_or(Failure::NoAnswer)?;
        let upgrade = response.headers().get(header::UPGRADE).cloned();
        let app = hyper::upgrade::on(&mut response);
        let (mut parts, _) = response.into_parts();
        forwarded::strip(&mut parts.headers);
        parts.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        if let Some(upgrade) = upgrade {
            parts.headers.insert(header::UPGRADE, upgrade);
        }
        switch::join(edge, visitor, app, claim);
        return Ok(Response::from_parts(parts, Answer::Own(None)));
    }
    let (mut parts, body) = response.into_parts();
    forwarded::strip(&mut parts.headers);
    Ok(Response::from_parts(parts, Answer::App(Download::new(edge, body, claim, sender))))
}

/// What a page needs to know of its request.
struct Told<'a> {
    host: &'a str,
    reader: Reader,
    id: &'a HeaderValue,
}

impl Told<'_> {
    fn page(&self, cause: Cause, detail: &str) -> Response<Answer> {
        let request_id = self.id.to_str().unwrap_or_default();
        let (kind, text) = cause::render(Tale { cause, host: self.host, detail, request_id }, self.reader);
        let mut response = Response::new(Answer::own(text));
        *response.status_mut() = cause.status();
        let fixed = [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "no-store"),
            (header::VARY, "accept, accept-language"),
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
            (HeaderName::from_static(CAUSE_HEADER), cause.as_str()),
        ];
        let headers = response.headers_mut();
        headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
        headers.insert(header::RETRY_AFTER, HeaderValue::from(cause.retry_after()));
        headers.insert(X_REQUEST_ID, self.id.clone());
        response
    }
}

/// The answer to a request that is refused; the connection ends, since its next bytes could be anything.
fn refuse(refusal: Refusal, id: HeaderValue) -> Response<Answer> {
    let mut response = Response::new(Answer::own(format!("{}\n", refusal.text)));
    *response.status_mut() = refusal.status;
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(X_REQUEST_ID, id);
    if refusal.status == StatusCode::METHOD_NOT_ALLOWED {
        headers
            .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    }
    response
}

fn fresh_id() -> HeaderValue {
    let id = format!("{:032x}", rand::random::<u128>());
    HeaderValue::from_str(&id).expect("hex digits are header text")
}
