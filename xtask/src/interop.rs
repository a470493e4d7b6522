//! `cargo xtask interop`: TensorBoard itself over the files of short runs.

mod kinds;
mod pages;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    Outcome, cross_read, no_options,
    process::{answers, cargo, run, run_quietly},
    program,
    workspace::Workspace,
};

/// The release of TensorBoard that reads our files.
const TENSORBOARD: &str = "2.21.0";

/// The short run: long enough to summarise and to save, short enough for every change.
const RUN: [&str; 5] = ["digits", "--steps", "240", "--save-steps", "60"];

/// Tags that a run must have: the loss, and the speed.
const TAGS: [&str; 2] = ["loss", "global_step/sec"];

/// What a run must have said about itself.
const STATUSES: [&str; 2] = ["START", "STOP"];

/// Trains for some steps and reads the events back; with `--pages` opens TensorBoard's pages, too.
pub(crate) fn interop(mut words: Vec<OsString>) -> Outcome {
    let pages = words.iter().position(|word| word == "--pages").map(|place| words.remove(place));
    let tensorflow = words.iter().position(|word| word == "--tensorflow").map(|place| words.remove(place));
    no_options(&words)?;
    let root = Workspace::load()?.root;
    let folder = root.join("target/interop");
    let check = format!("import tensorboard.version as v; assert v.VERSION == '{TENSORBOARD}'");
    let python = environment(&folder.join("venv"), &format!("tensorboard=={TENSORBOARD}"), &check)?;
    let logdir = folder.join("run");
    if logdir.exists() {
        fs::remove_dir_all(&logdir)?;
    }
    run(program::tested("train", &RUN).arg("--logdir").arg(&logdir))?;
    let output = run_quietly(Command::new(&python).arg(root.join("xtask/interop/read_events.py")).arg(&logdir))?;
    let found = Found::parse(&serde_json::from_slice(&output.stdout)?);
    let faults = found.faults();
    if !faults.is_empty() {
        return Err(format!("TensorBoard's reader over {}: {}", logdir.display(), faults.join("; ")).into());
    }
    println!("TensorBoard {TENSORBOARD} reads {found}");
    cross_read::packages(&root, &python, &logdir)?;
    if tensorflow.is_some() {
        cross_read::tensorflow(&root, &logdir)?;
    }
    records(&root, &python)?;
    let logdir = kinds::check(&root, &python, &folder)?;
    if pages.is_some() { pages::show(&root, &python, &logdir, &folder) } else { Ok(()) }
}

/// Has a file of random events of every kind read by TensorBoard's protocol messages.
fn records(root: &Path, python: &Path) -> Outcome {
    let test = ["test", "--package", "everstep-summary", "--test", "it", "--", "a_run_of_anything_is_written"];
    run_quietly(cargo().args(test))?;
    let script = root.join("xtask/interop/read_records.py");
    let output = run_quietly(Command::new(python).arg(script).arg(root.join("target/tmp/any-kind")))?;
    print!("its messages know every byte of {}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

/// The python of a virtual environment in `folder` in which `check` runs, made with `package` if it does not.
pub(crate) fn environment(folder: &Path, package: &str, check: &str) -> Outcome<PathBuf> {
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if answers(Command::new(&python).args(["-c", check])) {
        return Ok(python);
    }
    log::info!("making a virtual environment with {package} in {}", folder.display());
    run_quietly(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    run_quietly(Command::new(&python).args(["-m", "pip", "install", "--quiet", package])).map_err(|error| {
        format!("{error}; PyPI may be out of reach: try again with a network, or leave out the stage interop")
    })?;
    Ok(python)
}

/// What the reader found in the events of a run.
#[derive(Debug)]
struct Found {
    /// The steps of each scalar, in the order of the file.
    scalars: BTreeMap<String, Vec<i64>>,
    /// How many nodes the graph has.
    nodes: u64,
    /// The statuses of the session log.
    statuses: Vec<String>,
}

impl Found {
    /// Reads what `read_events.py` prints:
    /// `{"scalars": {tag: [[step, value], …]}, "graph_nodes": number, "session_log": [[step, status, path], …]}`.
    fn parse(value: &Value) -> Self {
        let scalars = value["scalars"].as_object().into_iter().flatten();
        Self {
            scalars: scalars.map(|(tag, steps)| (tag.clone(), list(steps, |point| point[0].as_i64()))).collect(),
            nodes: value["graph_nodes"].as_u64().unwrap_or(0),
            statuses: list(&value["session_log"], |entry| entry[1].as_str().map(str::to_owned)),
        }
    }

    /// What a good run would have and this one has not.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for tag in TAGS.iter().filter(|tag| !self.scalars.contains_key(**tag)) {
            let tags = self.scalars.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            faults.push(format!("no scalar `{tag}` among {tags}"));
        }
        for (tag, steps) in self.scalars.iter().filter(|(_, steps)| !ascend(steps)) {
            faults.push(format!("the steps of `{tag}` do not ascend: {steps:?}"));
        }
        if self.nodes == 0 {
            faults.push("no graph, or one without nodes".to_owned());
        }
        for status in STATUSES.iter().filter(|status| !self.statuses.iter().any(|found| found == *status)) {
            faults.push(format!("no {status} in the session log {:?}", self.statuses));
        }
        faults
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tags = self.scalars.iter().map(|(tag, steps)| format!("{tag} ({} steps)", steps.len()));
        let (tags, statuses) = (tags.collect::<Vec<_>>().join(", "), self.statuses.join(", "));
        write!(f, "{tags}; a graph of {} nodes; session log {statuses}", self.nodes)
    }
}

fn list<'a, T>(value: &'a Value, read: impl Fn(&'a Value) -> Option<T>) -> Vec<T> {
    value.as_array().into_iter().flatten().filter_map(read).collect()
}

fn ascend(steps: &[i64]) -> bool {
    !steps.is_empty() && steps.is_sorted_by(|left, right| left < right)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value, expected: &[&str]) {
        assert_eq!(Found::parse(value).faults(), expected);
    }

    #[test]
    fn a_good_run_has_no_fault() {
        let scalars = json!({"loss": [[1, 0.5], [30, 0.25]], "global_step/sec": [[30, 1e3]]});
        let session_log = json!([[1, "START", ""], [30, "CHECKPOINT", "at-30"], [30, "STOP", ""]]);
        check(&json!({"scalars": scalars, "graph_nodes": 7, "session_log": session_log}), &[]);
    }

    #[test]
    fn each_thing_that_is_missing_is_named() {
        check(
            &json!({"scalars": {"loss": [[2, 0.5], [1, 0.5]]}, "graph_nodes": 0, "session_log": [[1, "START", ""]]}),
            &[
                "no scalar `global_step/sec` among loss",
                "the steps of `loss` do not ascend: [2, 1]",
                "no graph, or one without nodes",
                "no STOP in the session log [\"START\"]",
            ],
        );
    }
}
