//! What of ours lies on the disk, why it is kept, and what goes when it is too much. Pure.
//! Deliberately absent: what others keep in the engine, which is never counted as ours and never removed.

use std::collections::{BTreeMap, BTreeSet};
use ttalkak_protocol::{
    desk::{Disk, ImageHold, ImageRow},
    error::Problem,
    id::LeaseId,
    unit::{Bytes, UnixMillis},
};

/// The most rows that a section holds; what is beyond is counted and not listed.
const ROWS_MAX: usize = 1000;

/// An image that bears our label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurImage {
    /// The engine's digest.
    pub digest: String,
    /// What it was built from.
    pub build_key: Option<String>,
    /// Names in the engine.
    pub tags: Vec<String>,
    /// Size, shared layers included.
    pub bytes: Bytes,
    /// When it was made.
    pub created: UnixMillis,
    /// Leases with a container of it, running or not.
    pub used_by: Vec<LeaseId>,
}

/// The engine's build cache, of all who build there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BuildCache {
    /// All of it.
    pub total: Bytes,
    /// What nothing needs now.
    pub unused: Bytes,
}

/// What is known of our images beside what the engine tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageBook {
    /// Build keys that the coordinator wants kept.
    pub wanted: BTreeSet<String>,
    /// Build keys of leases that are assigned, with the deployments' names.
    pub assigned: BTreeMap<String, String>,
    /// Digests that the owner pinned.
    pub pinned: BTreeSet<String>,
    /// When each was last seen in use.
    pub last_used: BTreeMap<String, UnixMillis>,
}

/// One look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiskFacts {
    /// When.
    pub at: UnixMillis,
    /// Where the engine keeps its data.
    pub engine_dir: Option<String>,
    /// Free and in all, there.
    pub room: Option<(Bytes, Bytes)>,
    /// Ours.
    pub images: Vec<OurImage>,
    /// The engine's.
    pub build_cache: Option<BuildCache>,
    /// Source archives.
    pub sources: Bytes,
    /// All else in the data folder.
    pub state: Bytes,
    /// Why the engine could not be asked.
    pub problem: Option<Problem>,
}

/// Why an image is kept.
pub fn hold(image: &OurImage, book: &ImageBook) -> ImageHold {
    let key = image.build_key.as_deref();
    if !image.used_by.is_empty() {
        return ImageHold::InUse { leases: image.used_by.clone() };
    }
    if key.is_some_and(|key| book.wanted.contains(key) || book.assigned.contains_key(key)) {
        return ImageHold::Wanted;
    }
    if book.pinned.contains(&image.digest) { ImageHold::Pinned } else { ImageHold::Unused }
}

/// The section.
pub fn section(facts: &DiskFacts, book: &ImageBook, limit: Option<Bytes>) -> Disk {
    let mut images: Vec<ImageRow> = facts.images.iter().map(|image| row(image, book)).collect();
    images.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.digest.cmp(&b.digest)));
    let unused = images.iter().filter(|row| row.held == ImageHold::Unused);
    let reclaimable = sum(unused.map(|row| row.bytes));
    images.truncate(ROWS_MAX);
    let (free, total) = facts.room.unwrap_or_default();
    Disk {
        at: Some(facts.at),
        looking: false,
        problem: facts.problem.clone(),
        engine_dir: facts.engine_dir.clone(),
        free,
        total,
        limit,
        used: used(facts),
        reclaimable,
        images,
        build_cache: facts.build_cache.map(|cache| cache.total),
        build_cache_unused: facts.build_cache.map(|cache| cache.unused),
        sources: facts.sources,
        state: facts.state,
    }
}

fn row(image: &OurImage, book: &ImageBook) -> ImageRow {
    let name = image.build_key.as_ref().and_then(|key| book.assigned.get(key)).cloned();
    ImageRow {
        digest: image.digest.clone(),
        build_key: image.build_key.clone(),
        names: name.into_iter().collect(),
        bytes: image.bytes,
        created: image.created,
        last_used: book.last_used.get(&image.digest).copied(),
        held: hold(image, book),
    }
}

/// All of ours.
pub fn used(facts: &DiskFacts) -> Bytes {
    sum(facts.images.iter().map(|image| image.bytes).chain([facts.sources, facts.state]))
}

fn sum(bytes: impl Iterator<Item = Bytes>) -> Bytes {
    Bytes(bytes.fold(0, |sum, one| sum.saturating_add(one.0)))
}

/// What nothing needs, least recently used first.
pub fn unused<'a>(facts: &'a DiskFacts, book: &ImageBook) -> Vec<&'a OurImage> {
    let mut unused: Vec<&OurImage> =
        facts.images.iter().filter(|image| hold(image, book) == ImageHold::Unused).collect();
    let last = |image: &OurImage| book.last_used.get(&image.digest).copied().unwrap_or(image.created);
    unused.sort_by_key(|image| (last(image), image.digest.clone()));
    unused
}

/// What goes so that ours fits the limit: the least recently used of what nothing needs, and no more than is needed.
/// What is in use, wanted or pinned stays even beyond the limit.
pub fn over_limit(facts: &DiskFacts, book: &ImageBook, limit: Bytes) -> Vec<String> {
    let mut over = used(facts).0.saturating_sub(limit.0);
    let mut go = Vec::new();
    for image in unused(facts, book) {
        if over == 0 {
            break;
        }
        over = over.saturating_sub(image.bytes.0);
        go.push(image.digest.clone());
    }
    go
}

/// Notes which images are in use now, and forgets those that are gone.
pub fn note_use(book: &mut ImageBook, images: &[OurImage], at: UnixMillis) {
    for image in images.iter().filter(|image| !image.used_by.is_empty()) {
        book.last_used.insert(image.digest.clone(), at);
    }
    let there: BTreeSet<&str> = images.iter().map(|image| image.digest.as_str()).collect();
    book.last_used.retain(|digest, _| there.contains(digest.as_str()));
    book.pinned.retain(|digest| there.contains(digest.as_str()));
}

#[cfg(test)]
mod tests;
