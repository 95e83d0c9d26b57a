//! A paid lease on a real engine: what it was metered at is signed, unvouched work ends, a voucher brings it back. The
//! coordinator and its meter are played by the test.

#![allow(clippy::unwrap_used, reason = "a failed step of a test ends the test")]

mod rig;

use ed25519_dalek::{Signature, SigningKey};
use rig::{App, Rig, SECRET};
use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};
use ttalkak_agent::{
    io::{clock::wall, wallet::Wallet},
    logic::meter::Lending,
};
use ttalkak_escrow::{
    Close, Key, agreement_key, keccak,
    price::{Carry, cost, rate_per_hour},
    recover,
    typed::Typed,
};
use ttalkak_protocol::{
    error::ErrorCode,
    link::{Countersigned, Lease, Offer, Payment, Phase, Report, SignedClose, VoucherNews},
    money::{
        Amount, Domain, EvmAddress, Rates, Reserved, SignedReading, SignedVoucher, Terms, Voucher,
        reading_bytes,
    },
    unit::{Bytes, MilliCpu},
};

const HELLO: &str = "
import http.server, time
START = str(time.time()).encode()
class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(START)
http.server.ThreadingHTTPServer(('0.0.0.0', 8080), Hello).serve_forever()
";

const DOMAIN: Domain = Domain { chain_id: 31_337, contract: EvmAddress([7; 20]) };
/// A second of half a processor costs a million.
const RATES: Rates = Rates {
    cpu_hour: Amount(7_200_000_000),
    memory_gib_hour: Amount(0),
    disk_gib_hour: Amount(0),
    egress_gib: Amount(1 << 30),
};
/// Readings come with the probes of a healthy app, one each five seconds, so this is one and a half of them.
const WILLING_TO_LOSE: Duration = Duration::from_secs(8);

/// The coordinator's books, for one agreement.
struct Meter {
    key: Key,
    terms: Terms,
    reserved: Reserved,
    total: Amount,
    carry: Carry,
    seq: u64,
    charged: Vec<SignedReading>,
}

impl Meter {
    fn new(payee: EvmAddress) -> Self {
        let reserved = Reserved { cpu: MilliCpu(500), memory: Bytes::mib(128), disk: Bytes(0) };
        let start = u64::try_from(wall().0 / 1000).unwrap() - 60;
        let terms = Terms {
            tenant: EvmAddress([5; 20]),
            provider: payee,
            token: EvmAddress([6; 20]),
            rate_per_hour: rate_per_hour(&RATES, &reserved),
            start,
            expiry: start + 86_400,
            salt: 1,
        };
        let (total, carry) = (Amount::ZERO, Carry::ZERO);
        Self { key: Key::random(), terms, reserved, total, carry, seq: 0, charged: Vec::new() }
    }

    fn signed(&self) -> SignedVoucher {
        let voucher = Voucher { agreement: agreement_key(&self.terms), cumulative: self.total };
        SignedVoucher { voucher, signature: self.key.sign(voucher.digest(&DOMAIN)) }
    }

    fn payment(&self) -> Payment {
        Payment {
            domain: DOMAIN,
            meter: self.key.address(),
            terms: self.terms,
            rates: RATES,
            reserved: self.reserved,
            seq: self.seq,
            charged_to: self.charged.last().map_or(wall(), |signed| signed.reading.to),
            voucher: Some(self.signed()).filter(|_| self.seq > 0),
            secured: true,
        }
    }

    /// Checks what is new in a report and charges it, as the coordinator does.
    fn charge(&mut self, report: &Report) -> VoucherNews {
        let agent = SigningKey::from_bytes(&SECRET).verifying_key();
        let (mut countersigned, before) = (Vec::new(), self.seq);
        for signed in report.money.readings.iter().filter(|signed| signed.reading.seq > before) {
            let bytes = reading_bytes(&DOMAIN, &signed.reading);
            let signature = hex::decode(&signed.agent_signature).unwrap();
            agent.verify_strict(&bytes, &Signature::from_slice(&signature).unwrap()).unwrap();
            let reading = &signed.reading;
            assert_eq!((reading.agreement, reading.seq), (agreement_key(&self.terms), self.seq + 1));
            assert!(reading.from < reading.to && reading.to <= wall());
            assert!(self.charged.last().is_none_or(|last| last.reading.to <= reading.from));
            let span = reading.to.since(reading.from).0;
            let (amount, carry) = cost(&RATES, &self.reserved, span, reading.egress, self.carry).unwrap();
            (self.total, self.carry, self.seq) =
                (self.total.checked_add(amount).unwrap(), carry, reading.seq);
            let signature = self.key.sign_message(&keccak(&bytes).0);
            countersigned.push(Countersigned { seq: reading.seq, signature });
            self.charged.push(signed.clone());
        }
        VoucherNews { signed: self.signed(), seq: self.seq, countersigned, ending: false }
    }
}

/// A provider who asks, its wallet, and a lease that pays what it asks.
async fn paid() -> Option<(Rig, Meter, Lease)> {
    let mut rig = Rig::new().await?;
    rig.stop().await;
    let own = Wallet::new(rig.data_dir.path(), false).open_or_make().unwrap().address;
    rig.lending = Lending {
        offer: Some(Offer { payee: own, rates: RATES }),
        own_wallet: Some(own),
        willing_to_lose: WILLING_TO_LOSE,
        reading_every: Duration::from_secs(2),
        ..Lending::default()
    };
    rig.boot(true).await;
    let meter = Meter::new(own);
    let lease = Lease { payment: Some(meter.payment()), ..App::python(HELLO).lease() };
    Some((rig, meter, lease))
}

