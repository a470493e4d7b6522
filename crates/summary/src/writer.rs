//! The writer of event files.

use std::{
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::SystemTime,
};

use everstep_event::{Event, EventSink};
use everstep_proto::Message;

use crate::{
    Options, encode,
    file::{EventFile, explain},
    queue::Queue,
    worker::Worker,
};

/// Writes events to a new file of a log directory, on a thread of its own.
///
/// Many threads may share one; what one thread emits stays in order.
/// A full queue makes [`emit`](EventSink::emit) wait, unless [`Options::when_full`] says otherwise.
///
/// Nothing is lost in silence. After an error of the file the next call returns it, and each flush until it is mended;
/// what was taken waits meanwhile, and is written when that is possible again, from the byte at which it failed. Only
/// while the queue is full, too, does each [`emit`](EventSink::emit) return the error. A file that has disappeared is
/// the end of its writer.
///
/// A session log (start, stop, checkpoint) is written at once, so that the curves of a killed process reach at least to
/// the checkpoint from which it resumes. Dropping the writer, in a panic too, writes what is left; leaving by
/// [`std::process::exit`] does not.
///
/// A run that was killed and resumes goes on in a new file of the same folder, and says with
/// [`What::SessionStart`](everstep_event::What::SessionStart) which step it makes first: readers forget what the killed
/// one wrote of that step and of later ones. Files of several runs go to a folder each.
///
/// ```
/// use everstep_event::{Event, EventSink, What};
/// use everstep_summary::{EventWriter, Follower, History};
///
/// let logdir = tempfile::tempdir()?;
/// let killed = EventWriter::create(logdir.path())?;
/// (1..=9).try_for_each(|step| killed.emit(Event::scalar(step, "loss", 1.0)))?;
/// drop(killed);
///
/// let resumed_at = 5; // The last checkpoint.
/// let writer = EventWriter::create(logdir.path())?;
/// writer.emit(Event::now(resumed_at + 1, What::SessionStart))?;
/// (resumed_at + 1..=7).try_for_each(|step| writer.emit(Event::scalar(step, "loss", 0.5)))?;
/// writer.close()?;
///
/// let history: History = Follower::open(logdir.path())?.collect::<std::io::Result<_>>()?;
/// let steps: Vec<u64> = history.scalars("loss").iter().map(|(step, _)| *step).collect();
/// assert_eq!(steps, [1, 2, 3, 4, 5, 6, 7]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct EventWriter {
    path: PathBuf,
    queue: Arc<Queue>,
    /// `None` after the end.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl EventWriter {
    /// Makes a new event file in `logdir`, and `logdir` if need be.
    pub fn create(logdir: impl AsRef<Path>) -> io::Result<Self> {
        Self::with_options(logdir, &Options::default())
    }

    /// Makes a new event file in `logdir`, and `logdir` if need be.
    ///
    /// Its name is `events.out.tfevents.<seconds since 1970>.<host>.<process>.<counter><suffix>`; no file is overwritten.
    /// It sorts behind every event file that is there, whatever the clock says: readers take them in that order.
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
        let queue = Arc::new(Queue::new(path.clone(), options));
        queue.lock().batch.push_record(&encode::file_version(now).encode_to_vec());
        let worker = Worker::new(output, queue.clone(), options.flush_every);
        let thread = thread::Builder::new().name("event-writer".to_owned()).spawn(move || worker.run());
        let thread =
            thread.map_err(|error| explain(error, format_args!("cannot start the thread that writes events")))?;
        let writer = Self { path, queue, thread: Mutex::new(Some(thread)) };
        writer.flush()?;
        Ok(writer)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many events were dropped because the queue was full: none, unless [`Options::when_full`] allows it.
    pub fn dropped(&self) -> u64 {
        self.queue.dropped()
    }

    /// Writes what is left and closes the file; further events are refused.
    ///
    /// Returns the error of the file, if there is one: what waits at that time is lost. Closing again is fine.
    pub fn close(&self) -> io::Result<()> {
        self.end();
        self.queue.check()
    }

    /// Lets the thread end behind the last event, and waits for that.
    fn end(&self) {
        self.queue.close();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        // A panic of the thread is the queue's failure already.
        let _ = thread.take().map(JoinHandle::join);
    }
}

impl EventSink for EventWriter {
    /// Takes one event; an error means that it was not taken.
    ///
    /// # Errors
    ///
    /// - `InvalidInput`: the step is beyond `i64::MAX`.
    /// - `BrokenPipe`: the writer is closed.
    /// - `WouldBlock`: the queue is full, and [`Options::when_full`] is to refuse.
    /// - The error of the file: once, and then as long as the queue is full.
    fn emit(&self, event: Event) -> io::Result<()> {
        if event.step > i64::MAX.cast_unsigned() {
            let message = format!("step {} is beyond {}, the last that an event file can hold", event.step, i64::MAX);
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
        self.queue.push(event)
    }

    /// Waits until the operating system has every event taken so far, and looks whether the file is still there.
    fn flush(&self) -> io::Result<()> {
        self.queue.flush()
    }
}

impl Drop for EventWriter {
    fn drop(&mut self) {
        self.end();
        self.queue.report();
    }
}

#[cfg(test)]
mod tests;
