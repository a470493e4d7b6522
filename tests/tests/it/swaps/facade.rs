//! The whole facade over one's own model: the spine, which imports neither the graph nor the engine.

use std::{path::Path, process::Command};

/// What the program prints.
#[track_caller]
fn spine(directory: &Path, steps: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_spine")).arg(directory).arg(steps).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_model_of_ones_own_trains_resumes_and_is_complete_under_the_facade() {
    let directory = tempfile::tempdir().unwrap();
    assert!(!spine(directory.path(), "5").contains("resumed"));
    assert!(spine(directory.path(), "8").starts_with("resumed at step 5\nloss Some("));
    assert_eq!(spine(directory.path(), "8"), "resumed at step 8\nloss None\n");
}
