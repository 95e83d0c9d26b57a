//! Uploaded source archives: streamed to disk under a limit, checked whole, then put in place by digest. A file that
//! is refused, or whose sender hangs up, is gone before the answer.

use super::{
    caller::{Caller, can},
    error::ApiError,
    extract::{Answer, Reply},
};
use crate::{clock, fresh};
use axum::{
    body::{Body, BodyDataStream},
    extract::DefaultBodyLimit,
};
use futures_util::StreamExt;
use http::{HeaderMap, StatusCode, header};
use sha2::{Digest, Sha256};
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{io::AsyncWriteExt, time::timeout};
use ttalkak_protocol::{
    ErrorCode,
    api::upload::UploadView,
    error::Problem,
    id::UploadId,
    unit::{Bytes, Millis},
};
use ttalkak_source::{Limits, SourceError, for_each_entry, is_lfs_pointer};
use utoipa_axum::{
    router::{UtoipaMethodRouter, UtoipaMethodRouterExt},
    routes,
};

/// The path, which the idempotency layer treats apart: a body of this size is not read ahead.
pub(super) const PATH: &str = "/v1/uploads";
/// Uploads at a time: each is checked on a thread of its own.
pub(super) const AT_A_TIME: usize = 8;
/// A sender that is silent for so long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// An upload that no deployment uses goes after a day.
const TTL: Millis = Millis(24 * 60 * 60 * 1000);
/// LFS pointers are smaller than this by their own rule.
const POINTER_BYTES_MAX: u64 = 1024;

/// The route, without the limit that other bodies have.
pub(super) fn route() -> UtoipaMethodRouter<super::caller::Door> {
    UtoipaMethodRouterExt::layer(routes!(create), DefaultBodyLimit::disable())
}

/// A source archive (`application/gzip`, a gzipped tar of at most 256 MiB) to be named in a deployment.
#[utoipa::path(post, path = "/v1/uploads", tag = "uploads", security(("token" = ["deploy"])),
    request_body(content = Vec<u8>, content_type = "application/gzip", description = "The gzipped tar."),
    responses((status = 201, description = "Kept.", body = UploadView)))]
pub(super) async fn create(caller: Caller<can::Deploy>, headers: HeaderMap, body: Body) -> Reply<UploadView> {
    let limits = Limits::default();
    check_headers(&headers, &limits)?;
    let Ok(_turn) = caller.room().uploading.try_acquire() else {
        return Err(ApiError::new(ErrorCode::Unavailable, "Too many uploads at this moment."));
    };
    let dir = caller.sources_dir();
    tokio::fs::create_dir_all(&dir)
        .await
        .map_err(|error| ApiError::broken("make the sources folder", error))?;
    let id = fresh::id(UploadId::new);
    let part = Part(dir.join(format!("{id}.part")));
    let (digest, bytes) = receive(body.into_data_stream(), &part.0, &limits).await?;
    check_archive(part.0.clone(), limits).await?;
    let place = dir.join(format!("{digest}.tar.gz"));
    // Before the row: a row without its file would be a promise that cannot be kept. A file without a row is swept.
    tokio::fs::rename(&part.0, &place).await.map_err(|error| ApiError::broken("keep an upload", error))?;
    let now = clock::now();
    let view = UploadView { id, digest, bytes: Bytes(bytes), expires_at: now.after(TTL) };
    caller.store.create_upload(caller.account, &view, now).await?;
    Ok(Answer(StatusCode::CREATED, view))
}

/// A file on its way in; dropped before it is in its place, it goes.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        match std::fs::remove_file(&self.0) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "a refused upload could not be removed"),
        }
    }
}

fn check_headers(headers: &HeaderMap, limits: &Limits) -> Result<(), ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind != "application/gzip" && kind != "application/x-gzip" {
        return Err(Problem::new(ErrorCode::UnsupportedMediaType, "The body must be application/gzip.")
            .with_next("Send a gzipped tar archive.")
            .into());
    }
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > limits.max_archive_bytes) {
        Err(too_large(limits))
    } else {
        Ok(())
    }
}

fn too_large(limits: &Limits) -> ApiError {
    refusal(&SourceError::ArchiveTooLarge { limit_bytes: limits.max_archive_bytes })
}

/// Writes the stream to `file`. Returns digest and length.
async fn receive(mut body: BodyDataStream, file: &Path, limits: &Limits) -> Result<(String, u64), ApiError> {
    let disk = |error: io::Error| ApiError::broken("write an upload", error);
    let mut out = tokio::fs::File::create_new(file).await.map_err(disk)?;
    let (mut hash, mut bytes) = (Sha256::new(), 0_u64);
    loop {
        let chunk = match timeout(SILENCE_MAX, body.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(None) => break,
            Ok(Some(Err(_))) | Err(_) => {
                return Err(ApiError::new(ErrorCode::InvalidBody, "The upload ended early."));
            }
        };
        bytes += chunk.len() as u64;
        if bytes > limits.max_archive_bytes {
            return Err(too_large(limits));
        }
        hash.update(&chunk);
        out.write_all(&chunk).await.map_err(disk)?;
    }
    out.flush().await.map_err(disk)?;
    out.sync_all().await.map_err(disk)?;
    Ok((hex::encode(hash.finalize()), bytes))
}

/// Reads the whole archive once: every rule of a source holds for what is kept.
async fn check_archive(file: PathBuf, limits: Limits) -> Result<(), ApiError> {
    let check = move || {
        let cause = |cause| SourceError::Io { doing: "read the upload".to_owned(), cause };
        let archive = io::BufReader::new(std::fs::File::open(file).map_err(cause)?);
        for_each_entry(archive, &limits, |entry, content| {
            if entry.size() > 0 && entry.size() < POINTER_BYTES_MAX {
                let mut bytes = Vec::new();
                content.read_to_end(&mut bytes).map_err(cause)?;
                if is_lfs_pointer(&bytes) {
                    return Err(SourceError::LfsPointer { path: entry.path.clone() });
                }
            }
            Ok(())
        })
    };
    match tokio::task::spawn_blocking(check).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(refusal(&error)),
        Err(error) => Err(ApiError::broken("check an upload", error)),
    }
}

fn refusal(error: &SourceError) -> ApiError {
    let code = match error {
        SourceError::TooLarge { .. } | SourceError::ArchiveTooLarge { .. } => ErrorCode::SourceTooLarge,
        SourceError::TooManyFiles { .. } => ErrorCode::SourceTooManyFiles,
        SourceError::PathUnsafe { .. } => ErrorCode::SourcePathUnsafe,
        SourceError::LinkEscapes { .. } => ErrorCode::SourceLinkEscapes,
        SourceError::SpecialFile { .. } => ErrorCode::SourceSpecialFile,
        SourceError::Bomb { .. } => ErrorCode::SourceBomb,
        SourceError::Corrupt { .. } | SourceError::Digest { .. } | SourceError::Changed { .. } => {
            ErrorCode::SourceCorrupt
        }
        SourceError::Empty => ErrorCode::SourceEmpty,
        SourceError::LfsPointer { .. } => ErrorCode::GitLfsPointer,
        SourceError::IgnorePattern { .. } => ErrorCode::SourceInvalid,
        SourceError::Io { .. } => ErrorCode::SourceCorrupt,
    };
    Problem::new(code, error.to_string()).with_next(error.next_move()).into()
}
