//! The disk as the desk sees it: looks at what of ours lies there, keeps the owner's pins, cleans up, and keeps ours below
//! its limit. Deliberately absent: what is kept and what goes (`logic::disk`), and images that the coordinator does not
//! want any more, which the driver removes by itself unless the owner pinned them.

use crate::{
    cause::Chain,
    checkpoint::Checkpoint,
    io::{
        clock,
        disk_room::room_of,
        engine::{Engine, EngineError},
    },
    logic::disk::{self, DiskFacts, ImageBook, section},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::{sync::watch, task::spawn_blocking};
use ttalkak_protocol::{
    desk::{Disk, Freed, ImageHold, Reply},
    error::{ErrorCode, Problem},
    unit::{Bytes, UnixMillis},
};

/// What outlives the daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Digest to build key.
    pinned: BTreeMap<String, Option<String>>,
    last_used: BTreeMap<String, UnixMillis>,
}

/// What the driver knows of images: which are wanted, and the names of those that are assigned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Build keys that the coordinator wants kept.
    pub wanted: BTreeSet<String>,
    /// Build keys of assigned leases, with the deployments' names.
    pub assigned: BTreeMap<String, String>,
}

impl Kept {
    fn path(data: &Path) -> PathBuf {
        data.join("images.json")
    }
}

/// Whether the owner pinned the image of a build key, for whoever removes images. Blocks; asked seldom.
pub fn is_pinned(data: &Path, build_key: &str) -> bool {
    // A file that cannot be read now is told by whoever keeps it.
    let kept: Option<Kept> =
        fs::read(Kept::path(data)).ok().and_then(|text| serde_json::from_slice(&text).ok());
    kept.is_some_and(|kept| kept.pinned.values().flatten().any(|key| key == build_key))
}

/// The disk of one data folder and its engine.
#[derive(Debug)]
pub struct Store {
    data: PathBuf,
    file: PathBuf,
    kept: Mutex<Kept>,
    /// The newest look, so that a pin is shown without another one.
    seen: Mutex<Seen>,
    told: watch::Sender<Disk>,
    looking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct Seen {
    facts: DiskFacts,
    known: Known,
    limit: Option<Bytes>,
}

impl Store {
    /// Reads the owner's pins; damaged ones are kept aside. Blocks.
    pub fn open(data: &Path) -> Self {
        let file = Kept::path(data);
        let kept = Checkpoint::<Kept>::new(&file).load().map(|(kept, _)| kept).unwrap_or_else(|error| {
            tracing::warn!(error = %Chain(&error), "the pins of images cannot be read");
            Kept::default()
        });
        let empty = Disk { at: None, ..section(&DiskFacts::default(), &ImageBook::default(), None) };
        Self {
            data: data.to_owned(),
            file,
            kept: Mutex::new(kept),
            seen: Mutex::default(),
            told: watch::Sender::new(empty),
            looking: tokio::sync::Mutex::new(()),
        }
    }

    /// The newest section.
    pub fn told(&self) -> watch::Receiver<Disk> {
        self.told.subscribe()
    }

    /// Looks again, and above `limit` removes what nothing needs, least recently used first.
    pub async fn look(&self, engine: Option<&Engine>, known: Known, limit: Option<Bytes>) {
        let _one_at_a_time = self.looking.lock().await;
        self.told.send_modify(|told| told.looking = true);
        let mut facts = self.survey(engine).await;
        if let (Some(engine), Some(limit)) = (engine, limit) {
            let go = disk::over_limit(&facts, &self.book(&known), limit);
            for digest in go {
                match engine.remove_our_image(&digest).await {
                    Ok(true) => {
                        tracing::info!(image = digest, "removed image {digest}: ours was above its limit");
                        facts.images.retain(|image| image.digest != digest);
                    }
                    Ok(false) => {}
                    Err(error) => tracing::warn!(error = %error.told(), "an image stays"),
                }
            }
        }
        self.note(&facts).await;
        *self.seen() = Seen { facts, known, limit };
        self.publish();
    }

    /// Removes one image of ours that nothing uses.
    /// Errors: `not_here`, `image_held`, and what the engine says.
    pub async fn remove(&self, engine: &Engine, digest: &str) -> Result<Reply, Problem> {
        let bytes = {
            let Seen { facts, known, .. } = self.seen().clone();
            let image = facts.images.iter().find(|image| image.digest == digest).ok_or_else(gone)?.clone();
            match disk::hold(&image, &self.book(&known)) {
                ImageHold::Unused => image.bytes,
                held @ (ImageHold::InUse { .. } | ImageHold::Wanted | ImageHold::Pinned) => {
                    return Err(held_by(&held));
                }
            }
        };
        match engine.remove_our_image(digest).await {
            Ok(true) => {}
            Ok(false) => return Err(Problem::new(ErrorCode::ImageHeld, "A container uses this image.")),
            Err(EngineError::NotOurs(_)) => return Err(gone()),
            Err(error) => return Err(error.problem()),
        }
        self.seen().facts.images.retain(|image| image.digest != digest);
        self.publish();
        Ok(freed(bytes, 1, Bytes(0), false))
    }

    /// Keeps an image through every clean-up, or no longer.
    pub async fn pin(&self, digest: &str, pinned: bool) -> Result<Reply, Problem> {
        let key = self
            .seen()
            .facts
            .images
            .iter()
            .find(|image| image.digest == digest)
            .map(|image| image.build_key.clone());
        let key = key.ok_or_else(gone)?;
        {
            let mut kept = self.kept();
            if pinned {
                kept.pinned.insert(digest.to_owned(), key)
            } else {
                kept.pinned.remove(digest)
            };
        }
        self.save().await?;
        self.publish();
        Ok(Reply::Done)
    }

