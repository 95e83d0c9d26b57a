//! Tokens and cookies that were looked up, by hash. This process is the only one that changes what they stand for, and
//! says so here; what ends by itself is looked at each time.

use crate::store::credential::Owner;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};
use subtle::ConstantTimeEq;
use ttalkak_protocol::unit::UnixMillis;

/// Use is written down at most this often.
const USED_EVERY_MS: i64 = 60_000;
/// Kept in memory. When full all are forgotten, which costs one look-up each.
const KEPT_MAX: usize = 10_000;

#[derive(Default)]
pub(in crate::api) struct Known {
    all: RwLock<BTreeMap<[u8; 32], Entry>>,
}

struct Entry {
    hash: [u8; 32],
    owner: Arc<Owner>,
    used_at: AtomicI64,
}

impl Known {
    pub(super) fn find(&self, hash: &[u8; 32], now: UnixMillis) -> Option<Arc<Owner>> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let found = all.get(hash)?;
        let good = found.owner.expires_at.is_none_or(|at| at > now);
        (good && bool::from(found.hash.ct_eq(hash))).then(|| found.owner.clone())
    }

    pub(super) fn keep(&self, hash: [u8; 32], owner: Arc<Owner>) {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT_MAX {
            all.clear();
        }
        let used_at = AtomicI64::new(owner.last_used_at.map_or(0, |at| at.0));
        all.insert(hash, Entry { hash, owner, used_at });
    }

    /// Forgets those for which it holds; they are looked up again.
    pub(in crate::api) fn forget(&self, which: impl Fn(&Owner) -> bool) {
        self.all.write().unwrap_or_else(PoisonError::into_inner).retain(|_, entry| !which(&entry.owner));
    }

    /// `true` for one caller a minute.
    pub(super) fn use_is_due(&self, hash: &[u8; 32], now: UnixMillis) -> bool {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = all.get(hash) else { return false };
        let before = found.used_at.load(Ordering::Relaxed);
        now.0.saturating_sub(before) >= USED_EVERY_MS
            && found.used_at.compare_exchange(before, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{logic::authorize::Actor, store::credential::Credential};
    use ttalkak_protocol::{
        api::team::{Role, TokenScope},
        id::{AccountId, TokenId},
    };
    use uuid::Uuid;

    #[test]
    fn use_is_written_down_once_a_minute_and_what_is_forgotten_or_over_is_not_found() {
        let known = Known::default();
        let credential = Credential::Token(TokenId::new(Uuid::from_u128(1)));
        let account = AccountId::new(Uuid::from_u128(2));
        let actor = Actor { account, user: None, role: Role::Owner, scope: TokenScope::Full };
        let expires_at = Some(UnixMillis(200_000));
        let name = "cli".to_owned();
        let owner = Owner { actor, credential, name, last_used_at: None, expires_at, changed_at: None };
        known.keep([1; 32], Arc::new(owner.clone()));
        let due = |now| known.use_is_due(&[1; 32], UnixMillis(now));
        assert!(due(100_000) && !due(100_001) && !due(159_999) && due(160_000));
        assert_eq!(known.find(&[1; 32], UnixMillis(199_999)).as_deref(), Some(&owner));
        assert_eq!(known.find(&[1; 32], UnixMillis(200_000)), None, "it is over");
        known.forget(|owner| owner.credential == credential);
        assert_eq!(known.find(&[1; 32], UnixMillis(0)), None);
    }
}
