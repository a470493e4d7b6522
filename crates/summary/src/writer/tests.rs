//! The writer over streams that are slow, full or broken.

use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use everstep_event::{Event, EventSink, What};

use super::{EventWriter, Options};
use crate::EventReader;

/// Long enough for any machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A disk that keeps what it gets, as long as there is room.
#[derive(Clone)]
struct Disk {
    bytes: Arc<Mutex<Vec<u8>>>,
    room: usize,
}

impl Disk {
    fn with_room(room: usize) -> Self {
        Self { bytes: Arc::default(), room }
    }

    fn scalars(&self) -> Vec<u64> {
        let bytes = self.bytes.lock().unwrap();
        let events = EventReader::new(&**bytes).map(Result::unwrap);
        events.filter(|event| matches!(event.what, What::Scalar { .. })).map(|event| event.step).collect()
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.bytes.lock().unwrap();
        let count = bytes.len().min(self.room - kept.len());
        kept.extend(&bytes[..count]);
        if count == 0 { Err(io::Error::new(ErrorKind::StorageFull, "the disk is full")) } else { Ok(count) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A disk that says when it is asked to write, and then waits for permission; for ever given once the giver is gone.
struct Slow {
    disk: Disk,
    asked: Sender<()>,
    permission: Receiver<()>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.asked.send(()).unwrap();
        let _ = self.permission.recv();
        self.disk.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A disk that counts flushes.
struct Flushes(Sender<()>);

impl Write for Flushes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.send(());
        Ok(())
    }
}

/// A disk whose driver has a fault that shows on its second write.
struct Faulty(usize);

impl Write for Faulty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert_eq!(self.0, 0, "the fault of the driver");
        self.0 += 1;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn start(
    output: impl Write + Send + 'static,
    name: &str,
    queue: usize,
    flush_every: Duration,
) -> io::Result<EventWriter> {
    let options = Options { queue, flush_every, suffix: String::new() };
    EventWriter::start(output, PathBuf::from(name), &options, SystemTime::now())
}

#[track_caller]
fn check_full(result: io::Result<()>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(error.to_string(), "cannot write events to `full`: the disk is full; mend that and make another writer");
}

#[test]
fn a_queue_is_bounded_and_loses_nothing() {
    let (asked, is_asked) = unbounded();
    let (permit, permission) = bounded(1);
    let disk = Disk::with_room(usize::MAX);
    permit.send(()).unwrap();
    let writer = start(Slow { disk: disk.clone(), asked, permission }, "slow", 4, Duration::MAX).unwrap();
    is_asked.recv().unwrap();

    // From here on the thread stands in the flush of a session log, and takes nothing from the queue.
    writer.emit(Event::now(0, What::SessionStart)).unwrap();
    is_asked.recv_timeout(PATIENCE).unwrap();

    let emitted = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for step in 0..1000 {
                writer.emit(Event::scalar(step, "loss", 0.0)).unwrap();
                emitted.fetch_add(1, Ordering::SeqCst);
            }
        });
        let queue = writer.queue.read().unwrap().clone().unwrap();
        assert_eq!(queue.capacity(), Some(4));
        while !queue.is_full() {
            thread::yield_now();
        }
        assert!(emitted.load(Ordering::SeqCst) <= 4);
        drop(permit);
    });
    writer.close().unwrap();
    assert_eq!(disk.scalars(), (0..1000).collect::<Vec<_>>());
}

