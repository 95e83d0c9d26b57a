//! Chance, in one place: fresh ids and secrets.

use rand::Rng;
use uuid::Uuid;

/// A new id, sorting by creation: `fresh::id(DeploymentId::new)`.
pub fn id<T>(make: fn(Uuid) -> T) -> T {
    make(Uuid::now_v7())
}

/// 32 random bytes.
pub fn bytes() -> [u8; 32] {
    rand::rng().random()
}

/// 32 random bytes as hex, with a prefix that secret scanners can look for.
pub fn secret(prefix: &str) -> String {
    format!("{prefix}{}", hex::encode(bytes()))
}

/// A short text of letters out of an alphabet, for people to type.
pub fn letters(alphabet: &[u8], count: usize) -> String {
    let mut rng = rand::rng();
    (0..count).map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())])).collect()
}
