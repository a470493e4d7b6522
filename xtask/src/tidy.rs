//! `cargo xtask tidy`: what the house promises and the compiler does not check.

mod architecture;
mod fault;
mod limits;
mod manifest;
mod markdown;
mod readme;
mod source;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use fault::Fault;

use crate::{Outcome, no_options, workspace::Workspace};

/// Lists every fault of the workspace, one a line; an error if there is one.
pub(crate) fn tidy(words: Vec<OsString>) -> Outcome {
    no_options(&words)?;
    let workspace = Workspace::load()?;
    let mut faults = packages(&workspace);
    for path in paths(&workspace.root)? {
        let Ok(text) = fs::read_to_string(workspace.root.join(&path)) else {
            faults.push(Fault::new(&path, "cannot be read as text", "make it UTF-8"));
            continue;
        };
        faults.extend(source::check(&path, &text));
        if source::is_long(&path, &text) {
            log::warn!("{}: {} lines: think of dividing it by nouns", path.display(), text.lines().count());
        }
    }
    for fault in &faults {
        println!("{fault}");
    }
    match faults.len() {
        0 => Ok(()),
        1 => Err("1 fault".into()),
        many => Err(format!("{many} faults").into()),
    }
}

fn packages(workspace: &Workspace) -> Vec<Fault> {
    let published = workspace.published().cloned().collect::<Vec<_>>();
    let read = |path: &Path| fs::read_to_string(workspace.root.join(path)).unwrap_or_default();
    let mut faults = architecture::check(&read(architecture::PAGE.as_ref()), &published);
    faults.extend(limits::check(&published));
    faults.extend(readme::check(&read(readme::PAGE.as_ref()), &published));
    for package in &workspace.packages {
        faults.extend(manifest::lints(package, &read(&package.manifest())));
    }
    for package in &published {
        let library = read(&package.folder.join("src/lib.rs"));
        faults.extend(manifest::check(package, &read(&package.folder.join("README.md")), &library));
    }
    faults
}

/// The texts of the workspace, relative to its root, in order; not what is built, recorded or hidden.
fn paths(root: &Path) -> Outcome<Vec<PathBuf>> {
    let mut folders = vec![PathBuf::new()];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.extend(source::is_kept(&path).then_some(path));
            } else if source::is_text(&path) {
                texts.push(path);
            }
        }
    }
    texts.sort();
    Ok(texts)
}
