use super::*;
use crate::ledger::{
    tests::{a_hold, agreement, any_entry, payee, tenant},
    write,
};
use proptest::prelude::*;

const FEE_TO: EvmAddress = EvmAddress([9; 20]);

fn books() -> (Ledger, BTreeMap<HoldId, AccountId>) {
    let mut ledger = Ledger::default();
    for entry in [
        write::deposit(tenant(0), Amount(100)),
        write::hold(tenant(0), a_hold(0), Amount(30)),
        write::lock(tenant(0), agreement(0), Amount(50)),
        write::charge(agreement(0), Amount(20)),
        write::settle(
            &[write::Settled { agreement: agreement(0), gross: Amount(10), accrued: Amount(20) }],
            write::Paid { payee: payee(0), net: Amount(9), pushed: false },
        ),
    ] {
        ledger.apply(&entry.unwrap()).unwrap();
    }
    (ledger, BTreeMap::from([(a_hold(0), tenant(0))]))
}

fn contract() -> View {
    View(BTreeMap::from([
        (Place::Free(tenant(0)), Amount(50)),
        (Place::Agreement(agreement(0)), Amount(40)),
        (Place::Credit(payee(0)), Amount(9)),
        (Place::Credit(FEE_TO), Amount(1)),
        (Place::Holdings, Amount(100)),
    ]))
}

fn compared(chain: &View) -> Vec<Difference> {
    let (ledger, holds) = books();
    compare(&View::of_ledger(&ledger, &holds, FEE_TO), chain)
}

#[test]
fn books_and_contract_that_agree_differ_nowhere() {
    assert_eq!(compared(&contract()), []);
}

#[test]
fn each_difference_is_named_with_both_sides() {
    let mut chain = contract();
    chain.0.insert(Place::Free(tenant(0)), Amount(49));
    chain.0.remove(&Place::Credit(payee(0)));
    chain.0.insert(Place::Agreement(agreement(1)), Amount(3));
    let found = compared(&chain);
    let difference =
        |place, ledger, chain| Difference { place, ledger: Amount(ledger), chain: Amount(chain) };
    assert_eq!(
        found,
        [
            difference(Place::Free(tenant(0)), 50, 49),
            difference(Place::Agreement(agreement(1)), 0, 3),
            difference(Place::Credit(payee(0)), 9, 0),
        ]
    );
}

#[test]
fn the_contract_may_hold_more_than_the_books_know_and_never_less() {
    let mut chain = contract();
    chain.0.insert(Place::Holdings, Amount(101));
    assert_eq!(compared(&chain), [], "anybody can send it tokens");
    chain.0.insert(Place::Holdings, Amount(99));
    assert_eq!(compared(&chain).len(), 1);
}

#[test]
fn a_hold_of_nobody_is_a_difference() {
    let (ledger, _) = books();
    let found = compare(&View::of_ledger(&ledger, &BTreeMap::new(), FEE_TO), &contract());
    let places: Vec<_> = found.iter().map(|difference| difference.place).collect();
    assert_eq!(places, [Place::Free(tenant(0)), Place::Stray(a_hold(0))]);
}

#[test]
fn who_collects_the_share_may_lend_a_machine_too() {
    let (ledger, holds) = books();
    let view = View::of_ledger(&ledger, &holds, payee(0));
    assert_eq!(view.at(Place::Credit(payee(0))), Amount(10));
}

proptest! {
    #[test]
    fn all_places_together_are_what_the_contract_holds(entries in prop::collection::vec(any_entry(), 0..60)) {
        let mut ledger = Ledger::default();
        for entry in &entries {
            let _ = ledger.apply(entry);
        }
        let view = View::of_ledger(&ledger, &BTreeMap::new(), FEE_TO);
        let inner: u128 = view.0.iter().filter(|(place, _)| **place != Place::Holdings).map(|(_, sum)| sum.0).sum();
        prop_assert_eq!(Amount(inner), view.at(Place::Holdings));
        prop_assert_eq!(compare(&view, &view), vec![]);
    }
}
