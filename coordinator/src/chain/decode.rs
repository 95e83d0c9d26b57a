//! Log entries to events. Numbers of any width become ours here, and nowhere else.

use super::{ChainError, EscrowEvent, EscrowLog, wire::RawLog};
use alloy::{
    primitives::{B256, LogData, Uint},
    sol_types::SolEventInterface as _,
};
use ttalkak_escrow::abi::{TtalkakEscrow::TtalkakEscrowEvents as Raw, chain_hash, evm_address};
use ttalkak_protocol::money::Amount;

/// Reads a log entry. `Ok(None)`: an event that this version does not know.
/// Errors: `Disagree` when the node calls an entry removed, though it was asked for what is in a block.
pub(super) fn event(log: &RawLog) -> Result<Option<EscrowLog>, ChainError> {
    let block = log.block_number.to();
    if log.removed {
        return Err(ChainError::Disagree { what: format!("the events of block {block}") });
    }
    let data = LogData::new_unchecked(log.topics.clone(), log.data.clone());
    let Ok(raw) = Raw::decode_raw_log(data.topics(), &data.data) else { return Ok(None) };
    let place = |event| EscrowLog {
        block,
        block_hash: chain_hash(log.block_hash),
        log_index: log.log_index.to(),
        tx: chain_hash(log.transaction_hash),
        event,
    };
    Ok(ours(raw).map(place))
}

/// `None`: the domain never changes; the event is a part of a standard.
fn ours(raw: Raw) -> Option<EscrowEvent> {
    Some(match raw {
        Raw::Deposited(e) => EscrowEvent::Deposited {
            who: evm_address(e.who),
            token: evm_address(e.token),
            amount: amount(e.amount),
        },
        Raw::Withdrawn(e) => EscrowEvent::Withdrawn {
            who: evm_address(e.who),
            token: evm_address(e.token),
            amount: amount(e.amount),
        },
        Raw::Opened(e) => EscrowEvent::Opened {
            agreement: chain_hash(e.agreement),
            tenant: evm_address(e.tenant),
            provider: evm_address(e.provider),
            token: evm_address(e.token),
            cap: amount(e.cap),
            mandate: (e.mandate != B256::ZERO).then(|| chain_hash(e.mandate)),
        },
        Raw::Claimed(e) => {
            EscrowEvent::Claimed { agreement: chain_hash(e.agreement), cumulative: amount(e.cumulative) }
        }
        Raw::Closing(e) => {
            EscrowEvent::Closing { agreement: chain_hash(e.agreement), ended_at: seconds(e.endedAt) }
        }
        Raw::Closed(e) => {
            EscrowEvent::Closed { agreement: chain_hash(e.agreement), refund: amount(e.refund) }
        }
        Raw::Settled(e) => EscrowEvent::Settled {
            batch: e.batch,
            token: evm_address(e.token),
            gross: amount(e.gross),
            fee: amount(e.fee),
        },
        Raw::ProviderPaid(e) => EscrowEvent::ProviderPaid {
            provider: evm_address(e.provider),
            token: evm_address(e.token),
            net: amount(e.net),
            pushed: e.pushed,
        },
        Raw::Paid(e) => EscrowEvent::Paid {
            who: evm_address(e.who),
            token: evm_address(e.token),
            amount: amount(e.amount),
        },
        Raw::MandateRevoked(e) => EscrowEvent::MandateRevoked { mandate: chain_hash(e.mandate) },
        Raw::MeterProposed(e) => {
            EscrowEvent::MeterProposed { meter: evm_address(e.meter), at: seconds(e.at) }
        }
        Raw::MeterChanged(e) => EscrowEvent::MeterChanged { meter: evm_address(e.meter) },
        Raw::Paused(e) => EscrowEvent::Paused { paused: e.paused },
        Raw::EIP712DomainChanged(_) => return None,
    })
}

/// Base units; cut to what the contract's own fields can hold. Only a token that lies about its supply is cut.
pub(super) fn amount<const BITS: usize, const LIMBS: usize>(number: Uint<BITS, LIMBS>) -> Amount {
    u128::try_from(number).map_or(Amount::MAX, |units| Amount(units).min(Amount::MAX))
}

/// Seconds since 1970; cut to 64 bits.
pub(super) fn seconds<const BITS: usize, const LIMBS: usize>(number: Uint<BITS, LIMBS>) -> u64 {
    number.saturating_to()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::{
        primitives::{Address, U64, U256},
        sol_types::SolEvent as _,
    };
    use ttalkak_escrow::abi::TtalkakEscrow;
    use ttalkak_protocol::money::{ChainHash, EvmAddress};

    fn log(data: LogData) -> RawLog {
        RawLog {
            address: Address::ZERO,
            topics: data.topics().to_vec(),
            data: data.data,
            block_number: U64::from(7),
            block_hash: B256::repeat_byte(1),
            log_index: U64::from(3),
            transaction_hash: B256::repeat_byte(2),
            removed: false,
        }
    }

    fn deposited(amount: U256) -> RawLog {
        let (who, token) = (Address::repeat_byte(4), Address::repeat_byte(5));
        log(TtalkakEscrow::Deposited { who, token, amount }.encode_log_data())
    }

    #[test]
    fn an_event_is_read_with_its_place() {
        let read = event(&deposited(U256::from(12))).unwrap().unwrap();
        let (who, token) = (EvmAddress([4; 20]), EvmAddress([5; 20]));
        assert_eq!(read.event, EscrowEvent::Deposited { who, token, amount: Amount(12) });
        assert_eq!((read.block, read.log_index, read.tx), (7, 3, ChainHash([2; 32])));
    }

    #[test]
    fn an_amount_beyond_the_contracts_width_is_cut() {
        let read = event(&deposited(U256::MAX)).unwrap().unwrap();
        assert!(matches!(read.event, EscrowEvent::Deposited { amount: Amount::MAX, .. }));
    }

    #[test]
    fn an_event_of_a_later_contract_is_passed_over() {
        let mut unknown = deposited(U256::from(1));
        unknown.topics[0] = B256::repeat_byte(9);
        assert_eq!(event(&unknown), Ok(None));
    }

    #[test]
    fn a_removed_entry_is_a_disagreement() {
        let removed = RawLog { removed: true, ..deposited(U256::from(1)) };
        assert!(matches!(event(&removed), Err(ChainError::Disagree { .. })));
    }
}