async fn vouch(rig: &mut Rig, news: VoucherNews) {
    rig.tell(ttalkak_agent::link_event::LinkEvent::Vouchers(vec![news])).await;
}

async fn until_told(rig: &mut Rig, above: u64) -> Report {
    rig.until("readings", |report| {
        report.money.readings.last().is_some_and(|signed| signed.reading.seq > above).then(|| report.clone())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_lease_is_metered_stopped_without_a_voucher_and_back_with_one() {
    let Some((mut rig, mut meter, lease)) = paid().await else { return };
    let unpaid = App::python(HELLO).lease();
    rig.assign(&[lease.clone(), unpaid.clone()]).await;
    let healthy = rig.until_healthy(lease.lease).await;
    rig.until_healthy(unpaid.lease).await;
    let untouched = rig.get(unpaid.lease).await;

    // The first readings verify, and are vouched for.
    let report = until_told(&mut rig, 0).await;
    assert_eq!(report.money.offer, rig.lending.offer);
    assert!(report.money.readings[0].reading.from >= healthy.since);
    let news = meter.charge(&report);
    let first = news.seq;
    vouch(&mut rig, news).await;
    rig.egress.counter(&lease.lease.to_string()).unwrap().fetch_add(5_000, Ordering::Relaxed);
    let report = until_told(&mut rig, first).await;
    assert!(report.money.readings.iter().all(|signed| signed.reading.seq > first), "vouched ones are gone");

    // No voucher comes: the work ends, and only this lease's.
    let stopped = rig
        .until_phase("stopped", lease.lease, |phase| {
            matches!(phase, Phase::Waiting { why: Some(why) } if why.code == ErrorCode::PaymentMissing)
        })
        .await;
    assert_eq!(rig.engine.observe().await.unwrap().containers.len(), 1, "{stopped:?}");
    let report = rig.until("the last reading", |report| Some(report.clone())).await;
    let unvouched: u64 = report.money.readings.iter().map(|s| s.reading.to.since(s.reading.from).0).sum();
    let most = u64::try_from(WILLING_TO_LOSE.as_millis()).unwrap();
    assert!((most - 1_000..most + 1_000).contains(&unvouched), "{unvouched} ms were lent");
    assert_eq!(report.money.readings.iter().map(|s| s.reading.egress.0).sum::<u64>(), 5_000);

    // A voucher that pays too little changes nothing; the right one brings it back.
    let right = meter.charge(&report);
    let less = Voucher {
        cumulative: right.signed.voucher.cumulative.saturating_sub(Amount(1)),
        ..right.signed.voucher
    };
    let signed = SignedVoucher { voucher: less, signature: meter.key.sign(less.digest(&DOMAIN)) };
    vouch(&mut rig, VoucherNews { signed, ..right.clone() }).await;
    rig.until("no change", |report| (!report.money.readings.is_empty()).then_some(())).await;
    vouch(&mut rig, right).await;
    rig.until_healthy(lease.lease).await;
    assert_eq!(rig.get(unpaid.lease).await, untouched, "an unpaid lease has nothing to do with it");

    end_of_the_agreement(&mut rig, &mut meter, &unpaid).await;
    assert!(rig.log(lease.lease).iter().any(|line| line.contains("not vouched for")));
}

/// The lease goes, the rest is vouched for, and the provider signs that it is content.
async fn end_of_the_agreement(rig: &mut Rig, meter: &mut Meter, unpaid: &Lease) {
    rig.assign(std::slice::from_ref(unpaid)).await;
    let seq = meter.seq;
    let report = until_told(rig, seq).await;
    let lease = report.money.readings[0].reading.lease;
    rig.until_gone(lease).await;
    let report = rig.until("all readings", |report| Some(report.clone())).await;
    let news = VoucherNews { ending: true, ..meter.charge(&report) };
    vouch(rig, news).await;
    let closes: Vec<SignedClose> = rig
        .until("the close", |report| (!report.money.closes.is_empty()).then(|| report.money.closes.clone()))
        .await;
    let total = closes[0].total;
    assert_eq!(total, meter.signed().voucher);
    let close = Close { agreement: total.agreement, cumulative: total.cumulative };
    assert_eq!(recover(close.digest(&DOMAIN), &closes[0].signature), Ok(meter.terms.provider));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_agent_tells_the_same_readings_again_and_goes_on_after_them() {
    let Some((mut rig, mut meter, lease)) = paid().await else { return };
    rig.assign(std::slice::from_ref(&lease)).await;
    rig.until_healthy(lease.lease).await;
    let told = until_told(&mut rig, 0).await.money.readings;
    rig.kill().await;
    rig.boot(true).await;
    rig.assign(std::slice::from_ref(&lease)).await;
    let again = until_told(&mut rig, 0).await;
    assert_eq!(again.money.readings[..told.len()], told[..]);
    let news = meter.charge(&again);
    vouch(&mut rig, news).await;
    let seq = meter.seq;
    let report = until_told(&mut rig, seq).await;
    meter.charge(&report);
    let spans: BTreeMap<u64, _> = meter.charged.iter().map(|s| (s.reading.seq, s.reading.to)).collect();
    assert!(spans.len() > told.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_pays_less_than_is_asked_is_not_begun() {
    let Some((mut rig, _, mut lease)) = paid().await else { return };
    lease.payment.as_mut().unwrap().rates.cpu_hour = Amount(1);
    rig.assign(std::slice::from_ref(&lease)).await;
    let (problem, _) = rig.until_failed(lease.lease).await;
    assert_eq!(problem.code, ErrorCode::PaymentRefused);
    assert!(rig.engine.observe().await.unwrap().containers.is_empty());
}
