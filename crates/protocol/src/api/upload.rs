//! Uploaded source archives.

use crate::{
    id::UploadId,
    unit::{Bytes, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// Answer to `POST /v1/uploads`, whose body is the gzipped tar itself (`application/gzip`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UploadView {
    /// Name it in a deployment's source.
    pub id: UploadId,
    /// SHA-256 of the bytes, hex.
    pub digest: String,
    /// Length.
    pub bytes: Bytes,
    /// Cleared away after this unless a deployment uses it.
    pub expires_at: UnixMillis,
}
