use super::*;
use crate::{
    ledger::{
        tests::{a_hold, agreement, any_entry, payee, tenant},
        write,
    },
    store::StoreError,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

fn seen(log: u64) -> EntryKey {
    EntryKey::Chain { block: 1, log }
}

async fn opened() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    (dir, store)
}

/// Appends in a transaction of its own.
async fn append(store: &Store, entry: Result<Entry, LedgerError>, key: EntryKey) -> StoreResult<Appended> {
    let mut tx = store.begin().await?;
    let appended = journal_append(&mut tx, &entry?, key, NOW).await?;
    tx.commit().await?;
    Ok(appended)
}

async fn kept(store: &Store) -> Ledger {
    Ledger::of(store.balances_like("").await.unwrap())
}

/// Every answer of the journal against the pure books, the tables against both, and the sum of all accounts.
async fn agrees_with_the_books(told: Vec<(Entry, u64, bool)>) {
    let (_dir, store) = opened().await;
    let (mut ledger, mut keys) = (Ledger::default(), BTreeMap::<u64, Entry>::new());
    for chunk in told.chunks(12) {
        let mut tx = store.begin().await.unwrap();
        let (mut next, mut next_keys) = (ledger.clone(), keys.clone());
        for (entry, log, _) in chunk {
            let found = journal_append(&mut tx, entry, seen(*log), NOW).await;
            match next_keys.get(log) {
                Some(before) if before == entry => assert_eq!(found.unwrap(), Appended::Already),
                Some(_) => assert!(matches!(found, Err(StoreError::Ledger(LedgerError::KeyReused { .. })))),
                None => match next.apply(entry) {
                    Ok(()) => {
                        assert_eq!(found.unwrap(), Appended::New);
                        next_keys.insert(*log, entry.clone());
                    }
                    Err(why) => {
                        assert!(matches!(found, Err(StoreError::Ledger(refused)) if refused == why));
                    }
                },
            }
        }
        // A transaction that is dropped, as in a crash, leaves nothing behind.
        if chunk[0].2 {
            tx.commit().await.unwrap();
            (ledger, keys) = (next, next_keys);
        }
    }
    assert_eq!(store.replay().await.unwrap(), ledger);
    assert_eq!(kept(&store).await, ledger);
    assert_eq!(store.unbalanced().await.unwrap(), []);
    assert_eq!(ledger.sum(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn replay_equals_the_kept_balances(
        told in prop::collection::vec((any_entry(), 0..40_u64, prop::bool::weighted(0.8)), 0..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(agrees_with_the_books(told));
    }
}

#[tokio::test]
async fn the_same_key_twice_is_one_entry() {
    let (_dir, store) = opened().await;
    let told = || write::deposit(tenant(0), Amount(7));
    assert_eq!(append(&store, told(), seen(0)).await.unwrap(), Appended::New);
    assert_eq!(append(&store, told(), seen(0)).await.unwrap(), Appended::Already);
    assert_eq!(store.balance(Account::Free(tenant(0))).await.unwrap(), Amount(7));
    assert_eq!(store.balance(Account::Chain).await.unwrap(), Amount(7), "what the contract holds");
}

#[tokio::test]
async fn the_same_key_with_another_entry_is_an_error() {
    let (_dir, store) = opened().await;
    append(&store, write::deposit(tenant(0), Amount(7)), seen(0)).await.unwrap();
    for other in [
        write::deposit(tenant(0), Amount(8)),
        write::deposit(tenant(1), Amount(7)),
        write::withdraw(tenant(0), Amount(7)),
        write::deposit(tenant(0), Amount::ZERO),
    ] {
        let refused = append(&store, other, seen(0)).await;
        assert!(matches!(refused, Err(StoreError::Ledger(LedgerError::KeyReused { .. }))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_charge_of_nothing_uses_its_key_up() {
    let (_dir, store) = opened().await;
    let key = EntryKey::Charge { agreement: agreement(0), seq: 1 };
    let nothing = || write::charge(agreement(0), Amount::ZERO);
    assert_eq!(append(&store, nothing(), key).await.unwrap(), Appended::New);
    assert_eq!(append(&store, nothing(), key).await.unwrap(), Appended::Already);
    assert_eq!(store.replay().await.unwrap(), Ledger::default());
}

#[tokio::test]
async fn an_overdraft_is_refused_and_the_transaction_goes_on() {
    let (_dir, store) = opened().await;
    let mut tx = store.begin().await.unwrap();
    let entry = write::deposit(tenant(0), Amount(5)).unwrap();
    journal_append(&mut tx, &entry, seen(0), NOW).await.unwrap();
    let hold = write::hold(tenant(0), a_hold(0), Amount(6)).unwrap();
    let refused = journal_append(&mut tx, &hold, EntryKey::Hold(a_hold(0)), NOW).await.unwrap_err();
    assert_eq!(refused.code(), ttalkak_protocol::ErrorCode::FundsInsufficient);
    let hold = write::hold(tenant(0), a_hold(0), Amount(5)).unwrap();
    journal_append(&mut tx, &hold, EntryKey::Hold(a_hold(0)), NOW).await.unwrap();
    assert_eq!(balance_in(&mut tx, Account::Free(tenant(0))).await.unwrap(), Amount::ZERO);
    tx.commit().await.unwrap();
    assert_eq!(store.balance(Account::Hold(a_hold(0))).await.unwrap(), Amount(5));
    assert_eq!(store.unbalanced().await.unwrap(), []);
}

#[tokio::test]
async fn amounts_beyond_a_machine_word_are_kept_exactly() {
    let (_dir, store) = opened().await;
    append(&store, write::deposit(tenant(0), Amount::MAX), seen(0)).await.unwrap();
    append(&store, write::deposit(tenant(0), Amount(1)), seen(1)).await.unwrap();
    let all = store.balance(Account::Free(tenant(0))).await.unwrap();
    assert_eq!(all, Amount(Amount::MAX.0 + 1));
    assert_eq!(store.unbalanced().await.unwrap(), []);
}

#[tokio::test]
async fn a_balance_that_was_altered_is_found() {
    let (_dir, store) = opened().await;
    append(&store, write::deposit(tenant(0), Amount(5)), seen(0)).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let free = Account::Free(tenant(0));
    keep(&mut tx, free, 6).await.unwrap();
    keep(&mut tx, Account::FeeCredit, 1).await.unwrap();
    tx.commit().await.unwrap();
    let found = store.unbalanced().await.unwrap();
    let expected = [
        Unbalanced { account: free, kept: 6, replayed: 5 },
        Unbalanced { account: Account::FeeCredit, kept: 1, replayed: 0 },
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_journal_that_was_altered_is_not_replayed() {
    let (_dir, store) = opened().await;
    append(&store, write::deposit(tenant(0), Amount(5)), seen(0)).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    sqlx::query("UPDATE posting SET amount = '6' WHERE amount = '5'").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    let refused = store.unbalanced().await;
    assert!(
        matches!(refused, Err(StoreError::Ledger(LedgerError::Unbalanced { sum: 1, .. }))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn balances_are_found_by_the_begin_of_their_name() {
    let (_dir, store) = opened().await;
    append(&store, write::deposit(tenant(0), Amount(9)), seen(0)).await.unwrap();
    for n in 0..2 {
        append(&store, write::hold(tenant(0), a_hold(n), Amount(2)), EntryKey::Hold(a_hold(n)))
            .await
            .unwrap();
    }
    let holds = store.balances_like("hold:").await.unwrap();
    assert_eq!(holds, [(Account::Hold(a_hold(0)), 2), (Account::Hold(a_hold(1)), 2)]);
    let void = write::hold_void(a_hold(0), tenant(0), Amount(2));
    append(&store, void, EntryKey::HoldVoid(a_hold(0))).await.unwrap();
    assert_eq!(store.balances_like("hold:").await.unwrap(), [(Account::Hold(a_hold(1)), 2)]);
    assert_eq!(store.balances_like("payee:").await.unwrap(), []);
}

#[tokio::test]
async fn a_statement_lists_what_moved_page_by_page() {
    let (_dir, store) = opened().await;
    let free = Account::Free(tenant(0));
    append(&store, write::deposit(tenant(0), Amount(9)), seen(0)).await.unwrap();
    append(&store, write::deposit(tenant(1), Amount(9)), seen(1)).await.unwrap();
    append(&store, write::withdraw(tenant(0), Amount(4)), seen(2)).await.unwrap();
    append(&store, write::payout(payee(0), Amount::ZERO), seen(3)).await.unwrap();
    let first = store.movements(free, 0, 1).await.unwrap();
    let next = store.movements(free, first[0].entry, 10).await.unwrap();
    let line = |movement: &Movement| (movement.key.clone(), movement.reason, movement.amount);
    assert_eq!(line(&first[0]), ("chain:1:0".into(), Reason::Deposit, 9));
    assert_eq!(next.iter().map(line).collect::<Vec<_>>(), [("chain:1:2".into(), Reason::Withdraw, -4)]);
    assert_eq!(store.movements_of(free, Reason::Deposit).await.unwrap(), 1);
}
