//! Cuts what goes out to the limits of a frame. A frame over the limit would end the connection, and would be sent
//! again on the next one, for ever. Pure.

use ttalkak_protocol::{
    codec::LOG_BATCH_LINES_MAX,
    link::{LogBatch, Phase, Report},
};

/// Text of one log frame. JSON makes at most six bytes of one, so the frame stays under 3 MiB, and reports get their
/// turn on a slow line.
const LOG_TEXT_BYTES_MAX: usize = 512 * 1024;
/// Text of the last lines in one report; six times as much still fits into a frame.
const LAST_LINES_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The same lines in the same order, in as many batches as the limits ask for.
pub(super) fn logs(batch: LogBatch) -> Vec<LogBatch> {
    let mut batches = vec![LogBatch { lines: Vec::new() }];
    let mut bytes = 0;
    for line in batch.lines {
        let last = batches.last_mut().expect("there is one from the start");
        let full = bytes + line.text.len() > LOG_TEXT_BYTES_MAX || last.lines.len() >= LOG_BATCH_LINES_MAX;
        bytes = if full { line.text.len() } else { bytes + line.text.len() };
        match full && !last.lines.is_empty() {
            true => batches.push(LogBatch { lines: vec![line] }),
            false => last.lines.push(line),
        }
    }
    batches.retain(|batch| !batch.lines.is_empty());
    batches
}

/// The report, with the oldest of its last lines left out when all of them together are too much for one frame.
pub(super) fn report(mut report: Report) -> Report {
    let failed = |phase: &Phase| matches!(phase, Phase::Failed { .. });
    let count = report.workloads.iter().filter(|workload| failed(&workload.phase)).count();
    let share = LAST_LINES_BYTES_MAX / count.max(1);
    for workload in &mut report.workloads {
        if let Phase::Failed { last_lines, .. } = &mut workload.phase {
            keep_newest(last_lines, share);
        }
    }
    report
}

fn keep_newest(lines: &mut Vec<String>, bytes_max: usize) {
    let mut bytes = 0;
    let fits = lines.iter().rev().take_while(|line| {
        bytes += line.len();
        bytes <= bytes_max
    });
    let kept = fits.count();
    lines.drain(..lines.len() - kept);
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::{
        codec::{FRAME_BYTES_MAX, LOG_LINE_BYTES_MAX, encode},
        error::{ErrorCode, Problem},
        id::LeaseId,
        link::{
            Capacity, FromAgent, Lending, LogLine, LogStream, MachineReading, MoneyReport, Timings,
            WorkloadReport,
        },
        unit::{Bytes, MilliCpu, UnixMillis},
    };
    use uuid::Uuid;

    /// The byte that grows most in JSON.
    fn worst_line() -> String {
        "\u{1}".repeat(LOG_LINE_BYTES_MAX)
    }

    fn line(seq: u64) -> LogLine {
        let lease = LeaseId::new(Uuid::from_u128(1));
        LogLine {
            lease,
            seq,
            stream: LogStream::Stdout,
            at: UnixMillis(0),
            engine_nanos: 0,
            text: worst_line(),
        }
    }

    #[test]
    fn the_worst_batch_goes_out_in_order_and_within_the_limits() {
        let lines: Vec<_> = (1..=1200).map(line).collect();
        let batches = logs(LogBatch { lines: lines.clone() });
        for batch in &batches {
            assert!(batch.lines.len() <= LOG_BATCH_LINES_MAX);
            assert!(encode(1, &FromAgent::Logs(batch.clone())).len() < FRAME_BYTES_MAX);
        }
        assert_eq!(batches.into_iter().flat_map(|batch| batch.lines).collect::<Vec<_>>(), lines);
        assert_eq!(logs(LogBatch { lines: vec![] }), []);
    }

    #[test]
    fn the_worst_report_fits_and_keeps_the_newest_lines() {
        let workload = |n| WorkloadReport {
            lease: LeaseId::new(Uuid::from_u128(n)),
            phase: Phase::Failed {
                problem: Problem::new(ErrorCode::AppExited, "gone"),
                last_lines: (0..200).map(|i| format!("{i}{}", worst_line())).collect(),
            },
            since: UnixMillis(0),
            host_port: None,
            image: None,
            restarts: 0,
            memory_used: None,
            timings: Timings::default(),
        };
        let capacity = Capacity {
            os: "linux".into(),
            arch: "x86_64".into(),
            cpu: MilliCpu(1),
            memory: Bytes(1),
            workloads_max: 200,
            engine: None,
        };
        let (at, machine) = (UnixMillis(0), MachineReading::default());
        let workloads = (0..200).map(workload).collect();
        let fitted = report(Report {
            generation: 1,
            at,
            workloads,
            images: vec![],
            machine,
            capacity,
            money: MoneyReport::default(),
            lending: Lending::default(),
            handed_back: vec![],
        });
        assert!(encode(1, &FromAgent::Report(fitted.clone())).len() < FRAME_BYTES_MAX);
        let Phase::Failed { last_lines, .. } = &fitted.workloads[0].phase else { panic!("it stays failed") };
        assert!(last_lines.last().unwrap().starts_with("199"));
    }
}
