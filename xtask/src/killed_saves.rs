//! `cargo xtask killed-saves`: a process that saves is killed many times, and every restart must restore.

use std::ffi::OsString;

use lexopt::prelude::*;

use crate::{
    Outcome,
    process::{cargo, run},
};

/// Runs the test of killed processes with more rounds than CI has time for.
pub(crate) fn killed_saves(words: Vec<OsString>) -> Outcome {
    let mut rounds = 200;
    let mut parser = lexopt::Parser::from_args(words);
    while let Some(word) = parser.next()? {
        match word {
            Long("rounds") => rounds = parser.value()?.parse::<u32>()?,
            _ => return Err(word.unexpected().into()),
        }
    }
    let test = ["test", "--package", "everstep-checkpoint", "--test", "it", "--", "killed::", "--nocapture"];
    run(cargo().args(test).env("EVERSTEP_KILL_ROUNDS", rounds.to_string()))
}
