//! The state file: TensorFlow's `checkpoint`, in text.
//!
//! It is written last, and nothing but the times of the saves is read from it: what is there is told by the files.

use std::{collections::BTreeMap, fmt::Write};

use crate::{Kept, name::Stem};

/// The file's name.
pub(crate) const NAME: &str = "checkpoint";

/// The text, of checkpoints ascending by step; TensorFlow's `CheckpointState`.
pub(crate) fn text(all: &[Kept]) -> String {
    let mut text = String::new();
    let mut line = |field: &str, value: String| {
        writeln!(text, "{field}: {value}").expect("a string takes every line");
    };
    if let Some(newest) = all.last() {
        line("model_checkpoint_path", format!("\"{}\"", newest.stem));
    }
    all.iter().for_each(|kept| line("all_model_checkpoint_paths", format!("\"{}\"", kept.stem)));
    all.iter().for_each(|kept| line("all_model_checkpoint_timestamps", format!("{:?}", kept.saved_at.unwrap_or(0.0))));
    text
}

/// The times in such a text; a text that is no such one has none.
pub(crate) fn times(text: &str) -> BTreeMap<Stem, f64> {
    let values = |field: &'static str| {
        text.lines().filter_map(move |line| line.split_once(": ")).filter(move |(name, _)| *name == field)
    };
    let stems = values("all_model_checkpoint_paths").map(|(_, path)| Stem::parse(path.trim_matches('"')));
    let times = values("all_model_checkpoint_timestamps").map(|(_, time)| time.parse().ok());
    stems.zip(times).filter_map(|(stem, time)| Some((stem?, time.filter(|time| *time > 0.0)?))).collect()
}
