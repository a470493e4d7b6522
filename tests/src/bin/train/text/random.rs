//! Random numbers that are a function of a seed and a position.

/// A stream of random numbers: SplitMix64, by Steele, Lea and Flood, "Fast splittable pseudorandom number generators"
/// (2014).
#[derive(Debug)]
pub(crate) struct Random(u64);

const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The stream of that seed and position.
    pub(crate) fn new(seed: u64, position: u64) -> Self {
        let mut of_seed = Self(seed);
        Self(of_seed.next() ^ Self(position).next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STRIDE);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly from 0 to below 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
