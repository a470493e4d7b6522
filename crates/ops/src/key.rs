//! The key of a stream of random numbers.

/// Which stream of random numbers: a hash of a seed and a name, the same on every machine and in every version.
///
/// The hash is FNV-1a (64 bits) over the eight little-endian bytes of the seed and then the bytes of the name,
/// finished by the last mixing steps of SplitMix64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    /// The key for `name` under `seed`.
    pub fn new(seed: u64, name: &str) -> Key {
        let bytes = seed.to_le_bytes();
        let hash = bytes.iter().chain(name.as_bytes()).fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Key(finish(hash))
    }

    /// The two words of a Philox key, low word first.
    pub(crate) fn words(self) -> [u32; 2] {
        [self.0 as u32, (self.0 >> 32) as u32]
    }
}

/// The output function of SplitMix64: every bit of the hash touches every bit of the key.
fn finish(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
