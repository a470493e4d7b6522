//! Event files on disk: their names, how one is made, and how they are found.

use std::{
    fmt, fs,
    fs::File,
    io::{self, ErrorKind, Write},
    path::{self, Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use crate::host;

/// How the names of event files begin; the second of their making follows, in so many digits.
const PREFIX: &str = "events.out.tfevents.";
const DIGITS: usize = 10;
const LAST_SECOND: u64 = 9_999_999_999;

/// The event files of a folder (not of those within it), oldest first.
///
/// A file is an event file if its name contains `tfevents`, as TensorBoard has it; the order is that of the names.
pub fn event_files(logdir: impl AsRef<Path>) -> io::Result<Vec<PathBuf>> {
    let logdir = logdir.as_ref();
    let error = |error| explain(error, format_args!("cannot list the log directory `{}`", logdir.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(logdir).map_err(error)? {
        let path = entry.map_err(error)?.path();
        let named = path.file_name().is_some_and(|name| name.to_string_lossy().contains("tfevents"));
        if named && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A file that is being written, and says at each flush whether it is still there.
#[derive(Debug)]
pub(crate) struct EventFile {
    file: File,
    path: PathBuf,
}

impl EventFile {
    /// Makes a new file in `logdir`, and `logdir` if need be.
    pub(crate) fn create(logdir: &Path, suffix: &str, now: SystemTime) -> io::Result<Self> {
        if suffix.contains(path::is_separator) {
            let message = format!("the suffix `{suffix}` of event files contains a path separator; leave it out");
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
        if logdir.as_os_str().is_empty() {
            let message = "the path of the log directory is empty; write `.` for the working directory";
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
        create(logdir, suffix, now).map_err(|error| {
            let path = logdir.display();
            let what = format_args!("cannot write events to the log directory `{path}`");
            match error.kind() {
                ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                    explain(error, format_args!("{what}; a file is in its place, name another"))
                }
                _ => explain(error, format_args!("{what}; name one that this process may create and write")),
            }
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Write for EventFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()?;
        if self.path.try_exists()? {
            Ok(())
        } else {
            Err(io::Error::new(ErrorKind::NotFound, "the file has disappeared"))
        }
    }
}

/// The same kind of error, which now says what was tried.
pub(crate) fn explain(error: io::Error, what: fmt::Arguments<'_>) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

fn create(logdir: &Path, suffix: &str, now: SystemTime) -> io::Result<EventFile> {
    fs::create_dir_all(logdir)?;
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).as_ref().map_or(0, Duration::as_secs);
    let seconds = seconds.max(free_second(logdir)?);
    loop {
        let path = logdir.join(name(seconds, suffix));
        match File::create_new(&path) {
            Ok(file) => return Ok(EventFile { file, path }),
            // Another machine of this name, or another container, was here: the next name is free.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        }
    }
}

/// A second behind those in the names of all event files of a folder.
///
/// Readers take files in the order of their names, and a run that resumes within a second, or after the clock was set
/// back, must not come before what it supersedes.
fn free_second(logdir: &Path) -> io::Result<u64> {
    let second = |path: &PathBuf| {
        let rest = path.file_name()?.to_str()?.strip_prefix(PREFIX)?;
        let (second, _) = rest.split_once('.').filter(|(second, _)| second.len() == DIGITS)?;
        second.parse::<u64>().ok()
    };
    let newest = event_files(logdir)?.iter().filter_map(second).max();
    Ok(newest.map_or(0, |second| (second + 1).min(LAST_SECOND)))
}

/// A name that this process has not given before.
fn name(second: u64, suffix: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let counter = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{PREFIX}{second:0DIGITS$}.{}.{}.{counter}{suffix}", host::name(), process::id())
}
