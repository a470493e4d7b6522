//! A disk that fills up while events are written, and has room again later: a made-up one and, where it may be mounted,
//! a real file system.

use std::{
    fs,
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::Ordering,
    time::Duration,
};

use everstep_event::{Event, EventSink, What};
use tempfile::TempDir;

use super::{Disk, start};
use crate::{EventReader, EventWriter, Options};

/// Bytes that are free at first: some thousand scalars.
const ROOM: usize = 300_000;

/// Writes until the disk is full, looks at what is there, makes room, and looks whether all of it comes.
#[track_caller]
fn check_survived<R: Read>(writer: &EventWriter, bytes: impl Fn() -> R, make_room: impl FnOnce()) {
    let emit = |step| writer.emit(Event::scalar(step, "loss", step as f64));
    let mut taken = Vec::new();
    let error = (0..).find_map(|step| emit(step).map(|()| taken.push(step)).err()).expect("no disk is without end");
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    assert!(error.to_string().ends_with("; mend that, and what waits is written"), "{error}");
    assert_eq!(writer.flush().unwrap_err().kind(), ErrorKind::StorageFull);

    let (there, torn) = read(bytes());
    assert!(there.len() > ROOM / 100 && there.iter().eq(&taken[..there.len()]), "{} of {}", there.len(), taken.len());
    assert!(torn.is_none_or(|torn| torn == ErrorKind::UnexpectedEof), "{torn:?}");

    make_room();
    let next = taken.last().map_or(0, |step| step + 1);
    writer.flush().unwrap();
    (next..next + 5000).for_each(|step| emit(step).map(|()| taken.push(step)).unwrap());
    writer.close().unwrap();
    assert_eq!(read(bytes()), (taken, None));
}

/// The steps of the scalars that are there, and why there are no more.
fn read(bytes: impl Read) -> (Vec<u64>, Option<ErrorKind>) {
    let mut steps = Vec::new();
    for event in EventReader::new(bytes) {
        match event {
            Ok(Event { step, what: What::Scalar { value, .. }, .. }) if value == step as f64 => steps.push(step),
            Ok(event) => panic!("nobody wrote {event:?}"),
            Err(error) => return (steps, Some(error.kind())),
        }
    }
    (steps, None)
}

#[test]
fn a_made_up_disk_that_fills_up_is_survived() {
    let disk = Disk::with_room(ROOM);
    let writer = start(disk.clone(), "full", 1000, Duration::from_millis(1)).unwrap();
    let bytes = || io::Cursor::new(disk.bytes.lock().unwrap().clone());
    check_survived(&writer, bytes, || disk.room.store(usize::MAX, Ordering::SeqCst));
}

/// A small file system of its own, until it is dropped.
struct Mounted(TempDir);

impl Mounted {
    /// `None` where this process may not mount.
    fn new() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder.path());
        mount.output().is_ok_and(|output| output.status.success()).then(|| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves about so much room, by a file that takes the rest.
    fn fill(&self, room: usize) -> PathBuf {
        let (file, mut blocks) = (self.path().join("filler"), vec![0; (1 << 20) - room]);
        while fs::write(&file, &blocks).is_err() {
            blocks.truncate(blocks.len() - 4096);
        }
        file
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).output();
    }
}

/// The same by a real file system, whose errors are the system's.
#[test]
fn a_real_disk_that_fills_up_is_survived() {
    let Some(disk) = Mounted::new() else {
        eprintln!("this process may not mount a file system, so that only the made-up disk was full");
        return;
    };
    let filler = disk.fill(ROOM);
    let options = Options { queue: 1000, flush_every: Duration::from_millis(1), ..Options::default() };
    let writer = EventWriter::with_options(disk.path(), &options).unwrap();
    let bytes = || io::BufReader::new(fs::File::open(writer.path()).unwrap());
    check_survived(&writer, bytes, || fs::remove_file(&filler).unwrap());
}
