//! What TensorFlow gave: a line of JSON for each case, committed.

use std::{fs, path::PathBuf};

use everstep_tensor::{DType, Tensor};
use serde_json::Value;

use crate::{
    array::{Array, tensor},
    entry::Case,
    program::Checked,
};

/// One case with what TensorFlow made of it.
pub(crate) struct Line {
    pub(crate) case: Case,
    pub(crate) outputs: Vec<Array>,
    /// In the order of the entry's differentiable inputs; empty if none were asked for.
    pub(crate) gradients: Vec<Array>,
}

/// The lines of an op, given the path of its module: `ops::family::op`.
pub(crate) fn lines(module: &str) -> Checked<Vec<Line>> {
    let mut path = module.rsplit("::");
    let (op, family) = (path.next().unwrap(), path.next().unwrap());
    let lines = self::family(family)?.into_iter().filter(|(of, _)| of == op);
    Ok(lines.map(|(_, line)| line).collect())
}

/// All lines of a family, each with its op.
pub(crate) fn family(family: &str) -> Checked<Vec<(String, Line)>> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{family}.jsonl"));
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    Ok(lines.map(|line| (line["op"].as_str().unwrap().to_owned(), read(&line))).collect())
}

fn read(line: &Value) -> Line {
    let arrays = |name: &str| line[name].as_array().into_iter().flatten().map(|value| array(value).1).collect();
    let inputs = line["inputs"].as_array().unwrap().iter().map(|input| {
        let (dtype, array) = array(input);
        tensor(dtype, &array)
    });
    let case = Case::new(inputs.collect::<Vec<Tensor>>()).with(line["attributes"].clone());
    Line { case, outputs: arrays("outputs"), gradients: arrays("gradients") }
}

/// `["f32", [2, 1], [0.5, "nan"]]`
fn array(value: &Value) -> (DType, Array) {
    let dtype = value[0].as_str().and_then(DType::from_name).unwrap();
    let shape: Vec<usize> =
        value[1].as_array().unwrap().iter().map(|length| length.as_u64().unwrap() as usize).collect();
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_f64().unwrap(),
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::String(name) => name.parse().unwrap(),
        other => panic!("{other} is no number"),
    };
    (dtype, Array::new(&shape, value[2].as_array().unwrap().iter().map(number).collect()))
}
