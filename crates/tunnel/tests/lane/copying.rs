//! A tunnel's stream joined with a real socket.

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::task::JoinSet;
use ttalkak_tunnel::{Copied, copy_both};

use crate::world::{over, pattern, sockets, target, within};

#[tokio::test]
async fn bytes_and_half_closes_pass_through_tunnel_and_socket() {
    let (edge, agent) = sockets().await;
    let (world, mut agent) = over(edge, agent);
    let (mut visitor, mut public) = sockets().await;
    let (mut to_backend, mut backend) = sockets().await;
    let mut tasks = JoinSet::new();
    let mut stream = world.edge.open(&target("x")).await.unwrap();
    tasks.spawn(async move { copy_both(&mut public, &mut stream).await.unwrap() });
    tasks.spawn(async move {
        let (_, mut stream) = agent.accept().await.unwrap();
        copy_both(&mut stream, &mut to_backend).await.unwrap()
    });
    let (question, answer) = (pattern(1, 3_000_000), pattern(2, 5_000_000));
    let (expected_question, sent_answer) = (question.clone(), answer.clone());
    tasks.spawn(async move {
        let mut asked = Vec::new();
        backend.read_to_end(&mut asked).await.unwrap();
        assert!(asked == expected_question);
        // Only after the visitor's half close has come all the way.
        backend.write_all(&sent_answer).await.unwrap();
        Copied { a_to_b: 3_000_000, b_to_a: 5_000_000 }
    });
    within(visitor.write_all(&question)).await.unwrap();
    visitor.shutdown().await.unwrap();
    let mut got = Vec::new();
    within(visitor.read_to_end(&mut got)).await.unwrap();
    assert!(got == answer);
    while let Some(copied) = within(tasks.join_next()).await {
        assert_eq!(copied.unwrap(), Copied { a_to_b: 3_000_000, b_to_a: 5_000_000 });
    }
}

#[tokio::test]
async fn a_narrow_writer_gets_every_byte_in_order() {
    let ((mut source, mut near), (mut far, mut sink)) = (duplex(100_000), duplex(3));
    let bytes = pattern(3, 400_000);
    let mut got = Vec::new();
    let (copied, (), _) = within(async {
        tokio::join!(
            copy_both(&mut near, &mut far),
            async {
                source.write_all(&bytes).await.unwrap();
                source.shutdown().await.unwrap();
            },
            async {
                sink.read_to_end(&mut got).await.unwrap();
                sink.shutdown().await.unwrap();
            }
        )
    })
    .await;
    assert_eq!(copied.unwrap(), Copied { a_to_b: 400_000, b_to_a: 0 });
    assert!(got == bytes);
}

#[tokio::test]
async fn a_side_that_fails_is_named_with_what_was_moved() {
    let (edge, agent) = sockets().await;
    let (world, mut agent) = over(edge, agent);
    let (mut visitor, mut public) = sockets().await;
    let mut stream = world.edge.open(&target("x")).await.unwrap();
    visitor.write_all(b"hello").await.unwrap();
    let refuse = async {
        let (_, mut served) = agent.accept().await.unwrap();
        served.read_exact(&mut [0; 5]).await.unwrap();
        served.reject(ttalkak_tunnel::ResetCode::BackendRefused);
    };
    let (copied, ()) = within(async { tokio::join!(copy_both(&mut public, &mut stream), refuse) }).await;
    let error = copied.unwrap_err();
    assert_eq!((error.side, error.copied.a_to_b), (ttalkak_tunnel::copy::Side::B, 5));
}
