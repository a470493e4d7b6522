//! `list`: the checkpoints of a directory.

use std::path::Path;

use everstep_tensor::Result;
use serde_json::json;

use crate::{found::Found, table};

pub(crate) fn list(dir: &Path, json: bool) -> Result<bool> {
    let mut found: Vec<_> = Found::all(dir)?.into_iter().map(|found| (found.describe(), found)).collect();
    found.sort_by_key(|(about, found)| (about.as_ref().map_or(0, |about| about.step), found.path.clone()));
    if json {
        let rows = found.iter().map(|(about, found)| {
            json!({
                "name": found.name(), "format": found.format.extension(), "bytes": found.bytes(),
                "step": about.as_ref().ok().map(|about| about.step),
                "tensors": about.as_ref().ok().map(|about| about.specs.len()),
                "fault": about.as_ref().err().map(ToString::to_string),
            })
        });
        println!("{}", json!(rows.collect::<Vec<_>>()));
        return Ok(true);
    }
    let rows = found.iter().map(|(about, found)| {
        let (step, tensors, state) = match about {
            Ok(about) => (about.step.to_string(), about.specs.len().to_string(), "complete".to_owned()),
            Err(error) => (String::from("?"), String::from("?"), error.to_string()),
        };
        vec![step, found.name(), tensors, table::bytes(found.bytes()), state]
    });
    table::print(&[" step", "file", " tensors", " size", "state"], &rows.collect::<Vec<_>>());
    Ok(true)
}
