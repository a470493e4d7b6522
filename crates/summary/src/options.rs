//! How a writer works.

use std::time::Duration;

/// How an [`EventWriter`](crate::EventWriter) works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many events may wait to be written, before the queue is full; 16,384 unless told, and at least 1.
    ///
    /// That is about 1 MB of scalars. Large contents fill the queue too: it takes none beyond 64 MiB of them.
    pub queue: usize,
    /// What becomes of an event when the queue is full; it waits unless told.
    pub when_full: WhenFull,
    /// How many events wait in memory before they are written together; half of the queue unless told, and at least 1.
    ///
    /// With 1 each event is written at once, which costs the caller some microseconds.
    pub flush_count: Option<usize>,
    /// How long an event may wait in memory for others before it is written; 5 seconds unless told.
    ///
    /// TensorBoard looks as often, and a killed process loses no more than this.
    pub flush_every: Duration,
    /// The end of the file's name, such as `.eval`; empty unless told.
    pub suffix: String,
}

/// What becomes of an event when the queue is full.
///
/// Session starts and stops and checkpoints always wait: a reader needs them to know which values hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenFull {
    /// [`emit`](everstep_event::EventSink::emit) waits until there is room: nothing is lost.
    #[default]
    Wait,
    /// [`emit`](everstep_event::EventSink::emit) returns an error of the kind `WouldBlock`, and the event is not taken.
    Refuse,
    /// The event is dropped and counted: see [`EventWriter::dropped`](crate::EventWriter::dropped).
    Drop,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue: 16_384,
            when_full: WhenFull::Wait,
            flush_count: None,
            flush_every: Duration::from_secs(5),
            suffix: String::new(),
        }
    }
}
