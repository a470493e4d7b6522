//! What those who emit events share with the thread that writes them.

use std::{
    io::{self, ErrorKind},
    path::PathBuf,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use everstep_event::{Event, What};

use crate::{
    Options, WhenFull,
    batch::{Batch, Load},
    failure::Failure,
};

/// Beyond so many bytes of contents a queue is full, however few events it holds.
const MOST_BYTES: usize = 64 << 20;

/// A bounded queue whose thread sleeps until much waits, or long enough.
///
/// To wake a thread costs a caller microseconds, so most events wake nobody.
#[derive(Debug)]
pub(crate) struct Queue {
    path: PathBuf,
    limit: usize,
    flush_count: usize,
    when_full: WhenFull,
    state: Mutex<State>,
    /// Where the thread waits for work.
    work: Condvar,
    /// Where callers wait for the thread.
    progress: Condvar,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// What the thread has not taken yet.
    pub(crate) batch: Batch,
    /// What was emitted and is not written: the batch, and what the thread holds.
    pub(crate) waiting: Load,
    pub(crate) sleep: Sleep,
    /// Somebody wants to see what was emitted in the file soon.
    pub(crate) urgent: bool,
    /// How often a flush was asked for, and up to which of these all is done.
    pub(crate) flush_asked: u64,
    pub(crate) flush_done: u64,
    pub(crate) closed: bool,
    /// The thread is gone.
    pub(crate) ended: bool,
    pub(crate) failure: Option<Failure>,
    dropped: u64,
    /// How many callers wait.
    callers: usize,
}

/// What the thread waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sleep {
    /// For nothing: it looks by itself.
    #[default]
    Awake,
    /// For anything.
    UntilEvent,
    /// For a moment, or for much work.
    UntilDeadline,
}

impl Queue {
    pub(crate) fn new(path: PathBuf, options: &Options) -> Self {
        let limit = options.queue.max(1);
        Self {
            path,
            limit,
            flush_count: options.flush_count.unwrap_or(limit / 2).clamp(1, limit),
            when_full: options.when_full,
            state: Mutex::default(),
            work: Condvar::new(),
            progress: Condvar::new(),
        }
    }

    /// Whoever panicked with the lock has left whole events, as each is added in one step.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an event, or says why not.
    pub(crate) fn push(&self, event: Event) -> io::Result<()> {
        let is_log = matches!(event.what, What::SessionStart | What::SessionStop | What::Checkpoint { .. });
        let when_full = if is_log { WhenFull::Wait } else { self.when_full };
        let Some(mut state) = self.admit(when_full)? else { return Ok(()) };
        let load = state.batch.push(event);
        state.waiting.add(load);
        state.urgent |= is_log;
        self.wake(&mut state);
        Ok(())
    }

    /// The state, with room for an event; `None` if the event is to be dropped.
    fn admit(&self, when_full: WhenFull) -> io::Result<Option<MutexGuard<'_, State>>> {
        let mut state = self.lock();
        loop {
            self.refusal(&mut state)?;
            if state.waiting.events < self.limit && state.waiting.bytes < MOST_BYTES {
                return Ok(Some(state));
            }
            if let Some(failure) = &mut state.failure {
                return Err(failure.tell(&self.path));
            }
            match when_full {
                WhenFull::Wait => state = self.wait(state),
                WhenFull::Refuse => return Err(self.full()),
                WhenFull::Drop => {
                    state.dropped += 1;
                    return Ok(None);
                }
            }
        }
    }

    /// Why no event is taken: the writer is at its end, or there is an error that nobody was told.
    fn refusal(&self, state: &mut State) -> io::Result<()> {
        let is_over = state.ended || state.closed;
        match &mut state.failure {
            Some(failure) if is_over || !failure.is_told() => Err(failure.tell(&self.path)),
            _ if is_over => Err(self.over()),
            _ => Ok(()),
        }
    }

    /// Waits until everything emitted before is in the file, or says why it is not.
    pub(crate) fn flush(&self) -> io::Result<()> {
        let mut state = self.lock();
        if state.ended || state.closed {
            return self.refusal(&mut state);
        }
        state.flush_asked += 1;
        let ticket = state.flush_asked;
        self.wake(&mut state);
        while state.flush_done < ticket && !state.ended {
            state = self.wait(state);
        }
        if let Some(failure) = &mut state.failure {
            return Err(failure.tell(&self.path));
        }
        if state.flush_done < ticket { Err(self.over()) } else { Ok(()) }
    }

    /// Lets the thread end behind what was emitted.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        self.wake(&mut state);
    }

    /// The error at the end, if there is one.
    pub(crate) fn check(&self) -> io::Result<()> {
        self.lock().failure.as_mut().map_or(Ok(()), |failure| Err(failure.tell(&self.path)))
    }

    /// How many events were dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Logs at the end what nobody was told.
    pub(crate) fn report(&self) {
        let mut state = self.lock();
        if let Some(failure) = &mut state.failure
            && !failure.is_told()
        {
            log::error!("events were lost: {}", failure.tell(&self.path));
        }
        if state.dropped > 0 {
            log::warn!("{} events for `{}` were dropped: the queue was full", state.dropped, self.path.display());
        }
    }

    /// Whether the thread has a reason not to wait for more.
    pub(crate) fn is_due(&self, state: &State) -> bool {
        state.closed
            || state.urgent
            || state.flush_asked > state.flush_done
            || state.batch.load().events >= self.flush_count
            || state.waiting.events >= self.limit && !state.batch.is_empty()
            || state.waiting.bytes >= MOST_BYTES && !state.batch.is_empty()
    }

    fn wake(&self, state: &mut State) {
        let wakes = match state.sleep {
            Sleep::Awake => false,
            Sleep::UntilEvent => true,
            Sleep::UntilDeadline => self.is_due(state),
        };
        if wakes {
            state.sleep = Sleep::Awake;
            self.work.notify_one();
        }
    }

    /// Lets the thread sleep until it is woken or the moment has come.
    pub(crate) fn sleep<'a>(&self, mut state: MutexGuard<'a, State>, until: Option<Instant>) -> MutexGuard<'a, State> {
        let mut state = if let Some(until) = until {
            state.sleep = Sleep::UntilDeadline;
            let time = until.saturating_duration_since(Instant::now());
            self.work.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
        } else {
            state.sleep = Sleep::UntilEvent;
            self.work.wait(state).unwrap_or_else(PoisonError::into_inner)
        };
        state.sleep = Sleep::Awake;
        state
    }

    fn wait<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.callers += 1;
        let mut state = self.progress.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.callers -= 1;
        state
    }

    /// Tells the callers that wait that the thread has done something.
    pub(crate) fn tell(&self, state: &State) {
        if state.callers > 0 {
            self.progress.notify_all();
        }
    }

    fn over(&self) -> io::Error {
        let message = format!("the event file `{}` is closed; make another writer", self.path.display());
        io::Error::new(ErrorKind::BrokenPipe, message)
    }

    fn full(&self) -> io::Error {
        let (limit, path) = (self.limit, self.path.display());
        let message =
            format!("{limit} events wait to be written to `{path}`, which is slow; emit fewer or again later");
        io::Error::new(ErrorKind::WouldBlock, message)
    }
}