#[test]
fn a_full_disk_is_said_at_the_next_call_at_flush_and_at_close() {
    let disk = Disk::with_room(20_000);
    let writer = start(disk.clone(), "full", 2, Duration::ZERO).unwrap();
    let error = (0..10_000).find_map(|step| writer.emit(Event::scalar(step, "loss", 0.0)).err()).unwrap();
    check_full(Err(error));
    check_full(writer.emit(Event::scalar(0, "loss", 0.0)));
    check_full(writer.flush());
    check_full(writer.close());
    check_full(writer.close());
    // What the disk took is whole up to the tear.
    let bytes = disk.bytes.lock().unwrap();
    let events: Vec<_> = EventReader::new(&**bytes).collect();
    let (tear, whole) = events.split_last().unwrap();
    assert_eq!(tear.as_ref().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert!(whole.len() > 300 && whole.iter().all(Result::is_ok));
}

#[test]
fn a_full_disk_is_said_first_at_flush_or_first_at_close() {
    let room = 100;
    let writer = start(Disk::with_room(room), "full", 8, Duration::MAX).unwrap();
    (0..8).for_each(|step| writer.emit(Event::scalar(step, "loss", 0.0)).unwrap());
    check_full(writer.flush());

    let writer = start(Disk::with_room(room), "full", 8, Duration::MAX).unwrap();
    (0..8).for_each(|step| writer.emit(Event::scalar(step, "loss", 0.0)).unwrap());
    check_full(writer.close());
}

#[test]
fn a_failure_wakes_every_thread_that_waits() {
    let writer = start(Disk::with_room(10_000), "full", 1, Duration::ZERO).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let error = (0..10_000).find_map(|step| writer.emit(Event::scalar(step, "loss", 0.0)).err());
                check_full(Err(error.unwrap()));
            });
        }
        scope.spawn(|| check_full((0..10_000).find_map(|_| writer.flush().err()).map_or(Ok(()), Err)));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_from_the_start_is_said_at_the_start() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let error = start(full, "full", 8, Duration::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert!(error.to_string().contains("No space left on device"), "{error}");
}

#[test]
fn a_panic_of_the_thread_is_an_error() {
    let writer = start(Faulty(0), "faulty", 8, Duration::MAX).unwrap();
    writer.emit(Event::scalar(1, "loss", 0.0)).unwrap();
    assert!(writer.flush().is_err());
    assert!(writer.close().unwrap_err().to_string().contains("its thread panicked"));
}

#[test]
fn quiet_periods_are_flushed_too() {
    let (flushed, is_flushed) = unbounded();
    let writer = start(Flushes(flushed), "quiet", 8, Duration::from_millis(1)).unwrap();
    is_flushed.recv_timeout(PATIENCE).unwrap();
    for step in 0..3 {
        writer.emit(Event::scalar(step, "loss", 0.0)).unwrap();
        is_flushed.recv_timeout(PATIENCE).unwrap();
    }
}

#[test]
fn busy_periods_are_flushed_too() {
    let (asked, is_asked) = unbounded();
    let (permit, permission) = bounded(1);
    permit.send(()).unwrap();
    let slow = Slow { disk: Disk::with_room(usize::MAX), asked, permission };
    let writer = start(slow, "busy", 4, Duration::ZERO).unwrap();
    is_asked.recv_timeout(PATIENCE).unwrap();
    writer.emit(Event::scalar(0, "loss", 0.0)).unwrap();
    is_asked.recv_timeout(PATIENCE).unwrap();
    (1..=4).for_each(|step| writer.emit(Event::scalar(step, "loss", 0.0)).unwrap());
    drop(permit);
    writer.close().unwrap();
    assert_eq!(is_asked.try_iter().count(), 4, "each of the events that waited has its own flush");
}

#[test]
fn session_logs_are_flushed_at_once_and_scalars_are_not() {
    let (flushed, is_flushed) = unbounded();
    let writer = start(Flushes(flushed), "logs", 8, Duration::MAX).unwrap();
    is_flushed.recv_timeout(PATIENCE).unwrap();
    for what in [What::SessionStart, What::Checkpoint { path: "p".into() }, What::SessionStop] {
        writer.emit(Event::scalar(1, "loss", 0.0)).unwrap();
        writer.emit(Event::now(1, what)).unwrap();
        is_flushed.recv_timeout(PATIENCE).unwrap();
    }
    writer.close().unwrap();
    assert_eq!(is_flushed.try_iter().count(), 1, "only the one of the end is left");
}

/// Keeps what the library logs.
struct Log(Mutex<Vec<String>>);

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

static LOG: Log = Log(Mutex::new(Vec::new()));

#[test]
fn an_error_that_nobody_heard_is_logged_and_one_that_somebody_heard_is_not() {
    log::set_logger(&LOG).unwrap();
    log::set_max_level(log::LevelFilter::Error);
    for name in ["heard", "unheard"] {
        let writer = start(Disk::with_room(100), name, 8, Duration::MAX).unwrap();
        (0..8).for_each(|step| writer.emit(Event::scalar(step, "loss", 0.0)).unwrap());
        if name == "heard" {
            writer.close().unwrap_err();
        }
    }
    let lines = LOG.0.lock().unwrap();
    let lines: Vec<&String> = lines.iter().filter(|line| line.contains("heard`")).collect();
    assert_eq!(lines, ["events were lost: cannot write to `unheard`: the disk is full"]);
}
