//! Byte strings of a fixed length that are written as `0x` and hex digits.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A text that is not the expected number of bytes in hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 0x and {digits} hex digits")]
pub struct ParseHexError {
    digits: usize,
}

macro_rules! hex_texts {
    ($($(#[$doc:meta])* $name:ident($bytes:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            /// All bytes zero.
            pub const ZERO: Self = Self([0; $bytes]);
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("0x")?;
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseHexError;

            fn from_str(text: &str) -> Result<Self, ParseHexError> {
                let refused = ParseHexError { digits: 2 * $bytes };
                let digits = text.strip_prefix("0x").ok_or(refused)?.as_bytes();
                if digits.len() != 2 * $bytes {
                    return Err(refused);
                }
                let mut bytes = [0; $bytes];
                for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
                    let digit = |at: usize| char::from(pair[at]).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                    let (Some(high), Some(low)) = (digit(0), digit(1)) else { return Err(refused) };
                    *byte = high << 4 | low;
                }
                Ok(Self(bytes))
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseHexError;

            fn try_from(text: String) -> Result<Self, ParseHexError> {
                text.parse()
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(format!("^0x[0-9a-fA-F]{{{}}}$", 2 * $bytes)))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}

hex_texts! {
    /// An account or contract of an EVM chain. Small letters; the mixed-case checksum form is for screens.
    EvmAddress(20);
    /// A hash: of a transaction, a block, or a signed struct.
    ChainHash(32);
    /// r, s and v of a secp256k1 signature; v is 27 or 28, s in the lower half.
    EvmSignature(65);
}
