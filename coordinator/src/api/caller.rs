//! Who asks. [`Caller`] is the only way from a request to a team, and, with [`Anyone`] and
//! [`Machine`](super::machine::Machine), the only way to the store: the router's state is a [`Door`] that nobody else can
//! open. A caller says in its type what the route takes, so a route that forgot to ask does not compile.

pub(super) mod can;
mod credential;
mod known;

pub use credential::TOKEN_PREFIX;
pub(super) use credential::{
    COOKIE_PREFIX, Shown, bearer, cookie, csrf_of, from_our_page, not_our_page, same_origin, shown,
    unauthorized,
};
pub(super) use known::Known;

use super::{ApiState, Room, audit::AuditSlot, error::ApiError, rate::Rate};
use crate::{
    clock,
    logic::authorize::{Action, Actor, Denied, authorize},
    store::credential::{Credential, Owner},
};
use axum::extract::FromRequestParts;
use can::Permit;
use http::{HeaderMap, Method, request::Parts};
use std::{marker::PhantomData, ops::Deref, sync::Arc};
use tokio_util::task::TaskTracker;
use ttalkak_protocol::{
    ErrorCode,
    id::{AccountId, UserId},
    unit::UnixMillis,
};

/// Changes that one team may ask for: a script that deploys a hundred apps at once fits, a loop gone wild does not.
pub(super) const CHANGE_RATE: Rate = Rate { burst: 300, every_ms: 100 };

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

    /// Whom the headers name, whatever they may do. Errors: `Unauthorized`.
    pub(super) async fn owner(&self, headers: &HeaderMap) -> Result<Arc<Owner>, ApiError> {
        let (shown, now) = (shown(headers)?, clock::now());
        let hash = shown.hash();
        let owner = match self.0.known.find(&hash, now) {
            Some(owner) => owner,
            None => {
                let found = self.look_up(shown, &hash, now).await?;
                self.0.known.keep(hash, found.clone());
                found
            }
        };
        self.note_use(&hash, &owner, now);
        Ok(owner)
    }

    async fn look_up(
        &self,
        shown: Shown<'_>,
        hash: &[u8; 32],
        now: UnixMillis,
    ) -> Result<Arc<Owner>, ApiError> {
        let store = &self.0.state.store;
        let (found, unknown) = match shown {
            Shown::Token(_) => {
                (store.token_owner(hash, now).await?, "The token is not known, or was revoked.")
            }
            Shown::Cookie(_) => (store.session_owner(hash, now).await?, "This browser is signed out."),
        };
        found.map(Arc::new).ok_or_else(|| unauthorized(unknown))
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

    fn note_use(&self, hash: &[u8; 32], owner: &Owner, now: UnixMillis) {
        if self.0.known.use_is_due(hash, now) {
            let (store, credential) = (self.0.state.store.clone(), owner.credential);
            self.tasks().spawn(async move {
                if let Err(error) = store.credential_used(credential, now).await {
                    tracing::warn!(?credential, %error, "the use of a token or browser was not written down");
                }
            });
        }
    }
}

/// Somebody who is known.
pub struct Asker {
    /// Whose things may be seen and changed.
    pub account: AccountId,
    /// What they are known by and as.
    pub owner: Arc<Owner>,
    door: Door,
}

impl Asker {
    pub(super) fn room(&self) -> &Room {
        &self.door.0
    }

    pub(super) fn actor(&self) -> &Actor {
        &self.owner.actor
    }

    /// The person. Errors: `PersonNeeded` for a token that nobody made in person.
    pub(super) fn person(&self) -> Result<UserId, ApiError> {
        self.owner.actor.user.ok_or_else(|| {
            ApiError::new(
                ErrorCode::PersonNeeded,
                "This token was made by no person, so it has none of this.",
            )
        })
    }

    /// Whether they may also do this. Errors: `Forbidden`.
    pub(super) fn must(&self, action: Action) -> Result<(), ApiError> {
        authorize(&self.owner.actor, action, self.account).map_err(denied)
    }

    /// Who they are now, after something about them changed.
    pub(super) async fn again(&self, headers: &HeaderMap) -> Result<Arc<Owner>, ApiError> {
        self.door.owner(headers).await
    }

    /// From now on those for which it holds are looked up again.
    pub(super) fn forget(&self, which: impl Fn(&Owner) -> bool) {
        self.door.0.known.forget(which);
    }
}

impl Deref for Asker {
    type Target = ApiState;

    fn deref(&self) -> &ApiState {
        &self.door.0.state
    }
}

/// Somebody who is known and may do `A`.
pub struct Caller<A> {
    asker: Asker,
    permit: PhantomData<A>,
}

impl<A> Deref for Caller<A> {
    type Target = Asker;

    fn deref(&self) -> &Asker {
        &self.asker
    }
}

impl<A: Permit> FromRequestParts<Door> for Caller<A> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, ApiError> {
        let owner = door.owner(&parts.headers).await?;
        if let Credential::Session(session) = owner.credential {
            let csrf = || csrf_of(&door.room_state().sealer, session);
            from_our_page(&parts.method, &parts.headers, csrf)?;
        }
        let account = owner.actor.account;
        authorize(&owner.actor, A::ACTION, account).map_err(denied)?;
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        if !reads && !door.inner().changing.take(account, clock::now()) {
            return Err(ApiError::new(
                ErrorCode::RateLimited,
                "This team asks for too many changes at once.",
            ));
        }
        if let Some(slot) = parts.extensions.get::<AuditSlot>() {
            slot.asked_by(&owner);
        }
        Ok(Self { asker: Asker { account, owner, door: door.clone() }, permit: PhantomData })
    }
}

fn denied(denied: Denied) -> ApiError {
    let code = match denied {
        Denied::Stranger => ErrorCode::NotFound,
        Denied::Role(_) | Denied::Scope(_) => ErrorCode::Forbidden,
    };
    ApiError::new(code, denied.to_string())
}

/// Somebody, known or not: a public route says so by asking for this.
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
