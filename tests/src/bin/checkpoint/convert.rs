//! `convert`: a checkpoint in another format.

use std::{ffi::OsStr, fs, path::Path};

use everstep_checkpoint::{Files, write};
use everstep_tensor::{Error, ErrorKind, Result};
use everstep_tensor_bundle::CheckpointState;
use serde_json::json;

use crate::found::{self, Found};

pub(crate) fn convert(from: &Path, into: &Path, json: bool) -> Result<bool> {
    let format = found::format(into)?;
    if into.exists() {
        let message = format!("{} is there already; choose another name, or move it away", into.display());
        return Err(Error::new(ErrorKind::FailedPrecondition, message));
    }
    let source = Found::at(from)?;
    let contents = source.read()?;
    write(&Files::at(into)?, &*format, &contents)?;
    let (step, tensors) = (contents.step, contents.variables.len());
    if json {
        println!("{}", json!({"step": step, "tensors": tensors, "from": source.path, "into": into}));
    } else {
        println!("step {step}, {tensors} tensors: {} into {}", source.path.display(), into.display());
    }
    if format.extension() == "index" {
        announce(into)?;
    }
    Ok(true)
}

/// The state file, by which `tf.train.latest_checkpoint` finds the bundle; one that is there stays as it is.
fn announce(index: &Path) -> Result<()> {
    let state = index.with_file_name("checkpoint");
    let prefix = index.file_stem().and_then(OsStr::to_str);
    if let Some(prefix) = prefix.filter(|_| !state.exists()) {
        fs::write(&state, CheckpointState::of(vec![prefix.to_owned()]).to_string())?;
    }
    Ok(())
}
