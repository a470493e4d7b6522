//! What is stored beside a checkpoint, each fact in a small file of its own: pins and measures.

use std::fmt::Write as _;

/// The suffix of the empty file that keeps a checkpoint from being deleted, whoever put it there.
pub(crate) const PINNED: &str = "pinned";

/// What the suffixes of the files with measures begin with.
const METRIC: &str = "metric-";

/// Whether a file of this suffix is a fact.
pub(crate) fn is_fact(suffix: &str) -> bool {
    suffix == PINNED || suffix.starts_with(METRIC)
}

/// The suffix of the file with this measure: other characters than letters, digits, `_` and `-` as `%` and their bytes.
pub(crate) fn suffix_of(metric: &str) -> String {
    let mut suffix = METRIC.to_owned();
    for byte in metric.bytes() {
        if byte.is_ascii_alphanumeric() || b"_-".contains(&byte) {
            suffix.push(char::from(byte));
        } else {
            write!(suffix, "%{byte:02X}").expect("a string takes every character");
        }
    }
    suffix
}

/// The metric of such a suffix.
pub(crate) fn metric_of(suffix: &str) -> Option<String> {
    let mut escaped = suffix.strip_prefix(METRIC)?.bytes();
    let mut name = Vec::new();
    while let Some(byte) = escaped.next() {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        name.push(match byte {
            b'%' => u8::try_from(digit(escaped.next()?)? * 16 + digit(escaped.next()?)?).ok()?,
            _ => byte,
        });
    }
    String::from_utf8(name).ok()
}
