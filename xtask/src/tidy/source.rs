//! What every text of the workspace must keep to.

use std::{ffi::OsStr, path::Path};

use super::fault::Fault;

/// Names that say nothing.
pub(super) const NOT_USED: &[&str] = &["trainer", "callback", "manager", "helper", "util", "common", "base", "misc"];

/// Where the compiler's rules of memory may be lowered: one audited cast module, and the kernels.
const UNSAFE: &[&str] = &["crates/tensor/src/cast.rs", "crates/ops/src"];

/// From here on a file is worth a warning.
const LONG: usize = 500;

/// Whether `path` is a text that we wrote.
pub(super) fn is_text(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    matches!(extension, Some("rs" | "md" | "toml" | "py" | "sh")) || path == Path::new(".ci/run")
}

/// Whether the texts below the folder `path` are ours to check.
pub(super) fn is_kept(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    matches!(name, ".ci" | ".cargo") || !(name.starts_with('.') || matches!(name, "target" | "runs"))
}

/// Whether `path` is a source file that is too long to be about one noun.
pub(super) fn is_long(path: &Path, text: &str) -> bool {
    is_rust(path) && text.lines().count() > LONG
}

/// Whether `word` is one of the names that say nothing, or more of them.
pub(super) fn is_not_used(word: &str) -> bool {
    NOT_USED.contains(&word.strip_suffix('s').unwrap_or(word))
}

/// Every fault of the file `path` with the content `text`.
pub(super) fn check(path: &Path, text: &str) -> Vec<Fault> {
    let mut faults = white_space(path, text);
    if is_rust(path) {
        faults.extend(rust(path, text));
    }
    faults
}

fn is_rust(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("rs"))
}

fn white_space(path: &Path, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (number, line) in numbered(text) {
        if line.trim_end() != line {
            faults.push(Fault::new(path, format!("line {number} ends with white space"), "remove it"));
        }
        if line.contains('\t') {
            faults.push(Fault::new(path, format!("line {number} has a tab"), "write spaces"));
        }
    }
    faults
}

fn rust(path: &Path, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !text.starts_with("//!") {
        faults.push(Fault::new(path, "does not start with `//!`", "say in its first line what the file is for"));
    }
    let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    if is_not_used(stem) {
        faults.push(Fault::new(path, format!("the name `{stem}` says nothing"), "name the noun that it holds"));
    }
    let is_test = path.components().any(|folder| folder.as_os_str() == "tests");
    if !is_test && !UNSAFE.iter().any(|allowed| path.starts_with(allowed)) {
        let lines = numbered(text).filter(|(_, line)| is_unsafe(line));
        let remedy = format!("only {} may; find a safe way", UNSAFE.join(" and "));
        faults.extend(lines.map(|(number, _)| Fault::new(path, format!("line {number} is unsafe"), &remedy)));
    }
    faults
}

/// Whether the code of `line` turns off the compiler's rules of memory, or the lint that guards them.
fn is_unsafe(line: &str) -> bool {
    let code = code(line);
    let mut words = code.split(|character: char| !(character.is_alphanumeric() || character == '_'));
    words.any(|word| matches!(word, "unsafe" | "unsafe_code"))
}

/// `line` without its strings and its comment; a string over several lines is not understood.
fn code(line: &str) -> String {
    let line = line.replace("'\"'", "").replace("\\\"", "");
    let mut code = line.split('"').step_by(2).collect::<Vec<_>>().join("\"\"");
    code.truncate(code.find("//").unwrap_or(code.len()));
    code
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split('\n').enumerate().map(|(index, line)| (index + 1, line))
}
