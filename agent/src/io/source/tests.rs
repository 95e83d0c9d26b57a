use super::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};
use ttalkak_protocol::{secret::Secret, unit::Bytes as Size};

/// Serves `answer`, head and all, to each connection; the last request's head is kept.
async fn serve(tasks: &mut JoinSet<()>, answer: Vec<u8>) -> Coordinator {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(&answer).await;
        }
    });
    format!("http://{address}").parse().unwrap()
}

fn ok(body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes(), body.to_vec()]
        .concat()
}

fn source(body: &[u8]) -> SourceRef {
    SourceRef {
        path: "/v1/sources/x".to_owned(),
        token: Secret::new("t".to_owned()),
        digest: hex::encode(Sha256::digest(body)),
        bytes: Size(body.len() as u64),
    }
}

async fn fetch(answer: Vec<u8>, source: &SourceRef) -> (Result<PathBuf, FetchError>, tempfile::TempDir) {
    let mut tasks = JoinSet::new();
    let coordinator = serve(&mut tasks, answer).await;
    let folder = tempfile::tempdir().unwrap();
    let sources = Sources::new(folder.path(), coordinator, http_client().unwrap());
    (sources.fetch(source).await, folder)
}

fn files(folder: &tempfile::TempDir) -> usize {
    std::fs::read_dir(folder.path().join("sources")).map_or(0, Iterator::count)
}

#[tokio::test]
async fn what_was_promised_is_kept_and_not_asked_for_again() {
    let (path, folder) = fetch(ok(b"archive"), &source(b"archive")).await;
    assert_eq!(std::fs::read(path.unwrap()).unwrap(), b"archive");
    let nobody = "http://127.0.0.1:9".parse().unwrap();
    let again = Sources::new(folder.path(), nobody, http_client().unwrap());
    assert!(again.fetch(&source(b"archive")).await.is_ok());
}

#[tokio::test]
async fn other_more_or_fewer_bytes_are_refused_and_nothing_is_left() {
    for body in [&b"archivE"[..], b"archive and more", b"arch"] {
        let (result, folder) = fetch(ok(body), &source(b"archive")).await;
        let error = result.unwrap_err();
        assert!(matches!(error, FetchError::Corrupt), "{error:?}");
        assert_eq!((error.problem().code, files(&folder)), (ErrorCode::SourceCorrupt, 0));
    }
}

#[tokio::test]
async fn a_download_that_breaks_off_is_tried_again() {
    let mut cut = ok(b"archive");
    cut.truncate(cut.len() - 2);
    let (result, folder) = fetch(cut, &source(b"archive")).await;
    let error = result.unwrap_err();
    assert!(error.again() && files(&folder) == 0, "{error:?}");
}

#[tokio::test]
async fn a_refusal_is_final_and_a_busy_coordinator_is_not() {
    for (status, again) in [(403, false), (404, false), (302, false), (500, true), (503, true), (429, true)] {
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nlocation: /\r\n\r\n").into_bytes();
        let (result, _folder) = fetch(answer, &source(b"archive")).await;
        assert_eq!(result.unwrap_err().again(), again, "{status}");
    }
}

#[tokio::test]
async fn an_archive_that_claims_too_much_is_not_even_asked_for() {
    let mut huge = source(b"archive");
    huge.bytes = Size(1 << 40);
    let (result, _folder) = fetch(ok(b"archive"), &huge).await;
    assert!(matches!(result, Err(FetchError::TooLarge)));
}

#[tokio::test]
async fn a_digest_cannot_name_a_file_elsewhere() {
    let sources =
        Sources::new(Path::new("/data"), "http://127.0.0.1:9".parse().unwrap(), http_client().unwrap());
    assert_eq!(sources.path("../../etc/passwd"), Path::new("/data/sources/ecad.tar.gz"));
}

#[tokio::test]
async fn archives_that_no_lease_needs_are_deleted_with_their_parts() {
    let (path, folder) = fetch(ok(b"archive"), &source(b"archive")).await;
    let kept = path.unwrap();
    let stray = folder.path().join("sources/abcd.tar.gz.part");
    std::fs::write(&stray, "half").unwrap();
    let sources = Sources::new(folder.path(), "http://127.0.0.1:9".parse().unwrap(), http_client().unwrap());
    sources.keep(&BTreeSet::from([source(b"archive").digest])).await.unwrap();
    assert!(kept.exists() && !stray.exists());
    sources.keep(&BTreeSet::new()).await.unwrap();
    assert!(!kept.exists());
}

#[tokio::test]
async fn a_context_that_cannot_be_packed_ends_its_stream_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.tar.gz");
    std::fs::write(&archive, "not an archive").unwrap();
    let context = context(archive, BTreeMap::new(), "Dockerfile".to_owned());
    let chunks: Vec<io::Result<Bytes>> = context.stream.collect().await;
    assert!(chunks.last().is_some_and(Result::is_err));
    let error = context.packed.await.unwrap().unwrap_err();
    assert_eq!(source_problem(&error).code, ErrorCode::SourceCorrupt);
}
