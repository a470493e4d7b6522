//! The reader of event files.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use everstep_event::Event;

use crate::{decode::Decoder, file::explain, record::RecordReader};

/// Reads the events of one file, which may still grow.
///
/// An iterator of events, oldest first; `None` means that there are no more yet, and asking again looks again.
/// Kinds of records that [`What`](everstep_event::What) does not have are passed over; to see them, read the file with a
/// [`RecordReader`] and decode each record as an `everstep_proto::event::Event`.
///
/// # Errors
///
/// - `UnexpectedEof`: the file ends within a record, because its writer was stopped or is still writing.
///   Every event before it was read. It is said once; then the reader looks for the rest each time it is asked.
/// - `InvalidData` about a corrupted record: the file can not be read further. It is said once, then `None`.
/// - `InvalidData` about a record that is sound but no event: the next call goes on behind it.
#[derive(Debug)]
pub struct EventReader<R: Read> {
    records: RecordReader<R>,
    decoder: Decoder,
    /// The rest of the events of the last record.
    ready: VecDeque<Event>,
    /// The offset of the record that could not be read, once that was said.
    said: Option<u64>,
}

impl EventReader<BufReader<File>> {
    /// A reader of the file at `path`.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let file = File::open(path)
            .map_err(|error| explain(error, format_args!("cannot open the event file `{}`", path.display())))?;
        Ok(Self::new(BufReader::new(file)))
    }
}

impl<R: Read> EventReader<R> {
    /// A reader of the bytes of an event file.
    pub fn new(input: R) -> Self {
        let records = RecordReader::new(input);
        Self { records, decoder: Decoder::default(), ready: VecDeque::new(), said: None }
    }

    /// Says an error about a record that stays unread, unless it was said already.
    fn once(&mut self, error: io::Error) -> Option<io::Result<Event>> {
        let offset = Some(self.records.offset());
        if self.said == offset {
            return None;
        }
        self.said = offset;
        Some(Err(error))
    }
}

impl<R: Read> Iterator for EventReader<R> {
    type Item = io::Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            let events = match self.records.read() {
                Ok(record) => self.decoder.events(record?),
                Err(error) => return self.once(error),
            };
            match events {
                Ok(events) => self.ready.extend(events),
                Err(error) => {
                    let offset = self.records.offset();
                    return Some(Err(explain(error, format_args!("cannot use the record at offset {offset}"))));
                }
            }
        }
    }
}
