//! The thread that writes, so that training does not wait for a disk.

use std::{
    io::{self, ErrorKind, Write},
    sync::{Arc, MutexGuard},
    thread,
    time::{Duration, Instant},
};

use crate::{
    batch::{Batch, Load},
    failure::Failure,
    queue::{Queue, State},
};

/// How long the thread waits before it tries again what failed, if nobody asks it to.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// Writes what a queue holds until that is closed.
///
/// What could not be written is kept and tried again, from the very byte at which it failed: a record that a full disk
/// has torn is whole again as soon as there is room.
pub(crate) struct Worker<W: Write> {
    output: W,
    queue: Arc<Queue>,
    flush_every: Duration,
    /// An empty batch, whose memory is used again.
    spare: Batch,
    /// What the output does not have yet, from `written` on.
    bytes: Vec<u8>,
    written: usize,
    /// How much of the queue that is.
    load: Load,
    /// When to write what waits; `None` if nothing does.
    deadline: Option<Instant>,
}

impl<W: Write> Worker<W> {
    pub(crate) fn new(output: W, queue: Arc<Queue>, flush_every: Duration) -> Self {
        let (spare, bytes, load) = (Batch::default(), Vec::new(), Load::default());
        Self { output, queue, flush_every, spare, bytes, written: 0, load, deadline: None }
    }

    pub(crate) fn run(mut self) {
        let queue = self.queue.clone();
        let _end = End(&queue);
        let mut state = queue.lock();
        loop {
            if !queue.is_due(&state) && !self.is_late(&state) {
                state = queue.sleep(state, self.deadline);
                continue;
            }
            state = self.turn(&queue, state);
            if state.ended || state.closed && state.batch.is_empty() {
                return;
            }
        }
    }

    /// Whether what waits has waited long enough; sets the time if that is not set.
    fn is_late(&mut self, state: &State) -> bool {
        if state.batch.is_empty() && self.bytes.is_empty() {
            self.deadline = None;
        } else if self.deadline.is_none() {
            // A time too far away to tell is never: a year is as good.
            const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);
            self.deadline = Some(Instant::now() + self.flush_every.min(NEVER));
        }
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Takes what waits, writes it without the lock, and says how that went.
    fn turn<'a>(&mut self, queue: &'a Queue, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        std::mem::swap(&mut self.spare, &mut state.batch);
        state.urgent = false;
        let ticket = state.flush_asked;
        drop(state);

        let result = self.write();

        let mut state = queue.lock();
        state.flush_done = ticket;
        self.deadline = None;
        if self.bytes.is_empty() {
            state.waiting.remove(std::mem::take(&mut self.load));
        }
        match result {
            Ok(()) if state.failure.take().is_some() => log::warn!("events are written again: nothing was lost"),
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                state.failure = Some(Failure::lasting(error));
                state.ended = true;
            }
            Err(error) => {
                self.deadline = Some(Instant::now() + RETRY_EVERY);
                state.failure.get_or_insert_with(|| Failure::passing(error));
            }
        }
        queue.tell(&state);
        state
    }

    fn write(&mut self) -> io::Result<()> {
        self.load.add(self.spare.load());
        self.spare.drain_into(&mut self.bytes);
        while self.written < self.bytes.len() {
            match self.output.write(&self.bytes[self.written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.bytes.clear();
        self.written = 0;
        self.output.flush()
    }
}

/// Tells everyone that the thread is gone, by whatever way it went.
struct End<'a>(&'a Queue);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.ended = true;
        if thread::panicking() {
            state.failure = Some(Failure::lasting(io::Error::other("its thread panicked")));
        }
        self.0.tell(&state);
    }
}
