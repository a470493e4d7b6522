//! `show`: what a checkpoint holds.

use std::path::Path;

use everstep_tensor::{Result, Spec};
use serde_json::json;

use crate::{found::Found, table};

pub(crate) fn show(path: &Path, json: bool) -> Result<bool> {
    let found = Found::at(path)?;
    let about = found.describe()?;
    let size = |spec: &Spec| spec.shape.elements().unwrap_or(0) as u64 * spec.dtype.size() as u64;
    if json {
        let tensors = about.specs.iter().map(
            |spec| json!({"name": spec.name, "dtype": spec.dtype.name(), "shape": *spec.shape, "bytes": size(spec)}),
        );
        let tensors: Vec<_> = tensors.collect();
        let path = found.path.to_string_lossy();
        println!("{}", json!({"path": path, "step": about.step, "manifest": about.manifest, "tensors": tensors}));
        return Ok(true);
    }
    println!("{}\nstep {}", found.path.display(), about.step);
    about.manifest.iter().for_each(|(key, text)| println!("{key}: {text}"));
    println!();
    let row =
        |spec: &Spec| vec![spec.name.clone(), spec.dtype.to_string(), spec.shape.to_string(), table::bytes(size(spec))];
    table::print(&["tensor", "dtype", "shape", " size"], &about.specs.iter().map(row).collect::<Vec<_>>());
    let all = about.specs.iter().map(size).sum();
    println!("\n{} tensors, {}", about.specs.len(), table::bytes(all));
    Ok(true)
}
