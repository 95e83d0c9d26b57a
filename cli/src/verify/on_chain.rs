//! What the chain itself says about a settlement: the calldata of its transaction and what became of it. Pure; asking is
//! the command's.

use super::same;
use ttalkak_escrow::{abi, agreement_key};
use ttalkak_protocol::{
    api::billing::{CapLine, Evidence, SettlementLine},
    money::{Amount, ChainHash, EvmAddress},
};
use ttalkak_rpc::{Log, Receipt, Transaction, calls};

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

/// Whether the transaction raised this agreement's cap to this. Errors: how it differs.
pub(crate) fn raise(evidence: &Evidence, line: &CapLine, receipt: Option<&Receipt>) -> Result<(), String> {
    let receipt = receipt.ok_or_else(|| format!("the chain knows no transaction {}", line.transaction))?;
    if !receipt.succeeded() {
        return Err("the transaction failed".into());
    }
    same("its block", &u128::from(line.block), &receipt.block())?;
    let wanted = [calls::opened_topic(), evidence.agreement.key];
    let ours = |log: &&Log| log.address == evidence.domain.contract && log.topics.starts_with(&wanted);
    let caps: Vec<_> =
        receipt.logs.iter().filter(ours).filter_map(|log| amount_at(&log.data().ok()?, 1)).collect();
    if caps.contains(&line.cap) { Ok(()) } else { Err("the contract reported no such cap".into()) }
}

/// Whether every key whose signature stands in the evidence was the contract's meter. `known`: those that the chain tells
/// of, by its events, its views, and the senders of batches, which only a meter can settle.
pub(crate) fn were_meters(evidence: &Evidence, known: &[EvmAddress]) -> Result<(), String> {
    let strange = super::meters(evidence).into_iter().find(|meter| !known.contains(meter));
    strange.map_or(Ok(()), |meter| Err(format!("{meter} was never the contract's meter")))
}

/// Who settled a batch; the contract lets nobody do that but its meter.
pub(crate) fn settled_as_meter(transaction: &Transaction, receipt: &Receipt) -> Option<EvmAddress> {
    let batch = abi::decode_settle(&transaction.input().ok()?).is_some();
    transaction.from.filter(|_| batch && receipt.succeeded())
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
    let ours = |log: &&Log| log.address == evidence.domain.contract && log.topics == wanted;
    amount_at(&receipt.logs.iter().find(ours)?.data().ok()?, 0)
}

/// The word at a place, as an amount.
fn amount_at(data: &[u8], word: usize) -> Option<Amount> {
    let (high, low) = data.get(word * 32..(word + 1) * 32)?.split_at(16);
    let low: [u8; 16] = low.try_into().ok()?;
    high.iter().all(|byte| *byte == 0).then(|| Amount(u128::from_be_bytes(low)))
}

