//! Batches of a dataset by position.

use std::ops::Range;

use everstep_tensor::{Error, ErrorKind, Result};

use crate::{Batch, Dataset, Source, permutation::Permutation};

/// How a [`Loader`] cuts a dataset into batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoaderOptions {
    /// Samples of a batch; 32 by default.
    pub batch: usize,
    /// Which of all orders; 0 by default.
    pub seed: u64,
    /// In which order; a new one each epoch by default.
    pub shuffle: Shuffle,
    /// What becomes of the samples that do not fill a batch; they make a smaller one by default.
    pub last: LastBatch,
    /// After how many epochs the input ends; never by default.
    pub epochs: Option<u64>,
}

impl Default for LoaderOptions {
    fn default() -> Self {
        Self { batch: 32, seed: 0, shuffle: Shuffle::PerEpoch, last: LastBatch::Partial, epochs: None }
    }
}

/// In which order an epoch goes through the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shuffle {
    /// In the order of the dataset, every epoch.
    None,
    /// In a pseudo-random order that is a function of seed and epoch.
    PerEpoch,
}

/// What becomes of the last samples of an epoch if they do not fill a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastBatch {
    /// They make a smaller batch.
    Partial,
    /// This epoch does without them.
    Drop,
    /// The batch is filled up with the first samples of the same epoch, which so come twice.
    Wrap,
}

/// Batches of a dataset by position: a pure function of seed and position, at the same cost wherever.
///
/// Position p is batch p modulo [`batches_per_epoch`](Self::batches_per_epoch) of epoch p divided by it.
/// Nothing is remembered between calls, so a loader can be shared by threads, and cloning it is cheap.
///
/// The order of an epoch is a generalised Feistel permutation with cycle walking (Black and Rogaway, 2002) whose rounds
/// are keyed by SplitMix64 from (seed, epoch); it is fixed for all versions to come.
///
/// ```
/// use everstep_data::{Loader, LoaderOptions, digits};
///
/// let loader = Loader::new(digits(), LoaderOptions { batch: 100, seed: 7, ..Default::default() })?;
/// assert_eq!(loader.batches_per_epoch(), 18);
/// assert_eq!(loader.batch(17)?.len(), 97);
/// assert_eq!(loader.batch(1_000_000_000)?.len(), 100);
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Loader {
    dataset: Dataset,
    options: LoaderOptions,
    batches_per_epoch: u64,
}

impl Loader {
    /// A loader of that dataset.
    ///
    /// # Errors
    /// `InvalidArgument` if there is no sample, a batch is 0, or the samples do not fill one batch where the last is
    /// dropped or wraps.
    pub fn new(dataset: Dataset, options: LoaderOptions) -> Result<Self> {
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidArgument, message));
        if options.batch == 0 {
            return invalid("a batch of 0 samples; take at least 1".into());
        }
        if dataset.is_empty() {
            return invalid("the dataset has no sample; give it at least one".into());
        }
        let (len, batch) = (dataset.len(), options.batch);
        if len < batch && options.last != LastBatch::Partial {
            return invalid(format!(
                "{len} samples do not fill a batch of {batch}; take a smaller one, or a partial last"
            ));
        }
        let batches = if options.last == LastBatch::Drop { len / batch } else { len.div_ceil(batch) };
        Ok(Self { dataset, options, batches_per_epoch: batches as u64 })
    }

    /// Batches of an epoch, the last one too unless it is dropped.
    pub fn batches_per_epoch(&self) -> u64 {
        self.batches_per_epoch
    }

    /// The batch at `position`, counted from 0 over all epochs.
    ///
    /// # Errors
    /// `EndOfInput` past the last epoch.
    pub fn batch(&self, position: u64) -> Result<Batch> {
        self.batch_shard(position, 0, 1)
    }

    /// The part of the batch at `position` that replica `rank` of `of` takes.
    ///
    /// Parts differ by at most one sample, and the parts of ranks 0, 1, … joined in this order are the batch; if it has
    /// fewer samples than there are replicas, the parts of the last ones are empty.
    ///
    /// # Errors
    /// `EndOfInput` past the last epoch; `InvalidArgument` if there is no such replica.
    pub fn batch_shard(&self, position: u64, rank: usize, of: usize) -> Result<Batch> {
        if rank >= of {
            let message = format!("there is no replica {rank} of {of}; ranks count from 0");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let (epoch, batch) = (position / self.batches_per_epoch, position % self.batches_per_epoch);
        self.check_epoch(epoch, position)?;
        let indices = shard(self.indices(batch as usize), rank, of);
        self.dataset.gather(&self.rows(epoch, indices))
    }

    fn check_epoch(&self, epoch: u64, position: u64) -> Result<()> {
        match self.options.epochs {
            Some(epochs) if epoch >= epochs => {
                let batches = self.batches_per_epoch;
                let message =
                    format!("the input ends after {epochs} epochs of {batches} batches, before position {position}");
                Err(Error::new(ErrorKind::EndOfInput, message))
            }
            _ => Ok(()),
        }
    }

    /// Where in an epoch its batch of that number lies; beyond the samples if it wraps.
    fn indices(&self, batch: usize) -> Range<usize> {
        let start = batch * self.options.batch;
        let end = start.saturating_add(self.options.batch);
        start..if self.options.last == LastBatch::Wrap { end } else { end.min(self.dataset.len()) }
    }

    fn rows(&self, epoch: u64, indices: Range<usize>) -> Vec<usize> {
        let len = self.dataset.len();
        let indices = indices.map(|index| index % len);
        match self.options.shuffle {
            Shuffle::None => indices.collect(),
            Shuffle::PerEpoch => {
                let order = Permutation::new(len, self.options.seed, epoch);
                indices.map(|index| order.row(index)).collect()
            }
        }
    }
}

impl Source for Loader {
    fn batch(&self, position: u64) -> Result<Batch> {
        self.batch(position)
    }
}

fn shard(indices: Range<usize>, rank: usize, of: usize) -> Range<usize> {
    let (each, more) = (indices.len() / of, indices.len() % of);
    let start = indices.start + each * rank + more.min(rank);
    start..start + each + usize::from(rank < more)
}
