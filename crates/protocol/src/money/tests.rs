use super::*;
use proptest::prelude::*;

#[test]
fn amounts_are_shown_with_two_decimals_at_least_and_no_more_than_needed() {
    for (base, decimals, text) in [
        (1_500_000, 6, "1.50"),
        (1, 6, "0.000001"),
        (0, 6, "0.00"),
        (7, 0, "7"),
        (12_345_678, 6, "12.345678"),
    ] {
        assert_eq!(Amount(base).in_units(decimals), text);
    }
}

#[test]
fn an_amount_with_signs_blanks_or_too_many_decimals_is_refused() {
    for text in ["", "-1", "+1", " 1", "1.0000001", "1e6", ".5", "1,5", "99999999999999999999999999999999"] {
        assert_eq!(Amount::parse_units(text, 6), Err(ParseAmountError), "{text}");
    }
    assert!("-1".parse::<Amount>().is_err() && "+1".parse::<Amount>().is_err());
    assert!("79228162514264337593543950336".parse::<Amount>().is_err());
    assert_eq!("79228162514264337593543950335".parse(), Ok(Amount::MAX));
}

#[test]
fn an_address_of_another_length_or_without_its_prefix_is_refused() {
    let address = EvmAddress([0xab; 20]);
    assert_eq!(address.to_string().to_uppercase().replacen("0X", "0x", 1).parse(), Ok(address));
    for text in
        ["0xab", &address.to_string()[2..], &format!("{address}00"), &address.to_string().replace("ab", "+b")]
    {
        assert!(text.parse::<EvmAddress>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn an_amount_survives_its_shown_form(base in 0..=Amount::MAX.0, decimals in 0_u8..=18) {
        let read = Amount::parse_units(&Amount(base).in_units(decimals), decimals);
        prop_assert_eq!(read, Ok(Amount(base)));
    }
}
