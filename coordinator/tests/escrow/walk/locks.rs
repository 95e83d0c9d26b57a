//! Holds, locks and mandates of a walk, and the tenants' free money.

use super::{Tenant, Walk, books::Held, books::Known};
use crate::chance::Chance;
use ttalkak_coordinator::ledger::{Account, write};
use ttalkak_escrow::{
    Key, Typed as _,
    abi::{MandatedOpening, encode_open, encode_open_under, encode_revoke, encode_withdraw},
    agreement_key,
};
use ttalkak_protocol::{
    id::{AgreementId, HoldId},
    money::{Amount, ChainHash, EvmAddress, Mandate, Terms},
};
use uuid::Uuid;

/// The most that an hour costs under any mandate here.
const RATE_MAX: u128 = 3_600_000_000;
/// How far back an agreement under a mandate may start, seconds.
const BACKDATE_MAX: u64 = 3600;

/// One that a tenant might sign: often wide, sometimes soon used up.
pub(super) fn mandate(chance: &mut Chance, tenant: &Key, token: EvmAddress, now: u64) -> Mandate {
    Mandate {
        tenant: tenant.address(),
        token,
        rate_per_hour_max: Amount(RATE_MAX),
        cap: if chance.one_in(3) { Amount(500_000_000_000) } else { Amount::MAX },
        period: if chance.one_in(2) { 0 } else { 3600 + chance.below(86_400) },
        start: now - 3 * 86_400,
        expiry: now + 20 * 86_400,
        salt: chance.below(1 << 53),
    }
}

