//! Signatures: what Rust signs the contract accepts, and what is signed for anything else both refuse.

use crate::{chance::Chance, contract::Contract, node::Node};
use alloy::primitives::{U256, uint};
use ttalkak_escrow::{
    Close, Key, Lock, Typed,
    abi::{
        MandatedOpening, Opening, SignedTotal, encode_claim, encode_close, encode_open, encode_open_under,
        encode_revoke,
    },
    agreement_key, recover,
};
use ttalkak_protocol::money::{Amount, Domain, EvmAddress, EvmSignature, Mandate, Terms, Voucher};

/// Order of the curve.
const N: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
const ROUNDS: usize = 6;

#[tokio::test]
async fn what_rust_signs_the_contract_accepts_and_nothing_that_is_close_to_it() {
    let Some(node) = Node::start().await else { return };
    let mut signing = Signing::new(node, Chance::new("signatures")).await;
    for _ in 0..ROUNDS {
        let terms = signing.terms();
        signing.lock(terms).await;
        signing.mandate().await;
        signing.vouchers(terms).await;
        signing.close(terms).await;
    }
}

struct Signing {
    node: Node,
    chance: Chance,
    contract: Contract,
    tenant: Key,
    provider: Key,
    /// Signs for nobody, and submits for everybody.
    stranger: Key,
}

impl Signing {
    async fn new(mut node: Node, mut chance: Chance) -> Self {
        let [meter, tenant, provider, stranger] = std::array::from_fn(|_| chance.key());
        let contract = Contract::deploy(&mut node, meter, EvmAddress([0xfe; 20]), 500, false).await;
        contract.equip(&mut node, &tenant, Amount::MAX).await;
        node.enrich(stranger.address()).await;
        assert!(contract.deposit(&mut node, &tenant, Amount(Amount::MAX.0 / 2)).await.succeeded);
        node.mine(node.now + 3600).await;
        Self { node, chance, contract, tenant, provider, stranger }
    }

    fn terms(&mut self) -> Terms {
        Terms {
            tenant: self.tenant.address(),
            provider: self.provider.address(),
            token: self.contract.token,
            rate_per_hour: Amount(3_600_000_000 + u128::from(self.chance.below(1 << 40))),
            start: self.node.now - 60,
            expiry: self.node.now + 86_400,
            salt: self.chance.below(u64::MAX),
        }
    }

    async fn lock(&mut self, terms: Terms) {
        let cap = Amount(1_000_000 + u128::from(self.chance.below(1_000_000)));
        let agreement = agreement_key(&terms);
        let right = Lock { agreement, cap };
        let others: &[(_, &dyn Typed)] = &[
            ("another agreement", &Lock { agreement: self.chance.hash(), cap }),
            ("another cap", &Lock { agreement, cap: Amount(cap.0 - 1) }),
            ("a voucher of the same numbers", &Voucher { agreement, cumulative: cap }),
        ];
        let call = |signature| encode_open(&[Opening { terms, cap, signature }]);
        let tenant = self.tenant.clone();
        self.refused(&tenant, &right, others, call).await;
        self.accepted(call(tenant.sign(right.digest(&self.contract.domain)))).await;
        assert_eq!(self.contract.agreement(&terms).await.cap, cap);
    }

    /// Only the meter opens under mandates, so it is the sender throughout.
    async fn mandate(&mut self) {
        let terms = self.terms();
        let right = Mandate {
            tenant: terms.tenant,
            token: terms.token,
            rate_per_hour_max: terms.rate_per_hour,
            cap: Amount(1_000_000),
            period: 3600 * self.chance.below(2),
            start: terms.start - 1000,
            expiry: terms.expiry,
            salt: self.chance.below(u64::MAX),
        };
        let others: &[(_, &dyn Typed)] = &[
            ("a higher rate", &Mandate { rate_per_hour_max: Amount(1), ..right }),
            ("another cap", &Mandate { cap: Amount(right.cap.0 - 1), ..right }),
            ("another period", &Mandate { period: right.period + 1, ..right }),
            ("a later end", &Mandate { expiry: right.expiry + 1, ..right }),
            ("another salt", &Mandate { salt: right.salt ^ 1, ..right }),
            ("terms", &terms),
        ];
        let (cap, meter) = (Amount(999), self.contract.meter.clone());
        let call =
            |signature| encode_open_under(&[MandatedOpening { terms, cap, mandate: right, signature }]);
        let tenant = self.tenant.clone();
        for (what, signature) in self.forged(&tenant, &right, others) {
            let refusal = self.contract.refusal(meter.address(), &call(Some(signature))).await;
            assert_eq!(refusal.as_deref(), Some("BadSignature"), "{what}");
        }
        let unsigned = self.contract.refusal(meter.address(), &call(None)).await;
        assert_eq!(unsigned.as_deref(), Some("BadSignature"), "none at the first use");
        let signature = tenant.sign(right.digest(&self.contract.domain));
        let by_stranger = self.contract.refusal(self.stranger.address(), &call(Some(signature))).await;
        assert_eq!(by_stranger.as_deref(), Some("NotMeter"));
        let mined = self.node.run(&meter, self.contract.call(call(Some(signature)))).await;
        assert!(mined.succeeded);
        assert_eq!(self.contract.agreement(&terms).await.cap, cap);
        // Seen once, it needs no signature; revoked, it permits nothing.
        let cap = Amount(cap.0 + 1);
        let again = encode_open_under(&[MandatedOpening { terms, cap, mandate: right, signature: None }]);
        assert_eq!(self.contract.refusal(meter.address(), &again).await, None);
        assert!(self.node.run(&tenant, self.contract.call(encode_revoke(&right))).await.succeeded);
        let refusal = self.contract.refusal(meter.address(), &again).await.unwrap();
        assert!(refusal.starts_with("MandateOver"), "{refusal}");
    }

