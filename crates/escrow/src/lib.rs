//! What both sides of a payment must agree on: the EIP-712 hashes of the escrow contract, signatures over them, the
//! price of a reading, the packed words of a settlement, keys and where they rest. Deliberately absent: sockets, chains,
//! databases.

pub mod abi;
mod address;
pub mod batch;
pub mod ceiling;
mod key;
pub mod keystore;
pub mod permit;
pub mod price;
mod signature;
pub mod siwe;
pub mod tx;
pub mod typed;

pub use address::{ParseAddressError, checksum, parse_address};
pub use key::{Key, KeyError};
pub use signature::{SignatureError, keccak, recover, recover_message};
pub use typed::{Close, Lock, Typed, agreement_key, mandate_id};
