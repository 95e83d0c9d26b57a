use super::{write::*, *};
use proptest::prelude::*;
use ttalkak_protocol::{
    id::{AccountId, AgreementId, HoldId},
    money::{Amount, EvmAddress},
};
use uuid::Uuid;

pub(crate) fn tenant(n: u8) -> AccountId {
    AccountId::new(Uuid::from_u128(n.into()))
}

pub(crate) fn a_hold(n: u8) -> HoldId {
    HoldId::new(Uuid::from_u128(n.into()))
}

pub(crate) fn agreement(n: u8) -> AgreementId {
    AgreementId::new(Uuid::from_u128(n.into()))
}

pub(crate) fn payee(n: u8) -> EvmAddress {
    EvmAddress([n; 20])
}

fn amount() -> impl Strategy<Value = Amount> {
    // Mostly small, so that sums meet; sometimes as large as there are.
    prop_oneof![8 => 0..500_u128, 1 => 0..=Amount::MAX.0].prop_map(Amount)
}

/// Any entry that the books know, over few accounts.
pub(crate) fn any_entry() -> impl Strategy<Value = Entry> {
    let who = (0..2_u8, 0..3_u8, 0..3_u8);
    (0..12_u8, who, amount(), amount(), any::<bool>()).prop_map(|(kind, (t, h, a), all, part, flag)| {
        let (t, h, a, p) = (tenant(t), a_hold(h), agreement(a), payee(a));
        let settled = |gross, accrued| Settled { agreement: a, gross, accrued };
        let part = part.min(all);
        let entry = match kind {
            0 | 1 => deposit(t, all),
            2 => withdraw(t, all),
            3 => hold(t, h, all),
            4 => hold_post(h, a, all),
            5 => hold_void(h, t, all),
            6 => lock(t, a, all),
            7 => charge(a, all),
            8 => settle(&[settled(all, part)], Paid { payee: p, net: part, pushed: flag }),
            9 => {
                if flag {
                    payout(p, all)
                } else {
                    payout_fees(p, all, part)
                }
            }
            10 => release(a, t, all),
            _ => lost(a, t, all),
        };
        entry.unwrap()
    })
}

fn any_reason() -> impl Strategy<Value = Reason> {
    prop::sample::select(Reason::ALL.to_vec())
}

fn any_account() -> impl Strategy<Value = Account> {
    prop_oneof![
        (0..2_u8).prop_map(|n| Account::Free(tenant(n))),
        (0..2_u8).prop_map(|n| Account::Hold(a_hold(n))),
        (0..2_u8).prop_map(|n| Account::Locked(agreement(n))),
        (0..2_u8).prop_map(|n| Account::Accrued(agreement(n))),
        (0..2_u8).prop_map(|n| Account::Credit(payee(n))),
        Just(Account::FeeCredit),
        Just(Account::Chain),
    ]
}

proptest! {
    #[test]
    fn any_sequence_of_entries_balances_and_nothing_but_the_chain_goes_below_zero(
        entries in prop::collection::vec(any_entry(), 0..80),
    ) {
        let mut ledger = Ledger::default();
        for entry in &entries {
            prop_assert_eq!(entry.postings().iter().map(|posting| posting.amount).sum::<i128>(), 0);
            let before = ledger.clone();
            if ledger.apply(entry).is_err() {
                prop_assert_eq!(&ledger, &before, "a refused entry changes nothing");
            }
            prop_assert_eq!(ledger.sum(), 0);
            for (account, balance) in ledger.balances() {
                prop_assert!(balance > 0 || account == Account::Chain, "{account}: {balance}");
            }
        }
    }

    #[test]
    fn what_is_made_of_any_postings_is_balanced_and_fits_its_reason(
        reason in any_reason(),
        postings in prop::collection::vec((any_account(), -3_i128..=3), 0..4),
    ) {
        let postings = postings.into_iter().map(|(account, amount)| Posting { account, amount });
        let Ok(entry) = Entry::new(reason, postings) else { return Ok(()) };
        prop_assert_eq!(entry.postings().iter().map(|posting| posting.amount).sum::<i128>(), 0);
        for posting in entry.postings() {
            prop_assert!(posting.amount != 0);
            let account = posting.account;
            let fits = if posting.amount > 0 { reason.adds_to(account) } else { reason.takes_from(account) };
            prop_assert!(fits);
        }
    }

    #[test]
    fn the_order_of_postings_does_not_make_another_entry(entry in any_entry()) {
        let turned = entry.postings().iter().rev().copied();
        prop_assert_eq!(Entry::new(entry.reason(), turned), Ok(entry));
    }

    #[test]
    fn accounts_keep_their_text(account in any_account()) {
        prop_assert_eq!(account.to_string().parse(), Ok(account));
    }
}

#[test]
fn what_is_no_account_is_refused() {
    for text in
        ["", "tenant", "tenant:x:free", "chain:", "fee:credit:", "hold", "agreement:x", "payee:0x:credit"]
    {
        assert!(text.parse::<Account>().is_err(), "{text}");
    }
    let free = Account::Free(tenant(1)).to_string();
    assert!(format!("{free}:more").parse::<Account>().is_err());
}

#[test]
fn reasons_keep_their_words() {
    for reason in Reason::ALL {
        assert_eq!(reason.as_str().parse(), Ok(reason));
    }
    assert!("adjust".parse::<Reason>().is_err(), "nothing is corrected by hand");
}

