//! The books of a walk: the coordinator's own ledger, fed with the contract's events and nothing else that the chain says.

use std::collections::BTreeMap;
use ttalkak_coordinator::{
    chain::{EscrowEvent, EscrowLog},
    ledger::{
        Account, Entry, Ledger, LedgerError,
        hold::voids_for,
        reconcile::View,
        write::{self, Paid, Settled},
    },
};
use ttalkak_escrow::batch::SettleItem;
use ttalkak_protocol::{
    id::{AccountId, AgreementId, HoldId},
    money::{Amount, ChainHash, EvmAddress, Terms},
};

/// An agreement as the events tell of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) id: AgreementId,
    pub(super) tenant: AccountId,
    pub(super) terms: Terms,
    pub(super) cap: Amount,
    pub(super) claimed: Amount,
    pub(super) ended_at: Option<u64>,
    pub(super) closed: bool,
}

impl Known {
    /// No end was asked for, and it is not closed: a close needs no end before it.
    pub(super) fn goes_on(&self) -> bool {
        self.ended_at.is_none() && !self.closed
    }
}

/// Money that waits for its lock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) tenant: AccountId,
    pub(super) agreement: ChainHash,
    pub(super) amount: Amount,
}

/// Ledger, open holds, agreements.
pub(super) struct Books {
    pub(super) ledger: Ledger,
    pub(super) holds: BTreeMap<HoldId, Held>,
    pub(super) accounts: BTreeMap<EvmAddress, AccountId>,
    pub(super) agreements: BTreeMap<ChainHash, Known>,
    pub(super) fee_to: EvmAddress,
    pub(super) fee_bps: u16,
}

impl Books {
    pub(super) fn write(&mut self, entry: Result<Entry, LedgerError>) {
        let entry = entry.expect("an entry that can stand");
        if let Err(error) = self.ledger.apply(&entry) {
            panic!("the books refuse {entry:?}: {error}");
        }
        assert_eq!(self.ledger.sum(), 0);
    }

    pub(super) fn amount(&self, account: Account) -> Amount {
        self.ledger.amount(account)
    }

    /// What is `free` on chain: free in the books, and held.
    pub(super) fn free(&self, tenant: AccountId) -> Amount {
        let held: u128 =
            self.holds.values().filter(|held| held.tenant == tenant).map(|held| held.amount.0).sum();
        Amount(self.amount(Account::Free(tenant)).0 + held)
    }

    pub(super) fn accrued(&self, known: &Known) -> Amount {
        self.amount(Account::Accrued(known.id))
    }

    /// The total that the meter vouches for.
    pub(super) fn vouchered(&self, known: &Known) -> Amount {
        Amount(known.claimed.0 + self.accrued(known).0)
    }

    /// Sum of what a payee has in the contract.
    pub(super) fn credit(&self, payee: EvmAddress) -> Amount {
        let fees = if payee == self.fee_to { self.amount(Account::FeeCredit).0 } else { 0 };
        Amount(self.amount(Account::Credit(payee)).0 + fees)
    }

    pub(super) fn fee(&self, gross: Amount) -> Amount {
        Amount(gross.0 * u128::from(self.fee_bps) / 10_000)
    }

    pub(super) fn void(&mut self, hold: HoldId) {
        let held = self.holds.remove(&hold).expect("an open hold");
        self.write(write::hold_void(hold, held.tenant, held.amount));
    }

    /// The books' side of the comparison.
    pub(super) fn view(&self) -> View {
        let holds = self.holds.iter().map(|(hold, held)| (*hold, held.tenant)).collect();
        View::of_ledger(&self.ledger, &holds, self.fee_to)
    }

    /// Books all events of one transaction. `batch`: the lines of the settlement that it was, if it was one.
    pub(super) fn read(&mut self, logs: &[EscrowLog], batch: &[SettleItem]) {
        let mut claims: Vec<(ChainHash, Amount)> = Vec::new();
        let (mut gross, mut net) = (0, 0);
        // A claim credits all its fees first: credit that is sent to their collector may be of payments told after it.
        let (sent, rest): (Vec<_>, Vec<_>) =
            logs.iter().partition(|log| matches!(log.event, EscrowEvent::Paid { .. }));
        for log in rest.into_iter().chain(sent) {
            match log.event {
                EscrowEvent::Deposited { who, amount, .. } => {
                    self.write(write::deposit(self.accounts[&who], amount))
                }
                EscrowEvent::Withdrawn { who, amount, .. } => self.withdrawn(self.accounts[&who], amount),
                EscrowEvent::Opened { agreement, cap, .. } => self.opened(agreement, cap),
                EscrowEvent::Claimed { agreement, cumulative } => claims.push((agreement, cumulative)),
                EscrowEvent::ProviderPaid { provider, net: got, pushed, .. } => {
                    let paid = Paid { payee: provider, net: got, pushed };
                    let all = if batch.is_empty() {
                        self.claimed(&mut claims, paid)
                    } else {
                        self.settled(batch, paid)
                    };
                    gross += all.0;
                    net += got.0;
                }
                EscrowEvent::Settled { gross: all, fee, .. } => {
                    assert_eq!((all.0, fee.0), (gross, gross - net), "a batch is the sum of its payments");
                }
                EscrowEvent::Paid { who, amount, .. } => self.paid_out(who, amount),
                EscrowEvent::Closing { agreement, ended_at } => {
                    self.known(agreement).ended_at = Some(ended_at);
                }
                EscrowEvent::Closed { agreement, refund } => self.closed(agreement, refund),
                EscrowEvent::MandateRevoked { .. } => {}
                EscrowEvent::MeterProposed { .. }
                | EscrowEvent::MeterChanged { .. }
                | EscrowEvent::Paused { .. } => {
                    panic!("nobody asked for {log:?}")
                }
            }
        }
        assert!(claims.is_empty(), "claims that nobody was paid for: {claims:?}");
    }

