//! The thread that writes records, so that training does not wait for a disk.

use std::{
    io::{self, BufWriter, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use crate::{failure::Failure, record::RecordWriter};

/// What the thread is to do next.
#[derive(Debug)]
pub(crate) enum Task {
    /// Write a record, which may wait for others to be flushed.
    Write(Vec<u8>),
    /// Write a record and flush.
    WriteThrough(Vec<u8>),
    /// Flush, and tell the one who waits for it.
    Flush(Option<Sender<()>>),
    /// Flush, for there will be nothing more.
    End,
}

/// Takes tasks from a queue until that is closed or a task fails.
///
/// When it ends the queue ends, which wakes everyone who waits at it; before that, the failure is known to them.
pub(crate) struct Worker<W: Write> {
    queue: Receiver<Task>,
    records: RecordWriter<BufWriter<W>>,
    failure: Arc<Failure>,
    flush_every: Duration,
    /// When to flush what was written; `None` if nothing was, or never.
    flush_at: Option<Instant>,
}

impl<W: Write> Worker<W> {
    pub(crate) fn new(output: W, queue: Receiver<Task>, failure: Arc<Failure>, flush_every: Duration) -> Self {
        let records = RecordWriter::new(BufWriter::new(output));
        Self { queue, records, failure, flush_every, flush_at: None }
    }

    pub(crate) fn run(mut self) {
        loop {
            // The task lives until the failure is kept: who waits for it is woken when it is dropped.
            let task = self.next();
            if let Err(error) = self.execute(&task) {
                return self.failure.set(error);
            }
            if matches!(task, Task::End) {
                return;
            }
        }
    }

    /// The next task in the queue, or a flush if its time comes before.
    fn next(&self) -> Task {
        let task = match self.flush_at {
            Some(at) if at <= Instant::now() => Err(RecvTimeoutError::Timeout),
            Some(at) => self.queue.recv_deadline(at),
            None => self.queue.recv().map_err(RecvTimeoutError::from),
        };
        task.unwrap_or_else(|error| match error {
            RecvTimeoutError::Timeout => Task::Flush(None),
            RecvTimeoutError::Disconnected => Task::End,
        })
    }

    fn execute(&mut self, task: &Task) -> io::Result<()> {
        match task {
            Task::Write(record) => self.write(record),
            Task::WriteThrough(record) => self.write(record).and_then(|()| self.flush()),
            Task::End => self.flush(),
            Task::Flush(waiting) => self.flush().map(|()| tell(waiting.as_ref())),
        }
    }

    fn write(&mut self, record: &[u8]) -> io::Result<()> {
        self.records.write(record)?;
        self.flush_at = self.flush_at.or_else(|| Instant::now().checked_add(self.flush_every));
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flush_at = None;
        self.records.flush()
    }
}

fn tell(waiting: Option<&Sender<()>>) {
    if let Some(waiting) = waiting {
        // Who no longer waits need not be told.
        let _ = waiting.send(());
    }
}
