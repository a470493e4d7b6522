//! A held-out part of a dataset.

use std::collections::BTreeMap;

use everstep_tensor::{Error, ErrorKind, Result};

use crate::{Dataset, permutation::Permutation};

/// Splits a dataset into (train, test) so that of every class about the same `fraction`, 0 to 1, is held out for test.
///
/// The class is the column `labels`, i64 of rank 1.
/// Of a class with n samples, n · `fraction` are held out, rounded to the nearest, and half away from zero.
/// Which ones is a function of (seed, label) alone; the rows of both parts keep their order.
///
/// # Errors
/// `NotFound` if there is no such column; `InvalidArgument` if it is not i64 of rank 1, or the fraction is not 0 to 1.
///
/// ```
/// use everstep_data::{DIGITS_SPLIT_SEED, digits, stratified_split};
///
/// let (train, test) = stratified_split(&digits(), "labels", 0.2, DIGITS_SPLIT_SEED)?;
/// assert_eq!((train.len(), test.len()), (1438, 359));
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
pub fn stratified_split(dataset: &Dataset, labels: &str, fraction: f64, seed: u64) -> Result<(Dataset, Dataset)> {
    if !(0.0..=1.0).contains(&fraction) {
        let message = format!("a held-out fraction of {fraction}; take one from 0 to 1");
        return Err(Error::new(ErrorKind::InvalidArgument, message));
    }
    let held_out = held_out(class_of_each(dataset, labels)?, fraction, seed);
    let (test, train): (Vec<usize>, Vec<usize>) = (0..dataset.len()).partition(|row| held_out[*row]);
    Ok((dataset.select(&train)?, dataset.select(&test)?))
}

fn class_of_each<'a>(dataset: &'a Dataset, labels: &str) -> Result<&'a [i64]> {
    let column = dataset.all().column(labels)?;
    if column.shape().len() != 1 {
        let message = format!("the labels {labels} have shape {:?}; give one label for each sample", column.shape());
        return Err(Error::new(ErrorKind::InvalidArgument, message));
    }
    column.as_slice().map_err(|error| error.context(format!("the labels {labels}")))
}

/// For each row whether it is held out.
fn held_out(labels: &[i64], fraction: f64, seed: u64) -> Vec<bool> {
    let mut classes = BTreeMap::<i64, Vec<usize>>::new();
    for (row, label) in labels.iter().enumerate() {
        classes.entry(*label).or_default().push(row);
    }
    let mut held_out = vec![false; labels.len()];
    for (label, rows) in classes {
        let order = Permutation::new(rows.len(), seed, label as u64);
        let count = (rows.len() as f64 * fraction).round() as usize;
        (0..count).for_each(|index| held_out[rows[order.row(index)]] = true);
    }
    held_out
}
