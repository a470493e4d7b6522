//! `cargo xtask ops`: what is tested of each op, as a table made from the tests that ran.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    path::Path,
};

use lexopt::prelude::*;

use crate::{
    Outcome,
    process::{cargo, run_quietly},
    workspace::Workspace,
};

/// Where the table lies.
const PAGE: &str = "docs/ops.md";

/// The columns, and the declaration that makes a dash of each.
const COLUMNS: [(&str, &str); 6] = [
    ("forward", ""),
    ("gradient", "no_gradient"),
    ("reference", ""),
    ("differences", "no_gradient"),
    ("tensorflow", "no_tensorflow"),
    ("threads", ""),
];

/// Ops that nothing computes: a run brings their values.
const NOT_COMPUTED: [&str; 3] = ["Placeholder", "Const", "VariableV2"];

const INTRODUCTION: &str = "\
# Ops

What is tested of each op; `cargo xtask ops` runs the tests and writes this page, and CI compares it.

- **forward**: the values are those of the op's definition, written down a second time, in every dtype, on random shapes, broadcasts, axes and edge values.
- **gradient**: the gradients of the fast kernels are those of the plain reference kernels.
- **reference**: the values of the fast kernels are those of the plain reference kernels.
- **differences**: the gradients are the central differences of the value, in f64.
- **TensorFlow**: values and gradients are those that TensorFlow 2.21 gave.
- **threads**: values and gradients have the same bits on 1, 2, 3 and 7 threads.

Each test also plants a fault in every kernel that it runs, and in the values themselves, and fails unless it finds them.
A dash says that there is nothing to test: the op has no derivative, or TensorFlow has no such op; the dash itself is tested.
";

/// The tests that passed, by op: `unary::relu` to `forward`, `gradient`…
type Passed = BTreeMap<String, BTreeSet<String>>;

/// Runs the catalogue, prints the table, and writes the page or compares it.
pub(crate) fn ops(words: Vec<OsString>) -> Outcome {
    let check = is_check(words)?;
    let root = Workspace::load()?.root;
    let output = run_quietly(cargo().args(["test", "--package", "everstep-engine", "--test", "ops"]))?;
    let passed = passed(&String::from_utf8_lossy(&output.stdout));
    let names = names(&root)?;
    let table = table(&passed, &names);
    println!("{table}");
    refuse_holes(&table, &passed, &names)?;
    let page = format!("{INTRODUCTION}\n{table}");
    if !check {
        return Ok(fs::write(root.join(PAGE), page)?);
    }
    match fs::read_to_string(root.join(PAGE)).is_ok_and(|written| written == page) {
        true => Ok(()),
        false => Err(format!("{PAGE} is not what the tests say; run `cargo xtask ops` and commit it").into()),
    }
}

fn is_check(words: Vec<OsString>) -> Outcome<bool> {
    let mut check = false;
    let mut parser = lexopt::Parser::from_args(words);
    while let Some(word) = parser.next()? {
        match word {
            Long("check") => check = true,
            _ => return Err(word.unexpected().into()),
        }
    }
    Ok(check)
}

/// Of `test unary::relu::forward ... ok` the op and the column; `test halves::tensorflow ... ok` is of no single op.
fn passed(output: &str) -> Passed {
    let mut passed = Passed::new();
    let names = output.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... ok"));
    let of_ops = names.filter_map(|name| name.rsplit_once("::")).filter(|(op, _)| op.contains("::"));
    for (op, column) in of_ops {
        passed.entry(op.to_owned()).or_default().insert(column.to_owned());
    }
    passed
}

/// The names of the graph's ops: what its sources map variants to, `Relu => "Relu"`.
fn names(root: &Path) -> Outcome<BTreeSet<String>> {
    let source = root.join("crates/graph/src");
    let mut names = in_source(&fs::read_to_string(source.join("op.rs"))?);
    if let Ok(files) = fs::read_dir(source.join("op")) {
        for file in files {
            let path = file?.path();
            if path.is_file() {
                names.extend(in_source(&fs::read_to_string(path)?));
            }
        }
    }
    Ok(names.into_iter().filter(|name| !NOT_COMPUTED.contains(&name.as_str())).collect())
}

