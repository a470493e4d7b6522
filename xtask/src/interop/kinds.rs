//! A run of every kind of event: what TensorBoard finds in it against what was said.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Map, Value};

use super::TENSORBOARD;
use crate::{Outcome, process::run_quietly, program};

/// Trains and writes, reads back, and compares tag for tag, step for step and value for value; returns where it wrote.
pub(super) fn check(root: &Path, python: &Path, folder: &Path) -> Outcome<PathBuf> {
    let logdir = folder.join("tour");
    if logdir.exists() {
        fs::remove_dir_all(&logdir)?;
    }
    log::info!("writing a run of every kind to {}", logdir.display());
    let said = run_quietly(&mut program::tested("tour", &[&logdir]))?;
    let reader = root.join("xtask/interop/read_kinds.py");
    let found = run_quietly(Command::new(python).arg(reader).arg(&logdir))?;
    let (said, found) = (serde_json::from_slice(&said.stdout)?, serde_json::from_slice(&found.stdout)?);
    let faults = faults(&said, &found);
    if !faults.is_empty() {
        return Err(format!("TensorBoard over {}: {}", logdir.display(), faults.join("; ")).into());
    }
    println!("TensorBoard {TENSORBOARD} finds exactly what was said: {}", summary(&said));
    Ok(logdir)
}

/// What was found otherwise than it was said, run by run.
fn faults(said: &Value, found: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for (run, said) in members(said) {
        let found = &found[run];
        faults
            .extend(members(said).flat_map(|(kind, said)| differences(&format!("{run}: {kind}"), said, &found[kind])));
        if found["graph_nodes"].as_u64().unwrap_or(0) == 0 {
            faults.push(format!("{run}: no graph"));
        }
    }
    faults
}

/// The tags that differ, or the whole where there are no tags.
fn differences(name: &str, said: &Value, found: &Value) -> Vec<String> {
    if said == found {
        return Vec::new();
    }
    let (Value::Object(said), Value::Object(found)) = (said, found) else {
        return vec![format!("{name} is {}, not {}", short(found), short(said))];
    };
    let missing = |from: &Map<String, Value>, of: &Map<String, Value>| {
        of.keys().filter(|tag| !from.contains_key(*tag)).cloned().collect::<Vec<_>>()
    };
    let lacks = missing(found, said).into_iter().map(|tag| format!("{name} lacks `{tag}`"));
    let more = missing(said, found).into_iter().map(|tag| format!("{name} has `{tag}`, which nobody said"));
    let both = said.iter().filter_map(|(tag, said)| Some((tag, said, found.get(tag)?)));
    let unequal = both.filter(|(_, said, found)| said != found);
    let unequal = unequal.map(|(tag, said, found)| format!("{name} `{tag}` is {}, not {}", short(found), short(said)));
    lacks.chain(more).chain(unequal).collect()
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(200).collect()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// How many values of each kind there were.
fn summary(said: &Value) -> String {
    let mut kinds = Map::new();
    for (kind, series) in members(said).flat_map(|(_, run)| members(run)) {
        let values = members(series).filter_map(|(_, points)| points.as_array()).map(Vec::len).sum::<usize>();
        let before = kinds.get(kind).and_then(Value::as_u64).unwrap_or(0);
        kinds.insert(kind.clone(), (before + values.max(1) as u64).into());
    }
    kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(said: Value, mut found: Value, expected: &[&str]) {
        found["graph_nodes"] = 3.into();
        assert_eq!(faults(&json!({"run": said}), &json!({"run": found})), expected);
    }

    #[test]
    fn what_is_equal_has_no_fault_and_what_differs_is_named() {
        let said = || json!({"scalars": {"loss": [[1, 0.5]], "rate": [[1, 2.0]]}, "status": "STATUS_SUCCESS"});
        check(said(), said(), &[]);
        check(
            said(),
            json!({"scalars": {"loss": [[1, 0.25]], "other": [[1, 2.0]]}}),
            &[
                "run: scalars lacks `rate`",
                "run: scalars has `other`, which nobody said",
                "run: scalars `loss` is [[1,0.25]], not [[1,0.5]]",
                "run: status is null, not \"STATUS_SUCCESS\"",
            ],
        );
        let empty = faults(&json!({"run": {}}), &json!({}));
        assert_eq!(empty, ["run: no graph"]);
    }

    #[test]
    fn values_are_counted_by_kind() {
        let said = json!({"a": {"scalars": {"x": [[1, 1.0], [2, 1.0]], "y": [[1, 1.0]]}, "layout": []}});
        assert_eq!(summary(&said), "1 layout, 3 scalars");
    }
}
