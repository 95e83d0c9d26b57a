//! Settles many agreements of many providers on a chain that is already there, beside the plain way: one token transfer
//! per agreement. Prints one line of JSON. `settle RPC AGREEMENTS PROVIDERS`.

#![allow(clippy::print_stdout, reason = "the figures are its output")]

use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::{path::Path, time::Instant};
use ttalkak_bench::chain::Chain;
use ttalkak_escrow::{
    Key, abi, agreement_key,
    batch::{CHUNK_MAX, SettleItem, chunks},
    recover,
    typed::Typed,
};
use ttalkak_protocol::money::{Amount, Domain, EvmAddress, Terms, Voucher};

/// Agreements opened by one transaction.
const OPEN_AT_A_TIME: usize = 100;
/// What each may cost in all.
const CAP: Amount = Amount(1_000_000);
/// Transfers of the plain way; its figure is per transfer, so a sample is enough.
const TRANSFERS: usize = 500;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rpc, agreements, providers] = arguments.as_slice() else {
        anyhow::bail!("settle RPC AGREEMENTS PROVIDERS")
    };
    let (agreements, providers) = (agreements.parse()?, providers.parse()?);
    let mut bench = Bench::set_up(rpc, agreements, providers).await?;
    let before = resident_mb()?;
    let vouchers = bench.sign_vouchers()?;
    let first = bench.settle(1).await?;
    let steady = bench.settle(2).await?;
    let plain = bench.transfer().await?;
    let grown = resident_mb()? - before;
    println!(
        "{}",
        json!({
            "agreements": agreements, "providers": providers, "vouchers": vouchers, "first": first, "steady": steady,
            "plain": plain, "resident_mb": before, "resident_mb_grown": grown,
        })
    );
    Ok(())
}

struct Bench {
    chain: Chain,
    domain: Domain,
    token: EvmAddress,
    terms: Vec<Terms>,
    batch: u64,
}

impl Bench {
    /// Deploys, deposits and opens. One key is tenant and meter, so that no wallet but the node's own is needed.
    async fn set_up(rpc: &str, agreements: usize, providers: usize) -> Result<Self> {
        let key = Key::from_hex("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")?;
        let mut chain = Chain::open(rpc, key).await?;
        let own = chain.key.address();
        let artifacts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/artifacts");
        let token = chain.create(&artifacts.join("DevToken.json"), Vec::new()).await?;
        let arguments =
            [word(&own.0), word(&own.0), word(&[0xfe; 20]), word(&500_u16.to_be_bytes())].concat();
        let contract = chain.create(&artifacts.join("TtalkakEscrow.json"), arguments).await?;
        let all = Amount(CAP.0 * (agreements + TRANSFERS) as u128);
        chain.run(token, abi::encode_mint(own, all)).await?;
        chain.run(token, abi::encode_approve(contract, all)).await?;
        chain.run(contract, abi::encode_deposit(token, Amount(CAP.0 * agreements as u128))).await?;
        let now = chain.time().await?;
        let terms = |at: usize| Terms {
            tenant: own,
            provider: payee(at % providers),
            token,
            rate_per_hour: CAP,
            start: now - 60,
            expiry: now + 30 * 86_400,
            salt: at as u64,
        };
        let terms: Vec<Terms> = (0..agreements).map(terms).collect();
        for some in terms.chunks(OPEN_AT_A_TIME) {
            let openings: Vec<_> = some.iter().map(opening).collect();
            chain.run(contract, abi::encode_open(&openings)).await?;
        }
        let domain = Domain { chain_id: chain.id, contract };
        Ok(Self { chain, domain, token, terms, batch: 0 })
    }

    /// One voucher per agreement, signed and checked, on one core.
    fn sign_vouchers(&self) -> Result<Value> {
        let meter = self.chain.key.address();
        let digests = self.terms.iter().map(|terms| {
            Voucher { agreement: agreement_key(terms), cumulative: Amount(1) }.digest(&self.domain)
        });
        let begin = Instant::now();
        let signed: Vec<_> = digests.map(|digest| (digest, self.chain.key.sign(digest))).collect();
        let sign = begin.elapsed();
        let begin = Instant::now();
        for (digest, signature) in &signed {
            anyhow::ensure!(recover(*digest, signature)? == meter, "a voucher that is not the meter's");
        }
        let check = begin.elapsed();
        let per_second = |spent: std::time::Duration| signed.len() as f64 / spent.as_secs_f64();
        Ok(json!({ "signed_per_second": per_second(sign), "checked_per_second": per_second(check) }))
    }

    /// An hour later: everything that was earned, planned, signed, sent and mined.
    async fn settle(&mut self, round: u128) -> Result<Value> {
        self.chain.ask("evm_increaseTime", json!([3600])).await?;
        self.chain.ask("evm_mine", json!([])).await?;
        let begin = Instant::now();
        let item = |terms: &Terms| SettleItem {
            terms: *terms,
            cumulative: Amount(CAP.0 / 4 * round),
            ending: false,
        };
        let items: Vec<_> = self.terms.iter().map(item).collect();
        let batches = chunks(&items, CHUNK_MAX);
        let planned = begin.elapsed();
        let (mut gas, mut most, mut bytes) = (0, 0, 0);
        for batch in &batches {
            self.batch += 1;
            let input = abi::encode_settle(self.batch, self.token, batch);
            bytes += input.len();
            let receipt = self.chain.run(self.domain.contract, input).await?;
            gas += receipt.gas;
            most = most.max(receipt.gas);
        }
        let spent = begin.elapsed();
        let count = self.terms.len() as f64;
        Ok(json!({
            "gas_per_agreement": gas as f64 / count, "gas_of_largest": most, "transactions": batches.len(),
            "bytes_per_agreement": bytes as f64 / count, "plan_ms": planned.as_secs_f64() * 1e3,
            "ms_per_1000": spent.as_secs_f64() * 1e6 / count,
        }))
    }

    /// The plain way: the same money to the same payees, one transfer each. The first to each payee is left out.
    async fn transfer(&mut self) -> Result<Value> {
        let (mut gas, begin) = (0, Instant::now());
        for terms in self.terms.iter().take(TRANSFERS) {
            gas += self.chain.run(self.token, transfer(terms.provider, 1000)).await?.gas;
        }
        let count = self.terms.len().min(TRANSFERS) as f64;
        let spent = begin.elapsed();
        Ok(
            json!({ "gas_per_transfer": gas as f64 / count, "ms_per_1000": spent.as_secs_f64() * 1e6 / count }),
        )
    }
}

/// The tenant opens its own agreements, so no signature is asked for.
fn opening(terms: &Terms) -> abi::Opening {
    abi::Opening { terms: *terms, cap: CAP, signature: ttalkak_protocol::money::EvmSignature::ZERO }
}

fn payee(at: usize) -> EvmAddress {
    let mut bytes = [0x77; 20];
    bytes[12..].copy_from_slice(&(at as u64).to_be_bytes());
    EvmAddress(bytes)
}

/// Call data of `transfer(address,uint256)`.
fn transfer(to: EvmAddress, amount: u64) -> Vec<u8> {
    [vec![0xa9, 0x05, 0x9c, 0xbb], word(&to.0), word(&amount.to_be_bytes())].concat()
}

/// One ABI word, the value at its end.
fn word(bytes: &[u8]) -> Vec<u8> {
    let mut word = vec![0; 32 - bytes.len()];
    word.extend_from_slice(bytes);
    word
}

/// Resident memory of this process.
fn resident_mb() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("read the own status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no resident memory")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kib / 1024.0)
}
