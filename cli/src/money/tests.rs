use super::*;
use ttalkak_protocol::money::{Domain, EvmAddress};

/// A chain view of a development token with 6 decimals.
pub(crate) fn chain() -> ChainView {
    ChainView {
        domain: Domain { chain_id: 31_337, contract: EvmAddress([2; 20]) },
        token: EvmAddress([3; 20]),
        symbol: "tUSD".into(),
        decimals: 6,
        meter: EvmAddress([4; 20]),
        fee_bps: 500,
        rpc_url: None,
        healthy: true,
    }
}

fn rate(currency: &str, micros_per_token: u64) -> DisplayRate {
    DisplayRate {
        currency: currency.into(),
        micros_per_token,
        source: "fixed".into(),
        at: UnixMillis(0),
        stale: false,
    }
}

#[test]
fn amounts_are_shown_and_read_in_the_tokens_units() {
    let view = chain();
    let coin = Coin::from(&view);
    assert_eq!(coin.show(Amount(1_500_000)), "1.50 tUSD");
    assert_eq!(coin.per_hour(Amount(10_000)), "0.01 tUSD/h");
    assert_eq!(coin.read("12.5 tUSD").unwrap(), Amount(12_500_000));
    for bad in ["", "-1", "1e3", "0.0000001", "12,5", "abc", "1 USDC", "٣", "99999999999999999999999999"] {
        assert_eq!(coin.read(bad).unwrap_err().code(), "amount_invalid", "{bad}");
    }
    assert_eq!(coin.read_some("0").unwrap_err().code(), "amount_invalid");
}

#[test]
fn a_price_may_be_written_per_hour_day_or_month_and_never_grows() {
    let view = chain();
    let coin = Coin::from(&view);
    for (text, units) in
        [("0.05/h", 50_000), ("0.05", 50_000), ("1.2/d", 50_000), ("36/month", 50_000), ("1/d", 41_666)]
    {
        assert_eq!(coin.read_rate(text).unwrap(), Amount(units), "{text}");
    }
    for bad in ["0.05/s", "/h", "0/h", "0.000001/month", "1/h/h"] {
        assert_eq!(coin.read_rate(bad).unwrap_err().code(), "amount_invalid", "{bad}");
    }
}

#[test]
fn values_for_people_are_approximate_and_say_so() {
    let view = chain();
    let coin = Coin::from(&view);
    let rates = [rate("KRW", 1_385_000_000), rate("USD", 1_000_000)];
    assert_eq!(coin.approximately(Amount(1_000_000), &rates).unwrap(), "≈ 1,385 KRW · 1.00 USD");
    assert_eq!(coin.approximately(Amount(10_000), &rates).unwrap(), "≈ 14 KRW · 0.01 USD");
    assert_eq!(coin.approximately(Amount(3_400), &rates).unwrap(), "≈ 4.7 KRW · 0.0034 USD");
    assert_eq!(coin.approximately(Amount::ZERO, &rates).unwrap(), "≈ 0 KRW · 0.00 USD");
    assert_eq!(coin.approximately(Amount(1), &[]), None);
    assert_eq!(provenance(&rates[..1], UnixMillis(180_000)).unwrap(), "KRW rate of 3 min ago (fixed)");
}

#[test]
fn the_largest_amount_at_the_largest_rate_does_not_overflow() {
    let view = chain();
    let coin = Coin::from(&view);
    assert!(coin.approximately(Amount::MAX, &[rate("KRW", 2_000_000_000)]).is_some());
    assert_eq!(coin.approximately(Amount::MAX, &[rate("KRW", u64::MAX)]), None);
}

#[test]
fn a_runway_is_told_in_the_units_that_matter() {
    for (seconds, words) in [
        (0, "nothing"),
        (59, "less than a minute"),
        (1_200, "20 min"),
        (18_600, "5 h 10 min"),
        (86_400, "1 d"),
        (533_000, "6 d 4 h"),
        (15 * 86_400, "2 weeks"),
        (240 * 86_400, "8 months"),
        (u64::MAX, "more than two years"),
    ] {
        assert_eq!(runway(seconds), words);
    }
}
