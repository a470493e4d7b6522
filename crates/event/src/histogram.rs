//! How values are distributed.

use std::sync::{Arc, OnceLock};

/// Counts of values in buckets, and what they were together.
///
/// A value belongs to the first bucket whose limit is greater; the largest one also to a last limit that equals it.
/// NaN and infinities belong to no bucket and are counted apart, so that one bad value hides none of the others.
///
/// ```
/// use everstep_event::Histogram;
///
/// let histogram = Histogram::of([0.1, -0.7, 4.1, 4.0, 5.0, 4.0, f64::NAN]);
/// assert_eq!((histogram.count(), histogram.nan), (6.0, 1));
/// assert_eq!((histogram.min, histogram.max, histogram.mean()), (-0.7, 5.0, 2.75));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// The smallest finite value; the largest finite number if there is none.
    pub min: f64,
    /// The largest finite value; the smallest finite number if there is none.
    pub max: f64,
    /// The sum of the finite values; NaN if it is not known.
    pub sum: f64,
    /// The sum of their squares; NaN if it is not known.
    pub sum_squares: f64,
    /// Where each bucket ends, ascending; as many as `counts`.
    pub limits: Arc<[f64]>,
    /// How many values each bucket has.
    pub counts: Arc<[f64]>,
    /// How many values were NaN.
    pub nan: u64,
    /// How many values were +∞.
    pub positive_infinity: u64,
    /// How many values were −∞.
    pub negative_infinity: u64,
}

impl Histogram {
    /// Counts values in TensorFlow's default buckets, from ±1e-12 to ±1e20, each a tenth wider than the one before.
    ///
    /// Of neighbouring buckets that are empty one is kept.
    pub fn of(values: impl IntoIterator<Item: Into<f64>>) -> Self {
        let limits = default_limits();
        let mut counts = vec![0.0; limits.len()];
        let mut histogram = Self::empty();
        values.into_iter().for_each(|value| histogram.add(value.into(), limits, &mut counts));
        (histogram.limits, histogram.counts) = without_empty_runs(limits, &counts);
        histogram
    }

    /// Counts values in so many buckets of one width, from the smallest finite value to the largest.
    ///
    /// One bucket if all finite values are equal, or if none are asked for.
    pub fn adaptive(values: impl IntoIterator<Item: Into<f64>, IntoIter: Clone>, buckets: usize) -> Self {
        let values = values.into_iter().map(Into::into);
        let finite = values.clone().filter(|value| value.is_finite());
        let (min, max) = finite.fold((f64::MAX, f64::MIN), |(min, max), value| (value.min(min), value.max(max)));
        let limits = equal_limits(min, max, buckets);
        let mut counts = vec![0.0; limits.len()];
        let mut histogram = Self::empty();
        values.for_each(|value| histogram.add(value, &limits, &mut counts));
        (histogram.limits, histogram.counts) = (limits.into(), counts.into());
        histogram
    }

    fn empty() -> Self {
        Self {
            min: f64::MAX,
            max: f64::MIN,
            sum: 0.0,
            sum_squares: 0.0,
            limits: Arc::default(),
            counts: Arc::default(),
            nan: 0,
            positive_infinity: 0,
            negative_infinity: 0,
        }
    }

    fn add(&mut self, value: f64, limits: &[f64], counts: &mut [f64]) {
        if !value.is_finite() {
            return self.add_not_finite(value);
        }
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.sum += value;
        self.sum_squares += value * value;
        counts[limits.partition_point(|limit| *limit <= value).min(limits.len() - 1)] += 1.0;
    }

    fn add_not_finite(&mut self, value: f64) {
        if value.is_nan() {
            self.nan += 1;
        } else if value > 0.0 {
            self.positive_infinity += 1;
        } else {
            self.negative_infinity += 1;
        }
    }

    /// How many values the buckets have: all but NaN and infinities.
    pub fn count(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// The mean of the finite values; 0 if there are none.
    pub fn mean(&self) -> f64 {
        if self.count() > 0.0 { self.sum / self.count() } else { 0.0 }
    }

    /// The standard deviation of the finite values, which are the whole and not a sample; 0 if there are none.
    pub fn deviation(&self) -> f64 {
        let count = self.count();
        if count > 0.0 { (self.sum_squares / count - self.mean().powi(2)).max(0.0).sqrt() } else { 0.0 }
    }

    /// The value below which lie so many percent of the finite values, interpolated within a bucket; 0 if there are none.
    ///
    /// ```
    /// use everstep_event::Histogram;
    ///
    /// let median = Histogram::of([0.1, -0.7, 4.1, 4.0, 5.0, 4.0]).percentile(50.0);
    /// assert!((median - 3.9593).abs() < 1e-4);
    /// ```
    pub fn percentile(&self, percent: f64) -> f64 {
        let threshold = self.count() * percent / 100.0;
        let mut before = 0.0;
        for (index, (&limit, &count)) in self.limits.iter().zip(&*self.counts).enumerate() {
            let until = before + count;
            if count > 0.0 && until >= threshold {
                let start = if before > 0.0 { self.limits[index - 1].max(self.min) } else { self.min };
                let end = limit.min(self.max);
                let value = start + (end - start) * ((threshold - before) / count).max(0.0);
                // The sum may be rounded past the end.
                return value.max(self.min).min(self.max);
            }
            before = until;
        }
        0.0
    }
}

/// The limits of TensorFlow's `histogram.cc`: a factor of 1.1 from 1e-12 while below 1e20, then the largest number; the
/// same negative in front, and 0 between.
fn default_limits() -> &'static [f64] {
    static LIMITS: OnceLock<Vec<f64>> = OnceLock::new();
    LIMITS.get_or_init(|| {
        let grow = std::iter::successors(Some(1e-12), |limit| Some(limit * 1.1));
        let positive: Vec<f64> = grow.take_while(|limit| *limit < 1e20).chain([f64::MAX]).collect();
        let negative = positive.iter().rev().map(|limit| -limit);
        negative.chain([0.0]).chain(positive.iter().copied()).collect()
    })
}

/// Limits that cut the way from `min` to `max` into equal parts; a part is made of quotients, as the way may overflow.
fn equal_limits(min: f64, max: f64, buckets: usize) -> Vec<f64> {
    if min >= max || buckets == 0 {
        return vec![max.max(min)];
    }
    let width = max / buckets as f64 - min / buckets as f64;
    (1..buckets).map(|index| (min + width * index as f64).min(max)).chain([max]).collect()
}

/// The buckets, with one in place of several neighbours that are empty.
fn without_empty_runs(limits: &[f64], counts: &[f64]) -> (Arc<[f64]>, Arc<[f64]>) {
    let is_kept = |index: &usize| counts[*index] > 0.0 || counts.get(index + 1).is_none_or(|next| *next > 0.0);
    let kept: Vec<usize> = (0..counts.len()).filter(is_kept).collect();
    (kept.iter().map(|index| limits[*index]).collect(), kept.iter().map(|index| counts[*index]).collect())
}
