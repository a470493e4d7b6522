//! The saver: what the loop talks to, and the thread behind it.

use std::{
    collections::BTreeSet,
    mem,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use everstep_tensor::{Checkpoint, Error, ErrorKind, Result, Save, Saving, Snapshot, Which};

use crate::{
    Contents, Format, Local, Native, Storage,
    directory::{Directory, Lifetime},
    platform,
};

/// How a [`Saver`] works.
///
/// ```
/// use everstep_checkpoint::{Options, Saver, Writing};
///
/// let saver = Saver::new("runs/1", Options { keep: 3, writing: Writing::Blocking, ..Default::default() });
/// assert_eq!(saver.format().extension(), "everstep");
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// How many complete checkpoints stay, the newest by step; 5 by default, 0 keeps all.
    pub keep: usize,
    /// Who waits for the disk; a background thread by default.
    pub writing: Writing,
    /// How files are written and read; [`Native`] by default.
    pub format: Arc<dyn Format>,
    /// The instruction set that the values are computed with, recorded in each file; detected by default.
    pub instruction_set: String,
}

/// Who waits for the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writing {
    /// A thread; `save` returns at once, unless the save before it is still being written.
    #[default]
    Background,
    /// The caller; `save` returns when the checkpoint is durable.
    Blocking,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keep: 5,
            writing: Writing::default(),
            format: Arc::new(Native),
            instruction_set: platform::instruction_set(),
        }
    }
}

/// Keeps variable sets in a directory: `checkpoint-<step>.everstep`, the newest few.
///
/// A checkpoint appears whole or not at all: it is written under a temporary name, synced, renamed, and the directory is
/// synced; a step that is saved again gets a name of its own, `checkpoint-<step>-2`, before the earlier one goes. `save` shares the values and returns; at most one file is being written, and the next save waits for it.
/// A failed write is returned by the next `save` (whose own checkpoint is written nevertheless) or by `finish`;
/// dropping the saver waits and logs it.
///
/// `open` reads every byte and verifies it, newest step first, and warns of each file that it passes over.
/// Retention deletes what is older than the newest [`Options::keep`] complete files; a file that was found damaged is
/// not counted, the one just written and pinned ones (`Saving::pinned`, kept as an empty file
/// `checkpoint-<step>.pinned`) are never deleted. So a damaged file of a later step, passed over on resume,
/// neither displaces the checkpoints that follow nor hides them: it stays until its step is saved again or it is surplus.
/// Metrics are not looked at.
///
/// One saver writes to a directory, which it claims with its first save and until it is dropped: another one is refused,
/// and told by whom. Any number of savers, in any process, may open from it.
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
    directory: Arc<Directory>,
    writing: Writing,
    pending: Mutex<Pending>,
}

/// The write in flight, or the outcome of the last one that nobody has been told yet.
#[derive(Debug)]
enum Pending {
    Writing(JoinHandle<Result<()>>),
    Written(Result<()>),
}

impl Saver {
    /// A saver in this directory, which the first save creates; nothing is touched before.
    pub fn new(directory: impl Into<PathBuf>, options: Options) -> Self {
        Self::on(Arc::new(Local::new(directory)), options)
    }

    /// A saver in this place; nothing is touched before the first save.
    pub fn on(storage: Arc<dyn Storage>, options: Options) -> Self {
        let directory = Directory {
            storage,
            keep: options.keep,
            format: options.format,
            instruction_set: options.instruction_set,
            claim: Mutex::new(None),
            damaged: Mutex::new(BTreeSet::new()),
        };
        let pending = Mutex::new(Pending::Written(Ok(())));
        Self { directory: Arc::new(directory), writing: options.writing, pending }
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

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Errors of the directory name its path and what to do.
impl Save for Saver {
    fn save(&self, saving: &Saving<'_>) -> Result<()> {
        let contents = Contents {
            step: saving.step,
            manifest: self.directory.manifest(),
            variables: Snapshot::of(saving.variables)?,
        };
        let lifetime = if saving.pinned { Lifetime::Pinned } else { Lifetime::Retention };
        let mut pending = self.pending();
        if self.writing == Writing::Blocking {
            return self.directory.write(&contents, lifetime).map(drop);
        }
        let earlier = pending.take();
        *pending = Pending::start(self.directory.clone(), contents, lifetime);
        earlier
    }

    fn open(&self, which: Which) -> Result<Option<Checkpoint>> {
        self.pending().wait();
        self.directory.open(which)
    }

    fn newest_step(&self) -> Result<Option<u64>> {
        self.directory.newest_step()
    }

    fn location(&self, step: u64) -> String {
        self.directory.location(step)
    }

    fn finish(&self) -> Result<()> {
        self.pending().take()
    }
}

impl Drop for Saver {
    fn drop(&mut self) {
        if let Err(error) = self.pending().take() {
            log::error!("{error}");
        }
    }
}

impl Pending {
    fn start(directory: Arc<Directory>, contents: Contents, lifetime: Lifetime) -> Self {
        let write = move || directory.write(&contents, lifetime).map(drop);
        match thread::Builder::new().name("everstep-checkpoint".into()).spawn(write) {
            Ok(writer) => Self::Writing(writer),
            Err(error) => Self::Written(Err(Error::from(error).context("cannot start the thread that saves"))),
        }
    }

    /// Waits for the write in flight; its outcome stays to be told.
    fn wait(&mut self) {
        *self = Self::Written(self.take());
    }

    /// Waits for the write in flight, and tells its outcome.
    fn take(&mut self) -> Result<()> {
        match mem::replace(self, Self::Written(Ok(()))) {
            Self::Written(outcome) => outcome,
            Self::Writing(writer) => writer.join().unwrap_or_else(|_| {
                let message = "the thread that writes checkpoints panicked; the checkpoint before it is the newest";
                Err(Error::new(ErrorKind::Internal, message))
            }),
        }
    }
}
