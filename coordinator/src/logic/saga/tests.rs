use super::*;
use proptest::prelude::*;

const STEPS: &[StepRule] = &[
    StepRule { name: "grant", pivot: false },
    StepRule { name: "await", pivot: false },
    StepRule { name: "publish", pivot: true },
    StepRule { name: "mark", pivot: false },
];

fn log(text: &str) -> Vec<LogEntry> {
    let event = |mark: &str| match mark {
        ">" => LogEvent::Started,
        "+" => LogEvent::Succeeded,
        "-" => LogEvent::Failed,
        "<" => LogEvent::UndoStarted,
        "0" => LogEvent::UndoFinished,
        other => {
            assert_eq!(other, "!");
            LogEvent::UndoFailed
        }
    };
    text.split_whitespace()
        .map(|word| {
            let (step, mark) = word.split_at(word.len() - 1);
            LogEntry { step: step.to_owned(), event: event(mark) }
        })
        .collect()
}

fn check(text: &str, cancelled: bool, expected: Next) {
    assert_eq!(next(STEPS, &log(text), cancelled), Ok(expected), "{text} cancelled={cancelled}");
}

#[test]
fn steps_run_in_order_and_an_interrupted_one_runs_again() {
    check("", false, Next::Run(0));
    check("grant>", false, Next::Run(0));
    check("grant> grant> grant+", false, Next::Run(1));
    check("grant> grant+ await> await+ publish> publish+ mark> mark+", false, Next::Done);
}

#[test]
fn a_failure_is_undone_backwards_to_a_clean_slate() {
    check("grant> grant+ await> await-", false, Next::Undo(1));
    check("grant> grant+ await> await- await<", false, Next::Undo(1));
    check("grant> grant+ await> await- await< await0", false, Next::Undo(0));
    check("grant> grant+ await> await- await< await0 grant< grant0", false, Next::RolledBack);
}

#[test]
fn a_cancel_is_heeded_until_visitors_may_see_the_new_state() {
    check("", true, Next::RolledBack);
    check("grant> grant+ await>", true, Next::Undo(1));
    check("grant> grant+ await> await+ publish>", true, Next::Run(2));
    check("grant> grant+ await> await+ publish> publish+ mark> mark+", true, Next::Done);
}

#[test]
fn a_failed_undo_calls_a_person() {
    check("grant> grant+ await> await- await< await!", false, Next::Stuck(1));
}

#[test]
fn a_log_that_no_run_can_have_written_is_refused() {
    for text in ["grant+", "grant> grant+ grant>", "grant0", "grant> grant+ grant+", "dance>"] {
        assert!(next(STEPS, &log(text), false).is_err(), "{text}");
    }
}

proptest! {
    /// Whatever fails, whatever is cancelled and wherever the process dies, the saga ends in one of its ends.
    #[test]
    fn every_run_ends(faults in prop::collection::vec(0u8..4, 0..40)) {
        let mut log = Vec::new();
        let mut faults = faults.into_iter();
        let mut cancelled = false;
        for _ in 0..200 {
            let fault = faults.next().unwrap_or(0);
            cancelled |= fault == 3;
            let decided = next(STEPS, &log, cancelled).unwrap();
            let mut push = |at: usize, event| log.push(LogEntry { step: STEPS[at].name.into(), event });
            match decided {
                Next::Run(at) => {
                    push(at, LogEvent::Started);
                    match fault {
                        1 if at < 2 => push(at, LogEvent::Failed),
                        2 => {} // the process dies here
                        _ => push(at, LogEvent::Succeeded),
                    }
                }
                Next::Undo(at) => {
                    push(at, LogEvent::UndoStarted);
                    if fault != 2 {
                        push(at, LogEvent::UndoFinished);
                    }
                }
                Next::Done => return Ok(()),
                Next::RolledBack => {
                    let statuses = statuses(STEPS, &log).unwrap();
                    prop_assert!(statuses.iter().all(|s| matches!(s, Status::Pending | Status::Undone)));
                    return Ok(());
                }
                Next::Stuck(_) => prop_assert!(false, "no undo failed"),
            }
        }
        prop_assert!(false, "the saga never ended: {log:?}");
    }
}
