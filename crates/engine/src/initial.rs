//! The first value of a variable.

use everstep_graph::Initializer;
use everstep_ops::{DataMut, Distribution, Kernel, Kernels, Key, View, ViewMut};
use everstep_tensor::{Bf16, DType, Error, ErrorKind, F16, Result, Shape, Spec, Tensor};

use crate::{
    orthogonal::orthonormalize,
    view::{data, data_mut},
};

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
    if spec.dtype.is_half() && initializer.is_random() {
        let drawn = Spec { dtype: DType::F32, ..spec.clone() };
        return rounded(kernels, spec, &initial_value(kernels, seed, &drawn, initializer)?);
    }
    let distribution = match *initializer {
        Initializer::Orthogonal { gain } => return orthogonal(kernels, seed, spec, gain),
        Initializer::Value(ref value) => return Ok(value.clone()),
        Initializer::Constant(number) => return constant(spec, number),
        Initializer::Uniform { low, high } => Distribution::Uniform { low, high },
        Initializer::Normal { mean, stddev } => Distribution::Normal { mean, stddev },
        Initializer::TruncatedNormal { mean, stddev } => Distribution::TruncatedNormal { mean, stddev },
    };
    random(kernels, seed, spec, distribution)
}

/// Numbers of two bytes from those that were drawn in f32.
fn rounded(kernels: &dyn Kernels, spec: &Spec, drawn: &Tensor) -> Result<Tensor> {
    let mut value = Tensor::zeros(spec.dtype, &spec.shape)?;
    let (elements, shape) = (value.len(), &spec.shape);
    let output = ViewMut { shape, data: data_mut(&mut value, elements)? };
    let cast = kernels.run(&Kernel::Cast, &[View { shape, data: data(drawn, elements)? }], &mut [output]);
    cast.map_err(|error| Error::new(ErrorKind::Internal, format!("variable {}: {error}", spec.name)))?;
    Ok(value)
}

fn random(kernels: &dyn Kernels, seed: u64, spec: &Spec, distribution: Distribution) -> Result<Tensor> {
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

/// The last axis are the columns of the matrix, those before it the rows; the fewer of both are orthonormal, times the gain.
fn orthogonal(kernels: &dyn Kernels, seed: u64, spec: &Spec, gain: f64) -> Result<Tensor> {
    let columns = spec.shape.last().copied().unwrap_or(1);
    let rows: usize = spec.shape.iter().rev().skip(1).product();
    let [few, many] = if rows < columns { [rows, columns] } else { [columns, rows] };
    let normal = Distribution::Normal { mean: 0.0, stddev: 1.0 };
    let drawn = Spec { dtype: DType::F64, shape: Shape::from([few, many]), ..spec.clone() };
    let mut drawn = random(kernels, seed, &drawn, normal)?;
    let vectors: &mut [f64] = drawn.get_mut().expect("nobody else holds what was drawn just now");
    orthonormalize(vectors, many);
    let element = |index: usize| match rows < columns {
        true => gain * vectors[index],
        false => gain * vectors[index % columns * many + index / columns],
    };
    let elements = (0..rows * columns).map(element);
    match spec.dtype {
        DType::F64 => Tensor::from_vec(spec.shape.clone(), elements.collect::<Vec<f64>>()),
        _ => Tensor::from_vec(spec.shape.clone(), elements.map(|element| element as f32).collect::<Vec<f32>>()),
    }
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
        DataMut::Bf16(bits) => bits.fill(Bf16::from_f32(number as f32).to_bits()),
        DataMut::F16(bits) => bits.fill(F16::from_f32(number as f32).to_bits()),
    }
    Ok(value)
}
