//! TensorBoard's pages in headless Chromium.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Outcome,
    process::{answers, run, run_quietly},
};

/// Names under which Chromium is found.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// What drives Chromium by its DevTools protocol.
const WEBSOCKET: &str = "websocket-client";

/// Opens each page over `logdir`, fails if one does not show what it must, and leaves pictures in `folder`.
pub(super) fn show(root: &Path, python: &Path, logdir: &Path, folder: &Path) -> Outcome {
    let chromium = CHROMIUM.into_iter().find(|name| answers(Command::new(name).arg("--version")));
    let chromium = chromium.ok_or("there is no Chromium; install it (Debian: apt install chromium)")?;
    if !answers(Command::new(python).args(["-c", "import websocket"])) {
        run_quietly(Command::new(python).args(["-m", "pip", "install", "--quiet", WEBSOCKET]))?;
    }
    let pictures: PathBuf = folder.join("pages");
    run(Command::new(python).arg(root.join("xtask/interop/show_pages.py")).args([logdir, &pictures]).arg(chromium))?;
    println!("pictures of the pages are in {}", pictures.display());
    Ok(())
}
