use super::*;
use ttalkak_protocol::error::ErrorCode;

const NOW: UnixMillis = UnixMillis(1_000);
const ME: EvmAddress = EvmAddress([7; 20]);

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    (folder, store)
}

/// Call data of a settlement: a selector and the number.
fn settle(batch: u64) -> Vec<u8> {
    [&[0xaa; 4][..], &[0; 24], &batch.to_be_bytes(), &[9; 32]].concat()
}

async fn add(store: &Store, kind: OutboxKind, input: &[u8]) -> OutboxId {
    let mut tx = store.begin().await.unwrap();
    let id = outbox_add(&mut tx, kind, input, &serde_json::json!({"agreements": []}), NOW).await.unwrap();
    tx.commit().await.unwrap();
    id
}

fn bytes(nonce: u64, byte: u8) -> Signed {
    let offer = Offer { max_fee: u128::MAX, tip: 1 };
    Signed { raw: vec![byte, nonce as u8], hash: ChainHash([byte; 32]), offer, gas_limit: 21_000 }
}

async fn sign(store: &Store, id: OutboxId, latest: u64, byte: u8) -> Option<Signed> {
    store.outbox_sign(id, ME, latest, |nonce| bytes(nonce, byte), NOW).await.unwrap()
}

async fn row(store: &Store, id: OutboxId) -> OutboxRow {
    store.outbox_row(id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_call_gets_its_nonce_with_its_bytes_and_only_once() {
    let (_folder, store) = store().await;
    let id = add(&store, OutboxKind::Open, b"call").await;
    assert_eq!(sign(&store, id, 3, 1).await, Some(bytes(3, 1)));
    assert_eq!(sign(&store, id, 3, 2).await, None, "another worker was first");
    let row = row(&store, id).await;
    assert_eq!((row.row.state, row.row.nonce), (OutboxState::Signed, Some(3)));
    assert_eq!((row.newest, row.input), (Some(bytes(3, 1)), b"call".to_vec()));
}

#[tokio::test]
async fn nonces_go_on_from_the_table_also_when_the_chain_is_behind() {
    let (_folder, store) = store().await;
    let ids = [add(&store, OutboxKind::Open, b"1").await, add(&store, OutboxKind::Open, b"2").await];
    assert_eq!(sign(&store, ids[0], 5, 1).await.unwrap().raw[1], 5);
    assert_eq!(sign(&store, ids[1], 5, 2).await.unwrap().raw[1], 6);
}

#[tokio::test]
async fn another_key_counts_from_its_own_nonce() {
    let (_folder, store) = store().await;
    let ids = [add(&store, OutboxKind::Open, b"1").await, add(&store, OutboxKind::Open, b"2").await];
    assert_eq!(sign(&store, ids[0], 5, 1).await.unwrap().raw[1], 5);
    let other =
        store.outbox_sign(ids[1], EvmAddress([8; 20]), 5, |nonce| bytes(nonce, 2), NOW).await.unwrap();
    assert_eq!(other.unwrap().raw[1], 5);
}

#[tokio::test]
async fn only_one_of_two_workers_replaces_an_attempt() {
    let (_folder, store) = store().await;
    let id = add(&store, OutboxKind::Open, b"1").await;
    sign(&store, id, 0, 1).await.unwrap();
    assert!(store.outbox_replace(id, 1, &bytes(0, 2), NOW).await.unwrap());
    assert!(!store.outbox_replace(id, 1, &bytes(0, 3), NOW).await.unwrap());
    assert_eq!(row(&store, id).await.row.attempts.len(), 2);
}

#[tokio::test]
async fn a_failed_settlement_gives_its_number_back() {
    let (_folder, store) = store().await;
    let id = add(&store, OutboxKind::Settle, &settle(4)).await;
    assert_eq!(row(&store, id).await.batch, Some(4));
    let mut tx = store.begin().await.unwrap();
    assert_eq!(outbox_next_batch(&mut tx, 3).await.unwrap(), 5);
    let problem = Problem::new(ErrorCode::Internal, "refused");
    let signed = (id, OutboxState::Signed);
    assert!(!outbox_end_from(&mut tx, signed, Some(&problem), NOW).await.unwrap(), "it is not signed");
    assert!(outbox_end_from(&mut tx, (id, OutboxState::Planned), Some(&problem), NOW).await.unwrap());
    assert!(!outbox_end(&mut tx, id, None, NOW).await.unwrap(), "it has ended");
    assert_eq!(outbox_next_batch(&mut tx, 3).await.unwrap(), 4);
    tx.commit().await.unwrap();
    let row = row(&store, id).await;
    assert_eq!((row.row.state, row.batch, row.problem), (OutboxState::Failed, None, Some(problem)));
}

#[tokio::test]
async fn two_settlements_never_have_one_number() {
    let (_folder, store) = store().await;
    add(&store, OutboxKind::Settle, &settle(4)).await;
    let mut tx = store.begin().await.unwrap();
    let refs = serde_json::json!({});
    assert!(outbox_add(&mut tx, OutboxKind::Settle, &settle(4), &refs, NOW).await.is_err());
    assert!(outbox_add(&mut tx, OutboxKind::Settle, b"short", &refs, NOW).await.is_err());
}

#[tokio::test]
async fn a_block_that_went_away_or_a_nonce_that_is_lost_leaves_the_attempts() {
    let (_folder, store) = store().await;
    let id = add(&store, OutboxKind::Close, b"1").await;
    sign(&store, id, 0, 1).await.unwrap();
    store.outbox_taken(id, NOW).await.unwrap();
    store.outbox_mined(id, Mined { block: 3, hash: ChainHash([3; 32]) }, 50_000, NOW).await.unwrap();
    assert_eq!(row(&store, id).await.row.mined, Some(Mined { block: 3, hash: ChainHash([3; 32]) }));
    store.outbox_unmined(id, NOW).await.unwrap();
    assert_eq!(row(&store, id).await.row.state, OutboxState::Broadcast);
    store.outbox_renonce(id, NOW).await.unwrap();
    let lost = row(&store, id).await;
    assert_eq!((lost.row.state, lost.row.nonce, lost.row.attempts.len()), (OutboxState::Planned, None, 1));
    assert_eq!(sign(&store, id, 1, 2).await.unwrap().raw[1], 1);
    assert_eq!(row(&store, id).await.row.attempts.len(), 2);
}

#[tokio::test]
async fn rows_at_work_come_by_nonce_and_then_the_oldest_that_waits() {
    let (_folder, store) = store().await;
    let mut ids = Vec::new();
    for input in [b"1", b"2", b"3", b"4"] {
        ids.push(add(&store, OutboxKind::Open, input).await);
    }
    sign(&store, ids[1], 0, 1).await.unwrap();
    sign(&store, ids[0], 0, 2).await.unwrap();
    let at_work: Vec<_> = store.outbox_at_work().await.unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(at_work, [ids[1], ids[0], ids[2]]);
}
