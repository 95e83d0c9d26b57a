//! Inputs by chance, from a seed that can be given again: mostly ordinary, often at the edge of what fits.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use ttalkak_escrow::Key;
use ttalkak_protocol::money::{Amount, ChainHash, EvmAddress, EvmSignature, Mandate, Terms};

/// What the contract's fields for times hold.
pub(crate) const TIME_MAX: u64 = (1 << 40) - 1;

/// A source of chance. Its seed is told, so that what fails can be had again.
pub(crate) struct Chance {
    pub(crate) rng: StdRng,
}

impl Chance {
    /// From `TTALKAK_SEED`, or from anywhere.
    pub(crate) fn new(what: &str) -> Self {
        let seed = given("TTALKAK_SEED").unwrap_or_else(rand::random);
        eprintln!("{what}: TTALKAK_SEED={seed}");
        Self::of(seed)
    }

    pub(crate) fn of(seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed) }
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.rng.random_range(0..end)
    }

    pub(crate) fn index(&mut self, len: usize) -> usize {
        self.rng.random_range(0..len)
    }

    /// One time in so many.
    pub(crate) fn one_in(&mut self, times: u32) -> bool {
        self.rng.random_ratio(1, times)
    }

    /// At most so much, often exactly that or nothing.
    pub(crate) fn up_to(&mut self, most: Amount) -> Amount {
        match self.below(8) {
            0 => most,
            1 => Amount::ZERO,
            _ => Amount(self.rng.random_range(0..=most.0)),
        }
    }

    /// Any amount that the contract's fields hold, of any size.
    pub(crate) fn amount(&mut self) -> Amount {
        match self.below(10) {
            0 => Amount::ZERO,
            1 => Amount::MAX,
            _ => Amount(self.rng.random::<u128>() >> self.rng.random_range(32..128)),
        }
    }

    pub(crate) fn time(&mut self) -> u64 {
        match self.below(10) {
            0 => 0,
            1 => TIME_MAX,
            _ => self.rng.random_range(0..=TIME_MAX),
        }
    }

    fn salt(&mut self) -> u64 {
        if self.one_in(10) { u64::MAX } else { self.rng.random() }
    }

    fn address(&mut self) -> EvmAddress {
        if self.one_in(20) { EvmAddress::ZERO } else { EvmAddress(self.rng.random()) }
    }

    pub(crate) fn hash(&mut self) -> ChainHash {
        ChainHash(self.rng.random())
    }

    pub(crate) fn key(&mut self) -> Key {
        Key::from_bytes(self.rng.random()).unwrap()
    }

    pub(crate) fn terms(&mut self) -> Terms {
        let (tenant, provider, token) = (self.address(), self.address(), self.address());
        let (rate_per_hour, start, expiry, salt) = (self.amount(), self.time(), self.time(), self.salt());
        Terms { tenant, provider, token, rate_per_hour, start, expiry, salt }
    }

    pub(crate) fn mandate(&mut self) -> Mandate {
        let (tenant, token, rate_per_hour_max) = (self.address(), self.address(), self.amount());
        let (cap, period, start) = (self.amount(), self.time(), self.time());
        let (expiry, salt) = (self.time(), self.salt());
        Mandate { tenant, token, rate_per_hour_max, cap, period, start, expiry, salt }
    }

    /// A signature with one bit of r or s turned.
    pub(crate) fn scratched(&mut self, signature: EvmSignature) -> EvmSignature {
        let mut scratched = signature;
        scratched.0[self.index(64)] ^= 1 << self.below(8);
        scratched
    }
}

/// A number of the environment.
#[allow(clippy::disallowed_methods, reason = "how far and from where tests draw is said from outside")]
pub(crate) fn given(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text}")))
}
