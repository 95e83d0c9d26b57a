//! The begin of a wanted call: tried, priced, given a nonce and signed. What cannot go through now keeps its place.

use super::{COUNT_COIN_EVERY, Domain, Sender};
use crate::{
    chain::ChainError,
    clock,
    jobs::chain_work::ChainWorkError,
    logic::outbox::{Offer, Verdict, first_offer, gas_limit, refused, verdict, worst_cost},
    store::outbox::OutboxRow,
};

impl Sender {
    /// Signs a planned call and sends it. True: the row is further, or over.
    pub(super) async fn begin(&mut self, domain: Domain, row: &OutboxRow) -> Result<bool, ChainWorkError> {
        let simulated = match self.work.chain.simulate(self.me, &row.input).await {
            Ok(gas) => gas,
            Err(ChainError::Reverted { name, .. }) => return self.refused(row, &name).await,
            Err(ChainError::Refused { message, .. }) => {
                self.complaints.say(&format!("{} cannot be tried: {message}", row.id), true, clock::now());
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        let Some((limit, offer)) = self.price(row, simulated).await? else { return Ok(false) };
        let latest = self.work.chain.nonce(self.me, None).await?;
        let sign = |nonce| self.sign(domain, &row.input, nonce, limit, offer);
        let signed = self.work.store.outbox_sign(row.id, self.me, latest, sign, clock::now()).await?;
        if let Some(signed) = signed {
            self.complaints.forget();
            self.send(row, &signed).await?;
        }
        Ok(true)
    }

    async fn refused(&mut self, row: &OutboxRow, name: &str) -> Result<bool, ChainWorkError> {
        match verdict(name) {
            Verdict::Wait => {
                self.complaints.say(&format!("{} waits: {name}", row.id), true, clock::now());
                Ok(false)
            }
            Verdict::Fail => self.end(row, Some(refused(name))).await,
        }
    }

    /// Gas limit and offer; `None` while it is too dear for the operator's bound or the meter's coin.
    async fn price(
        &mut self,
        row: &OutboxRow,
        simulated: u64,
    ) -> Result<Option<(u64, Offer)>, ChainWorkError> {
        let fees = self.work.chain.fees().await?;
        let offer = match first_offer(&fees, &self.work.policy) {
            Ok(offer) => offer,
            Err(needed) => {
                let words = format!("{} waits: gas costs {needed} wei, more than max_fee", row.id);
                self.complaints.say(&words, true, clock::now());
                return Ok(None);
            }
        };
        let limit = gas_limit(simulated);
        let (needed, coin) = (worst_cost(limit, &offer), self.work.chain.gas_balance(self.me).await?);
        self.warn_of_low_coin(coin);
        if needed > coin {
            let words = format!("{} waits: {} has {coin} wei for gas and needs {needed}", row.id, self.me);
            self.complaints.say(&words, true, clock::now());
            return Ok(None);
        }
        Ok(Some((limit, offer)))
    }

    /// So that a low purse is noticed before there is work that it cannot pay.
    pub(super) async fn count_coin_sometimes(&mut self) -> Result<(), ChainWorkError> {
        if self.idle.is_multiple_of(COUNT_COIN_EVERY) {
            let coin = self.work.chain.gas_balance(self.me).await?;
            self.warn_of_low_coin(coin);
        }
        self.idle = self.idle.wrapping_add(1);
        Ok(())
    }

    fn warn_of_low_coin(&mut self, coin: u128) {
        let low = self.work.policy.low_water;
        if coin < low {
            let words = format!("{} has {coin} wei for gas, below the mark of {low}", self.me);
            self.complaints.say(&words, true, clock::now());
        }
    }
}
