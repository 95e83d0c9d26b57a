//! How tenants and providers leave in a walk: ends, closes, payouts.

use super::{NOTICE, Walk, books::Known};
use serde_json::{Value, json};
use ttalkak_escrow::{
    Close, Key, Typed as _,
    abi::{SignedTotal, encode_close, encode_payout, encode_request_close, encode_withdraw},
};
use ttalkak_protocol::money::{Amount, ChainHash, EvmAddress};

impl Walk<'_> {
    /// Tenant or meter ask for an end; a second one is refused.
    pub(super) async fn request_close(&mut self) {
        let Some((_, known)) = self.some(1, |known| known.cap > Amount::ZERO).pop() else { return };
        let from = if self.chance.one_in(2) {
            self.tenants[self.tenant_of(&known)].key.clone()
        } else {
            self.contract.meter.clone()
        };
        self.call(&from, encode_request_close(&known.terms), known.goes_on()).await;
    }

    /// Closes with the provider's signature, by the provider, or when the notice is over; too early it is refused.
    pub(super) async fn close(&mut self) {
        let Some((key, known)) = self.some(1, |known| known.cap > Amount::ZERO && !known.closed).pop() else {
            return;
        };
        let provider = self.provider_of(&known);
        let over = known.notice_ends();
        let stranger = self.stranger.clone();
        match self.chance.below(4) {
            0 => self.close_one(&stranger, &known, known.claimed, Some((key, provider)), true).await,
            // An account with code sends nothing.
            1 if !self.refusing.contains(&provider.address()) => {
                self.close_one(&provider, &known, Amount::ZERO, None, true).await;
            }
            2 => {
                // It wants more than it was paid.
                let total = Amount(known.claimed.0 + 1);
                let passes = self.at >= over;
                self.close_one(&stranger, &known, total, Some((key, provider)), passes).await;
            }
            _ => {
                let last_second = self.chance.one_in(3);
                self.at = self.at.max(if last_second { over - 1 } else { over });
                let passes = self.at >= over;
                self.close_one(&stranger, &known, Amount::ZERO, None, passes).await;
            }
        }
    }

    async fn close_one(
        &mut self,
        from: &Key,
        known: &Known,
        cumulative: Amount,
        signed: Option<(ChainHash, Key)>,
        passes: bool,
    ) {
        let sign = |(agreement, key): (ChainHash, Key)| {
            key.sign(Close { agreement, cumulative }.digest(&self.contract.domain))
        };
        let total = SignedTotal { terms: known.terms, cumulative, signature: signed.map(sign) };
        self.call(from, encode_close(&[total]), passes).await;
    }

    fn provider_of(&self, known: &Known) -> Key {
        self.providers.iter().find(|key| key.address() == known.terms.provider).unwrap().clone()
    }

    /// Credit is sent; one payee that refuses undoes it for all.
    pub(super) async fn pay_out(&mut self) {
        let mut payees: Vec<EvmAddress> = self.payees().into_iter().collect();
        payees.truncate(1 + self.chance.index(payees.len()));
        let refuses =
            |payee: &EvmAddress| self.refusing.contains(payee) && self.books.credit(*payee) > Amount::ZERO;
        let passes = !payees.iter().any(refuses);
        let stranger = self.stranger.clone();
        self.call(&stranger, encode_payout(&payees, self.contract.token), passes).await;
    }

    /// Everything is ended, sometimes settled, closed, paid out and withdrawn.
    pub(super) async fn leave(&mut self) {
        for payee in std::mem::take(&mut self.refusing) {
            self.node.ask::<Value>("anvil_setCode", json!([payee, "0x"])).await;
        }
        self.at = self.node.now + 1;
        for (_, known) in self.some(usize::MAX, |known| known.cap > Amount::ZERO && known.goes_on()) {
            let tenant = self.tenants[self.tenant_of(&known)].key.clone();
            self.call(&tenant, encode_request_close(&known.terms), true).await;
        }
        if self.chance.one_in(2) {
            self.settle_all().await;
        }
        self.at += NOTICE;
        let open = self.some(usize::MAX, |known| known.cap > Amount::ZERO && !known.closed);
        let total = |(_, known): &(ChainHash, Known)| SignedTotal {
            terms: known.terms,
            cumulative: Amount::ZERO,
            signature: None,
        };
        let stranger = self.stranger.clone();
        self.call(&stranger, encode_close(&open.iter().map(total).collect::<Vec<_>>()), true).await;
        let payees: Vec<EvmAddress> = self.payees().into_iter().collect();
        self.call(&stranger, encode_payout(&payees, self.contract.token), true).await;
        for index in 0..self.tenants.len() {
            let (key, account) = (self.tenants[index].key.clone(), self.tenants[index].account);
            let free = self.books.free(account);
            self.call(&key, encode_withdraw(self.contract.token, free), true).await;
        }
        for hold in self.books.holds.keys().copied().collect::<Vec<_>>() {
            self.books.void(hold);
        }
    }
}

impl Known {
    /// When anybody may close it.
    fn notice_ends(&self) -> u64 {
        self.ended_at.unwrap_or(self.terms.expiry).min(self.terms.expiry) + NOTICE
    }
}
