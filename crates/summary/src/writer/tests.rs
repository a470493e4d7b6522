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
use everstep_event::{Channels, Event, EventSink, Image, What};
use everstep_proto::Message;

use super::EventWriter;
use crate::{EventReader, Options, WhenFull};

mod full_disk;

/// Long enough for any machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A disk that keeps what it gets, as long as there is room.
#[derive(Clone)]
struct Disk {
    bytes: Arc<Mutex<Vec<u8>>>,
    room: Arc<AtomicUsize>,
}

impl Disk {
    fn with_room(room: usize) -> Self {
        Self { bytes: Arc::default(), room: Arc::new(AtomicUsize::new(room)) }
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
        let count = bytes.len().min(self.room.load(Ordering::SeqCst) - kept.len());
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
    start_with(output, name, &Options { queue, flush_every, ..Options::default() })
}

fn start_with(output: impl Write + Send + 'static, name: &str, options: &Options) -> io::Result<EventWriter> {
    EventWriter::start(output, PathBuf::from(name), options, SystemTime::now())
}

#[track_caller]
fn check_full(result: io::Result<()>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(
        error.to_string(),
        "cannot write events to `full`: the disk is full; mend that, and what waits is written"
    );
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
        while writer.queue.lock().waiting.events < 4 {
            thread::yield_now();
        }
        assert!(emitted.load(Ordering::SeqCst) <= 4);
        drop(permit);
    });
    writer.close().unwrap();
    assert_eq!(disk.scalars(), (0..1000).collect::<Vec<_>>());
}

