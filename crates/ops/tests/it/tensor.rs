//! Owned tensors for the tests, and running kernels on them.

use everstep_ops::{Data, DataMut, Epilogue, Kernel, KernelError, Kernels, Target, Update, View, ViewMut};

/// Sums as they are.
pub(crate) const NONE: Epilogue = Epilogue { bias: false, activation: None };

#[derive(Clone, Debug)]
pub(crate) enum Values {
    Bool(Vec<bool>),
    U8(Vec<u8>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    U8,
    I32,
    I64,
    F32,
    F64,
}

pub(crate) const TYPES: [Type; 6] = [Type::Bool, Type::U8, Type::I32, Type::I64, Type::F32, Type::F64];
pub(crate) const NUMBERS: [Type; 4] = [Type::I32, Type::I64, Type::F32, Type::F64];
pub(crate) const FLOATS: [Type; 2] = [Type::F32, Type::F64];

#[derive(Clone, Debug)]
pub(crate) struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Values,
}

pub(crate) fn f32s(shape: &[usize], values: &[f32]) -> Tensor {
    Tensor { shape: shape.to_vec(), values: Values::F32(values.to_vec()) }
}

pub(crate) fn f64s(shape: &[usize], values: &[f64]) -> Tensor {
    Tensor { shape: shape.to_vec(), values: Values::F64(values.to_vec()) }
}

pub(crate) fn i32s(shape: &[usize], values: &[i32]) -> Tensor {
    Tensor { shape: shape.to_vec(), values: Values::I32(values.to_vec()) }
}

pub(crate) fn i64s(shape: &[usize], values: &[i64]) -> Tensor {
    Tensor { shape: shape.to_vec(), values: Values::I64(values.to_vec()) }
}

pub(crate) fn u8s(shape: &[usize], values: &[u8]) -> Tensor {
    Tensor { shape: shape.to_vec(), values: Values::U8(values.to_vec()) }
}

pub(crate) fn bools(shape: &[usize], values: &[bool]) -> Tensor {
    Tensor { shape: shape.to_vec(), values: Values::Bool(values.to_vec()) }
}

/// A tensor to be written: full of what no kernel may leave.
pub(crate) fn garbage(of: Type, shape: &[usize]) -> Tensor {
    let count = shape.iter().product();
    let values = match of {
        Type::Bool => Values::Bool(vec![true; count]),
        Type::U8 => Values::U8(vec![0xa5; count]),
        Type::I32 => Values::I32(vec![0x5a5a_5a5a; count]),
        Type::I64 => Values::I64(vec![0x5a5a_5a5a_5a5a; count]),
        Type::F32 => Values::F32(vec![f32::from_bits(0x7fc0_5a5a); count]),
        Type::F64 => Values::F64(vec![f64::from_bits(0x7ff8_0000_5a5a_5a5a); count]),
    };
    Tensor { shape: shape.to_vec(), values }
}

/// Numbers in -3..3, the same for the same seed; none of the integers is zero.
pub(crate) fn numbers(of: Type, shape: &[usize], seed: u64) -> Tensor {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 27)
    };
    let count = shape.iter().product();
    let integer = |bits: u64| [-3, -2, -1, 1, 2, 3][(bits % 6) as usize];
    let float = |bits: u64| (bits >> 11) as f64 / (1u64 << 53) as f64 * 6.0 - 3.0;
    let values = match of {
        Type::Bool => Values::Bool((0..count).map(|_| next() & 64 == 0).collect()),
        Type::U8 => Values::U8((0..count).map(|_| (next() % 7) as u8).collect()),
        Type::I32 => Values::I32((0..count).map(|_| integer(next()) as i32).collect()),
        Type::I64 => Values::I64((0..count).map(|_| integer(next())).collect()),
        Type::F32 => Values::F32((0..count).map(|_| float(next()) as f32).collect()),
        Type::F64 => Values::F64((0..count).map(|_| float(next())).collect()),
    };
    Tensor { shape: shape.to_vec(), values }
}

