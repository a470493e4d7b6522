//! How the precision of a classifier trades against its recall.

use std::{
    io::{self, ErrorKind},
    sync::Arc,
};

/// The outcomes of a classifier of two classes, at each of several thresholds.
///
/// The thresholds divide the way from 0 to 1 into equal parts, both ends among them.
/// A prediction counts as positive if it is at least the threshold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrCurve {
    /// How many positives were found, at each threshold.
    pub true_positives: Arc<[f64]>,
    /// How many negatives were taken for positives.
    pub false_positives: Arc<[f64]>,
    /// How many negatives were found.
    pub true_negatives: Arc<[f64]>,
    /// How many positives were taken for negatives.
    pub false_negatives: Arc<[f64]>,
    /// How many predictions were NaN, which are in no other count.
    pub nan: u64,
}

impl PrCurve {
    /// As many thresholds as TensorBoard takes unless told.
    pub const THRESHOLDS: usize = 201;

    /// Counts predictions, each with whether it should be positive; those beyond 0 and 1 count as 0 and 1.
    ///
    /// # Errors
    ///
    /// `InvalidInput`: there are fewer than two thresholds.
    ///
    /// ```
    /// use everstep_event::PrCurve;
    ///
    /// let curve = PrCurve::of([(true, 0.9), (false, 0.6), (true, 0.2)], 3)?;
    /// assert_eq!(*curve.true_positives, [2.0, 1.0, 0.0]);
    /// assert_eq!(*curve.false_positives, [1.0, 1.0, 0.0]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn of(predictions: impl IntoIterator<Item = (bool, f64)>, thresholds: usize) -> io::Result<Self> {
        if thresholds < 2 {
            let message = format!("a precision-recall curve needs two thresholds or more, not {thresholds}");
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
        let (mut positives, mut negatives, mut nan) = (vec![0.0; thresholds], vec![0.0; thresholds], 0);
        for (label, prediction) in predictions {
            if prediction.is_nan() {
                nan += 1;
                continue;
            }
            let counts = if label { &mut positives } else { &mut negatives };
            counts[last_reached(prediction.clamp(0.0, 1.0), thresholds)] += 1.0;
        }
        let (true_positives, false_negatives) = above_and_below(&positives);
        let (false_positives, true_negatives) = above_and_below(&negatives);
        Ok(Self { true_positives, false_positives, true_negatives, false_negatives, nan })
    }

    /// At each threshold, how many of those that were taken for positives are; 0 where none were.
    pub fn precision(&self) -> Vec<f64> {
        shares(&self.true_positives, &self.false_positives)
    }

    /// At each threshold, how many of the positives were found; 0 where there are none.
    pub fn recall(&self) -> Vec<f64> {
        shares(&self.true_positives, &self.false_negatives)
    }
}

/// The last threshold that a prediction reaches; the product may be rounded past it or before it.
fn last_reached(prediction: f64, thresholds: usize) -> usize {
    let threshold = |index: usize| index as f64 / (thresholds - 1) as f64;
    let near = (prediction * (thresholds - 1) as f64) as usize;
    if near + 1 < thresholds && threshold(near + 1) <= prediction {
        near + 1
    } else if threshold(near) > prediction {
        near - 1
    } else {
        near
    }
}

/// For each bucket, how many are in it or behind it, and how many before it.
fn above_and_below(counts: &[f64]) -> (Arc<[f64]>, Arc<[f64]>) {
    let all: f64 = counts.iter().sum();
    let below = counts.iter().scan(0.0, |sum, count| Some(std::mem::replace(sum, *sum + count)));
    let below: Arc<[f64]> = below.collect();
    (below.iter().map(|below| all - below).collect(), below)
}

fn shares(parts: &[f64], others: &[f64]) -> Vec<f64> {
    let share = |(part, other): (&f64, &f64)| if part + other > 0.0 { part / (part + other) } else { 0.0 };
    parts.iter().zip(others).map(share).collect()
}
