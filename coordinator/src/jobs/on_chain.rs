//! What final events of the contract mean for the books: each becomes an entry, in the transaction that marks it read.
//! The chain is right by definition, so an event that does not fit is an alarm for a person and never stops the rest.
//! Deliberately absent: reading the chain (`jobs::watch_chain`), and wishing for anything to happen there.

mod books;
mod earned;
mod locks;
mod tenant;

use crate::{
    ledger::{EntryKey, write::Paid},
    logic::chain::{EscrowEvent, EscrowLog},
    store::{StoreResult, Tx, chain_money},
};
use ttalkak_protocol::{id::AccountId, money::EvmAddress, unit::UnixMillis};

/// What must be known to read events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnChain {
    /// The one token whose money is counted.
    pub token: EvmAddress,
    /// Who collects the platform's share.
    pub fee_to: EvmAddress,
    /// That share, in hundredths of a percent.
    pub fee_bps: u16,
}

impl OnChain {
    /// Does to the books what an event says. Telling the same event twice changes nothing the second time.
    /// Errors: only of the database; the caller tries again.
    pub async fn apply(&self, tx: &mut Tx, log: &EscrowLog, now: UnixMillis) -> StoreResult<()> {
        if token(&log.event).is_some_and(|token| token != self.token) {
            tracing::debug!(block = log.block, "an event about a token that is not counted here");
            return Ok(());
        }
        match log.event {
            EscrowEvent::Deposited { who, amount, .. } => tenant::deposited(tx, log, who, amount, now).await,
            EscrowEvent::Withdrawn { who, amount, .. } => tenant::withdrawn(tx, log, who, amount, now).await,
            EscrowEvent::Opened { agreement, tenant, cap, .. } => {
                locks::opened(tx, log, (agreement, tenant), cap, now).await
            }
            EscrowEvent::Closing { agreement, ended_at } => {
                locks::closing(tx, agreement, ended_at, now).await
            }
            EscrowEvent::Closed { agreement, refund } => locks::closed(tx, log, agreement, refund, now).await,
            EscrowEvent::ProviderPaid { provider, net, pushed, .. } => {
                let paid = Paid { payee: provider, net, pushed };
                earned::paid(tx, log, paid, self.fee_bps, now).await
            }
            EscrowEvent::Paid { who, amount, .. } => {
                earned::collected(tx, log, (who, amount), who == self.fee_to, now).await
            }
            // Both are accounted by the payments of the same transaction.
            EscrowEvent::Claimed { .. } => Ok(()),
            EscrowEvent::Settled { batch, gross, fee, .. } => {
                tracing::info!(batch, %gross, %fee, "batch {batch} is settled");
                Ok(())
            }
            EscrowEvent::MandateRevoked { mandate } => chain_money::revoke_mandate(tx, mandate).await,
            EscrowEvent::MeterProposed { meter, at } => {
                tracing::warn!(%meter, at, "a new meter was announced on chain: {meter}");
                Ok(())
            }
            EscrowEvent::MeterChanged { meter } => {
                tracing::error!(code = "meter_changed", %meter, "the contract has a new meter: give this coordinator its key");
                Ok(())
            }
            EscrowEvent::Paused { paused } => {
                tracing::warn!(paused, "deposits and locks were paused, or go on");
                Ok(())
            }
        }
    }
}

/// Books what was seen of a wallet before it was linked to this account. To be called in the transaction that links it.
pub async fn wallet_linked(
    tx: &mut Tx,
    account: AccountId,
    wallet: EvmAddress,
    token: EvmAddress,
    now: UnixMillis,
) -> StoreResult<()> {
    for log in chain_money::naming(tx, &wallet.to_string()).await? {
        // Booked for whoever had the wallet then.
        if chain_money::is_booked(tx, key(&log)).await? {
            continue;
        }
        match log.event {
            EscrowEvent::Deposited { who, token: of, amount } if who == wallet && of == token => {
                tenant::add(tx, &log, account, amount, now).await?;
            }
            EscrowEvent::Withdrawn { who, token: of, amount } if who == wallet && of == token => {
                tenant::take(tx, &log, account, amount, now).await?;
            }
            EscrowEvent::Opened { agreement, tenant, token: of, cap, .. }
                if tenant == wallet && of == token =>
            {
                locks::opened(tx, &log, (agreement, tenant), cap, now).await?;
            }
            EscrowEvent::Deposited { .. }
            | EscrowEvent::Withdrawn { .. }
            | EscrowEvent::Opened { .. }
            | EscrowEvent::Claimed { .. }
            | EscrowEvent::Closing { .. }
            | EscrowEvent::Closed { .. }
            | EscrowEvent::Settled { .. }
            | EscrowEvent::ProviderPaid { .. }
            | EscrowEvent::Paid { .. }
            | EscrowEvent::MandateRevoked { .. }
            | EscrowEvent::MeterProposed { .. }
            | EscrowEvent::MeterChanged { .. }
            | EscrowEvent::Paused { .. } => {}
        }
    }
    Ok(())
}

fn token(event: &EscrowEvent) -> Option<EvmAddress> {
    match event {
        EscrowEvent::Deposited { token, .. }
        | EscrowEvent::Withdrawn { token, .. }
        | EscrowEvent::Opened { token, .. }
        | EscrowEvent::Settled { token, .. }
        | EscrowEvent::ProviderPaid { token, .. }
        | EscrowEvent::Paid { token, .. } => Some(*token),
        EscrowEvent::Claimed { .. }
        | EscrowEvent::Closing { .. }
        | EscrowEvent::Closed { .. }
        | EscrowEvent::MandateRevoked { .. }
        | EscrowEvent::MeterProposed { .. }
        | EscrowEvent::MeterChanged { .. }
        | EscrowEvent::Paused { .. } => None,
    }
}

fn key(log: &EscrowLog) -> EntryKey {
    EntryKey::Chain { block: log.block, log: log.log_index }
}

#[cfg(test)]
mod tests;
