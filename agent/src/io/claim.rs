//! Claims the newest vouchers of the book straight from the contract: what they are worth is asked of the chain, shown to
//! the owner with the gas, and sent when the owner says so. No coordinator has a part in it.

use crate::logic::{
    claim::{Seen, Verdict, judge, net},
    meter::MoneyBook,
};
use std::collections::BTreeMap;
use ttalkak_escrow::{
    Key,
    abi::{self, SignedTotal},
};
use ttalkak_protocol::money::{Amount, ChainHash, Domain, EvmAddress};
use ttalkak_rpc::{Chain, ChainFault, Intent, Prepared, Receipt, calls};

/// Vouchers in one transaction: some 21,000 gas each beyond the first, far below any block.
const CLAIMS_MAX: usize = 50;

/// Why nothing can be claimed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainFault),
    /// The endpoint is of another chain than the book's agreements.
    #[error("the endpoint serves chain {found}; the vouchers are for {}", list(.wanted))]
    OtherChain {
        /// What it serves.
        found: u64,
        /// What the book knows.
        wanted: Vec<u64>,
    },
}

fn list(ids: &[u64]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

/// One agreement and what came of looking at it.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The app's name.
    pub name: String,
    /// The agreement.
    pub key: ChainHash,
    /// What to do with its voucher.
    pub verdict: Verdict,
    /// What the contract said when the voucher alone was tried; it is left out then.
    pub refused: Option<String>,
}

/// One transaction that is ready to be signed.
#[derive(Debug)]
pub struct Ready {
    /// The contract.
    pub contract: EvmAddress,
    /// The token that is paid.
    pub token: EvmAddress,
    /// What arrives, after the platform's share, earlier credit included, in base units.
    pub net: Amount,
    /// How many vouchers it redeems; none when it only fetches credit.
    pub vouchers: usize,
    prepared: Prepared,
}

impl Ready {
    /// The most that it can cost in fees, wei.
    pub fn fee_max(&self) -> u128 {
        self.prepared.fee_max()
    }
}

/// What can be claimed now.
#[derive(Debug)]
pub struct Claims {
    /// Each agreement of the book on this chain.
    pub looked: Vec<Looked>,
    /// The transactions.
    pub ready: Vec<Ready>,
}

/// Looks at every voucher of the book that is for this chain. `sender`: pays the gas; the money goes to who the terms say.
pub async fn look(chain: &Chain, book: &MoneyBook, sender: EvmAddress) -> Result<Claims, ClaimError> {
    let chain_id = chain.chain_id().await?;
    let (_, now) = chain.now().await?;
    let mut claims = Claims { looked: Vec::new(), ready: Vec::new() };
    let mut groups: BTreeMap<(EvmAddress, EvmAddress), Group> = BTreeMap::new();
    for (key, page) in book.pages.iter().filter(|(_, page)| page.domain.chain_id == chain_id) {
        let standing = chain.read(page.domain.contract, calls::agreement(*key)).await?;
        let seen = Seen { cap: standing.cap, claimed: standing.claimed, ended_at: standing.ended_at };
        let verdict = judge(&page.terms, page.best, seen, now);
        let mut looked = Looked { name: page.name.clone(), key: *key, verdict, refused: None };
        let group = groups.entry((page.domain.contract, page.terms.token)).or_insert_with(|| Group {
            domain: page.domain,
            payees: Vec::new(),
            totals: Vec::new(),
        });
        if !group.payees.contains(&page.terms.provider) {
            group.payees.push(page.terms.provider);
        }
        if let (Verdict::Claim { gain }, Some(best)) = (verdict, page.best) {
            let cumulative = best.voucher.cumulative;
            let total = SignedTotal { terms: page.terms, cumulative, signature: Some(best.signature) };
            // A voucher of a meter that was replaced long ago would bring all others down with it.
            match chain.prepare(chain_id, sender, &claim(page.domain.contract, &[total])).await {
                Ok(_) => group.totals.push((total, gain)),
                Err(ChainFault::Reverted { name }) => looked.refused = Some(name),
                Err(fault) => return Err(fault.into()),
            }
        }
        claims.looked.push(looked);
    }
    if claims.looked.is_empty() && !book.pages.is_empty() {
        let mut wanted: Vec<_> = book.pages.values().map(|page| page.domain.chain_id).collect();
        wanted.dedup();
        return Err(ClaimError::OtherChain { found: chain_id, wanted });
    }
    for ((contract, token), group) in groups {
        claims.ready.extend(group.ready(chain, contract, token, sender).await?);
    }
    Ok(claims)
}

/// Vouchers of one contract and token.
struct Group {
    domain: Domain,
    payees: Vec<EvmAddress>,
    totals: Vec<(SignedTotal, Amount)>,
}

impl Group {
    async fn ready(
        self,
        chain: &Chain,
        contract: EvmAddress,
        token: EvmAddress,
        sender: EvmAddress,
    ) -> Result<Vec<Ready>, ChainFault> {
        let fee_bps = chain.read(contract, calls::fee_bps()).await?;
        let mut credits = BTreeMap::new();
        for payee in &self.payees {
            credits.insert(*payee, chain.read(contract, calls::credit(*payee, token)).await?);
        }
        let mut ready = Vec::new();
        for some in self.totals.chunks(CLAIMS_MAX) {
            let totals: Vec<_> = some.iter().map(|(total, _)| *total).collect();
            let earned: u128 = some.iter().map(|(_, gain)| net(*gain, fee_bps).0).sum();
            // The first claim of a payee fetches its earlier credit too.
            let fetched: u128 =
                totals.iter().filter_map(|total| credits.remove(&total.terms.provider)).map(|it| it.0).sum();
            let prepared = chain.prepare(self.domain.chain_id, sender, &claim(contract, &totals)).await?;
            let net = Amount(earned.saturating_add(fetched));
            ready.push(Ready { contract, token, net, vouchers: totals.len(), prepared });
        }
        let left: Vec<_> = credits.into_iter().filter(|(_, credit)| *credit > Amount::ZERO).collect();
        if !left.is_empty() {
            let payees: Vec<_> = left.iter().map(|(payee, _)| *payee).collect();
            let intent = Intent { to: contract, value: 0, input: abi::encode_payout(&payees, token) };
            let prepared = chain.prepare(self.domain.chain_id, sender, &intent).await?;
            let net = Amount(left.iter().map(|(_, credit)| credit.0).sum());
            ready.push(Ready { contract, token, net, vouchers: 0, prepared });
        }
        Ok(ready)
    }
}

fn claim(contract: EvmAddress, totals: &[SignedTotal]) -> Intent {
    Intent { to: contract, value: 0, input: abi::encode_claim(totals, true) }
}

/// Signs, sends and waits for the block. `at`: which of a row it is; each takes a nonce of its own.
pub async fn send(chain: &Chain, ready: &Ready, at: u64, key: &Key) -> Result<Receipt, ChainFault> {
    let hash = chain.send(&ready.prepared.later(at), key).await?;
    chain.mined(hash).await
}
