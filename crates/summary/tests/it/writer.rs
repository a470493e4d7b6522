//! The writer: files, order, completeness, and errors that a user meets.

use std::{
    collections::BTreeMap,
    fs,
    io::{ErrorKind, Write},
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use everstep_event::{Event, EventSink, What};
use everstep_proto::{Message, event};
use everstep_summary::{
    EventReader, EventWriter, Options, event_files,
    record::{RecordReader, RecordWriter},
};
use proptest::{collection::vec, prelude::*};
use tempfile::TempDir;

fn events_of(path: &Path) -> Vec<Event> {
    EventReader::open(path).unwrap().map(Result::unwrap).collect()
}

/// Times are kept as seconds in 64 bits of floating point: to a microsecond.
#[track_caller]
fn assert_same(read: &[Event], written: &[Event]) {
    assert_eq!(read.len(), written.len());
    for (read, written) in read.iter().zip(written) {
        assert_eq!((read.step, &read.what), (written.step, &written.what));
        let apart = read.wall_time.duration_since(written.wall_time).unwrap_or_else(|error| error.duration());
        assert!(apart < Duration::from_micros(1), "{apart:?}");
    }
}

fn one_of_each() -> Vec<Event> {
    let whats = [
        What::SessionStart,
        What::Graph(Arc::from([1, 2, 3])),
        What::Scalar { tag: "loss".into(), value: 0.5 },
        What::Text { tag: "note".into(), text: "**grün**".into() },
        What::Checkpoint { path: "run/checkpoint-7".into() },
        What::SessionStop,
    ];
    whats.into_iter().enumerate().map(|(step, what)| Event::now(step as u64, what)).collect()
}

#[test]
fn every_kind_comes_back_in_order() {
    let folder = TempDir::new().unwrap();
    let writer = EventWriter::create(folder.path()).unwrap();
    let events = one_of_each();
    events.iter().for_each(|event| writer.emit(event.clone()).unwrap());
    writer.close().unwrap();
    assert_same(&events_of(writer.path()), &events);
}

#[test]
fn the_first_record_is_the_version_in_whole_seconds_and_there_at_once() {
    let folder = TempDir::new().unwrap();
    let writer = EventWriter::create(folder.path()).unwrap();
    let bytes = fs::read(writer.path()).unwrap();
    let mut records = RecordReader::new(&*bytes);
    let first = event::Event::decode(records.read().unwrap().unwrap()).unwrap();
    assert_eq!(first.what, Some(event::What::FileVersion("brain.Event:2".into())));
    assert_eq!(first.wall_time, first.wall_time.floor());
    assert_eq!(records.read().unwrap(), None);
}

#[test]
fn a_checkpoint_has_its_path_in_both_fields() {
    let folder = TempDir::new().unwrap();
    let writer = EventWriter::create(folder.path()).unwrap();
    writer.emit(Event::now(7, What::Checkpoint { path: "run/7".into() })).unwrap();
    writer.close().unwrap();
    let bytes = fs::read(writer.path()).unwrap();
    let mut records = RecordReader::new(&*bytes);
    records.read().unwrap();
    let message = event::Event::decode(records.read().unwrap().unwrap()).unwrap();
    let Some(event::What::SessionLog(log)) = message.what else { panic!("{message:?}") };
    assert_eq!((log.status(), &*log.checkpoint_path, &*log.msg), (event::SessionStatus::Checkpoint, "run/7", "run/7"));
}

#[test]
fn flush_puts_everything_emitted_into_the_file() {
    let folder = TempDir::new().unwrap();
    let options = Options { flush_every: Duration::MAX, ..Options::default() };
    let writer = EventWriter::with_options(folder.path(), &options).unwrap();
    for step in 0..50 {
        writer.emit(Event::scalar(step, "loss", 0.5)).unwrap();
        writer.flush().unwrap();
        assert_eq!(events_of(writer.path()).len() as u64, step + 1);
    }
}

#[test]
fn dropping_writes_what_is_left() {
    let folder = TempDir::new().unwrap();
    let writer = EventWriter::create(folder.path()).unwrap();
    let path = writer.path().to_owned();
    for step in 0..5000 {
        writer.emit(Event::scalar(step, "loss", 0.5)).unwrap();
    }
    drop(writer);
    assert_eq!(events_of(&path).len(), 5000);
}

#[test]
fn many_threads_lose_nothing_and_keep_each_its_order() {
    let folder = TempDir::new().unwrap();
    for queue in [0, 1, 7] {
        let options = Options { queue, ..Options::default() };
        let writer = EventWriter::with_options(folder.path(), &options).unwrap();
        thread::scope(|scope| {
            for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
                let writer = &writer;
                scope.spawn(move || {
                    for step in 0..200 {
                        writer.emit(Event::scalar(step, name, step as f64)).unwrap();
                    }
                });
            }
        });
        writer.flush().unwrap();
        let mut curves = BTreeMap::<Arc<str>, Vec<u64>>::new();
        for event in events_of(writer.path()) {
            let What::Scalar { tag, .. } = event.what else { panic!("{event:?}") };
            curves.entry(tag).or_default().push(event.step);
        }
        assert_eq!(curves.len(), 8);
        assert!(curves.into_values().all(|steps| steps.into_iter().eq(0..200)));
    }
}

