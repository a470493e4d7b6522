//! The masked CRC-32C, which keeps a checksum of bytes that hold checksums from being weak.

use everstep_tensor::Result;

use crate::fault;

/// What the mask adds.
const DELTA: u32 = 0xa282_ead8;

pub(crate) fn mask(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(DELTA)
}

/// The masked checksum of these bytes.
pub(crate) fn masked(bytes: &[u8]) -> u32 {
    mask(crc32c::crc32c(bytes))
}

/// # Errors
/// `DataLoss` naming `what`.
pub(crate) fn check(what: &str, bytes: &[u8], stored: u32) -> Result<()> {
    let found = masked(bytes);
    if found == stored || cfg!(fuzzing) {
        return Ok(());
    }
    Err(fault(format!("the checksum of {what} is {found:08x}, stored is {stored:08x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vector() {
        assert_eq!(masked(b"123456789"), 0xc78a_b0e5);
        assert!(check("it", b"123456789", 0xc78a_b0e5).is_ok());
    }
}
