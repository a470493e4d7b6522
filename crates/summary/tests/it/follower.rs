//! A run that grows: several files, torn records, what a resumed training supersedes.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    path::Path,
};

use everstep_event::{Event, EventSink, What};
use everstep_summary::{EventWriter, Follower, History, event_files, runs};
use proptest::prelude::*;
use tempfile::TempDir;

fn write(folder: &Path, whats: impl IntoIterator<Item = (u64, What)>) {
    let writer = EventWriter::create(folder).unwrap();
    whats.into_iter().for_each(|(step, what)| writer.emit(Event::now(step, what)).unwrap());
    writer.close().unwrap();
}

fn loss(step: u64) -> (u64, What) {
    (step, What::Scalar { tag: "loss".into(), value: step as f64 })
}

fn steps(follower: &mut Follower) -> Vec<u64> {
    follower.map(|event| event.unwrap().step).collect()
}

/// An event file with steps 1 to 3.
fn bytes_of_three() -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    write(folder.path(), (1..=3).map(loss));
    fs::read(&event_files(folder.path()).unwrap()[0]).unwrap()
}

#[test]
fn files_are_read_in_the_order_of_their_names_and_new_ones_are_found() {
    let folder = TempDir::new().unwrap();
    let mut follower = Follower::open(folder.path()).unwrap();
    assert_eq!(steps(&mut follower), []);
    write(folder.path(), [loss(1), loss(2)]);
    write(folder.path(), [loss(3)]);
    assert_eq!(steps(&mut follower), [1, 2, 3]);
    assert_eq!(steps(&mut follower), []);
    write(folder.path(), [loss(4)]);
    assert_eq!(steps(&mut follower), [4]);
}

#[test]
fn an_earlier_file_that_still_grows_is_read_too() {
    let folder = TempDir::new().unwrap();
    let early = EventWriter::create(folder.path()).unwrap();
    write(folder.path(), [loss(1)]);
    let mut follower = Follower::open(folder.path()).unwrap();
    assert_eq!(steps(&mut follower), [1]);
    early.emit(Event::scalar(2, "loss", 0.0)).unwrap();
    early.flush().unwrap();
    assert_eq!(steps(&mut follower), [2]);
}

#[test]
fn one_file_can_be_followed() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), [loss(1)]);
    write(folder.path(), [loss(2)]);
    let mut follower = Follower::open(&event_files(folder.path()).unwrap()[1]).unwrap();
    assert_eq!(steps(&mut follower), [2]);
}

proptest! {
    /// However a file grows, its events come once each, in order, and as soon as they are whole.
    #[test]
    fn a_torn_record_comes_when_the_rest_of_it_does(mut cuts in prop::collection::vec(0.0..1.0, 0..8)) {
        let bytes = bytes_of_three();
        let folder = TempDir::new().unwrap();
        let mut file = File::create(folder.path().join("events.out.tfevents.1")).unwrap();
        let mut follower = Follower::open(folder.path()).unwrap();
        cuts.sort_by(f64::total_cmp);
        let (mut read, mut written) = (Vec::new(), 0);
        for cut in cuts.into_iter().map(|cut| (cut * bytes.len() as f64) as usize).chain([bytes.len()]) {
            file.write_all(&bytes[written..cut]).unwrap();
            written = cut;
            read.extend(steps(&mut follower));
            prop_assert!(read.iter().copied().eq(1..=read.len() as u64));
        }
        prop_assert_eq!(read, [1, 2, 3]);
        prop_assert_eq!(follower.torn().count(), 0);
    }
}

#[test]
fn a_torn_file_is_named_and_hides_no_other() {
    let folder = TempDir::new().unwrap();
    let bytes = bytes_of_three();
    let torn = folder.path().join("events.out.tfevents.0000000001");
    fs::write(&torn, &bytes[..bytes.len() - 1]).unwrap();
    write(folder.path(), [loss(7)]);
    let mut follower = Follower::open(folder.path()).unwrap();
    assert_eq!(steps(&mut follower), [1, 2, 7]);
    assert_eq!(follower.torn().collect::<Vec<_>>(), [&*torn]);
    OpenOptions::new().append(true).open(&torn).unwrap().write_all(&bytes[bytes.len() - 1..]).unwrap();
    assert_eq!(steps(&mut follower), [3]);
    assert_eq!(follower.torn().count(), 0);
}

#[test]
fn a_corrupted_file_is_named_once_and_hides_no_other() {
    let folder = TempDir::new().unwrap();
    let mut bytes = bytes_of_three();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(folder.path().join("events.out.tfevents.0000000001"), bytes).unwrap();
    write(folder.path(), [loss(7)]);
    let (mut read, mut faults) = (Vec::new(), Vec::new());
    for event in Follower::open(folder.path()).unwrap() {
        match event {
            Ok(event) => read.push(event.step),
            Err(error) => faults.push(error),
        }
    }
    assert_eq!(read, [1, 2, 7]);
    let [fault] = &*faults else { panic!("{faults:?}") };
    assert_eq!(fault.kind(), ErrorKind::InvalidData);
    assert!(fault.to_string().contains("events.out.tfevents.0000000001`: corrupted record at offset"), "{fault}");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = Follower::open("no/such/folder").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("`no/such/folder`"), "{error}");
}

#[test]
fn what_a_resumed_training_makes_again_is_dropped() {
    let folder = TempDir::new().unwrap();
    let graph = || (0, What::Graph([1].into()));
    write(folder.path(), [graph(), (1, What::SessionStart), loss(1), loss(101), loss(201)]);
    write(folder.path(), [graph(), (102, What::SessionStart), loss(151), (151, What::SessionStop)]);
    let history: History = Follower::open(folder.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(history.scalars("loss"), [(1, 1.0), (101, 101.0), (151, 151.0)]);
    assert_eq!((history.superseded(), history.events().len()), (1, 8));
}

#[test]
fn runs_are_the_folders_with_event_files() {
    let logdir = TempDir::new().unwrap();
    for name in ["", "b", "a/deep"] {
        write(&logdir.path().join(name), [loss(1)]);
    }
    fs::create_dir(logdir.path().join("empty")).unwrap();
    let names = |logdir: &Path| runs(logdir).unwrap().into_iter().map(|run| run.name).collect::<Vec<_>>();
    assert_eq!(names(logdir.path()), [".", "a/deep", "b"]);
    assert_eq!(names(&logdir.path().join("a")), ["deep"]);
    assert_eq!(runs("no/such/folder").unwrap_err().kind(), ErrorKind::NotFound);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_back_does_not_lead_round() {
    let logdir = TempDir::new().unwrap();
    write(&logdir.path().join("run"), [loss(1)]);
    std::os::unix::fs::symlink(logdir.path(), logdir.path().join("run/back")).unwrap();
    assert_eq!(runs(logdir.path()).unwrap().len(), 1);
}
