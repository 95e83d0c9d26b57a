//! What providers earn in a walk: charges, settlements, and claims of their own.

use super::{STEPS, Walk, books::Known};
use ttalkak_coordinator::ledger::{Account, write};
use ttalkak_escrow::{
    Typed as _,
    abi::{SignedTotal, encode_claim, encode_settle},
    batch::SettleItem,
    ceiling::ceiling,
};
use ttalkak_protocol::money::{Amount, ChainHash, Voucher};

impl Walk<'_> {
    /// The most that the contract would pay in all in the block of this step.
    fn most(&self, known: &Known) -> Amount {
        ceiling(&known.terms, known.cap, self.at, known.ended_at)
    }

    /// Use is metered: within what is locked, and within what the chain would pay by now.
    pub(super) fn charge(&mut self) {
        let now = self.node.now;
        for (_, known) in self.some(3, Known::goes_on) {
            let most = ceiling(&known.terms, known.cap, now, None);
            let rest = most.saturating_sub(self.books.vouchered(&known));
            let rest = rest.min(self.books.amount(Account::Locked(known.id)));
            // Beside a large sum a small one is less than the large one's fee.
            let amount = if self.chance.one_in(2) { rest.min(Amount(20)) } else { self.chance.up_to(rest) };
            self.books.write(write::charge(known.id, amount));
        }
    }

    /// A batch of what is vouched for, of totals of yesterday, and of ends; sometimes under a wrong number, or with one
    /// line that the bound refuses, which undoes all of it.
    pub(super) async fn settle(&mut self) {
        let mut items = Vec::new();
        for (_, known) in self.some(STEPS as usize, |_| true) {
            let vouchered = self.books.vouchered(&known);
            let cumulative = if self.chance.one_in(5) { self.chance.up_to(known.claimed) } else { vouchered };
            items.push(SettleItem { terms: known.terms, cumulative, ending: self.chance.one_in(10) });
        }
        let mut number = self.batch + 1;
        let mut passes = true;
        if self.chance.one_in(8) {
            (number, passes) = (self.batch + self.chance.below(2) * 2, false);
        } else if self.chance.one_in(6)
            && let Some((_, known)) = self.some(1, |known| !known.closed).pop()
        {
            let item = items.iter_mut().find(|item| item.terms == known.terms).unwrap();
            item.cumulative = Amount(self.most(&known).0 + 1);
            passes = false;
        }
        let input = encode_settle(number, self.contract.token, &items);
        let call = self.contract.call(input);
        let meter = self.contract.meter.clone();
        self.batch += u64::from(passes);
        self.carry_out(&meter, call, &items, passes).await;
    }

    /// Providers redeem what the meter vouched for, or what the tenant did; alone or with others, in any order.
    pub(super) async fn claim(&mut self) {
        let mut claims = Vec::new();
        let mut passes = true;
        for (key, known) in self.some(6, |known| known.cap > Amount::ZERO) {
            let (vouchered, most) = (self.books.vouchered(&known), self.most(&known));
            let by_tenant = self.chance.one_in(4);
            let mut total = if by_tenant { vouchered.max(self.chance.up_to(most)) } else { vouchered };
            if self.chance.one_in(16) && !known.closed {
                total = Amount(most.0 + 1);
                passes = false;
            }
            claims.push(self.signed(key, &known, total, by_tenant));
        }
        if claims.is_empty() {
            return;
        }
        if self.chance.one_in(2) {
            // What stands together is paid as one.
            claims.sort_by_key(|claim| claim.terms.provider);
        }
        if self.chance.one_in(4) {
            // The same voucher twice pays once.
            claims.push(claims[0]);
        }
        let refused = |claim: &SignedTotal| self.refusing.contains(&claim.terms.provider);
        let pay = !claims.iter().any(refused) && self.chance.one_in(2);
        let stranger = self.stranger.clone();
        self.call(&stranger, encode_claim(&claims, pay), passes).await;
    }

    fn signed(
        &self,
        agreement: ChainHash,
        known: &Known,
        cumulative: Amount,
        by_tenant: bool,
    ) -> SignedTotal {
        let digest = Voucher { agreement, cumulative }.digest(&self.contract.domain);
        let tenant = &self.tenants[self.tenant_of(known)].key;
        let signature = if by_tenant { tenant } else { &self.contract.meter }.sign(digest);
        SignedTotal { terms: known.terms, cumulative, signature: Some(signature) }
    }

    /// All that is vouched for, settled or claimed at last.
    pub(super) async fn settle_all(&mut self) {
        let known: Vec<_> = self.books.agreements.values().copied().collect();
        let item = |known: &Known| {
            let cumulative = self.books.vouchered(known);
            SettleItem { terms: known.terms, cumulative, ending: false }
        };
        let items: Vec<_> = known.iter().map(item).collect();
        self.batch += 1;
        let call = self.contract.call(encode_settle(self.batch, self.contract.token, &items));
        let meter = self.contract.meter.clone();
        self.carry_out(&meter, call, &items, true).await;
    }
}
