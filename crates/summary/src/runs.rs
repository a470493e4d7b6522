//! The runs of a log directory.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{event_files, file::explain};

/// A folder with event files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its path below the log directory, with `/` between folders; `.` is the log directory itself.
    pub name: String,
    /// The folder.
    pub path: PathBuf,
}

/// The runs of a log directory, sorted by name: every folder in it, however deep, that holds event files.
///
/// Links are followed; one that leads back to a folder above it is passed over.
///
/// # Errors
/// Why a folder cannot be listed.
pub fn runs(logdir: impl AsRef<Path>) -> io::Result<Vec<Run>> {
    let mut runs = Vec::new();
    visit(logdir.as_ref(), ".", &mut Vec::new(), &mut runs)?;
    runs.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(runs)
}

/// Adds the runs of `folder`; `above` are the real paths of the folders that lead to it.
fn visit(folder: &Path, name: &str, above: &mut Vec<PathBuf>, runs: &mut Vec<Run>) -> io::Result<()> {
    let error = |error| explain(error, format_args!("cannot list the log directory `{}`", folder.display()));
    let real = folder.canonicalize().map_err(error)?;
    if above.contains(&real) {
        return Ok(());
    }
    if !event_files(folder)?.is_empty() {
        runs.push(Run { name: name.to_owned(), path: folder.to_owned() });
    }
    above.push(real);
    for entry in fs::read_dir(folder).map_err(error)? {
        let entry = entry.map_err(error)?;
        let path = entry.path();
        if path.is_dir() {
            let below = entry.file_name().to_string_lossy().into_owned();
            let name = if name == "." { below } else { format!("{name}/{below}") };
            visit(&path, &name, above, runs)?;
        }
    }
    above.pop();
    Ok(())
}
