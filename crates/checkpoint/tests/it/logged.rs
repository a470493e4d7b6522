//! What was logged, for the tests that read it.

use std::{
    path::Path,
    sync::{Mutex, Once},
};

struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(format!("{} {}", record.level(), record.args()));
    }
    fn flush(&self) {}
}

/// Records from now on.
pub(crate) fn start() {
    static START: Once = Once::new();
    START.call_once(|| {
        log::set_logger(&LINES).unwrap();
        log::set_max_level(log::LevelFilter::Info);
    });
}

/// The lines so far that name this directory, with its path as `DIR`.
pub(crate) fn about(directory: &Path) -> Vec<String> {
    let path = directory.display().to_string();
    let lines = LINES.0.lock().unwrap();
    lines.iter().filter(|line| line.contains(&path)).map(|line| line.replace(&path, "DIR")).collect()
}
