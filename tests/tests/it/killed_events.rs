//! Processes that write events: really killed, by a few rounds of `cargo xtask killed-events`, and side by side.

use std::process::{Command, Stdio};

use everstep_summary::{EventReader, event_files};

#[test]
fn a_killed_writer_has_lost_nothing_that_it_flushed() {
    let output = Command::new(env!("CARGO_BIN_EXE_killed_events")).args(["--rounds", "4"]).output().unwrap();
    let (said, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{error}");
    assert!(said.contains("4 processes killed"), "{said}");
}

#[test]
fn processes_that_begin_in_the_same_second_have_a_file_each() {
    let folder = tempfile::tempdir().unwrap();
    let spawn = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_killed_events"));
        command.arg("write").arg(folder.path()).arg("5000").stdout(Stdio::null()).spawn().unwrap()
    };
    for mut process in [spawn(), spawn(), spawn(), spawn()] {
        assert!(process.wait().unwrap().success());
    }
    let files = event_files(folder.path()).unwrap();
    assert_eq!(files.len(), 4);
    for file in files {
        let steps = EventReader::open(file).unwrap().map(|event| event.unwrap().step);
        assert!(steps.eq(1..=5000));
    }
}
