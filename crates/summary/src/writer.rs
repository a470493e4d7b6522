//! The writer of event files.

use std::{
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

use crossbeam_channel::{Sender, bounded};
use everstep_event::{Event, EventSink};
use everstep_proto::{Message, event};

use crate::{
    encode,
    failure::Failure,
    file::{EventFile, explain},
    worker::{Task, Worker},
};

/// How an [`EventWriter`] works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many events may wait to be written, before [`emit`](EventSink::emit) waits too; 1,024 unless told.
    ///
    /// That is about 100 kB of scalars, and rides out a slow disk for a thousand events.
    /// With 0 each event waits until the thread takes it.
    pub queue: usize,
    /// How long an event may wait in memory for others before the file has it; 5 seconds unless told.
    ///
    /// TensorBoard looks as often, and a killed process loses no more than this.
    /// A flush costs one small write, on a thread that nobody waits for.
    pub flush_every: Duration,
    /// The end of the file's name, such as `.eval`; empty unless told.
    pub suffix: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { queue: 1024, flush_every: Duration::from_secs(5), suffix: String::new() }
    }
}

/// Writes events to a new file of a log directory, on a thread of its own.
///
/// Many threads may share one; what one thread emits stays in order.
/// A full queue makes [`emit`](EventSink::emit) wait, and nothing is ever dropped in silence: after an error of the file
/// the writer is at its end, and each later call returns that error (if there is none, dropping the writer logs it).
/// A session log (start, stop, checkpoint) is flushed at once, so that the curves of a killed process reach at least to
/// the checkpoint from which it resumes.
/// Dropping the writer writes what is left; leaving by [`std::process::exit`] does not.
#[derive(Debug)]
pub struct EventWriter {
    path: PathBuf,
    /// `None` after the end; senders hold the lock, so that the end comes behind what they send.
    queue: RwLock<Option<Sender<Task>>>,
    /// `None` after the end.
    thread: Mutex<Option<JoinHandle<()>>>,
    failure: Arc<Failure>,
}

impl EventWriter {
    /// Makes a new event file in `logdir`, and `logdir` if need be.
    pub fn create(logdir: impl AsRef<Path>) -> io::Result<Self> {
        Self::with_options(logdir, &Options::default())
    }

    /// Makes a new event file in `logdir`, and `logdir` if need be.
    ///
    /// Its name is `events.out.tfevents.<seconds since 1970>.<host>.<process>.<counter><suffix>`; no file is overwritten.
    /// Its first record, the version of the format, is there when this returns.
    pub fn with_options(logdir: impl AsRef<Path>, options: &Options) -> io::Result<Self> {
        let now = SystemTime::now();
        let file = EventFile::create(logdir.as_ref(), &options.suffix, now)?;
        let path = file.path().to_owned();
        Self::start(file, path, options, now)
    }

    /// A writer to any stream, which flushes as it should.
    fn start(
        output: impl Write + Send + 'static,
        path: PathBuf,
        options: &Options,
        now: SystemTime,
    ) -> io::Result<Self> {
        let (sender, receiver) = bounded(options.queue);
        let failure = Arc::new(Failure::default());
        let worker = Worker::new(output, receiver, failure.clone(), options.flush_every);
        let thread = thread::Builder::new().name("event-writer".to_owned()).spawn(move || worker.run());
        let thread =
            thread.map_err(|error| explain(error, format_args!("cannot start the thread that writes events")))?;
        let writer = Self { path, queue: RwLock::new(Some(sender)), thread: Mutex::new(Some(thread)), failure };
        writer.write(&encode::file_version(now))?;
        writer.flush()?;
        Ok(writer)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what is left and closes the file; further events are refused.
    ///
    /// Returns the error of the file, if there was one. Closing again is fine.
    pub fn close(&self) -> io::Result<()> {
        self.end();
        self.check()
    }

    fn write(&self, message: &event::Event) -> io::Result<()> {
        let record = message.encode_to_vec();
        self.send(match message.what {
            Some(event::What::SessionLog(_)) => Task::WriteThrough(record),
            _ => Task::Write(record),
        })
    }

    fn send(&self, task: Task) -> io::Result<()> {
        self.check()?;
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        let sent = queue.as_ref().is_some_and(|queue| queue.send(task).is_ok());
        if sent { Ok(()) } else { self.ended() }
    }

    /// Closes the queue, which ends the thread behind the last event of it, and waits for that.
    fn end(&self) {
        drop(self.queue.write().unwrap_or_else(PoisonError::into_inner).take());
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(_)) = thread.take().map(JoinHandle::join) {
            self.failure.set(io::Error::other("its thread panicked"));
        }
    }

    fn check(&self) -> io::Result<()> {
        self.failure.check().map_err(|error| {
            let message =
                format!("cannot write events to `{}`: {error}; mend that and make another writer", self.path.display());
            io::Error::new(error.kind(), message)
        })
    }

    /// Why there is no thread to take a task.
    fn ended(&self) -> io::Result<()> {
        self.check()?;
        let message = format!("the event file `{}` is closed; make another writer", self.path.display());
        Err(io::Error::new(ErrorKind::BrokenPipe, message))
    }
}

impl EventSink for EventWriter {
    /// Takes one event, and waits while the queue is full.
    ///
    /// # Errors
    ///
    /// - `InvalidInput`: the step is beyond `i64::MAX`.
    /// - `BrokenPipe`: the writer is closed.
    /// - The error of the file, from the event on which it happened or an earlier one.
    fn emit(&self, event: Event) -> io::Result<()> {
        if event.step > i64::MAX.cast_unsigned() {
            let message = format!("step {} is beyond {}, the last that an event file can hold", event.step, i64::MAX);
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
        match encode::message(event) {
            Some(message) => self.write(&message),
            None => Ok(()),
        }
    }

    /// Waits until the operating system has every event taken so far, and looks whether the file is still there.
    fn flush(&self) -> io::Result<()> {
        let (done, wait) = bounded(1);
        self.send(Task::Flush(Some(done)))?;
        wait.recv().or_else(|_| self.ended())
    }
}

impl Drop for EventWriter {
    fn drop(&mut self) {
        self.end();
        if let Some(error) = self.failure.untold() {
            log::error!("events were lost: cannot write to `{}`: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests;
