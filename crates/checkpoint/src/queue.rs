//! The thread that writes, and what waits for it.

use std::{
    collections::VecDeque,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use everstep_tensor::{Error, ErrorKind, Result};

use crate::{
    Contents, Overlap, SaveReport, Saved,
    commit::Facts,
    directory::{Directory, lock},
};

/// Reports beyond so many that nobody takes are forgotten, the oldest first.
const MOST_REPORTS: usize = 1000;

/// What is to be written.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) contents: Contents,
    pub(crate) facts: Facts,
    pub(crate) stall: Duration,
}

/// Writes one job at a time, on a thread or on the caller's.
#[derive(Debug)]
pub(crate) struct Queue {
    shared: Arc<Shared>,
    /// Begun with the first job.
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    directory: Arc<Directory>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Option<Job>,
    is_writing: bool,
    is_closed: bool,
    /// The first that nobody has been told.
    error: Option<Error>,
    reports: VecDeque<SaveReport>,
}

impl Queue {
    pub(crate) fn new(directory: Arc<Directory>) -> Self {
        let shared = Shared { directory, state: Mutex::default(), changed: Condvar::new() };
        Self { shared: Arc::new(shared), thread: Mutex::new(None) }
    }

    /// Whether there is room for a job; waits for it, or says that it is left out.
    pub(crate) fn admit(&self, overlap: Overlap, pinned: bool) -> bool {
        let state = self.shared.lock();
        match overlap {
            Overlap::Skip if !pinned => !state.is_busy(),
            // One that is pinned is not replaced.
            Overlap::Replace if !state.waiting.as_ref().is_some_and(|job| job.facts.pinned) => true,
            _ => {
                drop(self.shared.wait_until_idle(state));
                true
            }
        }
    }

    /// Hands a job to the thread, in place of one that waits; the error of an earlier one is returned.
    pub(crate) fn put(&self, job: Job) -> Result<()> {
        let mut state = self.shared.lock();
        if let Some(replaced) = state.waiting.replace(job) {
            state.report(&replaced, Saved::Replaced, Duration::ZERO, 0);
        }
        self.start(&mut state);
        self.shared.changed.notify_all();
        state.told()
    }

    /// Writes a job on this thread.
    pub(crate) fn write(&self, job: Job) -> Result<()> {
        self.shared.write(&job);
        self.shared.lock().told()
    }

    /// Notes a job that was left out; the error of an earlier one is returned.
    pub(crate) fn skip(&self, step: u64, stall: Duration) -> Result<()> {
        let mut state = self.shared.lock();
        state.push(SaveReport { step, saved: Saved::Skipped, stall, duration: Duration::ZERO, bytes: 0 });
        state.told()
    }

    /// Waits until nothing is written; what went wrong stays to be told.
    pub(crate) fn wait(&self) {
        drop(self.shared.wait_until_idle(self.shared.lock()));
    }

    /// Waits until nothing is written, and tells what went wrong.
    pub(crate) fn finish(&self) -> Result<()> {
        self.shared.wait_until_idle(self.shared.lock()).told()
    }

    pub(crate) fn take_reports(&self) -> Vec<SaveReport> {
        self.shared.lock().reports.drain(..).collect()
    }

    fn start(&self, state: &mut State) {
        let mut thread = lock(&self.thread);
        if thread.is_some() {
            return;
        }
        let shared = self.shared.clone();
        match thread::Builder::new().name("everstep-checkpoint".into()).spawn(move || shared.run()) {
            Ok(started) => *thread = Some(started),
            Err(error) => {
                state.waiting = None;
                state.error = Some(Error::from(error).context("cannot start the thread that saves"));
            }
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if let Err(error) = self.finish() {
            log::error!("{error}");
        }
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
        if let Some(thread) = lock(&self.thread).take() {
            // What it had to say has been said: it catches every panic of a format.
            thread.join().ok();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn wait_until_idle<'s>(&'s self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        self.changed.wait_while(state, |state| state.is_busy()).unwrap_or_else(PoisonError::into_inner)
    }

    /// Until the queue is dropped.
    fn run(&self) {
        loop {
            let state = self.lock();
            let idle = |state: &mut State| state.waiting.is_none() && !state.is_closed;
            let mut state = self.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
            let Some(job) = state.waiting.take() else { return };
            state.is_writing = true;
            drop(state);
            self.write(&job);
            drop(job);
            self.lock().is_writing = false;
            self.changed.notify_all();
        }
    }

    fn write(&self, job: &Job) {
        let began = Instant::now();
        let write = || self.directory.write(&job.contents, &job.facts);
        let written = panic::catch_unwind(AssertUnwindSafe(write)).unwrap_or_else(|_| {
            let message = "writing a checkpoint panicked; the checkpoint before it is the newest";
            Err(Error::new(ErrorKind::Internal, message))
        });
        let mut state = self.lock();
        match written {
            Ok(bytes) => state.report(job, Saved::Written, began.elapsed(), bytes),
            Err(error) => {
                state.report(job, Saved::Failed(error.to_string()), began.elapsed(), 0);
                state.error.get_or_insert(error);
            }
        }
    }
}

impl State {
    fn is_busy(&self) -> bool {
        self.is_writing || self.waiting.is_some()
    }

    fn told(&mut self) -> Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }

    fn report(&mut self, job: &Job, saved: Saved, duration: Duration, bytes: u64) {
        self.push(SaveReport { step: job.contents.step, saved, stall: job.stall, duration, bytes });
    }

    fn push(&mut self, report: SaveReport) {
        let SaveReport { step, saved, stall, duration, bytes } = &report;
        log::debug!("step {step}: {saved:?}, {bytes} bytes in {duration:?}; the caller waited {stall:?}");
        if self.reports.len() == MOST_REPORTS {
            self.reports.pop_front();
        }
        self.reports.push_back(report);
    }
}
