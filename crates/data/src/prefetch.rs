//! The next batches, made ahead of time on worker threads.

use std::{
    collections::BTreeMap,
    fmt,
    ops::RangeInclusive,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use everstep_tensor::{Error, Result};

use crate::{Batch, Source};

/// A source whose next batches are made ahead of time on worker threads.
///
/// It changes nothing but the time: every position gives what the source gives, an error or a panic included.
/// Asked in sequence, a batch is ready or under way; a jump is answered on the caller's thread while the workers start
/// anew behind it.
/// The threads wait for the first question, and end when the prefetch is dropped, after the batches under way.
///
/// ```
/// use everstep_data::{Loader, LoaderOptions, Prefetch, digits};
///
/// let loader = Loader::new(digits(), LoaderOptions::default())?;
/// let ahead = Prefetch::new(loader.clone(), 2, 4)?;
/// for position in [0, 1, 2, 1_000_000_000, 1_000_000_001] {
///     assert!(ahead.batch(position)?.columns()[0].bit_eq(&loader.batch(position)?.columns()[0]));
/// }
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
pub struct Prefetch {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What the caller and the workers share.
struct Shared {
    source: Box<dyn Source + Send + Sync>,
    depth: u64,
    ahead: Mutex<Ahead>,
    /// Told when there may be work, or none will come.
    work: Condvar,
    /// Told when a batch was made.
    made: Condvar,
}

/// The batches ahead of the caller.
struct Ahead {
    /// The positions that are wanted.
    window: RangeInclusive<u64>,
    /// The positions that are made, or with `None` under way.
    slots: BTreeMap<u64, Option<Made>>,
    closed: bool,
}

/// A batch or an error, or what a panic left.
type Made = thread::Result<Result<Batch>>;

impl Prefetch {
    /// `workers` threads that keep the `depth` batches after the one last asked for ready; with 0 of either, every batch
    /// is made on the caller's thread.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn new(source: impl Source + Send + Sync + 'static, workers: usize, depth: usize) -> Result<Self> {
        Self::over(Box::new(source), workers, depth as u64)
    }

    fn over(source: Box<dyn Source + Send + Sync>, workers: usize, depth: u64) -> Result<Self> {
        // No position is wanted before the first question.
        let ahead = Ahead { window: RangeInclusive::new(1, 0), slots: BTreeMap::new(), closed: false };
        let (ahead, work, made) = (Mutex::new(ahead), Condvar::new(), Condvar::new());
        let shared = Arc::new(Shared { source, depth, ahead, work, made });
        let mut prefetch = Self { shared, threads: Vec::new() };
        for worker in 0..workers {
            let shared = prefetch.shared.clone();
            let thread = thread::Builder::new().name(format!("prefetch-{worker}")).spawn(move || shared.serve());
            prefetch.threads.push(thread.map_err(|error| Error::from(error).context("starting a prefetch thread"))?);
        }
        Ok(prefetch)
    }

    /// The batch at `position`, as the source gives it.
    ///
    /// # Errors
    /// As the source, for the same position.
    pub fn batch(&self, position: u64) -> Result<Batch> {
        match self.shared.take(position) {
            Some(Ok(result)) => result,
            Some(Err(panic)) => resume_unwind(panic),
            None => self.shared.source.batch(position),
        }
    }
}

impl Source for Prefetch {
    fn batch(&self, position: u64) -> Result<Batch> {
        self.batch(position)
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_all();
        for thread in self.threads.drain(..) {
            // A worker catches the panics of the source, and has none of its own to tell.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Prefetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (workers, depth) = (self.threads.len(), self.shared.depth);
        f.debug_struct("Prefetch").field("workers", &workers).field("depth", &depth).finish_non_exhaustive()
    }
}

impl Shared {
    /// Nothing panics while it holds the lock, so the state is whole even if the lock says otherwise.
    fn lock(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was or is being made for `position`; `None` if nobody is at it.
    fn take(&self, position: u64) -> Option<Made> {
        self.aim_behind(position);
        let mut ahead = self.lock();
        // Another caller may aim elsewhere meanwhile; then the slot is gone, and the batch is made here.
        while let Some(None) = ahead.slots.get(&position) {
            ahead = self.made.wait(ahead).unwrap_or_else(PoisonError::into_inner);
        }
        ahead.slots.remove(&position).flatten()
    }

    /// Sets the workers on what comes after `position`, and forgets what is neither there nor at it.
    fn aim_behind(&self, position: u64) {
        let window = position.saturating_add(1)..=position.saturating_add(self.depth);
        let mut ahead = self.lock();
        ahead.slots.retain(|slot, _| *slot == position || window.contains(slot));
        ahead.window = window;
        // Workers that wake find the lock free.
        drop(ahead);
        self.work.notify_all();
    }

    /// What a worker does until the prefetch is dropped.
    fn serve(&self) {
        while let Some(position) = self.claim() {
            let made = catch_unwind(AssertUnwindSafe(|| self.source.batch(position)));
            // A slot that is gone is no longer wanted.
            if let Some(slot) = self.lock().slots.get_mut(&position) {
                *slot = Some(made);
            }
            self.made.notify_all();
        }
    }

    /// The next position that nobody is at, or `None` at the end.
    fn claim(&self) -> Option<u64> {
        let mut ahead = self.lock();
        while !ahead.closed {
            let next = ahead.window.clone().find(|position| !ahead.slots.contains_key(position));
            if let Some(position) = next {
                ahead.slots.insert(position, None);
                return Some(position);
            }
            ahead = self.work.wait(ahead).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }
}
