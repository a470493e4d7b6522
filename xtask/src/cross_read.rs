//! A checkpoint, read by the packages whose formats we write, written again by them, and compared.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Outcome, interop,
    process::{answers, run, run_quietly},
    program,
};

/// What other packages read and write.
const PACKAGES: [&str; 2] = ["npz", "safetensors"];

/// The releases that are asked for.
const SAFETENSORS: &str = "safetensors==0.8.0";
const TENSORFLOW: &str = "tensorflow-cpu==2.21.0";

/// Converts the newest checkpoint of `logdir`, has NumPy and safetensors read and write it, and compares.
pub(crate) fn packages(root: &Path, python: &Path, logdir: &Path) -> Outcome {
    if !answers(Command::new(python).args(["-c", "import numpy, safetensors.numpy"])) {
        run_quietly(Command::new(python).args(["-m", "pip", "install", "--quiet", "numpy", SAFETENSORS]))?;
    }
    let folder = empty(&root.join("target/interop/formats"))?;
    for ending in PACKAGES {
        checkpoint(&["convert"], &[logdir, &folder.join(format!("ours.{ending}"))])?;
    }
    run(script(root, python).arg(&folder))?;
    for ending in PACKAGES {
        checkpoint(&["diff"], &[logdir, &folder.join(format!("theirs.{ending}"))])?;
    }
    Ok(())
}

/// The same with TensorFlow: that of an interpreter in `EVERSTEP_PYTHON`, else one in a virtual environment of its own.
pub(crate) fn tensorflow(root: &Path, logdir: &Path) -> Outcome {
    let python = match installed("import tensorflow") {
        Some(python) => python,
        None => interop::environment(&root.join("target/interop/tensorflow"), TENSORFLOW, "import tensorflow")?,
    };
    let folder = empty(&root.join("target/interop/bundle"))?;
    checkpoint(&["convert"], &[logdir, &folder.join("ours.index")])?;
    run(script(root, &python).arg(&folder).arg("--tensorflow"))?;
    checkpoint(&["diff"], &[logdir, &folder.join("theirs.index")])
}

/// The first interpreter of those that `EVERSTEP_PYTHON` lists, as PATH lists folders, in which `check` runs.
fn installed(check: &str) -> Option<PathBuf> {
    let listed = env::var_os("EVERSTEP_PYTHON")?;
    env::split_paths(&listed).find(|python| answers(Command::new(python).args(["-c", check])))
}

fn script(root: &Path, python: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg(root.join("xtask/interop/cross_read.py"));
    command
}

fn checkpoint(words: &[&str], paths: &[&Path]) -> Outcome {
    run(program::tested("checkpoint", words).args(paths))
}

fn empty(folder: &Path) -> Outcome<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    Ok(folder.to_path_buf())
}
