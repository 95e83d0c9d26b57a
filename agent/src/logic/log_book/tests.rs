use super::*;
use uuid::Uuid;

fn lease(n: u128) -> LeaseId {
    LeaseId::new(Uuid::from_u128(n))
}

fn raw(text: &str) -> RawLine {
    RawLine { stream: LogStream::Stdout, at: UnixMillis(0), engine_nanos: 0, text: text.to_owned() }
}

fn mark(n: u128, seq: u64) -> LogMark {
    LogMark { lease: lease(n), seq, engine_nanos: 0 }
}

fn sent(book: &mut LogBook) -> Vec<(u64, String)> {
    let batch = book.next_batch().unwrap_or(LogBatch { lines: vec![] });
    book.on_sent(&batch);
    batch.lines.into_iter().map(|line| (line.seq, line.text)).collect()
}

#[test]
fn lines_are_numbered_sent_once_and_forgotten_when_stored() {
    let mut book = LogBook::default();
    book.append(lease(1), raw("a"));
    book.append(lease(1), raw("b"));
    assert_eq!(sent(&mut book), [(1, "a".into()), (2, "b".into())]);
    assert_eq!(sent(&mut book), []);
    book.on_stored(&[mark(1, 1)]);
    assert_eq!(book.len(), 1);
    book.on_stored(&[mark(1, 2)]);
    assert!(book.is_empty());
}

#[test]
fn after_a_reconnect_only_what_is_not_stored_is_sent_again() {
    let mut book = LogBook::default();
    for text in ["a", "b", "c"] {
        book.append(lease(1), raw(text));
    }
    assert_eq!(sent(&mut book).len(), 3);
    book.on_connected(&[mark(1, 2)]);
    assert_eq!(sent(&mut book), [(3, "c".into())]);
}

#[test]
fn a_new_process_goes_on_behind_the_numbers_of_the_old_one() {
    let mut book = LogBook::default();
    book.on_connected(&[LogMark { lease: lease(1), seq: 40, engine_nanos: 99 }]);
    assert_eq!(book.last_nanos(lease(1)), 99);
    book.append(lease(1), raw("a"));
    assert_eq!(sent(&mut book), [(41, "a".into())]);
}

#[test]
fn lines_written_before_the_first_mark_get_numbers_behind_it() {
    let mut book = LogBook::default();
    book.append(lease(1), raw("a"));
    book.on_connected(&[mark(1, 40)]);
    book.append(lease(1), raw("b"));
    assert_eq!(sent(&mut book), [(41, "a".into()), (42, "b".into())]);
}

#[test]
fn without_a_coordinator_the_oldest_lines_go_and_their_number_is_told() {
    let mut book = LogBook::default();
    for n in 0..UNSTORED_MAX + 5 {
        book.append(lease(1), raw(&n.to_string()));
    }
    assert_eq!(book.len(), UNSTORED_MAX);
    let lines = sent(&mut book);
    assert_eq!(lines[0].1, "… 6 lines were lost while the coordinator could not be reached.");
    assert_eq!(lines[1].1, "6");
}

#[test]
fn a_silent_coordinator_is_not_flooded() {
    let mut book = LogBook::default();
    for n in 0..9_000 {
        book.append(lease(1), raw(&n.to_string()));
    }
    let mut batches = 0;
    while !sent(&mut book).is_empty() {
        batches += 1;
    }
    assert_eq!(batches, 4);
    book.on_stored(&[mark(1, 2_000)]);
    assert_eq!(sent(&mut book)[0].0, 2_001);
}

#[test]
fn leases_take_turns_and_none_is_starved() {
    let mut book = LogBook::default();
    for n in 0..2_000 {
        book.append(lease(1), raw(&n.to_string()));
    }
    book.append(lease(2), raw("me too"));
    assert_eq!(sent(&mut book).len(), LOG_BATCH_LINES_MAX);
    assert_eq!(sent(&mut book)[0].1, "me too");
}

#[test]
fn a_closed_book_goes_once_all_is_stored() {
    let mut book = LogBook::default();
    book.append(lease(1), raw("a"));
    book.close(lease(1));
    assert_eq!(book.len(), 1);
    book.on_stored(&[mark(1, 1)]);
    assert!(book.books.is_empty());
}

proptest::proptest! {
    #[test]
    fn numbers_grow_by_one_whatever_happens(steps in proptest::collection::vec(0_u8..5, 0..200)) {
        let mut book = LogBook::default();
        let mut stored = 0;
        for step in steps {
            match step {
                0 | 1 => book.append(lease(1), raw("x")),
                2 => {
                    let lines = sent(&mut book);
                    if let Some((first, _)) = lines.first() {
                        proptest::prop_assert!(*first > stored);
                        proptest::prop_assert!(lines.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1));
                        stored = lines.last().unwrap().0;
                        book.on_stored(&[mark(1, stored)]);
                    }
                }
                3 => book.on_connected(&[mark(1, stored)]),
                _ => book.on_stored(&[mark(1, stored)]),
            }
        }
    }
}
