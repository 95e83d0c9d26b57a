//! What of ours lies in the engine's store, and the engine's build cache. An image is removed only after the engine has
//! said that it bears our label, and never by force: one that any container uses stays, ours or not.
//! Deliberately absent: the engine's own prunes of images, containers, networks and volumes, which know no owner.

use super::{Engine, EngineError, socket::dial};
use crate::logic::{
    disk::{BuildCache, OurImage},
    policy::label,
};
use bollard::{
    models::ImageSummary,
    query_parameters::{ListImagesOptions, PruneBuildOptions, RemoveImageOptions},
};
use bytes::Bytes as Body;
use http::{Request, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::timeout;
use ttalkak_protocol::unit::{Bytes, UnixMillis};

/// An engine that adds up its whole store takes its time, on a slow disk with many volumes minutes.
const ADDING_UP: Duration = Duration::from_secs(120);
/// An answer with ten thousand records of the build cache is some megabytes.
const ANSWER_MAX: usize = 32 << 20;

/// The part of the answer that is wanted, as old and new engines spell it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Usage {
    build_cache: Option<Vec<Record>>,
    build_cache_usage: Option<Totals>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    #[serde(default)]
    in_use: bool,
    #[serde(default)]
    shared: bool,
    #[serde(default)]
    size: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Totals {
    #[serde(default)]
    total_size: i64,
    #[serde(default)]
    reclaimable: i64,
}

fn positive(bytes: i64) -> u64 {
    u64::try_from(bytes).unwrap_or(0)
}

impl Usage {
    fn build_cache(self) -> Option<BuildCache> {
        if let Some(totals) = self.build_cache_usage {
            let (total, unused) = (Bytes(positive(totals.total_size)), Bytes(positive(totals.reclaimable)));
            return Some(BuildCache { total, unused });
        }
        // Shared records are parts of images, and counted there.
        let mut cache = BuildCache::default();
        for record in self.build_cache?.iter().filter(|record| !record.shared) {
            cache.total.0 = cache.total.0.saturating_add(positive(record.size));
            if !record.in_use {
                cache.unused.0 = cache.unused.0.saturating_add(positive(record.size));
            }
        }
        Some(cache)
    }
}

impl Engine {
    /// All images that bear our label.
    pub async fn our_images(&self) -> Result<Vec<OurImage>, EngineError> {
        let options = ListImagesOptions { filters: Some(self.ours(None)), ..Default::default() };
        let images = self.docker.list_images(Some(options)).await.map_err(EngineError::of("list images"))?;
        let mut users: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for container in self.containers(None).await? {
            let lease = container.labels.as_ref().and_then(|labels| labels.get(label::LEASE)?.parse().ok());
            if let (Some(image), Some(lease)) = (container.image_id, lease) {
                users.entry(image).or_default().push(lease);
            }
        }
        Ok(images.into_iter().map(|image| ours(image, &mut users)).collect())
    }

    /// Removes an image of ours by its digest. `false` when a container uses it.
    /// Errors: `NotOurs` when it does not bear our label, or is gone.
    pub async fn remove_our_image(&self, digest: &str) -> Result<bool, EngineError> {
        let of = EngineError::of;
        let options = ListImagesOptions { filters: Some(self.ours(None)), ..Default::default() };
        let images = self.docker.list_images(Some(options)).await.map_err(of("list images"))?;
        let Some(image) = images.into_iter().find(|image| image.id == digest) else {
            return Err(EngineError::NotOurs(digest.to_owned()));
        };
        // By name first: an image with several is not removed by its digest.
        let mut names = image.repo_tags;
        names.retain(|name| name != "<none>:<none>");
        names.push(image.id);
        for name in names {
            let removed = self.docker.remove_image(&name, None::<RemoveImageOptions>, None).await;
            match removed.map_err(of("remove an image")) {
                Ok(_) => {}
                Err(error) if error.is_missing() => {}
                Err(error) if error.status() == Some(409) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// How large the engine's build cache is; `None` when it does not tell.
    pub async fn build_cache(&self) -> Result<Option<BuildCache>, EngineError> {
        timeout(ADDING_UP, self.ask_usage()).await.map_err(|_| EngineError::Silent)?
    }

    /// bollard's type for this answer is that of the newest engines only.
    async fn ask_usage(&self) -> Result<Option<BuildCache>, EngineError> {
        const DOING: &str = "ask the engine how full its store is";
        let wire = dial(&self.address).await.map_err(EngineError::broken(DOING))?;
        let (mut send, connection) = hyper::client::conn::http1::handshake(TokioIo::new(wire))
            .await
            .map_err(EngineError::broken(DOING))?;
        let request = Request::get("/system/df?type=build-cache")
            .header(header::HOST, "engine")
            .body(Empty::<Body>::new())
            .expect("all of it is constant");
        let exchange = async {
            let answer = send.send_request(request).await.map_err(EngineError::broken(DOING))?;
            if !answer.status().is_success() {
                return Ok(None);
            }
            let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
            let body = body.map_err(EngineError::broken(DOING))?.to_bytes();
            let usage: Usage = serde_json::from_slice(&body).map_err(EngineError::broken(DOING))?;
            Ok(usage.build_cache())
        };
        let drive = async {
            let _ = connection.await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            answer = exchange => answer,
            () = drive => Err(EngineError::Unfinished(DOING)),
        }
    }

    /// Removes what the build cache holds unused, whoever made it: only when the owner has said so. Images and containers
    /// are not touched. Returns what it freed.
    pub async fn prune_build_cache(&self) -> Result<Bytes, EngineError> {
        let prune = self.docker.prune_build(None::<PruneBuildOptions>);
        let pruned = timeout(ADDING_UP, prune).await.map_err(|_| EngineError::Silent)?;
        let pruned = pruned.map_err(EngineError::of("prune the build cache"))?;
        Ok(Bytes(positive(pruned.space_reclaimed.unwrap_or(0))))
    }
}

fn ours(image: ImageSummary, users: &mut BTreeMap<String, Vec<ttalkak_protocol::id::LeaseId>>) -> OurImage {
    OurImage {
        used_by: users.remove(&image.id).unwrap_or_default(),
        build_key: image.labels.get(label::BUILD_KEY).cloned(),
        tags: image.repo_tags.into_iter().filter(|name| name != "<none>:<none>").collect(),
        bytes: Bytes(positive(image.size)),
        created: UnixMillis(image.created.saturating_mul(1000)),
        digest: image.id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_cache_is_read_as_old_and_new_engines_tell_it() {
        let read = |text: &str| serde_json::from_str::<Usage>(text).unwrap().build_cache();
        let old = r#"{"Images":null,"BuildCache":[{"Size":5,"InUse":false},{"Size":7,"InUse":true},{"Size":9,"Shared":true}]}"#;
        assert_eq!(read(old), Some(BuildCache { total: Bytes(12), unused: Bytes(5) }));
        let new = r#"{"BuildCacheUsage":{"TotalSize":12,"Reclaimable":5}}"#;
        assert_eq!(read(new), Some(BuildCache { total: Bytes(12), unused: Bytes(5) }));
        assert_eq!(read(r#"{"Images":[]}"#), None);
    }
}