impl Tensor {
    pub(crate) fn view(&self) -> View<'_> {
        let data = match &self.values {
            Values::Bool(values) => Data::Bool(values),
            Values::U8(values) => Data::U8(values),
            Values::I32(values) => Data::I32(values),
            Values::I64(values) => Data::I64(values),
            Values::F32(values) => Data::F32(values),
            Values::F64(values) => Data::F64(values),
        };
        View { shape: &self.shape, data }
    }

    pub(crate) fn view_mut(&mut self) -> ViewMut<'_> {
        let data = match &mut self.values {
            Values::Bool(values) => DataMut::Bool(values),
            Values::U8(values) => DataMut::U8(values),
            Values::I32(values) => DataMut::I32(values),
            Values::I64(values) => DataMut::I64(values),
            Values::F32(values) => DataMut::F32(values),
            Values::F64(values) => DataMut::F64(values),
        };
        ViewMut { shape: &self.shape, data }
    }

    pub(crate) fn dtype(&self) -> Type {
        match self.values {
            Values::Bool(_) => Type::Bool,
            Values::U8(_) => Type::U8,
            Values::I32(_) => Type::I32,
            Values::I64(_) => Type::I64,
            Values::F32(_) => Type::F32,
            Values::F64(_) => Type::F64,
        }
    }

    /// Every bit of every element.
    pub(crate) fn bits(&self) -> Vec<u64> {
        match &self.values {
            Values::Bool(values) => values.iter().map(|&value| value.into()).collect(),
            Values::U8(values) => values.iter().map(|&value| value.into()).collect(),
            Values::I32(values) => values.iter().map(|&value| value as u64).collect(),
            Values::I64(values) => values.iter().map(|&value| value as u64).collect(),
            Values::F32(values) => values.iter().map(|&value| value.to_bits().into()).collect(),
            Values::F64(values) => values.iter().map(|&value| value.to_bits()).collect(),
        }
    }

    /// The elements of a float tensor.
    pub(crate) fn floats(&self) -> Vec<f64> {
        match &self.values {
            Values::F32(values) => values.iter().map(|&value| value.into()).collect(),
            Values::F64(values) => values.clone(),
            _ => panic!("{:?} is no float", self.dtype()),
        }
    }
}

/// Runs a kernel into fresh outputs of these types and shapes.
pub(crate) fn run(
    kernels: &dyn Kernels,
    kernel: &Kernel,
    inputs: &[Tensor],
    outputs: &[(Type, &[usize])],
) -> Result<Vec<Tensor>, KernelError> {
    let mut outputs: Vec<_> = outputs.iter().map(|(of, shape)| garbage(*of, shape)).collect();
    let inputs: Vec<_> = inputs.iter().map(Tensor::view).collect();
    kernels.run(kernel, &inputs, &mut outputs.iter_mut().map(Tensor::view_mut).collect::<Vec<_>>())?;
    Ok(outputs)
}

/// Updates copies of the variables: in place, or from the given ones into other buffers.
pub(crate) fn update(
    kernels: &dyn Kernels,
    update: &Update,
    variables: &[Tensor],
    inputs: &[Tensor],
    in_place: bool,
) -> Result<Vec<Tensor>, KernelError> {
    let mut next: Vec<_> = match in_place {
        true => variables.to_vec(),
        false => variables.iter().map(|variable| garbage(variable.dtype(), &variable.shape)).collect(),
    };
    let inputs: Vec<_> = inputs.iter().map(Tensor::view).collect();
    let mut targets: Vec<_> = next
        .iter_mut()
        .zip(variables)
        .map(|(next, variable)| Target { next: next.view_mut(), from: (!in_place).then(|| variable.view()) })
        .collect();
    kernels.update(update, &mut targets, &inputs)?;
    Ok(next)
}

/// Integers agree; floats agree within `steps` rounding errors of a number of size `scale` or of their own size.
#[track_caller]
pub(crate) fn assert_close(found: &Tensor, expected: &Tensor, scale: f64, steps: f64) {
    assert_eq!(found.shape, expected.shape);
    assert_eq!(found.dtype(), expected.dtype());
    if !FLOATS.contains(&found.dtype()) {
        return assert_eq!(found.bits(), expected.bits());
    }
    let epsilon = if found.dtype() == Type::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    for (place, (x, y)) in found.floats().into_iter().zip(expected.floats()).enumerate() {
        let same = x == y || x.is_nan() && y.is_nan();
        let close = (x - y).abs() <= steps * epsilon * y.abs().max(scale);
        assert!(same || close, "element {place}: found {x}, expected {y}");
    }
}