impl Walk<'_> {
    fn next_id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    /// One that can be raised, or a new one.
    fn agreement_to_open(&mut self) -> (ChainHash, Known) {
        let at = self.at;
        if self.chance.one_in(2)
            && let Some(found) = self.some(1, |known| known.goes_on() && at < known.terms.expiry).pop()
        {
            return found;
        }
        let tenant = self.chance.index(self.tenants.len());
        let terms = Terms {
            tenant: self.tenants[tenant].key.address(),
            provider: self.providers[self.chance.index(self.providers.len())].address(),
            token: self.contract.token,
            rate_per_hour: Amount(1 + u128::from(self.chance.below(RATE_MAX as u64))),
            start: self.at - 60,
            expiry: self.at + 3600 + self.chance.below(10 * 86_400),
            salt: self.chance.below(1 << 53),
        };
        let known = Known {
            id: AgreementId::new(self.next_id()),
            tenant: self.tenants[tenant].account,
            terms,
            cap: Amount::ZERO,
            claimed: Amount::ZERO,
            ended_at: None,
            closed: false,
        };
        let key = agreement_key(&terms);
        self.books.agreements.insert(key, known);
        (key, known)
    }

    /// Sets money aside for a new agreement, or for a raise. The chain hears of it later, if ever.
    pub(super) fn hold(&mut self) {
        let (agreement, known) = self.agreement_to_open();
        let most = self.books.amount(Account::Free(known.tenant));
        let pending = self.books.holds.values().any(|held| held.agreement == agreement);
        let amount = self.chance.up_to(most);
        if pending || amount == Amount::ZERO {
            return;
        }
        let hold = HoldId::new(self.next_id());
        self.books.write(write::hold(known.tenant, hold, amount));
        self.books.holds.insert(hold, Held { tenant: known.tenant, agreement, amount });
    }

    /// The meter opens all that is held for and permitted, in one transaction; of what is not permitted it tries one,
    /// which must be refused, and gives it up.
    pub(super) async fn open_held(&mut self) {
        let at = self.at;
        let mut openings = Vec::new();
        let mut given_up = None;
        for (hold, held) in self.books.holds.clone() {
            let known = self.books.agreements[&held.agreement];
            let tenant = self.tenant_of(&known);
            let cap = Amount(known.cap.0 + held.amount.0);
            let fits = self.tenants[tenant].permits(&known, held.amount, at);
            let opening = self.mandated(tenant, &known, cap);
            if fits {
                let tenant = &mut self.tenants[tenant];
                (tenant.used, tenant.window) = (tenant.used_with(held.amount, at), tenant.window_of(at));
                openings.push(opening);
            } else {
                given_up = Some((hold, tenant, known, held.amount));
            }
        }
        let meter = self.contract.meter.clone();
        if !openings.is_empty() {
            self.call(&meter, encode_open_under(&openings), true).await;
        }
        if let Some((hold, tenant, known, amount)) = given_up {
            // A later second may be in the mandate's next period.
            if !self.tenants[tenant].permits(&known, amount, self.at) {
                let opening = self.mandated(tenant, &known, Amount(known.cap.0 + amount.0));
                self.call(&meter, encode_open_under(&[opening]), false).await;
            }
            self.books.void(hold);
        }
    }

    fn mandated(&self, tenant: usize, known: &Known, cap: Amount) -> MandatedOpening {
        let Tenant { key, mandate, .. } = &self.tenants[tenant];
        let signature = Some(key.sign(mandate.digest(&self.contract.domain)));
        MandatedOpening { terms: known.terms, cap, mandate: *mandate, signature }
    }

    /// The tenant locks by its own word, with all that is free on chain: also with what is held.
    pub(super) async fn open_by_lock(&mut self) {
        let (_, known) = self.agreement_to_open();
        let free = self.books.free(known.tenant);
        let more = if self.chance.one_in(8) { Amount(free.0 + 1) } else { self.chance.up_to(free) };
        if more == Amount::ZERO {
            return;
        }
        let tenant = self.tenants[self.tenant_of(&known)].key.clone();
        let cap = Amount(known.cap.0 + more.0);
        let opening = self.contract.opening(&tenant, known.terms, cap);
        let stranger = self.stranger.clone();
        self.call(&stranger, encode_open(&[opening]), more <= free).await;
    }

    /// Takes the mandate back. What is tried under it is refused; then the tenant signs a new one.
    pub(super) async fn revoke(&mut self) {
        let index = self.chance.index(self.tenants.len());
        let tenant = &mut self.tenants[index];
        let (key, input, account) = (tenant.key.clone(), encode_revoke(&tenant.mandate), tenant.account);
        tenant.revoked = true;
        self.call(&key, input, true).await;
        let meter = self.contract.meter.clone();
        if let Some((_, known)) = self.some(1, |known| known.tenant == account).pop() {
            let opening = self.mandated(index, &known, Amount(known.cap.0 + 1));
            self.call(&meter, encode_open_under(&[opening]), false).await;
        }
        let mandate = mandate(&mut self.chance, &key, self.contract.token, self.node.now);
        let tenant = &mut self.tenants[index];
        (tenant.mandate, tenant.used, tenant.window, tenant.revoked) = (mandate, Amount::ZERO, 0, false);
    }

    /// Free money leaves, what is held included: the chain knows no holds.
    pub(super) async fn withdraw(&mut self) {
        let tenant = self.chance.index(self.tenants.len());
        let (key, account) = (self.tenants[tenant].key.clone(), self.tenants[tenant].account);
        let free = self.books.free(account);
        let amount = if self.chance.one_in(4) { Amount(free.0 + 1) } else { self.chance.up_to(free) };
        self.call(&key, encode_withdraw(self.contract.token, amount), amount <= free).await;
    }
}

impl Tenant {
    fn window_of(&self, at: u64) -> u64 {
        (at - self.mandate.start).checked_div(self.mandate.period).unwrap_or(0)
    }

    fn used_with(&self, amount: Amount, at: u64) -> Amount {
        let used = if self.window_of(at) == self.window { self.used } else { Amount::ZERO };
        Amount(used.0 + amount.0)
    }

    /// Whether the contract should open or raise by so much under the mandate.
    fn permits(&self, known: &Known, amount: Amount, at: u64) -> bool {
        let Mandate { start, expiry, cap, .. } = self.mandate;
        let terms = known.terms;
        let within = terms.start >= start && terms.expiry <= expiry && at >= start && at < expiry;
        let fresh = known.cap > Amount::ZERO || terms.start + BACKDATE_MAX >= at;
        let open = known.goes_on() && at < terms.expiry;
        within && fresh && open && !self.revoked && self.used_with(amount, at) <= cap
    }
}