    fn known(&mut self, agreement: ChainHash) -> &mut Known {
        self.agreements.get_mut(&agreement).expect("an agreement of this walk")
    }

    fn withdrawn(&mut self, tenant: AccountId, amount: Amount) {
        self.make_free(tenant, amount);
        self.write(write::withdraw(tenant, amount));
    }

    /// Voids the newest holds until so much is free.
    fn make_free(&mut self, tenant: AccountId, amount: Amount) {
        let held = self.holds.iter().filter(|(_, held)| held.tenant == tenant);
        let open: Vec<_> = held.map(|(hold, held)| (*hold, held.amount)).collect();
        let voids = voids_for(self.amount(Account::Free(tenant)), amount, &open);
        for hold in voids.expect("the chain gave no more than there was") {
            self.void(hold);
        }
    }

    /// The hold of the agreement, if it still stands, pays for the growth; then free money does.
    fn opened(&mut self, agreement: ChainHash, cap: Amount) {
        let known = *self.known(agreement);
        let mut grown = Amount(cap.0.checked_sub(known.cap.0).expect("a cap only grows"));
        let hold = self.holds.iter().find(|(_, held)| held.agreement == agreement).map(|(hold, _)| *hold);
        if let Some(hold) = hold {
            let held = self.holds.get_mut(&hold).expect("just found");
            let posted = held.amount.min(grown);
            held.amount = held.amount.saturating_sub(posted);
            grown = grown.saturating_sub(posted);
            self.write(write::hold_post(hold, known.id, posted));
            self.void(hold);
        }
        self.make_free(known.tenant, grown);
        self.write(write::lock(known.tenant, known.id, grown));
        self.known(agreement).cap = cap;
    }

    /// A payment of claims: of those of the payee that came first, as many as it is the sum of.
    fn claimed(&mut self, claims: &mut Vec<(ChainHash, Amount)>, paid: Paid) -> Amount {
        let mut lines = Vec::new();
        let mut net = 0;
        claims.retain(|(agreement, cumulative)| {
            let known = self.agreements[agreement];
            if known.terms.provider != paid.payee || net == paid.net.0 {
                return true;
            }
            let gross = cumulative.saturating_sub(known.claimed);
            net += gross.0 - self.fee(gross).0;
            lines.push((*agreement, *cumulative));
            false
        });
        assert_eq!(net, paid.net.0, "each claim pays its own fee, rounded down");
        self.settle(&lines, paid)
    }

    fn settled(&mut self, batch: &[SettleItem], paid: Paid) -> Amount {
        let of_payee = batch.iter().filter(|item| item.terms.provider == paid.payee);
        let lines: Vec<_> =
            of_payee.map(|item| (ttalkak_escrow::agreement_key(&item.terms), item.cumulative)).collect();
        let gross = self.settle(&lines, paid);
        assert_eq!(
            gross.0 - paid.net.0,
            self.fee(gross).0,
            "a payment of a batch pays one fee, rounded down"
        );
        gross
    }

    fn settle(&mut self, lines: &[(ChainHash, Amount)], paid: Paid) -> Amount {
        let mut parts = Vec::new();
        for (agreement, cumulative) in lines {
            let known = self.agreements[agreement];
            let gross = cumulative.saturating_sub(known.claimed);
            if gross > Amount::ZERO {
                parts.push(Settled { agreement: known.id, gross, accrued: self.accrued(&known) });
                self.known(*agreement).claimed = *cumulative;
            }
        }
        self.write(write::settle(&parts, paid));
        Amount(parts.iter().map(|part| part.gross.0).sum())
    }

    fn paid_out(&mut self, who: EvmAddress, amount: Amount) {
        let entry = if who == self.fee_to {
            write::payout_fees(who, amount, self.amount(Account::FeeCredit))
        } else {
            write::payout(who, amount)
        };
        self.write(entry);
    }

    fn closed(&mut self, agreement: ChainHash, refund: Amount) {
        let known = *self.known(agreement);
        let (locked, accrued) = (self.amount(Account::Locked(known.id)), self.accrued(&known));
        assert_eq!(refund.0, locked.0 + accrued.0, "a close gives back all that was not claimed");
        self.write(write::release(known.id, known.tenant, locked));
        self.write(write::lost(known.id, known.tenant, accrued));
        let known = self.known(agreement);
        known.cap = known.claimed;
        known.closed = true;
    }
}
