//! What others take for the same work, told by scripts in Python.

use std::{env, path::Path, process::Command};

use serde_json::Value;

/// The interpreters whose packages are asked, listed as in `PATH`, for peers that do not live in one environment.
const INTERPRETERS: &str = "EVERSTEP_PYTHON";

/// What a script of `xtask/interop` prints as JSON, run by the first interpreter that has what it needs.
pub(crate) fn ask(script: &str, words: &[&str]) -> Option<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../xtask/interop").join(script);
    let said = |interpreter: String| {
        let output = Command::new(interpreter).arg(&script).args(words).output().ok()?;
        output.status.success().then(|| serde_json::from_slice(&output.stdout).ok())?
    };
    interpreters().into_iter().find_map(said)
}

/// The interpreters to ask: those that are listed, or `python3`.
pub(crate) fn interpreters() -> Vec<String> {
    match env::var_os(INTERPRETERS) {
        Some(listed) => env::split_paths(&listed).map(|path| path.to_string_lossy().into_owned()).collect(),
        None => vec!["python3".to_owned()],
    }
}
