//! The program of `cargo xtask checkpoint`.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use everstep_checkpoint::{Contents, Files, Native, Options, Saver, Writing, write};
use everstep_tensor::{Save, Saving, Snapshot, Tensor};
use serde_json::Value;

fn run(words: &[&str], paths: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_checkpoint")).args(words).args(paths).output().unwrap()
}

#[track_caller]
fn check(words: &[&str], paths: &[&Path], expected: i32) -> String {
    let output = run(words, paths);
    let said = [&output.stdout[..], &output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(output.status.code(), Some(expected), "{words:?} {paths:?}: {said}");
    said
}

fn model(weight: f32) -> Snapshot {
    Snapshot::from_iter([("bias", Tensor::scalar(true)), ("weight", Tensor::from_vec([2], vec![weight, 2.0]).unwrap())])
}

#[test]
fn a_checkpoint_goes_through_every_format_and_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let first = path("first.everstep");
    let contents = Contents { step: 7, manifest: [("note".into(), "text".into())].into(), variables: model(1.0) };
    write(&Files::at(&first).unwrap(), &Native::default(), &contents).unwrap();

    let mut last = first.clone();
    for name in ["a.safetensors", "b.npz", "c.index", "d.everstep"] {
        check(&["convert"], &[&last, &path(name)], 0);
        last = path(name);
    }
    assert_eq!(fs::read(&last).unwrap(), fs::read(&first).unwrap());
    assert_eq!(fs::read_to_string(path("checkpoint")).unwrap().lines().next(), Some("model_checkpoint_path: \"c\""));
    assert!(check(&["diff"], &[&first, &path("c")], 0).contains("2 tensors are equal"));

    let listed: Value = serde_json::from_str(&check(&["list", "--json"], &[directory.path()], 0)).unwrap();
    let rows: Vec<_> =
        listed.as_array().unwrap().iter().map(|row| (row["format"].as_str(), row["step"].as_u64())).collect();
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|(_, step)| *step == Some(7)), "{rows:?}");
    let shown = check(&["show"], &[&path("b.npz")], 0);
    assert!(shown.contains("step 7\nnote: text") && shown.contains("weight  f32    [2]     8 B"), "{shown}");
    check(&["convert"], &[&first, &last], 1);
    let said: Value = serde_json::from_str(&check(&["convert", "--json"], &[&first, &path("e.npz")], 0)).unwrap();
    assert_eq!([&said["step"], &said["tensors"]], [7, 2]);
}

#[test]
fn damage_and_differences_are_told_by_the_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let save = |name: &str, variables| {
        let contents = Contents { step: 7, variables, ..Default::default() };
        write(&Files::at(path(name)).unwrap(), &Native::default(), &contents).unwrap();
    };
    save("a.everstep", model(1.0));
    save("b.everstep", model(1.5));
    let said = check(&["diff"], &[&path("a.everstep"), &path("b.everstep")], 1);
    assert!(said.contains("weight  1 of 2 elements differ, by 5.000e-1 at most"), "{said}");

    check(&["verify"], &[directory.path()], 0);
    let mut bytes = fs::read(path("b.everstep")).unwrap();
    bytes[64] ^= 1;
    fs::write(path("b.everstep"), bytes).unwrap();
    check(&["verify", "--quick"], &[directory.path()], 0);
    let said = check(&["verify", "--json"], &[directory.path()], 1);
    let rows: Value = serde_json::from_str(&said).unwrap();
    assert_eq!([&rows[0]["verified"], &rows[1]["verified"]], [true, false]);
    check(&["verify"], &[&path("missing.npz")], 1);
    check(&["verfy"], &[directory.path()], 2);
}

#[test]
fn surplus_is_told_and_then_removed() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { keep: everstep_checkpoint::Keep::All, writing: Writing::Blocking, ..Default::default() };
    let saver = Saver::new(directory.path(), options);
    for step in 1..=4 {
        saver.save(&Saving { step, variables: &model(1.0), metrics: &[], pinned: step == 1 }).unwrap();
    }
    drop(saver);
    let saver = Saver::new(directory.path(), Options::default());
    let steps = |words: &[&str]| {
        let said: Value = serde_json::from_str(&check(words, &[directory.path()], 0)).unwrap();
        said["surplus"].as_array().unwrap().iter().map(|kept| kept["step"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(steps(&["prune", "--keep", "1", "--dry-run", "--json"]), [2, 3]);
    assert_eq!(steps(&["prune", "--keep", "1", "--every-steps", "2", "--dry-run", "--json"]), [3]);
    for (step, loss) in [(2, 0.5), (3, 0.25)] {
        saver.annotate(step, "loss", loss).unwrap();
    }
    assert_eq!(steps(&["prune", "--keep", "1", "--lowest", "loss=1", "--dry-run", "--json"]), [2]);
    assert_eq!(steps(&["prune", "--keep", "1", "--highest", "loss=1", "--dry-run", "--json"]), [3]);
    assert!(check(&["prune", "--lowest", "loss"], &[directory.path()], 2).contains("loss is not METRIC=N"));
    assert_eq!(steps(&["prune", "--keep", "1", "--json"]), [2, 3]);
    assert!(steps(&["prune", "--keep", "1", "--json"]).is_empty());
}
