//! What becomes a reading and what does not.

use super::*;

#[test]
fn healthy_work_becomes_a_reading_every_half_minute() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.work(1, 95);
    assert_eq!(lab.spans(), [(1, 0, 30), (2, 30, 60), (3, 60, 90)]);
    assert_eq!(lab.page(1).earned(), Amount(250));
    lab.see(&[(1, Soundness::Leaving)]);
    assert_eq!(lab.spans()[3], (4, 90, 95));
}

#[test]
fn time_after_the_last_answer_and_gaps_are_not_charged() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.work(1, 40);
    let last = lab.mono;
    lab.mono += Duration::from_secs(7);
    lab.see(&[(1, Soundness::Healthy { seen: last, doubted: true })]);
    lab.mono += Duration::from_secs(50);
    lab.see(&[(1, Soundness::Down)]);
    lab.mono += Duration::from_secs(3);
    lab.work(1, 30);
    assert_eq!(lab.spans(), [(1, 0, 30), (2, 30, 40), (3, 100, 130)]);
}

#[test]
fn a_doubted_workload_that_is_asked_to_go_is_charged_to_its_last_answer() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.work(1, 10);
    let last = lab.mono;
    lab.mono += Duration::from_secs(4);
    lab.see(&[(1, Soundness::Healthy { seen: last, doubted: true })]);
    lab.see(&[(1, Soundness::Leaving)]);
    assert_eq!(lab.spans(), [(1, 0, 10)]);
}

#[test]
fn while_one_release_takes_over_from_another_only_one_is_metered() {
    let mut lab = Lab::new(&[paid(1, 1), paid(2, 1)]);
    let both = |lab: &Lab| [1, 2].map(|n| (n, Soundness::Healthy { seen: lab.mono, doubted: false }));
    for _ in 0..7 {
        let seen = both(&lab);
        lab.see(&seen);
        lab.mono += Duration::from_secs(5);
    }
    let healthy = Soundness::Healthy { seen: lab.mono, doubted: false };
    lab.see(&[(1, Soundness::Leaving), (2, healthy)]);
    lab.work(2, 30);
    let readings = lab.meter.news(lab.now().wall).readings;
    let by: Vec<_> = readings.iter().map(|(_, reading)| (reading.seq, reading.lease)).collect();
    assert_eq!(by, [(1, lease(1).lease), (2, lease(1).lease), (3, lease(2).lease)]);
    assert_eq!(lab.spans(), [(1, 0, 30), (2, 30, 35), (3, 35, 65)]);
}

#[test]
fn a_reading_is_told_only_after_the_book_is_on_disk() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.healthy(1);
    lab.mono += Duration::from_secs(30);
    let seen = BTreeMap::from([(lease(1).lease, Soundness::Healthy { seen: lab.mono, doubted: false })]);
    lab.meter.observe(&seen, lab.now());
    assert_eq!(lab.spans(), []);
    lab.write(false);
    assert_eq!(lab.spans(), []);
    // The disk is asked again a little later, and not in a loop.
    assert!(lab.meter.flush(lab.now()).is_none());
    assert_eq!(lab.meter.next_wake(lab.now()), Some(lab.mono + Duration::from_secs(5)));
    lab.mono += Duration::from_secs(5);
    lab.write(true);
    assert_eq!(lab.spans(), [(1, 0, 30)]);
}

#[test]
fn a_restart_loses_the_span_at_work_and_nothing_else() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.work(1, 50);
    lab.mono += Duration::from_secs(20);
    lab.reboot();
    assert_eq!(lab.spans(), [(1, 0, 30)]);
    lab.work(1, 30);
    assert_eq!(lab.spans(), [(1, 0, 30), (2, 70, 100)]);
    lab.meter.pause(lab.now());
    lab.write(true);
    lab.reboot();
    assert_eq!(lab.spans().len(), 2);
}

#[test]
fn a_pause_keeps_what_is_proven() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.work(1, 20);
    lab.mono += Duration::from_secs(3);
    lab.meter.pause(lab.now());
    lab.write(true);
    lab.reboot();
    assert_eq!(lab.spans(), [(1, 0, 20)]);
}

#[test]
fn a_wall_clock_that_jumps_makes_no_overlap_and_no_future() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.work(1, 30);
    lab.jumped = 3_600_000;
    lab.work(1, 35);
    assert_eq!(lab.spans(), [(1, 0, 30), (2, 30, 60)]);
    // The half hour in which the wall has been already is lost to the provider.
    lab.jumped = 1_800_000;
    lab.work(1, 60);
    let (wall, made_to) = (lab.now().wall, lab.page(1).made_to);
    assert!(made_to <= wall.after(ttalkak_protocol::unit::Millis(3_600_000)));
    lab.mono += Duration::from_secs(1_800);
    lab.work(1, 40);
    assert!(lab.page(1).made_to <= lab.now().wall);
    let spans = lab.spans();
    assert!(spans.windows(2).all(|pair| pair[0].2 <= pair[1].1), "{spans:?}");
}

#[test]
fn what_is_sent_is_in_the_reading_in_which_it_was_sent() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.meter.count(BTreeMap::from([(lease(1).lease, 100)]));
    lab.work(1, 30);
    lab.meter.count(BTreeMap::from([(lease(1).lease, 350)]));
    lab.work(1, 30);
    let sent: Vec<u64> =
        lab.meter.news(lab.now().wall).readings.iter().map(|(_, reading)| reading.egress.0).collect();
    assert_eq!(sent, [0, 250]);
}
