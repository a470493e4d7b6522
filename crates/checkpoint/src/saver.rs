//! The saver: what the loop talks to.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Instant,
};

use everstep_tensor::{Checkpoint, Result, Save, Saving, Snapshot, Which};

use crate::{
    Contents, Format, Kept, Local, Options, SaveReport, Storage, Writing,
    commit::Facts,
    directory::{Directory, lock},
    queue::{Job, Queue},
};

/// Keeps variable sets in a place: `checkpoint-<step>.everstep` and what lies beside it, as many as [`Options::keep`] says.
///
/// A checkpoint appears whole or not at all: it is written under a temporary name, synced, renamed, and the directory is
/// synced; a step that is saved again gets a name of its own, `checkpoint-<step>-2`, before the earlier one goes. `save`
/// shares the values and returns; at most one checkpoint is being written, and [`Writing`] says what becomes of the
/// next. A failed write is returned by the next `save` (whose own checkpoint is written nevertheless) or by `finish`;
/// dropping the saver waits and logs it.
///
/// `open` reads every byte and verifies it, newest step first, and warns of each that it passes over. If checkpoints are
/// there and none restores, that is an error and never a fresh start.
///
/// Metrics and pins lie beside a checkpoint as the small files `checkpoint-<step>.metric-<name>` and
/// `checkpoint-<step>.pinned`, which a person may add and remove too. The state file `checkpoint`, TensorFlow's in text,
/// is written last; it dates the saves, and nothing else is taken from it.
///
/// A damaged checkpoint is not counted by any rule, and goes when a newer step was saved; one of a later step, passed
/// over on resume, neither displaces the checkpoints that follow nor hides them.
///
/// One saver writes to a place, which it claims with its first save and until it is dropped: another one is refused,
/// and told by whom. Any number of savers, in any process, may open from it and annotate.
///
/// ```
/// use everstep_checkpoint::{Options, Saver};
/// use everstep_tensor::{Save, Saving, Snapshot, Tensor, Variables, Which};
///
/// let directory = tempfile::tempdir()?;
/// let saver = Saver::new(directory.path(), Options::default());
/// assert!(saver.open(Which::Newest)?.is_none());
///
/// let model = Snapshot::from_iter([("weight", Tensor::scalar(0.5f32))]);
/// saver.save(&Saving { step: 10, variables: &model, metrics: &[], pinned: false })?;
/// saver.finish()?;
///
/// let checkpoint = saver.open(Which::Newest)?.expect("one was saved");
/// assert_eq!(checkpoint.step, 10);
/// assert_eq!(checkpoint.variables.read("weight")?.item::<f32>()?, 0.5);
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Debug)]
pub struct Saver {
    // Before the directory, whose claim must outlive the last write.
    queue: Queue,
    directory: Arc<Directory>,
    writing: Writing,
    /// Held during `save`, so that what was admitted is what is put.
    saving: Mutex<()>,
}

impl Saver {
    /// A saver in this directory, which the first save creates; nothing is touched before.
    pub fn new(directory: impl Into<PathBuf>, options: Options) -> Self {
        Self::on(Arc::new(Local::new(directory)), options)
    }

    /// A saver in this place; nothing is touched before the first save.
    pub fn on(storage: Arc<dyn Storage>, options: Options) -> Self {
        let directory = Arc::new(Directory::new(storage, &options));
        Self { queue: Queue::new(directory.clone()), directory, writing: options.writing, saving: Mutex::new(()) }
    }

    /// The format.
    pub fn format(&self) -> &dyn Format {
        &*self.directory.format
    }

    /// Makes the place, removes what dead writers left, and refuses every other writer from now on; the first save does
    /// this too.
    ///
    /// # Errors
    /// `FailedPrecondition` naming the writer who holds it; what the storage returns.
    pub fn claim(&self) -> Result<()> {
        self.directory.claim()
    }

    /// What is there, ascending by step, in order or not.
    ///
    /// # Errors
    /// What listing the place returns.
    pub fn list(&self) -> Result<Vec<Kept>> {
        self.queue.wait();
        self.directory.list()
    }

    /// Whether a checkpoint is complete as far as its metadata tell; quick, whatever its size.
    ///
    /// # Errors
    /// As [`Format::describe`]; `NotFound` if the step is not kept.
    pub fn verify_metadata(&self, step: u64) -> Result<()> {
        self.queue.wait();
        self.directory.check(self.directory.newest_of(step)?)
    }

    /// Reads every byte of a checkpoint and verifies it.
    ///
    /// # Errors
    /// As [`Format::open`]; `NotFound` if the step is not kept.
    pub fn verify(&self, step: u64) -> Result<()> {
        self.queue.wait();
        self.directory.read(self.directory.newest_of(step)?).map(drop)
    }

    /// What the rules would remove now, ascending by step; counting a checkpoint only once it is fully verified.
    ///
    /// # Errors
    /// What listing the place returns.
    pub fn surplus(&self) -> Result<Vec<Kept>> {
        self.queue.wait();
        let all = self.directory.verified_list()?;
        let surplus = self.directory.surplus(&all, None);
        Ok(all.into_iter().filter(|kept| surplus.contains(&kept.stem)).collect())
    }

    /// Removes what the rules do not keep, as every save does, and tells what that was.
    ///
    /// # Errors
    /// As [`claim`](Self::claim) and [`surplus`](Self::surplus).
    pub fn prune(&self) -> Result<Vec<Kept>> {
        self.claim()?;
        let surplus = self.surplus()?;
        self.directory.remove_all(&surplus.iter().map(|kept| kept.stem).collect());
        Ok(surplus)
    }

    /// What the saves since the last call cost, in the order in which they ended; the last thousand at most.
    pub fn take_reports(&self) -> Vec<SaveReport> {
        self.queue.take_reports()
    }
}

/// Errors of the place name it and what to do.
impl Save for Saver {
    fn save(&self, saving: &Saving<'_>) -> Result<()> {
        let began = Instant::now();
        let _one_at_a_time = lock(&self.saving);
        if let Writing::Background(overlap) = self.writing
            && !self.queue.admit(overlap, saving.pinned)
        {
            log::info!("step {} is not saved: an earlier one is still being written", saving.step);
            return self.queue.skip(saving.step, began.elapsed());
        }
        let contents = Contents {
            step: saving.step,
            manifest: self.directory.manifest.clone(),
            variables: Snapshot::of(saving.variables)?,
        };
        let facts = Facts { metrics: saving.metrics.to_vec(), pinned: saving.pinned };
        let job = Job { contents, facts, stall: began.elapsed() };
        if self.writing == Writing::Blocking { self.queue.write(job) } else { self.queue.put(job) }
    }

    fn open(&self, which: Which) -> Result<Option<Checkpoint>> {
        self.queue.wait();
        self.directory.open(which)
    }

    fn newest_step(&self) -> Result<Option<u64>> {
        self.directory.newest_step()
    }

    fn is_kept(&self, step: u64) -> Result<bool> {
        self.queue.wait();
        Ok(!self.directory.stems(Which::Step(step))?.is_empty())
    }

    fn location(&self, step: u64) -> String {
        self.directory.location(step)
    }

    fn annotate(&self, step: u64, metric: &str, value: f64) -> Result<()> {
        self.queue.wait();
        self.directory.annotate(step, metric, value)
    }

    fn finish(&self) -> Result<()> {
        self.queue.finish()
    }
}
