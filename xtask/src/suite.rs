//! `cargo xtask test`: all tests of the workspace.

use std::ffi::OsString;

use crate::{
    Outcome, no_options,
    process::{answers, cargo, run},
};

/// Runs every test and every example in the documentation.
pub(crate) fn test(words: Vec<OsString>) -> Outcome {
    no_options(&words)?;
    if answers(cargo().args(["nextest", "--version"])) {
        run(cargo().args(["nextest", "run", "--workspace"]))?;
    } else {
        run(cargo().args(["test", "--workspace", "--all-targets"]))?;
    }
    run(cargo().args(["test", "--workspace", "--doc"]))
}