    /// The meter's, and after it a larger one of the tenant's own.
    async fn vouchers(&mut self, terms: Terms) {
        let agreement = agreement_key(&terms);
        let mut cumulative = Amount::ZERO;
        for signer in [self.contract.meter.clone(), self.tenant.clone()] {
            cumulative = Amount(cumulative.0 + 1 + u128::from(self.chance.below(100_000)));
            let right = Voucher { agreement, cumulative };
            let others: &[(_, &dyn Typed)] = &[
                ("another agreement", &Voucher { agreement: self.chance.hash(), cumulative }),
                ("a higher total", &Voucher { agreement, cumulative: Amount(cumulative.0 + 1) }),
                ("a lower total", &Voucher { agreement, cumulative: Amount(cumulative.0 - 1) }),
                ("a lock of the same numbers", &Lock { agreement, cap: cumulative }),
                ("a close of the same numbers", &Close { agreement, cumulative }),
            ];
            let total = |signature| SignedTotal { terms, cumulative, signature: Some(signature) };
            let call = |signature| encode_claim(&[total(signature)], false);
            self.refused(&signer, &right, others, call).await;
            let by_provider = call(self.provider.sign(right.digest(&self.contract.domain)));
            let refusal = self.contract.refusal(self.stranger.address(), &by_provider).await;
            assert_eq!(refusal.as_deref(), Some("BadSignature"), "the provider's own word");
            self.accepted(call(signer.sign(right.digest(&self.contract.domain)))).await;
            assert_eq!(self.contract.agreement(&terms).await.claimed, cumulative);
        }
    }

    async fn close(&mut self, terms: Terms) {
        let before = self.contract.agreement(&terms).await;
        let (agreement, cumulative) = (agreement_key(&terms), before.claimed);
        let right = Close { agreement, cumulative };
        let others: &[(_, &dyn Typed)] = &[
            ("another agreement", &Close { agreement: self.chance.hash(), cumulative }),
            ("a lower total", &Close { agreement, cumulative: Amount(cumulative.0 - 1) }),
            ("a voucher of the same numbers", &Voucher { agreement, cumulative }),
        ];
        let total = |signature| SignedTotal { terms, cumulative, signature: Some(signature) };
        let call = |signature| encode_close(&[total(signature)]);
        let provider = self.provider.clone();
        self.refused(&provider, &right, others, call).await;
        self.accepted(call(provider.sign(right.digest(&self.contract.domain)))).await;
        let after = self.contract.agreement(&terms).await;
        assert_eq!((after.cap, after.claimed), (before.claimed, before.claimed));
        assert_eq!(after.ended_at, Some(self.node.now));
    }

    /// A stranger submits each forgery and the contract finds no right signer; nor does Rust.
    async fn refused(
        &mut self,
        signer: &Key,
        right: &dyn Typed,
        others: &[(&'static str, &dyn Typed)],
        call: impl Fn(EvmSignature) -> Vec<u8>,
    ) {
        for (what, signature) in self.forged(signer, right, others) {
            let refusal = self.contract.refusal(self.stranger.address(), &call(signature)).await;
            assert_eq!(refusal.as_deref(), Some("BadSignature"), "{what}");
        }
    }

    async fn accepted(&mut self, input: Vec<u8>) {
        let mined = self.node.run(&self.stranger, self.contract.call(input)).await;
        assert!(mined.succeeded, "a right signature was refused");
    }

    /// Signatures that come close to the right one, each with what is wrong about it.
    fn forged(
        &mut self,
        signer: &Key,
        right: &dyn Typed,
        others: &[(&'static str, &dyn Typed)],
    ) -> Vec<(&'static str, EvmSignature)> {
        let domain = self.contract.domain;
        let digest = right.digest(&domain);
        let signature = signer.sign(digest);
        assert_eq!(recover(digest, &signature), Ok(signer.address()));
        let mut elsewhere = domain.contract;
        elsewhere.0[19] ^= 1;
        let mut forged = vec![
            ("another chain", signer.sign(right.digest(&Domain { chain_id: domain.chain_id + 1, ..domain }))),
            ("another contract", signer.sign(right.digest(&Domain { contract: elsewhere, ..domain }))),
            ("no domain", signer.sign(right.struct_hash())),
            ("a stranger's", self.stranger.sign(digest)),
            ("a bit is turned", self.chance.scratched(signature)),
            ("the twin with a high s", twin(signature)),
            ("v of 0 or 1", with_v(signature, signature.0[64] - 27)),
            ("the other v", with_v(signature, 55 - signature.0[64])),
            ("nothing", EvmSignature([0; 65])),
        ];
        forged.extend(others.iter().map(|(what, other)| (*what, signer.sign(other.digest(&domain)))));
        for (what, signature) in &forged {
            assert_ne!(recover(digest, signature), Ok(signer.address()), "{what}");
        }
        forged
    }
}

/// The same signature in its other form: s as n - s, and the other v.
fn twin(signature: EvmSignature) -> EvmSignature {
    let s = N - U256::from_be_slice(&signature.0[32..64]);
    let mut twin = with_v(signature, 55 - signature.0[64]);
    twin.0[32..64].copy_from_slice(&s.to_be_bytes::<32>());
    twin
}

fn with_v(mut signature: EvmSignature, v: u8) -> EvmSignature {
    signature.0[64] = v;
    signature
}
