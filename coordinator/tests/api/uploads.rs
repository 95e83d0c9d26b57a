//! Archives are checked whole, and a refused one leaves nothing.

use crate::harness::{Reply, World};
use axum::body::{Body, Bytes};
use flate2::{Compression, write::GzEncoder};
use futures_util::stream;
use http::Request;
use serde_json::json;
use std::io::Write;
use ttalkak_coordinator::api::source::{source_path, source_token};

pub(crate) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, *content).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

pub(crate) async fn upload(world: &World, body: impl Into<Body>) -> Reply {
    let request = world.request("POST", "/v1/uploads").header("content-type", "application/gzip");
    world.send(request.body(body.into()).unwrap()).await
}

fn files(world: &World) -> Vec<String> {
    let dir = world.dir.path().join("sources");
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn an_upload_is_kept_by_digest_deployed_and_fetched_by_its_token_only() {
    let world = World::new().await;
    let bytes = archive(&[("index.html", b"<h1>hi</h1>")]);
    let made = upload(&world, bytes.clone()).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let made = made.json();
    let digest = made["digest"].as_str().unwrap();
    assert_eq!(made["bytes"], bytes.len());
    assert_eq!(files(&world), [format!("{digest}.tar.gz")]);
    let source = json!({ "kind": "upload", "upload": made["id"] });
    let deployed =
        world.ask("POST", "/v1/deployments", json!({ "name": "shop", "source": source })).await.json();
    assert_eq!(deployed["release"]["source_digest"], digest);

    let fetch = |token: String, digest: &str| {
        let request =
            Request::builder().uri(source_path(digest)).header("authorization", format!("Bearer {token}"));
        world.send(request.body(Body::empty()).unwrap())
    };
    let good = source_token(&world.state.sealer, digest).into_inner();
    let fetched = fetch(good.clone(), digest).await;
    assert_eq!((fetched.status.as_u16(), &fetched.body), (200, &bytes));
    let other = "b".repeat(64);
    assert_eq!(fetch(good, &other).await.error(), (401, "unauthorized".into()));
    assert_eq!(fetch(world.token.clone(), digest).await.error(), (401, "unauthorized".into()));
    let gone = source_token(&world.state.sealer, &other).into_inner();
    assert_eq!(fetch(gone, &other).await.error(), (404, "not_found".into()));
    let odd = source_token(&world.state.sealer, "../main.db").into_inner();
    assert_eq!(fetch(odd, "..%2fmain.db").await.error(), (404, "not_found".into()));
}

#[tokio::test]
async fn what_is_refused_leaves_no_file_and_no_row() {
    let world = World::new().await;
    let good = archive(&[("a", b"a")]);
    let mut cut = good.clone();
    cut.truncate(good.len() / 2);
    let bomb = {
        let mut out = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
        let mut header = tar::Header::new_ustar();
        header.set_size(64 * 1024 * 1024);
        header.set_mode(0o644);
        out.append_data(&mut header, "zeros", std::io::Read::take(std::io::repeat(0), 64 * 1024 * 1024))
            .unwrap();
        out.into_inner().unwrap().finish().unwrap()
    };
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut link = tar::Header::new_ustar();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    tar.append_link(&mut link, "key", "/etc/shadow").unwrap();
    let escaping = tar.into_inner().unwrap().finish().unwrap();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    let mut zeros = GzEncoder::new(Vec::new(), Compression::fast());
    zeros.write_all(&[0; 1024]).unwrap();
    for (what, body, code) in [
        ("nothing", Vec::new(), "source_corrupt"),
        ("no archive", b"hello".to_vec(), "source_corrupt"),
        ("a cut archive", cut, "source_corrupt"),
        ("a bomb", bomb, "source_bomb"),
        ("a link out", escaping, "source_link_escapes"),
        ("an LFS pointer", archive(&[("big.bin", pointer)]), "git_lfs_pointer"),
        ("no file", zeros.finish().unwrap(), "source_empty"),
    ] {
        let (status, found) = upload(&world, body).await.error();
        assert_eq!((status, found.as_str()), (422, code), "{what}");
        assert_eq!(files(&world), [] as [String; 0], "{what}");
    }
    assert_eq!(world.count("upload").await, 0);
}

#[tokio::test]
async fn an_upload_past_the_limit_or_cut_off_leaves_nothing() {
    let world = World::new().await;
    let announced = world.request("POST", "/v1/uploads").header("content-type", "application/gzip");
    let announced = announced.header("content-length", (257_u64 * 1024 * 1024).to_string());
    assert_eq!(world.send(announced.body(Body::empty()).unwrap()).await.error().1, "source_too_large");
    let chunk = Bytes::from(vec![7; 1024 * 1024]);
    let endless = stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone()));
    assert_eq!(upload(&world, Body::from_stream(endless)).await.error().1, "source_too_large");
    let broken = stream::iter([Ok(Bytes::from_static(b"\x1f\x8b")), Err(std::io::Error::other("hung up"))]);
    assert_eq!(upload(&world, Body::from_stream(broken)).await.error(), (400, "invalid_body".into()));
    assert_eq!(files(&world), [] as [String; 0]);
    let plain = world.request("POST", "/v1/uploads").header("content-type", "application/zip");
    assert_eq!(world.send(plain.body(Body::from("x")).unwrap()).await.error().0, 415);
}

#[tokio::test]
async fn an_upload_that_expired_is_unknown_unless_it_is_in_use() {
    let world = World::new().await;
    let ids: Vec<_> = [b"a", b"b"]
        .map(|content| archive(&[("f", content)]))
        .map(|bytes| upload(&world, bytes))
        .into_iter()
        .collect();
    let ids: Vec<_> =
        futures_util::future::join_all(ids).await.iter().map(|r| r.json()["id"].clone()).collect();
    let source = |id| json!({ "kind": "upload", "upload": id });
    world.ask("POST", "/v1/deployments", json!({ "name": "used", "source": source(&ids[0]) })).await;
    let mut tx = world.state.store.begin().await.unwrap();
    sqlx::query("UPDATE upload SET expires_at = 1").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.state.store.expire_uploads(ttalkak_coordinator::clock::now()).await.unwrap(), 1);
    let again =
        world.ask("POST", "/v1/deployments/used/redeploy", json!({ "source": source(&ids[0]) })).await;
    assert_eq!(again.status, 202);
    let reply =
        world.ask("POST", "/v1/deployments", json!({ "name": "late", "source": source(&ids[1]) })).await;
    assert_eq!(reply.error(), (404, "upload_unknown".into()));
    let stranger = World { token: world.stranger.clone(), ..world };
    let theft =
        stranger.ask("POST", "/v1/deployments", json!({ "name": "thief", "source": source(&ids[0]) })).await;
    assert_eq!(theft.error(), (404, "upload_unknown".into()));
}
