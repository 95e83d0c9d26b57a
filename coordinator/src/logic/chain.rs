//! What a chain says, as plain facts: heads, receipts, the contract's events. Deliberately absent: how it is asked (room
//! `chain`), and the library that asks.

use serde::{Deserialize, Serialize};
use ttalkak_protocol::money::{Amount, ChainHash, EvmAddress};

/// The newest block, and up to which one nothing changes any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Height.
    pub number: u64,
    /// Its name.
    pub hash: ChainHash,
    /// Its time by the chain, seconds since 1970.
    pub timestamp_secs: u64,
    /// Height of the newest final block.
    pub final_number: u64,
}

/// What must not change between two looks at a chain and the contract on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainFacts {
    /// EIP-155 id.
    pub chain_id: u64,
    /// The contract.
    pub escrow: EvmAddress,
    /// Keccak of its code.
    pub code_hash: ChainHash,
    /// Who signs vouchers and settles.
    pub meter: EvmAddress,
    /// Whose credit the fee is.
    pub fee_to: EvmAddress,
    /// Share of the fee, in 1/10000.
    pub fee_bps: u16,
    /// The token that is counted.
    pub token: EvmAddress,
    /// Its decimals.
    pub decimals: u8,
    /// Its short name.
    pub symbol: String,
}

/// One event of the contract and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowLog {
    /// Height of the block.
    pub block: u64,
    /// Its name.
    pub block_hash: ChainHash,
    /// Place within the block.
    pub log_index: u64,
    /// The transaction that caused it.
    pub tx: ChainHash,
    /// What happened.
    pub event: EscrowEvent,
}

/// The contract's events. Amounts beyond [`Amount::MAX`] are cut to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EscrowEvent {
    /// Money came in.
    Deposited {
        /// Whose it is now.
        who: EvmAddress,
        /// Which token.
        token: EvmAddress,
        /// What arrived.
        amount: Amount,
    },
    /// Free money went back.
    Withdrawn {
        /// Whose it was.
        who: EvmAddress,
        /// Which token.
        token: EvmAddress,
        /// How much.
        amount: Amount,
    },
    /// An agreement was opened or its cap raised.
    Opened {
        /// Its key.
        agreement: ChainHash,
        /// Who pays.
        tenant: EvmAddress,
        /// Who is paid.
        provider: EvmAddress,
        /// In which token.
        token: EvmAddress,
        /// The new cap in all.
        cap: Amount,
        /// Under which mandate; absent when the tenant signed for it alone.
        mandate: Option<ChainHash>,
    },
    /// A voucher was redeemed without the coordinator.
    Claimed {
        /// The agreement's key.
        agreement: ChainHash,
        /// Claimed in all.
        cumulative: Amount,
    },
    /// An end was asked for.
    Closing {
        /// The agreement's key.
        agreement: ChainHash,
        /// Since when nothing is earned, seconds since 1970.
        ended_at: u64,
    },
    /// The rest went back to the tenant.
    Closed {
        /// The agreement's key.
        agreement: ChainHash,
        /// How much.
        refund: Amount,
    },
    /// A batch was settled.
    Settled {
        /// Its number.
        batch: u64,
        /// In which token.
        token: EvmAddress,
        /// Earned in it, before the fee.
        gross: Amount,
        /// The fee of it.
        fee: Amount,
    },
    /// A provider earned, within a batch or a claim.
    ProviderPaid {
        /// Who.
        provider: EvmAddress,
        /// In which token.
        token: EvmAddress,
        /// After the fee.
        net: Amount,
        /// Sent at once; else it is credit.
        pushed: bool,
    },
    /// Credit was sent to its owner.
    Paid {
        /// Who.
        who: EvmAddress,
        /// In which token.
        token: EvmAddress,
        /// How much.
        amount: Amount,
    },
    /// A mandate permits nothing more.
    MandateRevoked {
        /// Its id.
        mandate: ChainHash,
    },
    /// A new meter was announced.
    MeterProposed {
        /// Which.
        meter: EvmAddress,
        /// When it may take over, seconds since 1970.
        at: u64,
    },
    /// A new meter took over.
    MeterChanged {
        /// Which.
        meter: EvmAddress,
    },
    /// Deposits and opens were stopped, or go on.
    Paused {
        /// Stopped.
        paused: bool,
    },
}

/// The order in which events are booked. The contract gives credit for the fees of all claims of a call before it pays the
/// first of them, and reports no such credit: whoever collects fees in that call would else be booked to take what is
/// not there yet. So what is collected in a transaction is booked after everything that was earned in it.
pub fn booking_order(events: &[EscrowLog]) -> Vec<&EscrowLog> {
    let mut ordered = Vec::with_capacity(events.len());
    for transaction in events.chunk_by(|one, next| one.tx == next.tx) {
        let collected = |log: &&EscrowLog| matches!(log.event, EscrowEvent::Paid { .. });
        ordered.extend(transaction.iter().filter(|log| !collected(log)));
        ordered.extend(transaction.iter().filter(collected));
    }
    ordered
}

/// An agreement as the contract keeps it; all zero when it was never opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AgreementState {
    /// Locked in all. After a close it equals `claimed`.
    pub cap: Amount,
    /// Paid of it.
    pub claimed: Amount,
    /// Since when an end is wanted, seconds since 1970.
    pub ended_at: Option<u64>,
}

/// How far a mandate is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MandateState {
    /// Locked under it, in all or within the period numbered `window`.
    pub used: Amount,
    /// The period that `used` counts.
    pub window: u64,
    /// The contract has seen its signature.
    pub accepted: bool,
    /// It permits nothing more.
    pub revoked: bool,
}

/// What gas costs, wei per unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fees {
    /// Burnt; of the newest block.
    pub base: u128,
    /// What makers of blocks are given at present.
    pub tip: u128,
}

/// A transaction that is in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// False: it was undone, and only its gas was paid.
    pub succeeded: bool,
    /// Height of the block.
    pub block: u64,
    /// Its name.
    pub block_hash: ChainHash,
    /// Gas it took.
    pub gas_used: u64,
    /// What a unit of it cost, wei.
    pub effective_price: u128,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_kept_as_json_that_names_its_kind() {
        let event = EscrowEvent::Settled {
            batch: 7,
            token: EvmAddress([1; 20]),
            gross: Amount(Amount::MAX.0),
            fee: Amount(5),
        };
        let text = serde_json::to_string(&event).unwrap();
        assert!(
            text.starts_with(r#"{"kind":"settled","batch":7,"#) && text.contains(r#""fee":"5""#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<EscrowEvent>(&text).unwrap(), event);
    }
}
