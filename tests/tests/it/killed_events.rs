//! Processes that write events, really killed: a few rounds of `cargo xtask killed-events`.

use std::process::Command;

#[test]
fn a_killed_writer_has_lost_nothing_that_it_flushed() {
    let output = Command::new(env!("CARGO_BIN_EXE_killed_events")).args(["--rounds", "4"]).output().unwrap();
    let (said, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{error}");
    assert!(said.contains("4 processes killed"), "{said}");
}
