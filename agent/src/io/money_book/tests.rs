use super::*;
use crate::logic::meter::tests::book_with_an_hour_of_which_half_is_vouched;

fn entry() -> BookEntry {
    let book = book_with_an_hour_of_which_half_is_vouched();
    let page = book.pages.values().next().unwrap().clone();
    let reading = page.unvouched[0].reading.clone();
    let charged = crate::logic::meter::Charged { reading, countersigned: None };
    BookEntry { book, charged: vec![charged.clone(), charged], ended: vec![page] }
}

#[test]
fn a_book_comes_back_as_it_was_kept_and_records_add_up() {
    let data = tempfile::tempdir().unwrap();
    let file = MoneyBookFile::new(data.path());
    assert_eq!(file.load().unwrap(), MoneyBook::default());
    file.write(1, &entry()).unwrap();
    file.write(2, &entry()).unwrap();
    let mut kept = entry().book;
    kept.pages
        .values_mut()
        .for_each(|page| page.unvouched.iter_mut().for_each(|metered| metered.version = 0));
    assert_eq!(MoneyBookFile::new(data.path()).load().unwrap(), kept);
    let lines =
        |file: &str| fs::read_to_string(data.path().join("money").join(file)).unwrap().lines().count();
    assert_eq!((lines("readings.jsonl"), lines("over.jsonl")), (4, 2));
}

#[test]
fn an_older_state_does_not_replace_a_newer_one() {
    let data = tempfile::tempdir().unwrap();
    let file = MoneyBookFile::new(data.path());
    file.write(2, &entry()).unwrap();
    file.write(1, &BookEntry::default()).unwrap();
    assert_eq!(file.load().unwrap().pages.len(), 1);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_enter_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().unwrap();
    MoneyBookFile::new(data.path()).write(1, &entry()).unwrap();
    let mode = |path: &str| fs::metadata(data.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("money"), mode("money/book.json"), mode("money/readings.jsonl")), (0o700, 0o600, 0o600));
}

#[test]
fn a_disk_that_refuses_is_told() {
    let data = tempfile::tempdir().unwrap();
    fs::write(data.path().join("money"), "a file where a folder should be").unwrap();
    let file = MoneyBookFile::new(data.path());
    assert!(matches!(file.write(1, &entry()), Err(MoneyBookError::Record { .. })));
}
