//! The keys of stored slices: name and extents in a code whose bytes sort as what they stand for.

use everstep_proto::tensor_slice::{Extent, TensorSliceProto};

/// The key under which this slice of the tensor `name` is stored.
pub(crate) fn slice_key(name: &str, slice: &TensorSliceProto) -> Vec<u8> {
    let mut key = vec![0];
    for byte in name.bytes() {
        match byte {
            0x00 => key.extend([0x00, 0xff]),
            0xff => key.extend([0xff, 0x00]),
            _ => key.push(byte),
        }
    }
    key.extend([0x00, 0x01]);
    put_unsigned(slice.extent.len() as u64, &mut key);
    for Extent { start, length } in &slice.extent {
        put_signed(*start, &mut key);
        put_signed(length.unwrap_or(-1), &mut key);
    }
    key
}

/// The number of its bytes, then its bytes, the highest first; nothing for 0.
fn put_unsigned(number: u64, key: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    let significant = &bytes[number.leading_zeros() as usize / 8..];
    key.push(significant.len() as u8);
    key.extend(significant);
}

/// The fewest bytes of two's complement that hold it; as many leading bits as there are bytes, and a zero, tell how many.
fn put_signed(number: i64, key: &mut Vec<u8>) {
    // Ten bytes of two's complement, of which the last `length` hold seven bits each and one for all.
    let bits = if number < 0 { !number } else { number };
    let length = (64 - bits.leading_zeros() as usize) / 7 + 1;
    let wide = i128::from(number);
    let header = ((1i128 << length) - 1) << (8 * length - length);
    key.extend(&(wide ^ header).to_be_bytes()[16 - length..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(number: i64, expected: &[u8]) {
        let mut key = Vec::new();
        put_signed(number, &mut key);
        assert_eq!(key, expected, "{number}");
    }

    #[test]
    fn the_published_key() {
        let extent = vec![Extent { start: 0, length: Some(2) }, Extent { start: 0, length: None }];
        let key = slice_key("v", &TensorSliceProto { extent });
        assert_eq!(key, [0x00, 0x76, 0x00, 0x01, 0x01, 0x02, 0x80, 0x82, 0x80, 0x7f]);
    }

    #[test]
    fn numbers_take_the_bytes_that_they_need() {
        check(63, &[0xbf]);
        check(-64, &[0x40]);
        check(64, &[0xc0, 0x40]);
        check(-65, &[0x3f, 0xbf]);
        check(8191, &[0xdf, 0xff]);
        check(8192, &[0xe0, 0x20, 0x00]);
        check(i64::MAX, &[0xff, 0xc0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        check(i64::MIN, &[0x00, 0x3f, 0x80, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn the_code_sorts_as_the_numbers() {
        let mut numbers: Vec<i64> = (0..63).flat_map(|bit| [1i64 << bit, -(1i64 << bit), (1i64 << bit) - 1]).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let key = |number: &i64| {
            let mut key = Vec::new();
            put_signed(*number, &mut key);
            key
        };
        assert!(numbers.iter().map(key).is_sorted_by(|left, right| left < right));
    }
}
