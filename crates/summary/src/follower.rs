//! The reader of a run: all event files of a folder, as they grow.

use std::{
    fs::File,
    io::{self, BufReader, ErrorKind},
    path::{Path, PathBuf},
};

use everstep_event::Event;

use crate::{EventReader, event_files, file::explain};

/// Reads the events of a run, file after file in the order of their names, while its writers write.
///
/// An iterator of events; `None` means that there are no more yet. Asking again looks again, at every file and for new
/// ones, so nothing is missed where two writers share a folder. A record that is not whole yet is not there yet: it
/// comes when the rest of it does, and until then its file is among the [`torn`](Self::torn).
/// What a training wrote twice, because it was killed and resumed, comes twice; [`History`](crate::History) drops it.
///
/// ```
/// use everstep_event::{Event, EventSink};
/// use everstep_summary::{EventWriter, Follower};
///
/// let logdir = tempfile::tempdir()?;
/// let mut follower = Follower::open(logdir.path())?;
/// assert!(follower.next().is_none());
///
/// let writer = EventWriter::create(logdir.path())?;
/// writer.emit(Event::scalar(1, "loss", 0.5))?;
/// writer.flush()?;
/// assert_eq!(follower.next().transpose()?.map(|event| event.step), Some(1));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// - `InvalidData`: a record of a file is corrupted or no event, as [`EventReader`] has it; the next call goes on with
///   what can be read.
/// - Why the folder cannot be listed or a file cannot be opened; the next call tries again.
#[derive(Debug)]
pub struct Follower {
    /// `None` if one file is followed.
    folder: Option<PathBuf>,
    /// In the order of their names.
    sources: Vec<Source>,
    /// The source to be asked next.
    turn: usize,
}

/// A file of the run.
#[derive(Debug)]
struct Source {
    path: PathBuf,
    reader: EventReader<BufReader<File>>,
    torn: bool,
}

impl Follower {
    /// Follows the event files of a folder (not of those within it), or one event file.
    ///
    /// # Errors
    /// Why the folder or the file cannot be read.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let mut follower = Self { folder: None, sources: Vec::new(), turn: 0 };
        if path.is_file() {
            follower.sources.push(Source::open(path.to_owned())?);
        } else {
            follower.folder = Some(path.to_owned());
            follower.look()?;
        }
        Ok(follower)
    }

    /// The files that ended within a record when they were last read: their writers were stopped, or are still writing.
    pub fn torn(&self) -> impl Iterator<Item = &Path> {
        self.sources.iter().filter(|source| source.torn).map(|source| &*source.path)
    }

    /// Opens the files that have come since; tells whether there are any.
    fn look(&mut self) -> io::Result<bool> {
        let known = self.sources.len();
        let files = self.folder.as_ref().map_or(Ok(Vec::new()), event_files)?;
        for path in files {
            if let Err(place) = self.sources.binary_search_by(|source| source.path.cmp(&path)) {
                self.sources.insert(place, Source::open(path)?);
            }
        }
        Ok(self.sources.len() > known)
    }
}

impl Source {
    fn open(path: PathBuf) -> io::Result<Self> {
        Ok(Self { reader: EventReader::open(&path)?, path, torn: false })
    }

    fn next(&mut self) -> Option<io::Result<Event>> {
        let next = self.reader.next()?;
        self.torn = matches!(&next, Err(error) if error.kind() == ErrorKind::UnexpectedEof);
        if self.torn {
            return None;
        }
        Some(next.map_err(|error| explain(error, format_args!("event file `{}`", self.path.display()))))
    }
}

impl Iterator for Follower {
    type Item = io::Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            while let Some(source) = self.sources.get_mut(self.turn) {
                if let Some(next) = source.next() {
                    return Some(next);
                }
                self.turn += 1;
            }
            self.turn = 0;
            match self.look() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
