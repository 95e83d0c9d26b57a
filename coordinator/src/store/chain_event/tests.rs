use super::*;
use crate::logic::chain::EscrowEvent;
use ttalkak_protocol::money::{Amount, EvmAddress};

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    (folder, store)
}

fn settled(batch: u64) -> EscrowLog {
    let event = EscrowEvent::Settled { batch, token: EvmAddress::ZERO, gross: Amount(5), fee: Amount(0) };
    let (block_hash, tx) = (ChainHash([2; 32]), ChainHash([3; 32]));
    EscrowLog { block: 7, block_hash, log_index: batch, tx, event }
}

fn mark(block: u64) -> ChainMark {
    ChainMark { block, hash: ChainHash([9; 32]) }
}

#[tokio::test]
async fn the_mark_moves_only_from_where_it_was_seen() {
    let (_folder, store) = store().await;
    assert_eq!(store.chain_mark().await.unwrap(), None);
    let mut tx = store.begin().await.unwrap();
    assert!(move_chain_mark(&mut tx, None, mark(7)).await.unwrap());
    assert!(!move_chain_mark(&mut tx, None, mark(8)).await.unwrap(), "two workers read the same blocks");
    assert!(move_chain_mark(&mut tx, Some(mark(7)), mark(9)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(store.chain_mark().await.unwrap(), Some(mark(9)));
}

#[tokio::test]
async fn who_settled_a_batch_is_known_once_its_event_is_kept() {
    let (_folder, store) = store().await;
    assert_eq!(store.settled_by(1).await.unwrap(), None);
    let mut tx = store.begin().await.unwrap();
    add_chain_event(&mut tx, &settled(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.settled_by(1).await.unwrap(), Some(ChainHash([3; 32])));
    assert_eq!(store.settled_by(2).await.unwrap(), None);
}

#[tokio::test]
async fn an_event_at_a_place_that_is_taken_is_an_alarm() {
    let (_folder, store) = store().await;
    let mut tx = store.begin().await.unwrap();
    add_chain_event(&mut tx, &settled(1)).await.unwrap();
    assert!(matches!(add_chain_event(&mut tx, &settled(1)).await, Err(StoreError::Corrupt { .. })));
}
