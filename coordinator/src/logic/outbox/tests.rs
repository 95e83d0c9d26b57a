use super::*;
use proptest::prelude::*;

const GWEI: u128 = 1_000_000_000;
const T0: i64 = 1_000_000_000;

fn hash(byte: u8) -> ChainHash {
    ChainHash([byte; 32])
}

fn row(kind: OutboxKind, state: OutboxState) -> Row {
    let offer = Offer { max_fee: 3 * GWEI, tip: GWEI };
    let attempt = Attempt { n: 1, hash: hash(1), offer, at: UnixMillis(T0) };
    let mined = (state == OutboxState::Mined).then_some(Mined { block: 10, hash: hash(0xb0) });
    Row { kind, state, nonce: Some(5), attempts: vec![attempt], mined }
}

fn receipt(succeeded: bool) -> Receipt {
    Receipt { succeeded, block: 10, block_hash: hash(0xb0), gas_used: 50_000, effective_price: GWEI }
}

/// Sent a second ago, nothing has come of it.
fn seen() -> Seen {
    let second = u64::try_from(T0 / 1000).unwrap();
    Seen {
        head: Head { number: 12, hash: hash(0xb2), timestamp_secs: second, final_number: 9 },
        receipt: None,
        mined_hash: None,
        final_nonce: 5,
        settled_by: None,
        fees: Fees { base: GWEI, tip: GWEI },
        sent_at: Some(UnixMillis(T0)),
        refusal: None,
    }
}

fn act(row: &Row, seen: &Seen, after_ms: i64) -> Act {
    decide(row, seen, &Policy::default(), UnixMillis(T0 + after_ms))
}

fn in_block(final_number: u64) -> Seen {
    let head = Head { final_number, ..seen().head };
    Seen { head, receipt: Some((hash(1), receipt(true))), mined_hash: Some(hash(0xb0)), ..seen() }
}

#[test]
fn bytes_that_nobody_was_given_since_the_start_are_sent() {
    for state in [OutboxState::Signed, OutboxState::Broadcast] {
        assert_eq!(act(&row(OutboxKind::Open, state), &Seen { sent_at: None, ..seen() }, 0), Act::Send);
    }
}

#[test]
fn the_same_bytes_are_sent_again_before_more_is_offered() {
    let row = row(OutboxKind::Open, OutboxState::Broadcast);
    assert_eq!(act(&row, &seen(), 14_999), Act::Await);
    assert_eq!(act(&row, &seen(), 15_000), Act::Send);
}

#[test]
fn more_is_offered_only_while_blocks_are_made() {
    let row = row(OutboxKind::Open, OutboxState::Broadcast);
    assert_eq!(act(&row, &seen(), 60_000), Act::Send, "the chain stands still");
    let later = Head { timestamp_secs: seen().head.timestamp_secs + 60, ..seen().head };
    let Act::Replace(offer) = act(&row, &Seen { head: later, ..seen() }, 60_000) else {
        panic!("not replaced")
    };
    assert!(offer.max_fee >= 3 * GWEI * 1125 / 1000 && offer.tip >= GWEI * 1125 / 1000, "{offer:?}");
}

#[test]
fn a_refused_price_is_raised_at_once_and_never_above_the_bound() {
    let row = row(OutboxKind::Settle, OutboxState::Signed);
    let refused = Seen { refusal: Some(Refusal::TooLow), ..seen() };
    assert!(matches!(act(&row, &refused, 0), Act::Replace(_)));
    let mut dear = row;
    dear.attempts[0].offer.max_fee = 299 * GWEI;
    assert_eq!(act(&dear, &refused, 0), Act::Await);
    assert_eq!(act(&dear, &refused, 20_000), Act::Send, "the price may come down again");
}

#[test]
fn a_receipt_is_noted_and_a_block_that_went_away_is_forgotten() {
    let found = Seen { receipt: Some((hash(1), receipt(true))), ..seen() };
    assert_eq!(act(&row(OutboxKind::Open, OutboxState::Broadcast), &found, 0), Act::Mined(receipt(true)));
    let mined = row(OutboxKind::Open, OutboxState::Mined);
    let gone = Seen { receipt: None, mined_hash: Some(hash(0xee)), ..in_block(9) };
    assert_eq!(act(&mined, &gone, 0), Act::Unmined);
    assert_eq!(act(&mined, &Seen { mined_hash: None, ..gone }, 0), Act::Unmined);
    let moved = Receipt { block: 11, block_hash: hash(0xb1), ..receipt(true) };
    let elsewhere = Seen { receipt: Some((hash(1), moved)), mined_hash: Some(hash(0xee)), ..in_block(9) };
    assert_eq!(act(&mined, &elsewhere, 0), Act::Mined(moved));
}

#[test]
fn an_open_is_final_with_its_block() {
    let mined = row(OutboxKind::Open, OutboxState::Mined);
    assert_eq!(act(&mined, &in_block(9), 0), Act::Await);
    assert_eq!(act(&mined, &in_block(10), 0), Act::Final);
}