fn in_source(text: &str) -> BTreeSet<String> {
    let quoted = text.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next());
    let is_name = |name: &&str| {
        name.starts_with(|first: char| first.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric())
    };
    quoted.filter(is_name).map(str::to_owned).collect()
}

/// `sparse_softmax` and `SparseSoftmax` are one op.
fn plain(name: &str) -> String {
    name.chars().filter(|character| *character != '_').map(|character| character.to_ascii_lowercase()).collect()
}

fn module(op: &str) -> &str {
    op.rsplit("::").next().unwrap_or(op)
}

/// A row for each op that has a test, and for each op of the graph that has none; a hole is blank.
fn table(passed: &Passed, names: &BTreeSet<String>) -> String {
    let heads = COLUMNS.map(|(column, _)| column).join(" | ").replace("tensorflow", "TensorFlow");
    let mut table = format!("| op | {heads} |\n|---|{}\n", "---|".repeat(COLUMNS.len()));
    for (op, columns) in passed {
        let name = names.iter().find(|name| plain(name) == plain(module(op))).map_or(module(op), String::as_str);
        let cells = COLUMNS.map(|(column, dash)| cell(columns, column, dash)).join(" | ");
        table.push_str(&format!("| `{name}` | {cells} |\n"));
    }
    for name in untested(passed, names) {
        table.push_str(&format!("| `{name}` |{}\n", "  |".repeat(COLUMNS.len())));
    }
    table
}

fn cell(columns: &BTreeSet<String>, column: &str, dash: &str) -> &'static str {
    match (columns.contains(column), columns.contains(dash)) {
        (true, _) => "✓",
        (false, true) => "–",
        (false, false) => " ",
    }
}

fn untested<'a>(passed: &Passed, names: &'a BTreeSet<String>) -> Vec<&'a str> {
    let has_entry = |name: &str| passed.keys().any(|op| plain(module(op)) == plain(name));
    names.iter().map(String::as_str).filter(|name| !has_entry(name)).collect()
}

fn refuse_holes(table: &str, passed: &Passed, names: &BTreeSet<String>) -> Outcome {
    let untested = untested(passed, names);
    if !untested.is_empty() {
        return Err(format!("no entry in crates/engine/tests/ops: {}", untested.join(", ")).into());
    }
    match table.lines().find(|row| row.contains("|  |") || row.contains("|   |")) {
        Some(row) => Err(format!("a hole: {row}").into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tests: &[&str]) -> Passed {
        passed(&tests.iter().map(|test| format!("test {test} ... ok\n")).collect::<String>())
    }

    #[test]
    fn what_is_of_no_op_has_no_row() {
        assert!(of(&["halves::tensorflow"]).is_empty());
    }

    const WHOLE: [&str; 4] = ["u::top_k::forward", "u::top_k::reference", "u::top_k::threads", "u::top_k::tensorflow"];

    #[test]
    fn a_row_has_what_passed() {
        let tests = of(&[&WHOLE[..], &["u::top_k::no_gradient"]].concat());
        let table = table(&tests, &["TopK".to_owned()].into());
        assert_eq!(table.lines().last(), Some("| `TopK` | ✓ | – | ✓ | – | ✓ | ✓ |"));
    }

    #[test]
    fn a_hole_is_refused() {
        let names = ["TopK".to_owned()].into();
        let check = |tests: &[&str]| {
            let tests = of(tests);
            refuse_holes(&table(&tests, &names), &tests, &names).map_err(|error| error.to_string())
        };
        assert_eq!(check(&[]), Err("no entry in crates/engine/tests/ops: TopK".into()));
        assert_eq!(check(&WHOLE), Err("a hole: | `TopK` | ✓ |   | ✓ |   | ✓ | ✓ |".into()));
        assert_eq!(check(&[&WHOLE[..], &["u::top_k::gradient", "u::top_k::differences"]].concat()), Ok(()));
    }

    #[test]
    fn names_are_what_variants_are_mapped_to() {
        let source = "Relu => \"Relu\", Self::Conv(_) => \"Conv2D\", x => \"lower\", y => \"Not a name\"";
        assert_eq!(in_source(source), ["Conv2D".to_owned(), "Relu".to_owned()].into());
    }
}
