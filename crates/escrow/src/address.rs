//! Addresses as people copy them: EIP-55 says by capital letters whether a digit was mistyped.

use alloy_primitives::{Address, keccak256};
use ttalkak_protocol::money::EvmAddress;

/// A text that is not an address, or whose capital letters say that it was mistyped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseAddressError {
    /// Not `0x` and 40 hex digits.
    #[error("expected 0x and 40 hex digits")]
    Shape,
    /// Mixed letters that do not match the checksum.
    #[error("the capital letters of this address do not match its digits; copy it again")]
    Checksum,
}

/// The address with the capital letters of EIP-55.
pub fn checksum(address: &EvmAddress) -> String {
    let digits = hex::encode(address.0);
    let hash = hex::encode(keccak256(&digits));
    let capital = |(digit, nibble): (char, char)| {
        if nibble >= '8' { digit.to_ascii_uppercase() } else { digit }
    };
    let mixed: String = digits.chars().zip(hash.chars()).map(capital).collect();
    format!("0x{mixed}")
}

/// Reads an address in small letters, or with a right checksum.
/// Errors: [`ParseAddressError::Checksum`] when there are capitals and one of them is not where EIP-55 wants it.
pub fn parse_address(text: &str) -> Result<EvmAddress, ParseAddressError> {
    let address: EvmAddress = text.parse().map_err(|_| ParseAddressError::Shape)?;
    let small = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    if small || text == checksum(&address) { Ok(address) } else { Err(ParseAddressError::Checksum) }
}

/// For the libraries inside.
pub(crate) fn inner(address: EvmAddress) -> Address {
    Address::from(address.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of EIP-55 itself.
    const RIGHT: [&str; 4] = [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn the_examples_of_the_standard_are_read_and_written() {
        for text in RIGHT {
            let address = parse_address(text).unwrap();
            assert_eq!(checksum(&address), text);
            assert_eq!(parse_address(&text.to_lowercase()), Ok(address));
        }
    }

    #[test]
    fn one_wrong_capital_or_digit_is_refused() {
        for text in RIGHT {
            for at in 2..text.len() {
                let flip = |c: char| {
                    if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
                };
                let letter = char::from(text.as_bytes()[at]);
                if letter.is_ascii_digit() {
                    continue;
                }
                let wrong = format!("{}{}{}", &text[..at], flip(letter), &text[at + 1..]);
                assert_eq!(parse_address(&wrong), Err(ParseAddressError::Checksum), "{wrong}");
            }
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "0x",
            "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
            "0xzz",
        ] {
            assert_eq!(parse_address(text), Err(ParseAddressError::Shape), "{text}");
        }
    }
}