#[test]
fn a_settlement_is_final_only_when_its_own_transaction_settled_the_batch() {
    let mined = row(OutboxKind::Settle, OutboxState::Mined);
    assert_eq!(act(&mined, &in_block(10), 0), Act::Await, "its event was not read yet");
    assert_eq!(act(&mined, &Seen { settled_by: Some(hash(1)), ..in_block(10) }, 0), Act::Final);
    let foreign = Seen { settled_by: Some(hash(7)), ..in_block(10) };
    assert_eq!(act(&mined, &foreign, 0), Act::Fail(Failure::Foreign));
    let flying = Seen { settled_by: Some(hash(7)), ..seen() };
    let sent = row(OutboxKind::Settle, OutboxState::Broadcast);
    assert_eq!(act(&sent, &flying, 0), Act::Fail(Failure::Foreign));
}

#[test]
fn what_was_undone_fails_once_that_is_final() {
    let mined = row(OutboxKind::Close, OutboxState::Mined);
    let undone = |at| Seen { receipt: Some((hash(1), receipt(false))), ..in_block(at) };
    assert_eq!(act(&mined, &undone(9), 0), Act::Await);
    assert_eq!(act(&mined, &undone(10), 0), Act::Fail(Failure::Undone));
}

#[test]
fn a_nonce_that_another_transaction_used_is_replaced_once_that_is_final() {
    let row = row(OutboxKind::Open, OutboxState::Broadcast);
    let used = Seen { refusal: Some(Refusal::NonceUsed), ..seen() };
    assert_eq!(act(&row, &used, 0), Act::Await, "the other may still go away");
    assert_eq!(act(&row, &Seen { final_nonce: 6, ..used }, 0), Act::Renonce);
}

#[test]
fn nonces_and_batches_follow_table_and_chain_whichever_is_ahead() {
    assert_eq!([next_nonce(None, 0), next_nonce(Some(4), 3), next_nonce(Some(4), 9)], [0, 5, 9]);
    assert_eq!([next_batch(None, 0), next_batch(Some(4), 3), next_batch(Some(4), 9)], [1, 5, 10]);
}

#[test]
fn the_first_offer_bears_two_full_blocks_within_the_bound() {
    let policy = Policy { max_fee: 5 * GWEI, ..Policy::default() };
    let offer = |base, tip| first_offer(&Fees { base: base * GWEI, tip: tip * GWEI }, &policy);
    assert_eq!(offer(1, 1), Ok(Offer { max_fee: 3 * GWEI, tip: GWEI }));
    assert_eq!(offer(4, 1), Ok(Offer { max_fee: 5 * GWEI, tip: GWEI }));
    assert_eq!(offer(5, 1), Err(6 * GWEI));
}

proptest! {
    #[test]
    fn a_raise_is_what_nodes_demand_or_nothing(
        max_fee in 1u128..400 * GWEI, tip in 0u128..400 * GWEI, base in 0u128..400 * GWEI, usual in 0u128..50 * GWEI,
    ) {
        let old = Offer { max_fee: max_fee.max(tip), tip };
        let policy = Policy::default();
        if let Some(new) = raise(old, &Fees { base, tip: usual }, &policy) {
            // geth asks for a tenth more in both parts.
            prop_assert!(new.max_fee * 10 >= old.max_fee * 11 && new.tip * 10 >= old.tip * 11);
            prop_assert!(new.tip <= new.max_fee && new.max_fee <= policy.max_fee);
        }
    }

    #[test]
    fn nothing_that_the_chain_says_makes_a_row_final_before_its_block_is(
        state in 0usize..3, kind in 0usize..3, mined in any::<bool>(), ok in any::<bool>(), fin in 0u64..20,
        name in any::<bool>(), settled in 0u8..3, nonce in 0u64..9, sent in any::<bool>(), after in 0i64..200_000,
    ) {
        let kind = [OutboxKind::Open, OutboxKind::Settle, OutboxKind::Close][kind];
        let state = [OutboxState::Signed, OutboxState::Broadcast, OutboxState::Mined][state];
        let looked = Seen {
            receipt: mined.then_some((hash(1), receipt(ok))),
            mined_hash: Some(if name { hash(0xb0) } else { hash(0xee) }),
            settled_by: (settled > 0).then(|| hash(settled)),
            final_nonce: nonce,
            sent_at: sent.then_some(UnixMillis(T0)),
            ..in_block(fin)
        };
        let act = act(&row(kind, state), &looked, after);
        if act == Act::Final {
            prop_assert!(state == OutboxState::Mined && mined && ok && name && fin >= 10);
            prop_assert!(kind != OutboxKind::Settle || settled == 1);
        }
        // A second nonce is given only when the first can never be used by ours.
        prop_assert!(act != Act::Renonce || (!mined && nonce > 5));
    }
}
