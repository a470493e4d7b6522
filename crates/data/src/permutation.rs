//! A pseudo-random order of rows that can be asked at any index, in constant time and memory.
//!
//! It is the generalised Feistel cipher with cycle walking of Black and Rogaway, "Ciphers with Arbitrary Finite Domains"
//! (2002), over pairs of numbers below `side`, the least one whose square holds every row.
//! One round takes (left, right) to (right, left + F(right) modulo side); a result that is not a row goes in again.
//! F is the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014) on
//! the round's key xor its argument, brought below `side` by the high half of a product; the keys are outputs of the
//! same generator.
//! The numbers are pinned by tests: a changed order would break the resume of every training that is under way.

#[cfg(test)]
mod tests;

/// Four make a pseudo-random permutation of a large domain (Luby and Rackoff); small ones want more.
const ROUNDS: usize = 8;
/// Walking in a larger square makes every order of a few rows about equally frequent.
const LEAST_SIDE: u64 = 8;

/// One order of the rows 0 to `len` − 1.
pub(crate) struct Permutation {
    len: u64,
    side: u64,
    keys: [u64; ROUNDS],
}

impl Permutation {
    /// The order that belongs to `seed` and `stream`, such as an epoch.
    pub(crate) fn new(len: usize, seed: u64, stream: u64) -> Self {
        let len = len as u64;
        let side = len.checked_sub(1).map_or(0, |last| last.isqrt() + 1).max(LEAST_SIDE);
        let key = output(output(seed, 0) ^ stream, 0);
        Self { len, side, keys: std::array::from_fn(|round| output(key, round as u64)) }
    }

    /// The row at `index`, which is below the length.
    pub(crate) fn row(&self, index: usize) -> usize {
        let mut row = self.encipher(index as u64);
        // A cipher is a permutation, so the walk from a row comes back to a row.
        while row >= self.len {
            row = self.encipher(row);
        }
        row as usize
    }

    fn encipher(&self, plain: u64) -> u64 {
        let (mut left, mut right) = (plain / self.side, plain % self.side);
        for key in self.keys {
            let sum = left + below(self.side, mix(key ^ right));
            (left, right) = (right, if sum < self.side { sum } else { sum - self.side });
        }
        left * self.side + right
    }
}

/// `word`, of 64 even bits, as a number below `bound`.
fn below(bound: u64, word: u64) -> u64 {
    ((u128::from(word) * u128::from(bound)) >> u64::BITS) as u64
}

/// The output at `index` of the SplitMix64 generator of that seed.
fn output(seed: u64, index: u64) -> u64 {
    const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
    mix(seed.wrapping_add(GAMMA.wrapping_mul(index.wrapping_add(1))))
}

/// The finaliser of SplitMix64.
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