#[test]
fn money_cannot_be_made_or_lost() {
    let half = [(Account::Chain, -5), (Account::Free(tenant(0)), 4)];
    let postings = half.map(|(account, amount)| Posting { account, amount });
    let refused = Entry::new(Reason::Deposit, postings);
    assert_eq!(refused, Err(LedgerError::Unbalanced { reason: Reason::Deposit, sum: -1 }));
}

#[test]
fn a_reason_touches_its_own_accounts_alone() {
    // One tenant's money never becomes another's, whatever calls itself a withdrawal.
    let theft = [(Account::Free(tenant(0)), -5), (Account::Free(tenant(1)), 5)];
    for reason in Reason::ALL {
        let postings = theft.map(|(account, amount)| Posting { account, amount });
        assert!(matches!(Entry::new(reason, postings), Err(LedgerError::Misplaced { .. })), "{reason}");
    }
}

#[test]
fn more_than_a_contract_holds_is_refused() {
    assert_eq!(deposit(tenant(0), Amount(Amount::MAX.0 + 1)), Err(LedgerError::TooMuch));
    assert_eq!(deposit(tenant(0), Amount(u128::MAX)), Err(LedgerError::TooMuch));
    assert!(deposit(tenant(0), Amount::MAX).is_ok());
}

#[test]
fn a_life_of_money_ends_where_it_should() {
    let (t, h, a, p) = (tenant(0), a_hold(0), agreement(0), payee(0));
    let mut ledger = Ledger::default();
    let mut book = |entry: Result<Entry, LedgerError>| {
        ledger.apply(&entry.unwrap()).unwrap();
        ledger.clone()
    };
    book(deposit(t, Amount(1000)));
    book(hold(t, h, Amount(300)));
    book(hold_post(h, a, Amount(250)));
    book(hold_void(h, t, Amount(50)));
    book(charge(a, Amount(100)));
    let part = Settled { agreement: a, gross: Amount(100), accrued: Amount(100) };
    book(settle(&[part], Paid { payee: p, net: Amount(95), pushed: false }));
    book(payout(p, Amount(95)));
    book(release(a, t, Amount(150)));
    let end = book(withdraw(t, Amount(900)));
    assert_eq!(end.balances().collect::<Vec<_>>(), [(Account::FeeCredit, 5), (Account::Chain, -5)]);
    assert_eq!(end.amount(Account::Chain), Amount(5), "the contract holds the platform's share");
}

#[test]
fn agreements_paid_as_one_share_one_rounding() {
    // 5 % of 10 + 10 is 1; of each alone it would be 0.
    let part = |n| Settled { agreement: agreement(n), gross: Amount(10), accrued: Amount(10) };
    let entry = settle(&[part(0), part(1)], Paid { payee: payee(0), net: Amount(19), pushed: true }).unwrap();
    let expected = [
        (Account::Accrued(agreement(0)), -10),
        (Account::Accrued(agreement(1)), -10),
        (Account::FeeCredit, 1),
        (Account::Chain, 19),
    ];
    let found: Vec<_> = entry.postings().iter().map(|posting| (posting.account, posting.amount)).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_a_tenant_vouched_beyond_the_meter_comes_out_of_the_lock() {
    let part = Settled { agreement: agreement(0), gross: Amount(10), accrued: Amount(4) };
    let entry = settle(&[part], Paid { payee: payee(0), net: Amount(10), pushed: true }).unwrap();
    let expected =
        [(Account::Locked(agreement(0)), -6), (Account::Accrued(agreement(0)), -4), (Account::Chain, 10)];
    let found: Vec<_> = entry.postings().iter().map(|posting| (posting.account, posting.amount)).collect();
    assert_eq!(found, expected);
}

#[test]
fn nobody_is_paid_more_than_was_settled() {
    let part = Settled { agreement: agreement(0), gross: Amount(10), accrued: Amount(10) };
    let refused = settle(&[part], Paid { payee: payee(0), net: Amount(11), pushed: true });
    assert!(
        matches!(refused, Err(LedgerError::Misplaced { account: Account::FeeCredit, .. })),
        "{refused:?}"
    );
}

#[test]
fn an_overdraft_says_how_much_is_missing() {
    let mut ledger = Ledger::default();
    ledger.apply(&deposit(tenant(0), Amount(10)).unwrap()).unwrap();
    let refused = ledger.apply(&hold(tenant(0), a_hold(0), Amount(13)).unwrap());
    let account = Account::Free(tenant(0));
    assert_eq!(refused, Err(LedgerError::Overdrawn { account, short: 3, reason: Reason::Hold }));
}

#[test]
fn the_newest_holds_give_way_to_a_withdrawal() {
    let open = [(a_hold(0), Amount(10)), (a_hold(1), Amount(10)), (a_hold(2), Amount(5))];
    assert_eq!(hold::voids_for(Amount(7), Amount(7), &open), Some(vec![]));
    assert_eq!(hold::voids_for(Amount(7), Amount(12), &open), Some(vec![a_hold(2)]));
    assert_eq!(hold::voids_for(Amount(7), Amount(13), &open), Some(vec![a_hold(2), a_hold(1)]));
    assert_eq!(hold::voids_for(Amount(7), Amount(33), &open), None, "books and chain differ");
}
