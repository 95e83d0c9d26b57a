use super::*;
use proptest::prelude::*;
use uuid::Uuid;

const NOW: UnixMillis = UnixMillis(1_000_000);

fn due(id: u128, payee: u8, vouchered: u128, settled: u128) -> Due {
    Due {
        agreement: AgreementId::new(Uuid::from_u128(id)),
        payee: EvmAddress([payee; 20]),
        vouchered: Amount(vouchered),
        settled: Amount(settled),
        threshold: Amount::ZERO,
        ended_at: None,
        end_asked: false,
        content: false,
    }
}

fn ids(batches: &[Vec<Line>]) -> Vec<u128> {
    batches.iter().flatten().map(|line| line.agreement.uuid().as_u128()).collect()
}

#[test]
fn what_has_earned_nothing_since_is_left_out() {
    let dues = [due(1, 1, 50, 50), due(2, 1, 51, 50), due(3, 2, 0, 0)];
    assert_eq!(ids(&plan(&dues, &Occasion::Scheduled, NOW)), [2]);
    assert!(plan(&dues, &Occasion::Ends, NOW).is_empty());
}

#[test]
fn a_threshold_counts_over_all_agreements_of_a_payee_and_not_for_those_that_are_over() {
    let shy = |id, vouchered| Due { threshold: Amount(100), ..due(id, 1, vouchered, 0) };
    assert!(plan(&[shy(1, 60), shy(2, 39)], &Occasion::Scheduled, NOW).is_empty());
    assert_eq!(ids(&plan(&[shy(1, 60), shy(2, 40)], &Occasion::Scheduled, NOW)), [1, 2]);
    let over = Due { ended_at: Some(UnixMillis(0)), ..shy(3, 1) };
    assert_eq!(ids(&plan(&[shy(1, 60), over], &Occasion::Scheduled, NOW)), [3]);
}

#[test]
fn who_claims_gets_all_of_its_own_and_nobody_elses() {
    let dues = [due(1, 1, 5, 0), Due { threshold: Amount(100), ..due(2, 2, 5, 0) }];
    assert_eq!(ids(&plan(&dues, &Occasion::Claimed(vec![EvmAddress([2; 20])]), NOW)), [2]);
}

#[test]
fn an_end_waits_for_the_last_readings_unless_the_provider_is_content() {
    let just = Due { ended_at: Some(UnixMillis(NOW.0 - 1)), ..due(1, 1, 5, 0) };
    assert!(plan(&[just], &Occasion::Ends, NOW).is_empty());
    let content = Due { content: true, ..just };
    assert_eq!(ids(&plan(&[content], &Occasion::Ends, NOW)), [1]);
    let later = UnixMillis(NOW.0 + 15_000);
    assert_eq!(ids(&plan(&[just], &Occasion::Ends, later)), [1]);
}

#[test]
fn an_end_is_asked_for_once_even_when_nothing_was_earned() {
    let unused = Due { ended_at: Some(UnixMillis(0)), ..due(1, 1, 0, 0) };
    let batches = plan(&[unused], &Occasion::Ends, NOW);
    assert!(batches[0][0].ending);
    assert!(plan(&[Due { end_asked: true, ..unused }], &Occasion::Ends, NOW).is_empty());
    // Late readings after the end are still paid.
    let late = Due { end_asked: true, vouchered: Amount(7), ..unused };
    let batches = plan(&[late], &Occasion::Ends, NOW);
    assert_eq!((batches[0][0].cumulative, batches[0][0].ending), (Amount(7), false));
    // The provider's word alone closes what has nothing left to settle.
    assert!(plan(&[Due { content: true, ..unused }], &Occasion::Ends, NOW).is_empty());
}

#[test]
fn a_batch_never_passes_what_a_transaction_holds() {
    let dues: Vec<Due> = (0..1001).map(|id| due(id, (id % 7) as u8, 1, 0)).collect();
    let batches = plan(&dues, &Occasion::Scheduled, NOW);
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [400, 400, 201]);
}

proptest! {
    #[test]
    fn every_due_stands_in_at_most_one_batch_and_totals_never_shrink(
        raw in proptest::collection::vec((0_u8..5, 0_u128..100, 0_u128..100, 0_u128..300, any::<[bool; 3]>()), 0..900),
    ) {
        let dues: Vec<Due> = raw.iter().zip(0..).map(|((payee, vouchered, settled, threshold, flags), id)| Due {
            threshold: Amount(*threshold),
            ended_at: flags[0].then_some(UnixMillis(0)),
            end_asked: flags[1],
            content: flags[2],
            ..due(id, *payee, *vouchered, *settled)
        }).collect();
        let batches = plan(&dues, &Occasion::Scheduled, NOW);
        let mut seen = std::collections::BTreeSet::new();
        for line in batches.iter().flatten() {
            prop_assert!(seen.insert(line.agreement));
            let due = dues.iter().find(|due| due.agreement == line.agreement).unwrap();
            prop_assert!(line.cumulative >= due.settled);
            prop_assert!(line.cumulative > due.settled || line.ending);
        }
        prop_assert!(batches.iter().all(|batch| !batch.is_empty() && batch.len() <= BATCH_MAX));
        // Asked again with all of it on its way, nothing is left to do.
        let after: Vec<Due> = dues.iter().map(|due| {
            let line = batches.iter().flatten().find(|line| line.agreement == due.agreement);
            line.map_or(*due, |line| Due { settled: line.cumulative, end_asked: due.end_asked || line.ending, ..*due })
        }).collect();
        prop_assert!(plan(&after, &Occasion::Claimed(vec![]), NOW).is_empty());
    }
}
