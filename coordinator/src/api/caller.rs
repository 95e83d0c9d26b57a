//! Who asks. [`Caller`] is the only way from a request to an account, and, with [`Anyone`] and
//! [`Machine`](super::machine::Machine), the only way to the store: the router's state is a [`Door`] that nobody else can open.

use super::{ApiState, Room, error::ApiError};
use crate::{clock, store::token::TokenOwner};
use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    ops::Deref,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};
use subtle::ConstantTimeEq;
use tokio_util::task::TaskTracker;
use ttalkak_protocol::{
    ErrorCode,
    id::{AccountId, TokenId},
    unit::UnixMillis,
};

/// What every API token starts with, for secret scanners.
pub const TOKEN_PREFIX: &str = "ttk_";
/// A header longer than this holds no token of ours.
const HEADER_BYTES_MAX: usize = 256;
/// Use is written down at most this often.
const USED_EVERY_MS: i64 = 60_000;
/// Known tokens kept in memory. When full all are forgotten, which costs one look-up each.
const CACHED_MAX: usize = 10_000;

/// The router's state, closed to handlers.
#[derive(Clone)]
pub struct Door(Arc<Room>);

impl Door {
    pub(super) fn new(room: Arc<Room>) -> Self {
        Self(room)
    }

    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.0.state.tasks
    }

    /// The caller, if the headers name one. Errors: `Unauthorized`.
    pub(super) async fn caller(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let hash: [u8; 32] = Sha256::digest(bearer(headers, TOKEN_PREFIX)?).into();
        let owner = match self.0.callers.find(&hash) {
            Some(owner) => owner,
            None => {
                let found = self.0.state.store.token_owner(&hash).await?;
                let owner = found.ok_or_else(|| unauthorized("The token is not known, or was revoked."))?;
                self.0.callers.keep(hash, owner);
                owner
            }
        };
        self.note_use(&hash, owner.token);
        Ok(Caller { account: owner.account, token: owner.token, door: self.clone() })
    }

    pub(super) fn inner(&self) -> &Room {
        &self.0
    }

    pub(super) fn room_state(&self) -> &ApiState {
        &self.0.state
    }

    /// For whoever needs no account.
    pub(super) fn anyone(&self) -> Anyone {
        Anyone(self.clone())
    }

    fn note_use(&self, hash: &[u8; 32], token: TokenId) {
        let now = clock::now();
        if self.0.callers.use_is_due(hash, now) {
            let store = self.0.state.store.clone();
            self.tasks().spawn(async move {
                if let Err(error) = store.token_used(token, now).await {
                    tracing::warn!(token.id = %token, %error, "the use of a token was not written down");
                }
            });
        }
    }
}

/// Somebody with a valid token.
pub struct Caller {
    /// Whose things may be seen and changed.
    pub account: AccountId,
    /// Which token was shown.
    pub token: TokenId,
    door: Door,
}

impl Caller {
    pub(super) fn room(&self) -> &Room {
        &self.door.0
    }

    /// From now on this token is looked up again.
    pub(super) fn forget_token(&self, token: TokenId) {
        self.door.0.callers.forget(token);
    }
}

impl Deref for Caller {
    type Target = ApiState;

    fn deref(&self) -> &ApiState {
        &self.door.0.state
    }
}

impl FromRequestParts<Door> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, ApiError> {
        door.caller(&parts.headers).await
    }
}

/// Somebody, with or without a token: a public route says so by asking for this.
pub struct Anyone(Door);

impl Anyone {
    pub(super) fn room(&self) -> &Room {
        &self.0.0
    }
}

impl Deref for Anyone {
    type Target = ApiState;

    fn deref(&self) -> &ApiState {
        &self.0.0.state
    }
}

impl FromRequestParts<Door> for Anyone {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut Parts, door: &Door) -> Result<Self, Self::Rejection> {
        Ok(door.anyone())
    }
}

pub(super) fn unauthorized(message: &str) -> ApiError {
    ApiError::new(ErrorCode::Unauthorized, message)
}

/// The one bearer token of a request. Errors: `Unauthorized` when there is none, two, or one of another kind.
pub(super) fn bearer<'h>(headers: &'h HeaderMap, prefix: &str) -> Result<&'h str, ApiError> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (all.next(), all.next());
    let value = first.ok_or_else(|| unauthorized("A token is needed."))?;
    if second.is_some() || value.len() > HEADER_BYTES_MAX {
        return Err(unauthorized("Send one Authorization header with one token."));
    }
    value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| token.starts_with(prefix))
        .ok_or_else(|| unauthorized("The Authorization header holds no token of ours."))
}

/// Tokens that were looked up, by hash. This process is the only one that revokes, so what is kept stays true.
#[derive(Default)]
pub(super) struct CallerCache {
    known: RwLock<BTreeMap<[u8; 32], Known>>,
}

struct Known {
    hash: [u8; 32],
    owner: TokenOwner,
    used_at: AtomicI64,
}

impl CallerCache {
    fn find(&self, hash: &[u8; 32]) -> Option<TokenOwner> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(hash)?;
        bool::from(found.hash.ct_eq(hash)).then_some(found.owner)
    }

    fn keep(&self, hash: [u8; 32], owner: TokenOwner) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CACHED_MAX {
            known.clear();
        }
        let used_at = AtomicI64::new(owner.last_used_at.map_or(0, |at| at.0));
        known.insert(hash, Known { hash, owner, used_at });
    }

    fn forget(&self, token: TokenId) {
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, known| known.owner.token != token);
    }

    /// `true` for one caller a minute.
    fn use_is_due(&self, hash: &[u8; 32], now: UnixMillis) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = known.get(hash) else { return false };
        let before = found.used_at.load(Ordering::Relaxed);
        now.0.saturating_sub(before) >= USED_EVERY_MS
            && found.used_at.compare_exchange(before, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use uuid::Uuid;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn one_bearer_token_of_our_kind_is_taken_and_nothing_else() {
        assert_eq!(bearer(&headers(&["Bearer ttk_1"]), "ttk_").unwrap(), "ttk_1");
        assert_eq!(bearer(&headers(&["bearer ttk_1"]), "ttk_").unwrap(), "ttk_1");
        let long = format!("Bearer ttk_{}", "a".repeat(1_000_000));
        for bad in [
            &[][..],
            &["Bearer ttk_1", "Bearer ttk_1"],
            &["Basic ttk_1"],
            &["ttk_1"],
            &["Bearer x"],
            &[&long],
        ] {
            assert!(bearer(&headers(bad), "ttk_").is_err(), "{} header(s)", bad.len());
        }
    }

    #[test]
    fn use_is_written_down_once_a_minute_and_a_revoked_token_is_forgotten() {
        let cache = CallerCache::default();
        let token = TokenId::new(Uuid::from_u128(1));
        let owner = TokenOwner { account: AccountId::new(Uuid::from_u128(2)), token, last_used_at: None };
        cache.keep([1; 32], owner);
        let due = |now| cache.use_is_due(&[1; 32], UnixMillis(now));
        assert!(due(100_000) && !due(100_001) && !due(159_999) && due(160_000));
        assert_eq!(cache.find(&[1; 32]), Some(owner));
        cache.forget(token);
        assert_eq!(cache.find(&[1; 32]), None);
    }
}
