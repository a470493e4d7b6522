//! The names of files in a directory of checkpoints.

use std::fmt;

/// What the names of temporary files have behind the name that they will get, before the writer's process number.
const TEMPORARY: &str = ".tmp-";

/// What the names of a checkpoint's files begin with: `checkpoint-<step>`, and `checkpoint-<step>-<attempt>` where the
/// step was saved before, so that no file is ever written over.
///
/// The order is by step, then by attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stem {
    pub(crate) step: u64,
    pub(crate) attempt: u32,
}

impl Stem {
    /// The first of a step.
    pub(crate) fn first(step: u64) -> Self {
        Self { step, attempt: 1 }
    }

    /// Of a text that [`Display`](fmt::Display) gives; foreign ones are left alone.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let numbers = text.strip_prefix("checkpoint-")?;
        let (step, attempt) = numbers.split_once('-').unwrap_or((numbers, "1"));
        let stem = Self { step: step.parse().ok()?, attempt: attempt.parse().ok()? };
        (stem.to_string() == text).then_some(stem)
    }

    /// Stem and suffix of a file's name.
    pub(crate) fn of(name: &str) -> Option<(Self, &str)> {
        let (stem, suffix) = name.split_once('.')?;
        Some((Self::parse(stem)?, suffix))
    }

    pub(crate) fn file(self, suffix: &str) -> String {
        format!("{self}.{suffix}")
    }
}

impl fmt::Display for Stem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, attempt } = self;
        if *attempt == 1 { write!(f, "checkpoint-{step}") } else { write!(f, "checkpoint-{step}-{attempt}") }
    }
}

/// Hidden, and named after the process.
pub(crate) fn temporary(name: &str) -> String {
    format!(".{name}{TEMPORARY}{}", std::process::id())
}

/// The name that a temporary file would have got.
pub(crate) fn of_temporary(name: &str) -> Option<&str> {
    let (target, process) = name.strip_prefix('.')?.rsplit_once(TEMPORARY)?;
    process.parse::<u32>().is_ok().then_some(target)
}