    /// Removes what is ours and unused, and with `build_cache` also what the engine's build cache holds unused, whoever
    /// made it. `only_look`: only tells what it would free.
    pub async fn clean_up(
        &self,
        engine: &Engine,
        only_look: bool,
        build_cache: bool,
    ) -> Result<Reply, Problem> {
        let known = self.seen().known.clone();
        let facts = self.survey(Some(engine)).await;
        if let Some(problem) = facts.problem {
            return Err(problem);
        }
        let book = self.book(&known);
        let unused = disk::unused(&facts, &book);
        let cache = facts.build_cache.map_or(Bytes(0), |cache| cache.unused);
        if only_look {
            let bytes = unused.iter().fold(0, |sum: u64, image| sum.saturating_add(image.bytes.0));
            let count = u32::try_from(unused.len()).unwrap_or(u32::MAX);
            return Ok(freed(Bytes(bytes), count, if build_cache { cache } else { Bytes(0) }, true));
        }
        let (mut bytes, mut images) = (0u64, 0);
        for image in unused {
            if engine.remove_our_image(&image.digest).await.map_err(|error| error.problem())? {
                (bytes, images) = (bytes.saturating_add(image.bytes.0), images + 1);
            }
        }
        let cache = if build_cache {
            engine.prune_build_cache().await.map_err(|error| error.problem())?
        } else {
            Bytes(0)
        };
        let limit = self.seen().limit;
        self.look(Some(engine), known, limit).await;
        Ok(freed(Bytes(bytes), images, cache, false))
    }

    async fn survey(&self, engine: Option<&Engine>) -> DiskFacts {
        let data = self.data.clone();
        let sizes = spawn_blocking(move || sizes(&data)).await.unwrap_or_default();
        let mut facts =
            DiskFacts { at: clock::wall(), sources: sizes.0, state: sizes.1, ..DiskFacts::default() };
        let Some(engine) = engine else {
            facts.problem = Some(EngineError::Unreachable.problem());
            return facts;
        };
        match engine.our_images().await {
            Ok(images) => facts.images = images,
            Err(error) => facts.problem = Some(error.problem()),
        }
        // Podman has none, and an engine that is busy with it has told the images all the same.
        facts.build_cache = engine.build_cache().await.ok().flatten();
        let dir = engine.data_root().await;
        facts.engine_dir = dir.as_ref().map(|dir| dir.display().to_string());
        let room = spawn_blocking(move || dir.and_then(|dir| room_of(&dir))).await.ok().flatten();
        facts.room = room.map(|room| (room.free, room.total));
        facts
    }

    fn book(&self, known: &Known) -> ImageBook {
        let kept = self.kept();
        ImageBook {
            wanted: known.wanted.clone(),
            assigned: known.assigned.clone(),
            pinned: kept.pinned.keys().cloned().collect(),
            last_used: kept.last_used.clone(),
        }
    }

    /// Notes use; only what the engine really told makes anything forgotten.
    async fn note(&self, facts: &DiskFacts) {
        if facts.problem.is_some() {
            return;
        }
        let mut book = self.book(&Known::default());
        disk::note_use(&mut book, &facts.images, facts.at);
        let before = {
            let mut kept = self.kept();
            let before = kept.clone();
            kept.pinned.retain(|digest, _| book.pinned.contains(digest));
            kept.last_used = book.last_used;
            before != *kept
        };
        if before && let Err(problem) = self.save().await {
            tracing::warn!("{}", problem.message);
        }
    }

    async fn save(&self) -> Result<(), Problem> {
        let kept = self.kept().clone();
        let file = Checkpoint::<Kept>::new(&self.file);
        let saved = spawn_blocking(move || file.save(&kept)).await;
        match saved {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Problem::new(ErrorCode::WriteFailed, Chain(&error).to_string())),
            Err(_) => Err(Problem::new(ErrorCode::WriteFailed, "The pins could not be kept.")),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self) {
        let Seen { facts, known, limit } = self.seen().clone();
        self.told.send_replace(section(&facts, &self.book(&known), limit));
    }
}

/// Bytes of source archives, and of all else in the data folder.
fn sizes(data: &Path) -> (Bytes, Bytes) {
    let (mut sources, mut state) = (0u64, 0u64);
    let mut open = vec![(data.to_owned(), false)];
    while let Some((folder, in_sources)) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            let of_sources = in_sources || entry.file_name() == "sources";
            if meta.is_dir() {
                open.push((entry.path(), of_sources));
            } else if of_sources {
                sources = sources.saturating_add(meta.len());
            } else {
                state = state.saturating_add(meta.len());
            }
        }
    }
    (Bytes(sources), Bytes(state))
}

fn gone() -> Problem {
    Problem::new(ErrorCode::NotHere, "There is no such image of ours any more.")
}

fn held_by(held: &ImageHold) -> Problem {
    let message = match held {
        ImageHold::InUse { .. } => "A workload runs from this image.",
        ImageHold::Wanted => "A tenant may roll back to this image, so that it is kept.",
        ImageHold::Pinned => "This image is pinned.",
        ImageHold::Unused => "Nothing needs this image.",
    };
    Problem::new(ErrorCode::ImageHeld, message)
}

fn freed(bytes: Bytes, images: u32, build_cache: Bytes, only_looked: bool) -> Reply {
    let all = Bytes(bytes.0.saturating_add(build_cache.0));
    Reply::Freed(Freed { bytes: all, images, build_cache, sources: Bytes(0), only_looked })
}
