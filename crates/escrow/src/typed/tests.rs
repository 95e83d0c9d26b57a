use super::*;
use crate::abi;
use alloy_sol_types::SolStruct as _;
use proptest::prelude::*;

mod solidity {
    #![allow(missing_docs)]
    alloy_sol_types::sol! {
        struct Lock { bytes32 agreement; uint96 cap; }
        struct Voucher { bytes32 agreement; uint96 cumulative; }
        struct Close { bytes32 agreement; uint96 cumulative; }
    }
}

pub(crate) fn any_amount() -> impl Strategy<Value = Amount> {
    prop_oneof![Just(Amount::ZERO), Just(Amount::MAX), (0..=Amount::MAX.0).prop_map(Amount)]
}

pub(crate) fn any_terms() -> impl Strategy<Value = Terms> {
    let address = || any::<[u8; 20]>().prop_map(EvmAddress);
    let second = || 0_u64..1 << 40;
    (address(), address(), address(), any_amount(), second(), second(), any::<u64>()).prop_map(
        |(tenant, provider, token, rate_per_hour, start, expiry, salt)| Terms {
            tenant,
            provider,
            token,
            rate_per_hour,
            start,
            expiry,
            salt,
        },
    )
}

proptest! {
    #[test]
    fn hashes_by_hand_are_those_of_the_bindings(terms in any_terms(), cap in any_amount(), period in 0_u64..1 << 40) {
        let Terms { tenant, token, rate_per_hour, start, expiry, salt, .. } = terms;
        let mandate = Mandate { tenant, token, rate_per_hour_max: rate_per_hour, cap, period, start, expiry, salt };
        prop_assert_eq!(terms.struct_hash().0, abi::terms(&terms).eip712_hash_struct().0);
        prop_assert_eq!(mandate.struct_hash().0, abi::mandate(&mandate).eip712_hash_struct().0);
    }

    #[test]
    fn totals_by_hand_are_those_of_the_bindings(agreement in any::<[u8; 32]>(), total in any_amount()) {
        let (key, number) = (agreement.into(), alloy_primitives::aliases::U96::from(total.0));
        let agreement = ChainHash(agreement);
        let lock = solidity::Lock { agreement: key, cap: number };
        let voucher = solidity::Voucher { agreement: key, cumulative: number };
        let close = solidity::Close { agreement: key, cumulative: number };
        prop_assert_eq!(Lock { agreement, cap: total }.struct_hash().0, lock.eip712_hash_struct().0);
        prop_assert_eq!(Voucher { agreement, cumulative: total }.struct_hash().0, voucher.eip712_hash_struct().0);
        prop_assert_eq!(Close { agreement, cumulative: total }.struct_hash().0, close.eip712_hash_struct().0);
    }
}

#[test]
fn a_digest_counts_on_one_chain_and_for_one_contract_and_kind_only() {
    let agreement = ChainHash([7; 32]);
    let voucher = Voucher { agreement, cumulative: Amount(5) };
    let here = Domain { chain_id: 1, contract: EvmAddress([1; 20]) };
    let digests = [
        voucher.digest(&here),
        voucher.digest(&Domain { chain_id: 2, ..here }),
        voucher.digest(&Domain { contract: EvmAddress([2; 20]), ..here }),
        Close { agreement, cumulative: Amount(5) }.digest(&here),
        Lock { agreement, cap: Amount(5) }.digest(&here),
    ];
    let different: std::collections::BTreeSet<_> = digests.iter().collect();
    assert_eq!(different.len(), digests.len());
}
