//! `verify`: whether checkpoints are whole.

use std::path::Path;

use everstep_tensor::Result;
use serde_json::json;

use crate::{found::Found, table};

pub(crate) fn verify(path: &Path, quick: bool, json: bool) -> Result<bool> {
    let found = if path.is_dir() { Found::all(path)? } else { vec![Found::at(path)?] };
    let check = |found: &Found| if quick { found.describe().map(drop) } else { found.read().map(drop) };
    let results: Vec<_> = found.iter().map(|found| (found.name(), check(found))).collect();
    let all_good = results.iter().all(|(_, result)| result.is_ok());
    if json {
        let rows = results.iter().map(|(name, result)| {
            json!({"name": name, "verified": result.is_ok(), "fault": result.as_ref().err().map(ToString::to_string)})
        });
        println!("{}", json!(rows.collect::<Vec<_>>()));
        return Ok(all_good);
    }
    let good = if quick { "complete, not read" } else { "verified" };
    let row = |(name, result): &(String, Result<()>)| {
        vec![name.clone(), result.as_ref().map_or_else(ToString::to_string, |()| good.to_owned())]
    };
    table::print(&["file", "state"], &results.iter().map(row).collect::<Vec<_>>());
    Ok(all_good)
}
