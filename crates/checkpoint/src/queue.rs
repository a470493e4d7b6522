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
    phase: Phase,
    is_closed: bool,
    /// The first that nobody has been told.
    error: Option<Error>,
    reports: VecDeque<SaveReport>,
}

/// What the thread does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    Writing,
    /// The checkpoint is durable, and what it makes surplus is removed: the next one may come.
    Tidying,
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
            Overlap::Skip if !pinned => !state.is_full(),
            // One that is pinned is not replaced.
            Overlap::Replace if !state.waiting.as_ref().is_some_and(|job| job.facts.pinned) => true,
            _ => {
                drop(self.shared.wait_while(state, State::is_full));
                true
            }
        }
    }

    /// Hands a job to the thread, in place of one that waits; the error of an earlier one is returned.
    pub(crate) fn put(&self, job: Job) -> Result<()> {
        let mut state = self.shared.lock();
        if let Some(replaced) = state.waiting.replace(job) {
            state.push(SaveReport::left_out(replaced.contents.step, Saved::Replaced, replaced.stall));
        }
        self.start(&mut state);
        self.shared.changed.notify_all();
        state.told()
    }

    /// Writes a job on this thread.
    pub(crate) fn write(&self, job: Job) -> Result<()> {
        self.shared.write(job);
        self.shared.lock().told()
    }

    /// Notes a job that was left out; the error of an earlier one is returned.
    pub(crate) fn skip(&self, step: u64, stall: Duration) -> Result<()> {
        let mut state = self.shared.lock();
        state.push(SaveReport::left_out(step, Saved::Skipped, stall));
        state.told()
    }

    /// Waits until nothing is written; what went wrong stays to be told.
    pub(crate) fn wait(&self) {
        drop(self.shared.wait_while(self.shared.lock(), State::is_busy));
    }

    /// Waits until nothing is written, and tells what went wrong.
    pub(crate) fn finish(&self) -> Result<()> {
        self.shared.wait_while(self.shared.lock(), State::is_busy).told()
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

    fn wait_while<'s>(&'s self, state: MutexGuard<'s, State>, is: fn(&State) -> bool) -> MutexGuard<'s, State> {
        self.changed.wait_while(state, |state| is(state)).unwrap_or_else(PoisonError::into_inner)
    }

    /// Until the queue is dropped.
    fn run(&self) {
        loop {
            let state = self.lock();
            let idle = |state: &State| state.waiting.is_none() && !state.is_closed;
            let mut state = self.wait_while(state, idle);
            let Some(job) = state.waiting.take() else { return };
            state.phase = Phase::Writing;
            drop(state);
            self.write(job);
        }
    }

    /// The values are given back as soon as they are durable.
    fn write(&self, job: Job) {
        let began = Instant::now();
        let committed = guarded(|| self.directory.write(&job.contents, &job.facts));
        let duration = began.elapsed();
        let (saved, bytes) = match &committed {
            Ok(committed) => (Saved::Written, committed.bytes),
            Err(error) => (Saved::Failed(error.to_string()), 0),
        };
        let mut state = self.lock();
        state.push(SaveReport { step: job.contents.step, saved, stall: job.stall, duration, bytes });
        drop(job);
        state.phase = Phase::Tidying;
        let committed = state.heard(committed);
        drop(state);
        self.changed.notify_all();

        let tidied = committed.map_or(Ok(()), |committed| {
            guarded(|| {
                self.directory.tidy(committed);
                Ok(())
            })
        });
        let mut state = self.lock();
        state.phase = Phase::Idle;
        state.heard(tidied);
        drop(state);
        self.changed.notify_all();
    }
}

/// Does it, and takes a panic for an error.
fn guarded<T>(act: impl FnOnce() -> Result<T>) -> Result<T> {
    panic::catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|_| {
        let message = "writing a checkpoint panicked; the newest of those that verify is restored";
        Err(Error::new(ErrorKind::Internal, message))
    })
}

impl State {
    /// Whether something is written or waits to be.
    fn is_full(&self) -> bool {
        self.phase == Phase::Writing || self.waiting.is_some()
    }

    fn is_busy(&self) -> bool {
        self.phase != Phase::Idle || self.waiting.is_some()
    }

    /// Keeps an error to be told.
    fn heard<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.error.get_or_insert(error)).ok()
    }

    fn told(&mut self) -> Result<()> {
        self.error.take().map_or(Ok(()), Err)
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
