//! What the chain itself says about a settlement: the calldata of its transaction and what became of it. Pure; asking is
//! the command's.

use super::same;
use crate::chain::{Receipt, Transaction, calls};
use ttalkak_escrow::{abi, agreement_key};
use ttalkak_protocol::{
    api::billing::{Evidence, SettlementLine},
    money::{Amount, ChainHash},
};

/// Whether the transaction settled this agreement at this total. Errors: how it differs.
pub(crate) fn settlement(
    evidence: &Evidence,
    line: &SettlementLine,
    transaction: Option<&Transaction>,
    receipt: Option<&Receipt>,
) -> Result<(), String> {
    let (Some(transaction), Some(receipt)) = (transaction, receipt) else {
        return Err(format!("the chain knows no transaction {}", line.transaction));
    };
    if !receipt.succeeded() {
        return Err("the transaction failed".into());
    }
    same("its block", &u128::from(line.block), &receipt.block())?;
    match transaction.to {
        Some(to) => same("the contract", &evidence.domain.contract, &to)?,
        None => return Err("the transaction calls no contract".into()),
    }
    let input = transaction.input().map_err(|fault| fault.to_string())?;
    match abi::decode_settle(&input) {
        Some((batch, token, groups)) => {
            same("its batch", &line.batch, &batch)?;
            same("its token", &evidence.agreement.terms.token, &token)?;
            let items = groups.iter().flat_map(|group| &group.items);
            let key = evidence.agreement.key;
            let item =
                items.filter(|item| agreement_key(&item.terms) == key).map(|item| item.cumulative).max();
            total(line, item)?;
            reported(evidence, receipt, calls::settled_topic(), word(batch))
        }
        // The provider claimed it without the coordinator.
        None => total(line, claimed(evidence, receipt)),
    }
}

fn total(line: &SettlementLine, on_chain: Option<Amount>) -> Result<(), String> {
    match on_chain {
        Some(amount) => same("its total", &line.cumulative, &amount),
        None => Err("the agreement is not in the transaction".into()),
    }
}

/// The contract's own word that the batch was carried out.
fn reported(evidence: &Evidence, receipt: &Receipt, kind: ChainHash, first: ChainHash) -> Result<(), String> {
    let contract = evidence.domain.contract;
    let found =
        receipt.logs.iter().any(|log| log.address == contract && log.topics.starts_with(&[kind, first]));
    if found { Ok(()) } else { Err("the contract reported no such batch".into()) }
}

fn claimed(evidence: &Evidence, receipt: &Receipt) -> Option<Amount> {
    let wanted = [calls::claimed_topic(), evidence.agreement.key];
    let ours = |log: &&crate::chain::Log| log.address == evidence.domain.contract && log.topics == wanted;
    let data = receipt.logs.iter().find(ours)?.data().ok()?;
    let (high, low) = data.get(..32)?.split_at(16);
    let low: [u8; 16] = low.try_into().ok()?;
    high.iter().all(|byte| *byte == 0).then(|| Amount(u128::from_be_bytes(low)))
}

fn word(number: u64) -> ChainHash {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    ChainHash(word)
}
