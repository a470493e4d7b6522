//! The first value of a variable.

use everstep_graph::Initializer;
use everstep_ops::{DataMut, Distribution, Kernel, Kernels, Key, ViewMut};
use everstep_tensor::{Error, ErrorKind, Result, Spec, Tensor};

use crate::view::data_mut;

/// The value that `initializer` gives a variable: a pure function of the spec and the seed.
///
/// # Errors
/// `InvalidArgument` naming the variable if its random numbers cannot be drawn.
pub(crate) fn initial_value(
    kernels: &dyn Kernels,
    seed: u64,
    spec: &Spec,
    initializer: &Initializer,
) -> Result<Tensor> {
    let distribution = match *initializer {
        Initializer::Value(ref value) => return Ok(value.clone()),
        Initializer::Constant(number) => return constant(spec, number),
        Initializer::Uniform { low, high } => Distribution::Uniform { low, high },
        Initializer::Normal { mean, stddev } => Distribution::Normal { mean, stddev },
        Initializer::TruncatedNormal { mean, stddev } => Distribution::TruncatedNormal { mean, stddev },
    };
    let kernel = Kernel::Random { distribution, key: Key::new(seed, &spec.name) };
    let mut value = Tensor::zeros(spec.dtype, &spec.shape)?;
    let elements = value.len();
    let output = ViewMut { shape: &spec.shape, data: data_mut(&mut value, elements)? };
    kernels.run(&kernel, &[], &mut [output]).map_err(|error| {
        let message = format!("variable {} has no initial value: {error}", spec.name);
        Error::new(ErrorKind::InvalidArgument, message).with_source(error)
    })?;
    Ok(value)
}

fn constant(spec: &Spec, number: f64) -> Result<Tensor> {
    let mut value = Tensor::zeros(spec.dtype, &spec.shape)?;
    let elements = value.len();
    match data_mut(&mut value, elements)? {
        DataMut::Bool(elements) => elements.fill(number != 0.0),
        DataMut::U8(elements) => elements.fill(number as u8),
        DataMut::I32(elements) => elements.fill(number as i32),
        DataMut::I64(elements) => elements.fill(number as i64),
        DataMut::F32(elements) => elements.fill(number as f32),
        DataMut::F64(elements) => elements.fill(number),
    }
    Ok(value)
}
