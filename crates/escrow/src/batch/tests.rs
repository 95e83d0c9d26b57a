use super::*;
use crate::typed::tests::{any_amount, any_terms};
use proptest::prelude::*;

fn any_items() -> impl Strategy<Value = Vec<SettleItem>> {
    let token = EvmAddress([9; 20]);
    let item = (any_terms(), 0_u8..5, any_amount(), any::<bool>()).prop_map(
        move |(terms, provider, cumulative, ending)| {
            let provider = EvmAddress([provider; 20]);
            SettleItem { terms: Terms { token, provider, ..terms }, cumulative, ending }
        },
    );
    prop::collection::vec(item, 0..30)
}

fn item(provider: u8, token: u8, salt: u64, cumulative: u128) -> SettleItem {
    let [tenant, provider, token] = [1, provider, token].map(|byte| EvmAddress([byte; 20]));
    let terms = Terms { tenant, provider, token, rate_per_hour: Amount(1), start: 1, expiry: 2, salt };
    SettleItem { terms, cumulative: Amount(cumulative), ending: false }
}

fn sorted(mut items: Vec<SettleItem>) -> Vec<SettleItem> {
    items.sort_by_key(|item| (item.terms.provider, agreement_key(&item.terms)));
    items
}

#[test]
fn words_are_as_the_contract_reads_them() {
    let terms = Terms {
        tenant: EvmAddress([0xaa; 20]),
        provider: EvmAddress([0xbb; 20]),
        token: EvmAddress([0xcc; 20]),
        rate_per_hour: Amount(0x1234),
        start: 0x01_0203_0405,
        expiry: 0x11_1213_1415,
        salt: 0x2122_2324_2526_2728,
    };
    let words = pack(&[SettleItem { terms, cumulative: Amount(0x99), ending: true }]);
    let (a, b) = ("aa".repeat(20), "bb".repeat(20));
    assert_eq!(
        words.iter().map(hex::encode).collect::<Vec<_>>(),
        [
            format!("{b}800000000000000000000001"),
            format!("{a}000000000000000000001234"),
            "80000102030405111213141521222324252627280000000000000000".to_owned() + "00000099",
        ]
    );
}

#[test]
fn one_provider_has_one_header() {
    let items = [item(2, 1, 1, 5), item(1, 1, 2, 6), item(2, 1, 3, 7)];
    assert_eq!(pack(&items).len(), 2 + 2 * 3);
    assert_eq!(sum(&items), Some(Amount(18)));
    assert_eq!(sum(&[item(1, 1, 1, Amount::MAX.0), item(1, 1, 2, 1)]), None);
}

#[test]
fn chunks_have_one_token_and_at_most_so_many_agreements() {
    let items: Vec<_> = (0..25).map(|salt| item(1, u8::from(salt > 10), salt, 1)).collect();
    let sizes: Vec<_> = chunks(&items, 10).iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 1, 10, 4]);
    assert_eq!(chunks(&items, 0).len(), 25);
    assert!(chunks(&[], 10).is_empty());
}

#[test]
fn an_agreement_that_comes_twice_is_settled_once_with_the_larger_total() {
    let ending = SettleItem { ending: true, ..item(1, 1, 1, 3) };
    let merged = chunks(&[item(1, 1, 1, 5), ending], 10);
    assert_eq!(merged, [[SettleItem { ending: true, ..item(1, 1, 1, 5) }]]);
}

#[test]
fn a_field_beyond_its_width_does_not_spill_into_its_neighbour() {
    let mut wide = item(1, 1, 1, u128::MAX);
    wide.terms.rate_per_hour = Amount(u128::MAX);
    (wide.terms.start, wide.terms.expiry) = (u64::MAX, u64::MAX);
    let read = unpack(wide.terms.token, &pack(&[wide])).unwrap().remove(0).items.remove(0);
    assert_eq!((read.terms.tenant, read.terms.salt, read.ending), (wide.terms.tenant, 1, false));
    assert_eq!((read.cumulative, read.terms.start), (Amount::MAX, (1 << 40) - 1));
}

#[test]
fn words_that_end_early_are_refused() {
    let words = pack(&[item(1, 1, 1, 5), item(1, 1, 2, 5)]);
    let token = EvmAddress([1; 20]);
    assert_eq!(unpack(token, &words[..4]), Err(UnpackError::Short { at: 0, count: 2 }));
    let huge = [0xff; 32];
    assert_eq!(unpack(token, &[huge]), Err(UnpackError::Short { at: 0, count: (1 << 95) - 1 }));
}

proptest! {
    #[test]
    fn what_was_packed_is_unpacked(items in any_items()) {
        let groups = unpack(EvmAddress([9; 20]), &pack(&items)).unwrap();
        let providers: Vec<_> = groups.iter().map(|group| group.provider).collect();
        prop_assert!(providers.is_sorted() && groups.iter().all(|group| group.direct));
        let read: Vec<_> = groups.into_iter().flat_map(|group| group.items).collect();
        prop_assert_eq!(read, sorted(items));
    }

    #[test]
    fn chunks_lose_nothing_and_their_order_is_that_of_the_words(items in any_items(), max in 1_usize..10) {
        let chunks = chunks(&items, max);
        prop_assert!(chunks.iter().all(|chunk| (1..=max).contains(&chunk.len())));
        prop_assert_eq!(chunks.concat(), sorted(items));
    }

    #[test]
    fn the_order_of_items_does_not_change_the_words(mut items in any_items()) {
        let words = pack(&items);
        items.reverse();
        prop_assert_eq!(pack(&items), words);
    }
}
