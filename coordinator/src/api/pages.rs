//! Pages of lists, kept as the bytes that were sent. One is good until the next commit that a view may show; a page
//! that is read ten times between two changes is made once.

use bytes::Bytes;
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
};
use ttalkak_protocol::id::AccountId;

/// Pages kept.
const PAGES_MAX: usize = 256;
/// All of them together, in bytes: a page of 200 deployments has about 120 KiB.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// A query longer than this is answered and not kept.
const QUERY_CHARS_MAX: usize = 512;

/// Whose page, and which: path and query as they came.
type PageKey = (AccountId, String);

/// Locks for making pages; a page belongs to one of them by its key.
const STRIPES: usize = 16;

#[derive(Default)]
pub(super) struct PageCache {
    inner: Mutex<Inner>,
    // Held while a page is made: a hundred readers who miss the same page at once wait for one query, not for a
    // hundred. Two pages of one stripe wait for each other, which costs little.
    making: [tokio::sync::Mutex<()>; STRIPES],
}

#[derive(Default)]
struct Inner {
    pages: BTreeMap<PageKey, Page>,
    bytes: usize,
    uses: u64,
}

struct Page {
    version: u64,
    used: u64,
    body: Bytes,
}

impl PageCache {
    /// A page that was made at this data version.
    pub(super) fn find(&self, key: &PageKey, version: u64) -> Option<Bytes> {
        let mut inner = self.lock();
        inner.uses += 1;
        let used = inner.uses;
        let page = inner.pages.get_mut(key).filter(|page| page.version == version)?;
        page.used = used;
        Some(page.body.clone())
    }

    /// A turn at making this page. Look again after it was given: another may have made the page meanwhile.
    pub(super) async fn turn(&self, key: &PageKey) -> tokio::sync::MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let stripe = usize::try_from(hasher.finish() % STRIPES as u64).unwrap_or(0);
        self.making[stripe].lock().await
    }

    /// Keeps a page. `version`: read before the page was made, so that a change in between voids it.
    pub(super) fn keep(&self, key: PageKey, version: u64, body: Bytes) {
        if key.1.len() > QUERY_CHARS_MAX || body.len() > BYTES_MAX / 4 {
            return;
        }
        let mut inner = self.lock();
        inner.remove(&key);
        while inner.pages.len() >= PAGES_MAX || inner.bytes + body.len() > BYTES_MAX {
            let Some(oldest) =
                inner.pages.iter().min_by_key(|(_, page)| page.used).map(|(key, _)| key.clone())
            else {
                break;
            };
            inner.remove(&oldest);
        }
        inner.uses += 1;
        inner.bytes += body.len();
        let used = inner.uses;
        inner.pages.insert(key, Page { version, used, body });
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn remove(&mut self, key: &PageKey) {
        if let Some(page) = self.pages.remove(key) {
            self.bytes -= page.body.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn key(account: u128, query: &str) -> PageKey {
        (AccountId::new(Uuid::from_u128(account)), query.to_owned())
    }

    #[test]
    fn a_page_is_good_for_its_account_query_and_version_only() {
        let cache = PageCache::default();
        cache.keep(key(1, "a"), 7, Bytes::from_static(b"x"));
        assert!(cache.find(&key(1, "a"), 7).is_some());
        assert!(cache.find(&key(1, "a"), 8).is_none());
        assert!(cache.find(&key(2, "a"), 7).is_none());
        assert!(cache.find(&key(1, "b"), 7).is_none());
    }

    #[test]
    fn the_least_used_page_goes_first_and_the_bounds_hold() {
        let cache = PageCache::default();
        for n in 0..PAGES_MAX {
            cache.keep(key(1, &n.to_string()), 1, Bytes::from_static(b"x"));
        }
        assert!(cache.find(&key(1, "0"), 1).is_some());
        cache.keep(key(1, "one more"), 1, Bytes::from_static(b"x"));
        assert!(cache.find(&key(1, "0"), 1).is_some() && cache.find(&key(1, "1"), 1).is_none());
        for n in 0..20 {
            cache.keep(key(2, &n.to_string()), 1, Bytes::from(vec![0; BYTES_MAX / 4]));
        }
        let inner = cache.lock();
        assert!(inner.bytes <= BYTES_MAX && inner.pages.len() <= PAGES_MAX);
        assert_eq!(inner.bytes, inner.pages.values().map(|page| page.body.len()).sum::<usize>());
    }
}
