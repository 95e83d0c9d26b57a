use super::*;
use crate::logic::meter::tests::{agreement, payment, sign};
use ttalkak_protocol::{money::Voucher, unit::UnixMillis};

/// A book in which one agreement has earned so much.
fn book(salt: u64, earned: u128) -> MoneyBook {
    let mut page = Page::new("shop", &payment(salt), UnixMillis(0));
    let voucher = Voucher { agreement: agreement(salt), cumulative: Amount(earned) };
    page.voucher = (earned > 0).then(|| sign(voucher));
    MoneyBook { pages: [(agreement(salt), page)].into() }
}

/// The n-th of November, at noon.
fn november(day: u32) -> Today {
    let date = |day: u32| format!("2026-11-{day:02}");
    Today { date: date(day), day, days_in_month: 30, over: 0.5, before: (1..day).rev().map(date).collect() }
}

#[test]
fn what_an_agreement_earns_counts_on_the_day_it_is_seen_and_never_twice() {
    let mut days = EarnedDays::default();
    assert!(days.observe(&book(1, 0), &november(1)));
    days.observe(&book(1, 100), &november(1));
    assert!(!days.observe(&book(1, 100), &november(1)));
    days.observe(&book(1, 250), &november(2));
    assert_eq!((days.on("2026-11-01"), days.on("2026-11-02")), (Amount(100), Amount(150)));
    assert_eq!((days.month(&november(2)), days.total()), (Amount(250), Amount(250)));
    // The agreement leaves the book, and what it earned stays.
    days.observe(&MoneyBook::default(), &november(3));
    assert_eq!(days.total(), Amount(250));
    assert_eq!(days.days().len(), 2);
}

#[test]
fn what_was_earned_before_counting_began_is_no_windfall_of_today() {
    let mut days = EarnedDays::default();
    days.observe(&book(1, 5000), &november(9));
    assert_eq!((days.on("2026-11-09"), days.total()), (Amount(0), Amount(5000)));
    days.observe(&book(1, 5007), &november(9));
    assert_eq!(days.on("2026-11-09"), Amount(7));
}

#[test]
fn a_smaller_voucher_takes_nothing_back_and_gives_nothing_twice() {
    let mut days = EarnedDays::default();
    days.observe(&book(1, 0), &november(1));
    for earned in [100, 80, 100, 110] {
        days.observe(&book(1, earned), &november(1));
    }
    assert_eq!(days.on("2026-11-01"), Amount(110));
}

/// Earns these amounts on the days from the first on.
fn earning(amounts: &[u128]) -> EarnedDays {
    let (mut days, mut sum) = (EarnedDays::default(), 0);
    days.observe(&book(1, 0), &november(1));
    for (day, amount) in (1..).zip(amounts) {
        sum += amount;
        days.observe(&book(1, sum), &november(day));
    }
    days
}

#[test]
fn two_whole_days_are_the_least_for_a_forecast() {
    let days = earning(&[50, 100, 100]);
    // The first of November was not a whole day; on the third only the second is whole.
    assert_eq!(days.forecast(&november(3)), None);
    assert!(days.forecast(&november(4)).is_some());
    assert_eq!(EarnedDays::default().forecast(&november(4)), None);
}

#[test]
fn an_even_income_has_a_forecast_without_error_and_an_uneven_one_with() {
    let even = earning(&[1000; 10]).forecast(&november(11)).unwrap();
    // Ten days are over, and nineteen and a half are left.
    assert_eq!(
        (even.amount, even.low, even.high, even.from_days),
        (Amount(29_500), Amount(29_500), Amount(29_500), 9)
    );
    let uneven =
        earning(&[1000, 0, 2000, 500, 1500, 1000, 0, 2000, 1000, 1000]).forecast(&november(11)).unwrap();
    assert!(uneven.low < uneven.amount && uneven.amount < uneven.high);
    assert!(uneven.low >= Amount(10_000), "what is earned is sure: {uneven:?}");
    // The fewer days, the wider.
    let few = earning(&[0, 0, 2000]).forecast(&november(4)).unwrap();
    assert!(few.high.0 - few.amount.0 > uneven.high.0 - uneven.amount.0, "{few:?} {uneven:?}");
}

#[test]
fn electricity_is_the_months_energy_at_the_owners_price() {
    let mut days = EarnedDays::default();
    days.spend(3_600_000, &november(1));
    days.spend(1_800_000, &november(2));
    let october = Today { date: "2026-10-31".into(), ..november(1) };
    days.spend(3_600_000, &october);
    let settings = |price: Option<&str>| Electricity {
        per_kilowatt_hour: price.map(str::to_owned),
        currency: "KRW".into(),
        watts_at_full_load: 60,
    };
    let cost = days.electricity(&november(2), &settings(Some("120.5")), None).unwrap();
    assert_eq!((cost.kilowatt_hours.as_str(), cost.month.as_str(), cost.net), ("1.500", "180.75", None));
    assert_eq!(days.electricity(&november(2), &settings(None), None), None);
    assert_eq!(days.electricity(&november(2), &settings(Some("free")), None), None);
    // Two tokens of six decimals at 1,350 won, less the electricity.
    let mut earning = earning(&[2_000_000]);
    earning.spend(3_600_000, &november(1));
    let cost = earning.electricity(&november(1), &settings(Some("120.5")), Some(0.00135)).unwrap();
    assert_eq!(cost.net.as_deref(), Some("2579.50"));
    let loss = days.electricity(&november(2), &settings(Some("120.5")), Some(0.00135)).unwrap();
    assert_eq!(loss.net.as_deref(), Some("-180.75"), "a loss is told, too");
    // An hour of both of two processors, at 60 W.
    assert_eq!(lent_joules(2 * 3_600_000_000, 2, 60), 216_000);
}

#[test]
fn agreements_are_listed_with_the_newest_change_first() {
    let mut both = book(1, 10);
    both.pages.extend(book(2, 20).pages);
    both.pages.get_mut(&agreement(1)).unwrap().touched = UnixMillis(5);
    let rows = agreements(&both);
    assert_eq!((rows.len(), rows[0].agreement, rows[0].earned), (2, agreement(1), Amount(10)));
    assert_eq!(vouched(&both), Amount(30));
}
