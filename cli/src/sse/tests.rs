use super::*;

fn event(kind: &str, data: &str) -> Event {
    Event { kind: kind.into(), data: data.into() }
}

fn read(text: &str) -> Vec<Event> {
    Parser::default().push(text.as_bytes()).unwrap()
}

#[test]
fn an_event_ends_with_an_empty_line() {
    assert_eq!(read("event: line\ndata: a\n"), []);
    assert_eq!(read("event: line\ndata: a\n\n"), [event("line", "a")]);
    assert_eq!(read("data:a\ndata: b\ndata\n\n"), [event("message", "a\nb\n")]);
}

#[test]
fn the_same_events_come_whatever_the_packets() {
    let text = "\u{feff}: hello\r\nid: 7\r\nevent: line\rdata: 딸깍\r\n\r\nevent: end\n\n";
    let whole = read(text);
    assert_eq!(whole, [event("line", "딸깍"), event("end", "")]);
    for cut in 1..text.len() {
        let mut parser = Parser::default();
        let (head, tail) = text.as_bytes().split_at(cut);
        let mut events = parser.push(head).unwrap();
        events.extend(parser.push(tail).unwrap());
        assert_eq!(events, whole, "cut at {cut}");
        assert_eq!(parser.last_id(), Some("7"));
    }
}

#[test]
fn comments_and_unknown_fields_are_passed_over() {
    assert_eq!(read(": beat\n\n:\n\ncolour: red\n\n"), []);
}

#[test]
fn a_cut_stream_keeps_its_last_id_and_forgets_half_an_event() {
    let mut parser = Parser::default();
    parser.push(b"id: 4\nretry: 250\ndata: a\n\nid: 5\nevent: line\ndata: ha").unwrap();
    parser.reconnect();
    assert_eq!((parser.last_id(), parser.retry_ms()), (Some("4"), Some(250)));
    assert_eq!(parser.push(b"data: b\n\n").unwrap(), [event("message", "b")]);
}

#[test]
fn a_retry_that_is_no_number_changes_nothing() {
    let mut parser = Parser::default();
    parser.push(b"retry: 250\nretry: soon\n\n").unwrap();
    assert_eq!(parser.retry_ms(), Some(250));
}

#[test]
fn an_event_without_end_is_refused() {
    let mut parser = Parser::default();
    assert_eq!(parser.push(&vec![b'x'; EVENT_BYTES_MAX + 1]), Err(TooLong));
    let mut parser = Parser::default();
    let line = [b"data: ".as_slice(), &[b'y'; 1000], b"\n"].concat();
    assert!((0..2000).any(|_| parser.push(&line).is_err()));
}