#[test]
fn closing_races_with_emitting_and_what_was_taken_is_written() {
    let folder = TempDir::new().unwrap();
    let options = Options { queue: 3, ..Options::default() };
    for _ in 0..20 {
        let writer = EventWriter::with_options(folder.path(), &options).unwrap();
        let taken = thread::scope(|scope| {
            let emit = || (0..10_000).take_while(|step| writer.emit(Event::scalar(*step, "loss", 0.0)).is_ok()).count();
            let threads = [scope.spawn(emit), scope.spawn(emit)];
            writer.close().unwrap();
            threads.map(|thread| thread.join().unwrap())
        });
        assert_eq!(events_of(writer.path()).len(), taken.iter().sum::<usize>());
    }
}

#[test]
fn a_closed_writer_refuses_and_closes_again() {
    let folder = TempDir::new().unwrap();
    let writer = EventWriter::create(folder.path()).unwrap();
    writer.close().unwrap();
    let error = writer.emit(Event::scalar(1, "loss", 0.5)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    let path = writer.path().display();
    assert_eq!(error.to_string(), format!("the event file `{path}` is closed; make another writer"));
    assert_eq!(writer.flush().unwrap_err().kind(), ErrorKind::BrokenPipe);
    writer.close().unwrap();
}

#[test]
fn writers_of_one_second_have_a_file_each_and_older_files_stay() {
    let folder = TempDir::new().unwrap();
    let old = folder.path().join("events.out.tfevents.0000000001.host");
    fs::write(&old, "old").unwrap();
    let options = Options { suffix: ".eval".into(), ..Options::default() };
    for step in 0..10 {
        let writer = EventWriter::with_options(folder.path(), &options).unwrap();
        writer.emit(Event::scalar(step, "loss", 0.5)).unwrap();
        writer.close().unwrap();
    }
    let files = event_files(folder.path()).unwrap();
    assert_eq!(files.len(), 11);
    assert_eq!(files[0], old);
    assert_eq!(fs::read(&old).unwrap(), b"old");
    let steps: Vec<u64> = files[1..].iter().map(|path| events_of(path)[0].step).collect();
    assert_eq!(steps, (0..10).collect::<Vec<_>>());
}

#[test]
fn a_file_is_the_last_of_its_folder_whatever_the_clock_says() {
    let folder = TempDir::new().unwrap();
    let other = folder.path().join("events.out.tfevents.4000000000.zebra.99999.9");
    fs::write(&other, "from a clock that is fast").unwrap();
    fs::write(folder.path().join("events.out.tfevents.99999999999.of.no.time"), "").unwrap();
    let writers = [0; 3].map(|_| EventWriter::create(folder.path()).unwrap().path().to_owned());
    let seconds = writers.map(|path| path.file_name().unwrap().to_str().unwrap()[20..30].to_owned());
    assert_eq!(seconds, ["4000000001", "4000000002", "4000000003"]);
}

#[test]
fn a_file_name_has_its_parts() {
    let folder = TempDir::new().unwrap();
    let before = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let options = Options { suffix: ".v2".into(), ..Options::default() };
    let writer = EventWriter::with_options(folder.path(), &options).unwrap();
    let name = writer.path().file_name().unwrap().to_str().unwrap();
    let rest = name.strip_prefix("events.out.tfevents.").unwrap().strip_suffix(".v2").unwrap();
    let (seconds, rest) = rest.split_once('.').unwrap();
    assert_eq!(seconds.len(), 10);
    assert!((before..before + 3600).contains(&seconds.parse().unwrap()));
    let (rest, counter) = rest.rsplit_once('.').unwrap();
    counter.parse::<u64>().unwrap();
    let (host, process) = rest.rsplit_once('.').unwrap();
    assert_eq!(process, std::process::id().to_string());
    assert!(!host.is_empty());
}

#[test]
fn only_event_files_are_listed() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("checkpoint"), "").unwrap();
    fs::create_dir(folder.path().join("tfevents")).unwrap();
    assert_eq!(event_files(folder.path()).unwrap(), Vec::<std::path::PathBuf>::new());
    let error = event_files(folder.path().join("absent")).unwrap_err();
    assert!(error.to_string().starts_with("cannot list the log directory `"), "{error}");
}