fn word(number: u64) -> ChainHash {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    ChainHash(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::tests::World;
    use serde_json::json;
    use ttalkak_escrow::batch::SettleItem;

    const BATCH: u64 = 7;

    fn line(evidence: &Evidence) -> SettlementLine {
        let cumulative = evidence.readings[1].cumulative;
        SettlementLine { batch: BATCH, cumulative, transaction: ChainHash([5; 32]), block: 9, sent_at: None }
    }

    fn transaction(evidence: &Evidence, batch: u64, cumulative: Amount) -> Transaction {
        let terms = evidence.agreement.terms;
        let input =
            abi::encode_settle(batch, terms.token, &[SettleItem { terms, cumulative, ending: false }]);
        let json = json!({ "to": evidence.domain.contract, "input": format!("0x{}", hex::encode(&input)) });
        serde_json::from_value(json).unwrap()
    }

    fn receipt(evidence: &Evidence, status: &str, topics: &[ChainHash], data: &str) -> Receipt {
        let log = json!({ "address": evidence.domain.contract, "topics": topics, "data": data });
        let json = json!({
            "status": status, "blockNumber": "0x9", "gasUsed": "0x1", "effectiveGasPrice": "0x1", "logs": [log],
        });
        serde_json::from_value(json).unwrap()
    }

    fn settled(evidence: &Evidence) -> Receipt {
        receipt(evidence, "0x1", &[calls::settled_topic(), word(BATCH), ChainHash([0; 32])], "0x")
    }

    #[test]
    fn a_batch_that_holds_the_total_is_equal() {
        let evidence = World::new().evidence;
        let line = line(&evidence);
        let transaction = transaction(&evidence, BATCH, line.cumulative);
        assert_eq!(settlement(&evidence, &line, Some(&transaction), Some(&settled(&evidence))), Ok(()));
    }

    #[test]
    fn another_total_batch_contract_block_or_outcome_is_noticed() {
        let evidence = World::new().evidence;
        let line = line(&evidence);
        let good = || transaction(&evidence, BATCH, line.cumulative);
        let check = |transaction: &Transaction, receipt: &Receipt| {
            settlement(&evidence, &line, Some(transaction), Some(receipt)).unwrap_err()
        };
        let more = transaction(&evidence, BATCH, Amount(line.cumulative.0 + 1));
        assert!(check(&more, &settled(&evidence)).contains("its total"));
        assert!(
            check(&transaction(&evidence, 8, line.cumulative), &settled(&evidence)).contains("its batch")
        );
        let elsewhere = Transaction { to: Some(evidence.agreement.terms.token), ..good() };
        assert!(check(&elsewhere, &settled(&evidence)).contains("the contract"));
        assert!(check(&good(), &receipt(&evidence, "0x0", &[], "0x")).contains("failed"));
        assert!(check(&good(), &receipt(&evidence, "0x1", &[], "0x")).contains("no such batch"));
        let later = SettlementLine { block: 10, ..line };
        assert!(settlement(&evidence, &later, Some(&good()), Some(&settled(&evidence))).is_err());
        assert!(settlement(&evidence, &line, None, None).unwrap_err().contains("knows no transaction"));
    }

    #[test]
    fn a_raise_is_read_from_its_event_and_no_other() {
        let evidence = World::new().evidence;
        let line = CapLine { cap: Amount(24_000_000), transaction: ChainHash([5; 32]), block: 9 };
        let data = format!("0x{:064x}{:064x}{:064x}", 3, line.cap.0, 0);
        let opened = [calls::opened_topic(), evidence.agreement.key, ChainHash([1; 32]), ChainHash([2; 32])];
        let good = receipt(&evidence, "0x1", &opened, &data);
        assert_eq!(raise(&evidence, &line, Some(&good)), Ok(()));
        let more = CapLine { cap: Amount(24_000_001), ..line };
        assert!(raise(&evidence, &more, Some(&good)).unwrap_err().contains("no such cap"));
        let other = receipt(&evidence, "0x1", &[calls::opened_topic(), ChainHash([8; 32])], &data);
        assert!(raise(&evidence, &line, Some(&other)).is_err());
        assert!(raise(&evidence, &line, None).unwrap_err().contains("knows no transaction"));
    }

    #[test]
    fn a_key_that_was_never_the_meter_is_noticed() {
        let evidence = World::new().evidence;
        assert_eq!(were_meters(&evidence, &[EvmAddress([1; 20]), evidence.meter]), Ok(()));
        assert!(
            were_meters(&evidence, &[EvmAddress([1; 20])])
                .unwrap_err()
                .contains("never the contract's meter")
        );
    }

    #[test]
    fn a_batch_without_the_agreement_is_noticed() {
        let evidence = World::new().evidence;
        let line = line(&evidence);
        let mut other = World::new().evidence;
        other.agreement.terms.salt += 1;
        let transaction = transaction(&other, BATCH, line.cumulative);
        let outcome = settlement(&evidence, &line, Some(&transaction), Some(&settled(&evidence)));
        assert!(outcome.unwrap_err().contains("not in the transaction"));
    }

    #[test]
    fn a_providers_own_claim_is_read_from_its_event() {
        let evidence = World::new().evidence;
        let line = line(&evidence);
        let claim =
            Transaction { from: None, to: Some(evidence.domain.contract), input: "0x01020304".into() };
        let topics = [calls::claimed_topic(), evidence.agreement.key];
        let data = format!("0x{:064x}", line.cumulative.0);
        assert_eq!(
            settlement(&evidence, &line, Some(&claim), Some(&receipt(&evidence, "0x1", &topics, &data))),
            Ok(())
        );
        let none = receipt(&evidence, "0x1", &[], "0x");
        assert!(settlement(&evidence, &line, Some(&claim), Some(&none)).is_err());
    }
}
