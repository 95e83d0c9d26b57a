//! A BuildKit session: a connection on which the roles are turned round, so that the engine can ask us, by gRPC, for
//! the secrets that a build step mounts. bollard's own session for `/build` serves none, which is why this is ours.
//! A secret is answered from memory and never becomes an argument, a layer or a file of ours.

use super::{EngineAddress, EngineError, socket::dial};
use bollard::moby::{
    buildkit::secrets::v1::{
        GetSecretRequest, GetSecretResponse,
        secrets_server::{Secrets, SecretsServer},
    },
    filesync::v1::{
        CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse,
        GetTokenAuthorityRequest, GetTokenAuthorityResponse, VerifyTokenAuthorityRequest,
        VerifyTokenAuthorityResponse,
        auth_server::{Auth, AuthServer},
    },
};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Empty;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::{
    collections::BTreeMap,
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::JoinSet,
};
use tonic::{Response, Status, transport::server::Connected};
use ttalkak_protocol::secret::Secret;

const METHODS: [&str; 5] = [
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
    "/moby.filesync.v1.Auth/Credentials",
    "/moby.filesync.v1.Auth/FetchToken",
    "/moby.filesync.v1.Auth/GetTokenAuthority",
    "/moby.filesync.v1.Auth/VerifyTokenAuthority",
];
const DOING: &str = "open a build session";

/// A session that stands. Dropping it closes the connection and thereby ends builds that use it.
#[derive(Debug)]
pub(super) struct Session {
    /// Given to `/build`, so that the engine knows whom to ask.
    pub(super) id: String,
    _tasks: JoinSet<()>,
}

/// Opens a session. `None` when the engine has no BuildKit, as Podman's.
/// Errors: `Broken` when the engine cannot be reached.
pub(super) async fn open(
    address: &EngineAddress,
    id: String,
    secrets: BTreeMap<String, Secret<String>>,
) -> Result<Option<Session>, EngineError> {
    let wire = dial(address).await.map_err(EngineError::broken(DOING))?;
    let (mut send, connection) = hyper::client::conn::http1::handshake(TokioIo::new(wire))
        .await
        .map_err(EngineError::broken(DOING))?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        // Ends when the session does; its error says no more than the one of the build.
        let _ = connection.with_upgrades().await;
    });
    let answer = send.send_request(request(&id)).await.map_err(EngineError::broken(DOING))?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(None);
    }
    let upgraded = hyper::upgrade::on(answer).await.map_err(EngineError::broken(DOING))?;
    tasks.spawn(serve(upgraded, secrets));
    Ok(Some(Session { id, _tasks: tasks }))
}

fn request(id: &str) -> Request<Empty<Bytes>> {
    let request = Request::post("/session")
        .header(header::HOST, "engine")
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "h2c")
        .header("X-Docker-Expose-Session-Uuid", id)
        .header("X-Docker-Expose-Session-Name", "ttalkak");
    METHODS
        .iter()
        .fold(request, |request, method| request.header("X-Docker-Expose-Session-Grpc-Method", *method))
        .body(Empty::new())
        .expect("an id is hexadecimal and all else is constant")
}

async fn serve(upgraded: Upgraded, secrets: BTreeMap<String, Secret<String>>) {
    let io = Turned(TokioIo::new(upgraded));
    let incoming = futures_util::stream::iter([Ok::<_, io::Error>(io)]);
    let served = tonic::transport::Server::builder()
        .add_service(SecretsServer::new(Vault(secrets)))
        .add_service(AuthServer::new(Anonymous))
        .serve_with_incoming(incoming)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "build session ended");
    }
}

struct Vault(BTreeMap<String, Secret<String>>);

#[tonic::async_trait]
impl Secrets for Vault {
    async fn get_secret(
        &self,
        request: tonic::Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let id = request.into_inner().id;
        match self.0.get(&id) {
            Some(secret) => {
                Ok(Response::new(GetSecretResponse { data: secret.reveal().clone().into_bytes() }))
            }
            None => Err(Status::not_found(format!("there is no build secret {id}"))),
        }
    }
}

/// Base images are pulled without an account. The engine then asks the registry for a token by itself.
struct Anonymous;

#[tonic::async_trait]
impl Auth for Anonymous {
    async fn credentials(
        &self,
        _: tonic::Request<CredentialsRequest>,
    ) -> Result<Response<CredentialsResponse>, Status> {
        Ok(Response::new(CredentialsResponse::default()))
    }

    async fn fetch_token(
        &self,
        _: tonic::Request<FetchTokenRequest>,
    ) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unimplemented("the engine fetches tokens itself"))
    }

    async fn get_token_authority(
        &self,
        _: tonic::Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("the engine fetches tokens itself"))
    }

    async fn verify_token_authority(
        &self,
        _: tonic::Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("the engine fetches tokens itself"))
    }
}

/// The upgraded connection in the shape that tonic serves on.
struct Turned(TokioIo<Upgraded>);

impl Connected for Turned {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}

impl AsyncRead for Turned {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Turned {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