/// The error names the directory and what to do, in one line.
#[track_caller]
fn check_refused(logdir: &Path, remedy: &str) {
    let message = EventWriter::create(logdir).unwrap_err().to_string();
    let start = format!("cannot write events to the log directory `{}`", logdir.display());
    assert!(message.starts_with(&start) && message.contains(remedy) && !message.contains('\n'), "{message}");
}

#[test]
fn a_directory_that_cannot_be_is_refused_with_a_remedy() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    check_refused(&file, "; a file is in its place, name another");
    check_refused(&file.join("below"), "; a file is in its place, name another");
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    // Not even the superuser makes a file here.
    #[cfg(target_os = "linux")]
    check_refused(Path::new("/proc/self"), "; name one that this process may create and write");
}

#[test]
fn an_empty_path_and_a_suffix_with_a_separator_are_refused() {
    let error = EventWriter::create("").unwrap_err();
    assert_eq!(error.to_string(), "the path of the log directory is empty; write `.` for the working directory");
    let folder = TempDir::new().unwrap();
    let options = Options { suffix: "/../x".into(), ..Options::default() };
    let error = EventWriter::with_options(folder.path(), &options).unwrap_err();
    assert_eq!(error.to_string(), "the suffix `/../x` of event files contains a path separator; leave it out");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_directory_tree_is_made() {
    let folder = TempDir::new().unwrap();
    let writer = EventWriter::create(folder.path().join("a/b/c")).unwrap();
    assert!(writer.path().starts_with(folder.path().join("a/b/c")));
}

#[test]
fn a_file_that_disappeared_is_reported_and_not_made_again() {
    let folder = TempDir::new().unwrap();
    for close in [false, true] {
        let writer = EventWriter::create(folder.path()).unwrap();
        writer.emit(Event::scalar(1, "loss", 0.5)).unwrap();
        fs::remove_file(writer.path()).unwrap();
        let error = if close { writer.close() } else { writer.flush() }.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let path = writer.path().display();
        let expected = "the file has disappeared; mend that and make another writer";
        assert_eq!(error.to_string(), format!("cannot write events to `{path}`: {expected}"));
        assert!(!writer.path().exists());
    }
}

#[test]
fn a_step_that_does_not_fit_is_refused_and_the_writer_goes_on() {
    let folder = TempDir::new().unwrap();
    let writer = EventWriter::create(folder.path()).unwrap();
    let error = writer.emit(Event::scalar(u64::MAX, "loss", 0.5)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(
        error.to_string(),
        "step 18446744073709551615 is beyond 9223372036854775807, the last that an event file can hold"
    );
    writer.emit(Event::scalar(i64::MAX as u64, "loss", 0.5)).unwrap();
    writer.close().unwrap();
    assert_eq!(events_of(writer.path()).len(), 1);
}

#[test]
fn numbers_that_are_none_come_back() {
    let folder = TempDir::new().unwrap();
    let writer = EventWriter::create(folder.path()).unwrap();
    for value in [f64::NAN, f64::INFINITY, -0.0, 1e300] {
        writer.emit(Event::scalar(1, "loss", value)).unwrap();
    }
    writer.close().unwrap();
    let values: Vec<String> = events_of(writer.path()).into_iter().map(|event| format!("{:?}", event.what)).collect();
    for (value, expected) in values.iter().zip(["NaN", "inf", "-0.0", "inf"]) {
        assert!(value.ends_with(&format!("value: {expected} }}")), "{value}");
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    let what = prop_oneof![
        (".{0,6}", any::<f32>().prop_filter("a NaN does not equal itself", |value| !value.is_nan()))
            .prop_map(|(tag, value)| What::scalar(tag, value.into())),
        (".{0,6}", ".{0,20}").prop_map(|(tag, text)| What::text(tag, text)),
        vec(any::<u8>(), 0..20).prop_map(|graph| What::Graph(graph.into())),
        Just(What::SessionStart),
        Just(What::SessionStop),
        ".{0,10}".prop_map(|path| What::Checkpoint { path }),
    ];
    (0..=i64::MAX as u64, what).prop_map(|(step, what)| Event::now(step, what))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Law 14: a torn tail loses at most the event being written.
    #[test]
    fn a_file_torn_anywhere_gives_every_event_before_the_tear_and_goes_on_when_mended(events in vec(any_event(), 0..6)) {
        let folder = TempDir::new().unwrap();
        let writer = EventWriter::create(folder.path()).unwrap();
        let mut ends = Vec::new();
        for event in &events {
            writer.emit(event.clone()).unwrap();
            writer.flush().unwrap();
            ends.push(fs::metadata(writer.path()).unwrap().len() as usize);
        }
        writer.close().unwrap();
        let bytes = fs::read(writer.path()).unwrap();

        let torn = folder.path().join("torn");
        for tear in 0..=bytes.len() {
            fs::write(&torn, &bytes[..tear]).unwrap();
            let whole = ends.iter().filter(|end| **end <= tear).count();
            let mut reader = EventReader::open(&torn).unwrap();
            let read: Vec<_> = reader.by_ref().take(whole).map(Result::unwrap).collect();
            assert_same(&read, &events[..whole]);
            match reader.next() {
                None => {}
                Some(Err(error)) => prop_assert_eq!(error.kind(), ErrorKind::UnexpectedEof),
                Some(Ok(event)) => prop_assert!(false, "{:?} is behind the tear", event),
            }
            prop_assert!(reader.next().is_none());
            fs::File::options().append(true).open(&torn).unwrap().write_all(&bytes[tear..]).unwrap();
            let read: Vec<_> = reader.map(Result::unwrap).collect();
            assert_same(&read, &events[whole..]);
        }
    }

    /// Whatever is behind the events that were read, they were read.
    #[test]
    fn garbage_behind_events_hides_none_of_them(garbage in vec(any::<u8>(), 0..64)) {
        let mut records = RecordWriter::new(Vec::new());
        let scalar = |step| event::Event { wall_time: 0.0, step, what: Some(event::What::GraphDef(vec![1])) };
        (0..3).for_each(|step| records.write(&scalar(step).encode_to_vec()).unwrap());
        let mut bytes = records.into_inner();
        bytes.extend(garbage);
        let read: Vec<Event> = EventReader::new(&*bytes).flatten().collect();
        prop_assert_eq!(read.iter().map(|event| event.step).collect::<Vec<_>>(), [0, 1, 2]);
    }
}

#[test]
fn the_law_of_sinks_holds() {
    let logdir = tempfile::tempdir().unwrap();
    everstep_testkit::laws::sink_takes_and_flushes(&EventWriter::create(logdir.path()).unwrap());
}
