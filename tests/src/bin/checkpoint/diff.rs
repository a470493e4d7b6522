//! `diff`: what differs between two checkpoints.

use std::path::Path;

use everstep_tensor::{CopyRules, Element, Result, Tensor, Variables, compare};
use serde_json::json;

use crate::{found::Found, table};

/// A tensor whose values differ.
struct Changed {
    name: String,
    elements: usize,
    of: usize,
    /// The largest difference of two elements; NaN if one of them is.
    largest: f64,
}

pub(crate) fn diff(left: &Path, right: &Path, json: bool) -> Result<bool> {
    let (left, right) = (Found::at(left)?.read()?, Found::at(right)?.read()?);
    let report = compare(&right.variables, &left.variables, &CopyRules::default());
    let mut changed = Vec::new();
    for name in &report.copied {
        changed.extend(change(name, &left.variables.read(name)?, &right.variables.read(name)?)?);
    }
    let specs = report.reshaped.iter().chain(&report.retyped);
    let specs: Vec<_> =
        specs.map(|(left, right)| [left, right].map(|spec| format!("{}{}", spec.dtype, spec.shape)).to_vec()).collect();
    let names = report.reshaped.iter().chain(&report.retyped).map(|(left, _)| left.name.clone());
    let equal = report.copied.len() - changed.len();
    let is_equal = changed.is_empty() && specs.is_empty() && report.missing.is_empty() && report.unused.is_empty();
    if json {
        let values = changed.iter().map(|changed| {
            let largest = changed.largest.is_finite().then_some(changed.largest);
            json!({"name": changed.name, "elements": changed.elements, "of": changed.of, "largest": largest})
        });
        let values: Vec<_> = values.collect();
        let specs: Vec<_> =
            names.zip(specs).map(|(name, specs)| json!({"name": name, "left": specs[0], "right": specs[1]})).collect();
        let only = json!({"left": report.missing, "right": report.unused});
        let steps = [left.step, right.step];
        println!("{}", json!({"steps": steps, "equal": equal, "changed": values, "specs": specs, "only": only}));
        return Ok(is_equal);
    }
    println!("step {} and step {}: {equal} tensors are equal", left.step, right.step);
    let only = |names: &[String], where_: &str| {
        names.iter().map(|name| vec![name.clone(), format!("only in the {where_}")]).collect::<Vec<_>>()
    };
    let mut rows = only(&report.missing, "left");
    rows.extend(only(&report.unused, "right"));
    rows.extend(names.zip(specs).map(|(name, specs)| vec![name, format!("{} and {}", specs[0], specs[1])]));
    rows.extend(changed.iter().map(|changed| {
        let Changed { name, elements, of, largest } = changed;
        vec![name.clone(), format!("{elements} of {of} elements differ, by {largest:.3e} at most")]
    }));
    if !rows.is_empty() {
        println!();
        table::print(&["tensor", "difference"], &rows);
    }
    Ok(is_equal)
}

/// `None` if every bit is equal.
fn change(name: &str, left: &Tensor, right: &Tensor) -> Result<Option<Changed>> {
    if left.bit_eq(right) {
        return Ok(None);
    }
    let size = left.dtype().size();
    let pairs = left.bytes().chunks_exact(size).zip(right.bytes().chunks_exact(size));
    let elements = pairs.filter(|(left, right)| left != right).count();
    let differences = numbers(left)?.into_iter().zip(numbers(right)?).map(|(left, right)| (left - right).abs());
    let largest = differences.fold(0.0, |most: f64, next| if next.is_nan() || next > most { next } else { most });
    Ok(Some(Changed { name: name.into(), elements, of: left.len(), largest }))
}

fn numbers(tensor: &Tensor) -> Result<Vec<f64>> {
    fn list<T: Element>(tensor: &Tensor) -> Result<Vec<f64>> {
        Ok(tensor.as_slice::<T>()?.iter().map(|element| element.to_f64()).collect())
    }
    match tensor.dtype().name() {
        "bool" => list::<bool>(tensor),
        "u8" => list::<u8>(tensor),
        "i32" => list::<i32>(tensor),
        "i64" => list::<i64>(tensor),
        "f32" => list::<f32>(tensor),
        _ => list::<f64>(tensor),
    }
}