#[test]
fn a_full_disk_is_said_at_the_next_call_while_there_is_no_room_at_flush_and_at_close() {
    let disk = Disk::with_room(20_010);
    let writer = start(disk.clone(), "full", 2, Duration::ZERO).unwrap();
    let emit = || writer.emit(Event::scalar(0, "loss", 0.0));
    check_full((0..10_000).find_map(|_| emit().err()).map_or(Ok(()), Err));
    check_full((0..3).find_map(|_| emit().err()).map_or(Ok(()), Err));
    check_full(emit());
    check_full(writer.flush());
    check_full(writer.close());
    check_full(writer.close());
    check_full(emit());
    // What the disk took is whole up to the tear.
    let bytes = disk.bytes.lock().unwrap();
    let events: Vec<_> = EventReader::new(&**bytes).collect();
    let (tear, whole) = events.split_last().unwrap();
    assert_eq!(tear.as_ref().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert!(whole.len() > 300 && whole.iter().all(Result::is_ok));
}

#[test]
fn writing_goes_on_when_space_returns_and_what_was_torn_is_whole() {
    // From too little for the first record to too much for the last: the disk is full at every byte once.
    for room in 40..400 {
        let disk = Disk::with_room(room);
        let writer = start(disk.clone(), "full", 100, Duration::MAX).unwrap();
        let mut taken = Vec::new();
        for step in 0..8 {
            if writer.emit(Event::scalar(step, "loss", 0.0)).is_ok() {
                taken.push(step);
            }
            if writer.flush().is_err() {
                check_full(writer.flush());
            }
        }
        let full = disk.bytes.lock().unwrap().len() == room;
        let before: Vec<_> = EventReader::new(&**disk.bytes.lock().unwrap()).flatten().collect();
        disk.room.store(usize::MAX, Ordering::SeqCst);
        writer.flush().unwrap();
        writer.emit(Event::scalar(8, "loss", 0.0)).unwrap();
        writer.close().unwrap();
        taken.push(8);
        assert!(full || room > 300);
        assert_eq!(taken, (0..=8).collect::<Vec<_>>(), "flush has told the error, so that no event was refused");
        assert_eq!(disk.scalars(), taken);
        assert!(before.iter().map(|event| event.step).eq(0..before.len() as u64));
    }
}

#[test]
fn an_event_is_refused_once_to_tell_of_the_error_and_the_others_are_kept() {
    let disk = Disk::with_room(100);
    let writer = start(disk.clone(), "full", 1000, Duration::ZERO).unwrap();
    let mut refused = Vec::new();
    for step in 0..500 {
        if writer.emit(Event::scalar(step, "loss", 0.0)).is_err() {
            refused.push(step);
        }
    }
    disk.room.store(usize::MAX, Ordering::SeqCst);
    writer.close().unwrap();
    assert!(refused.len() <= 1, "{refused:?}");
    assert_eq!(disk.scalars(), (0..500).filter(|step| !refused.contains(step)).collect::<Vec<_>>());
}

/// A writer whose thread stands in a write, with one event in its hands.
fn stuck(queue: usize, when_full: WhenFull) -> (EventWriter, Disk, Sender<()>) {
    let (asked, is_asked) = unbounded();
    let (permit, permission) = bounded(1);
    let disk = Disk::with_room(usize::MAX);
    permit.send(()).unwrap();
    let options = Options { queue, when_full, flush_every: Duration::MAX, ..Options::default() };
    let writer = start_with(Slow { disk: disk.clone(), asked, permission }, "slow", &options).unwrap();
    is_asked.recv().unwrap();
    writer.emit(Event::now(0, What::SessionStart)).unwrap();
    is_asked.recv_timeout(PATIENCE).unwrap();
    // From here on nobody listens, and the disk does not care.
    thread::spawn(move || is_asked.iter().count());
    (writer, disk, permit)
}

#[test]
fn a_full_queue_refuses_or_drops_if_it_is_told_to() {
    let (writer, disk, permit) = stuck(4, WhenFull::Refuse);
    let taken: Vec<u64> = (0..9).filter(|step| writer.emit(Event::scalar(*step, "loss", 0.0)).is_ok()).collect();
    let error = writer.emit(Event::scalar(9, "loss", 0.0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let expected = "4 events wait to be written to `slow`, which is slow; emit fewer or again later";
    assert_eq!(error.to_string(), expected);
    drop(permit);
    writer.close().unwrap();
    assert_eq!((disk.scalars(), writer.dropped()), (taken.clone(), 0));
    assert_eq!(taken, [0, 1, 2]);

    let (writer, disk, permit) = stuck(4, WhenFull::Drop);
    (0..9).for_each(|step| writer.emit(Event::scalar(step, "loss", 0.0)).unwrap());
    drop(permit);
    writer.close().unwrap();
    assert_eq!((disk.scalars(), writer.dropped()), (vec![0, 1, 2], 6));
}

#[test]
fn pictures_fill_a_queue_by_their_size() {
    let (writer, _disk, permit) = stuck(1000, WhenFull::Refuse);
    let image = Image::file(1, 1, Channels::Grey, vec![0; 30 << 20]);
    let picture = || writer.emit(Event::now(1, What::images("i", [image.clone()])));
    let taken = (0..9).filter(|_| picture().is_ok()).count();
    assert_eq!(taken, 3, "two leave some of the 64 MiB, three do not");
    drop(permit);
    writer.close().unwrap();
}

#[test]
fn so_many_events_are_written_at_once() {
    let (flushed, is_flushed) = unbounded();
    let options = Options { flush_count: Some(3), flush_every: Duration::MAX, ..Options::default() };
    let writer = start_with(Flushes(flushed), "count", &options).unwrap();
    is_flushed.recv_timeout(PATIENCE).unwrap();
    for step in 0..3 {
        assert!(is_flushed.is_empty());
        writer.emit(Event::scalar(step, "loss", 0.0)).unwrap();
    }
    is_flushed.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn a_panic_writes_what_is_left() {
    let disk = Disk::with_room(usize::MAX);
    let writer = start(disk.clone(), "panic", 100, Duration::MAX).unwrap();
    let panicking = thread::spawn(move || {
        (0..50).for_each(|step| writer.emit(Event::scalar(step, "loss", 0.0)).unwrap());
        panic!("the training has a fault");
    });
    panicking.join().unwrap_err();
    assert_eq!(disk.scalars(), (0..50).collect::<Vec<_>>());
}

#[test]
fn a_scalar_has_the_bytes_of_its_message() {
    let times = [SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_millis(1_500_000_000_250)];
    let tags = ["", "loss", &"t".repeat(127), &"ü".repeat(70), &"t".repeat(20_000)];
    for wall_time in times {
        for step in [0, 1, 127, 128, 300, i64::MAX as u64] {
            for tag in tags {
                for value in [0.0, -0.0, 0.5, f64::NAN, 1e300] {
                    let event = Event { wall_time, step, what: What::scalar(tag, value) };
                    let (mut direct, mut general) = (Vec::new(), Vec::new());
                    crate::encode::scalar_record(&mut direct, wall_time, step, tag, value);
                    crate::record::add(&mut general, &crate::encode::message(event).unwrap().encode_to_vec());
                    assert_eq!(direct, general);
                }
            }
        }
    }
}

#[test]
fn a_full_disk_is_said_first_at_flush_or_first_at_close() {
    let room = 100;
    let writer = start(Disk::with_room(room), "full", 100, Duration::MAX).unwrap();
    (0..8).for_each(|step| writer.emit(Event::scalar(step, "loss", 0.0)).unwrap());
    check_full(writer.flush());

    let writer = start(Disk::with_room(room), "full", 100, Duration::MAX).unwrap();
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
        let writer = start(Disk::with_room(100), name, 100, Duration::MAX).unwrap();
        (0..8).for_each(|step| writer.emit(Event::scalar(step, "loss", 0.0)).unwrap());
        if name == "heard" {
            writer.close().unwrap_err();
        }
    }
    let lines = LOG.0.lock().unwrap();
    let lines: Vec<&String> = lines.iter().filter(|line| line.contains("heard`")).collect();
    let error = "cannot write events to `unheard`: the disk is full; mend that, and what waits is written";
    assert_eq!(lines, [&format!("events were lost: {error}")]);
}
