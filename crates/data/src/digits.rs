//! The UCI handwritten digits, embedded.

use everstep_tensor::{Result, Tensor};

use crate::{Dataset, open::unpacked, table::decode};

/// The seed of the published held-out part of the digits: a fifth of each class by
/// [`stratified_split`](crate::stratified_split).
pub const DIGITS_SPLIT_SEED: u64 = 1797;

/// A line for each digit: 64 pixels from 0 to 16, row by row, and the label.
static DIGITS: &[u8] = include_bytes!("digits.csv.gz");
const PIXELS: usize = 64;
const BRIGHTEST: f32 = 16.0;

/// The UCI handwritten digits: 1,797 images of 8 × 8 pixels, with about 180 of each class.
///
/// The columns are `x`, `f32[1797, 64]` from 0 to 1, and `labels`, `i64[1797]` from 0 to 9.
///
/// Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998,
/// <https://doi.org/10.24432/C50P49>, licensed under CC BY 4.0; its test set, as scikit-learn distributes it.
/// Every call unpacks them anew.
pub fn digits() -> Dataset {
    unpacked(DIGITS).and_then(decode).and_then(|table| columns(&table)).expect("the embedded digits are whole")
}

fn columns(table: &Tensor) -> Result<Dataset> {
    let len = table.shape()[0];
    let (mut pixels, mut labels) = (Vec::with_capacity(len * PIXELS), Vec::with_capacity(len));
    for line in table.as_slice::<f32>()?.chunks_exact(PIXELS + 1) {
        pixels.extend(line[..PIXELS].iter().map(|pixel| pixel / BRIGHTEST));
        labels.push(line[PIXELS] as i64);
    }
    let x = Tensor::from_vec([len, PIXELS], pixels)?;
    Dataset::new(vec![("x", x), ("labels", Tensor::from_vec([len], labels)?)])
}
