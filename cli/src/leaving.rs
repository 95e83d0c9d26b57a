//! How a tenant leaves by the contract alone: what stands on chain is sorted into what can be done now, what must wait and
//! until when. Pure, and the same each time: whoever runs it again goes on where the chain stands.

use ttalkak_protocol::money::{Amount, ChainHash, Mandate, Terms};
use ttalkak_rpc::calls::Standing;

/// One agreement as the chain has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// Its key.
    pub(crate) key: ChainHash,
    /// What was agreed.
    pub(crate) terms: Terms,
    /// Where it stands.
    pub(crate) standing: Standing,
}

impl Agreed {
    /// Locked and not claimed.
    pub(crate) fn rest(&self) -> Amount {
        self.standing.cap.saturating_sub(self.standing.claimed)
    }

    /// From when anybody may close it, when nothing more is asked for.
    fn closable_at(&self, notice: u64) -> u64 {
        let end = self.standing.ended_at.unwrap_or(u64::MAX).min(self.terms.expiry);
        end.saturating_add(notice)
    }
}

/// What can be done and what waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Mandates under which more could be locked.
    pub(crate) revoke: Vec<Mandate>,
    /// Agreements whose end is still to be asked for.
    pub(crate) ask: Vec<Terms>,
    /// Agreements whose notice is over.
    pub(crate) close: Vec<Terms>,
    /// What the closes bring back.
    pub(crate) back_now: Amount,
    /// What comes back later, in all, less what providers still claim until then.
    pub(crate) back_later: Amount,
    /// When the last of it can be closed, seconds since 1970; when something waits.
    pub(crate) until: Option<u64>,
}

/// `now`: the chain's own time, seconds since 1970; `notice`: the contract's, in seconds. `mandates`: those that are not
/// revoked. What is closed, or claimed to the last unit, has nothing to give back and is left alone.
pub(crate) fn plan(agreed: &[Agreed], mandates: &[Mandate], now: u64, notice: u64) -> Plan {
    let live = mandates.iter().filter(|mandate| now < mandate.expiry).copied();
    let mut plan = Plan { revoke: live.collect(), ..Plan::default() };
    for agreement in agreed.iter().filter(|agreement| agreement.rest() > Amount::ZERO) {
        let mut at = agreement.closable_at(notice);
        if at <= now {
            plan.close.push(agreement.terms);
            plan.back_now = sum(plan.back_now, agreement.rest());
            continue;
        }
        if agreement.standing.ended_at.is_none() && now.saturating_add(notice) < at {
            plan.ask.push(agreement.terms);
            at = now.saturating_add(notice);
        }
        plan.back_later = sum(plan.back_later, agreement.rest());
        plan.until = plan.until.max(Some(at));
    }
    plan
}

fn sum(a: Amount, b: Amount) -> Amount {
    Amount(a.0.saturating_add(b.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::money::EvmAddress;

    const DAY: u64 = 86_400;
    const NOW: u64 = 1_000_000;

    fn agreed(cap: u128, claimed: u128, ended_at: Option<u64>, expiry: u64) -> Agreed {
        let address = |byte| EvmAddress([byte; 20]);
        let terms = Terms {
            tenant: address(1),
            provider: address(2),
            token: address(3),
            rate_per_hour: Amount(3600),
            start: 0,
            expiry,
            salt: 1,
        };
        let standing = Standing { cap: Amount(cap), claimed: Amount(claimed), ended_at };
        Agreed { key: ChainHash([9; 32]), terms, standing }
    }

    #[test]
    fn an_open_agreement_is_asked_to_end_and_waits_for_the_notice() {
        let plan = plan(&[agreed(100, 30, None, NOW + 30 * DAY)], &[], NOW, DAY);
        assert_eq!((plan.ask.len(), plan.close.len()), (1, 0));
        assert_eq!((plan.back_later, plan.until), (Amount(70), Some(NOW + DAY)));
    }

    #[test]
    fn one_that_was_asked_to_end_is_not_asked_twice_and_closed_to_the_second() {
        let asked = |at| agreed(100, 30, Some(at), NOW + 30 * DAY);
        let waits = plan(&[asked(NOW - DAY + 1)], &[], NOW, DAY);
        assert_eq!((waits.ask.len(), waits.close.len(), waits.until), (0, 0, Some(NOW + 1)));
        let over = plan(&[asked(NOW - DAY)], &[], NOW, DAY);
        assert_eq!((over.close.len(), over.back_now, over.until), (1, Amount(70), None));
    }

    #[test]
    fn one_that_expires_sooner_than_a_notice_would_end_is_only_waited_for() {
        let plan = plan(&[agreed(5, 0, None, NOW - 10)], &[], NOW, DAY);
        assert_eq!((plan.ask.len(), plan.until), (0, Some(NOW - 10 + DAY)));
        let expired = super::plan(&[agreed(5, 0, None, NOW - DAY)], &[], NOW, DAY);
        assert_eq!(expired.close.len(), 1, "nobody needs to ask");
    }

    #[test]
    fn what_has_nothing_to_give_back_is_left_alone_and_dead_mandates_too() {
        let mandate = |expiry| Mandate {
            tenant: EvmAddress([1; 20]),
            token: EvmAddress([3; 20]),
            rate_per_hour_max: Amount(1),
            cap: Amount(1),
            period: 0,
            start: 0,
            expiry,
            salt: 0,
        };
        let plan = plan(&[agreed(7, 7, None, NOW + DAY)], &[mandate(NOW), mandate(NOW + 1)], NOW, DAY);
        assert_eq!(plan, Plan { revoke: vec![mandate(NOW + 1)], ..Plan::default() });
    }
}
