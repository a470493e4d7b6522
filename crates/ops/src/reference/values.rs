//! Tensors as ndarrays of the two widest types.

use ndarray::{Array1, ArrayD, IxDyn, Zip};

use crate::{
    Data, DataMut, View, ViewMut,
    element::{Element, unchecked_dtype, with_element},
    half::{Bf16, F16, Half},
};

pub(super) type Floats = ArrayD<f64>;
pub(super) type Integers = ArrayD<i64>;

/// A tensor; bool and u8 are integers here.
#[derive(Clone, Debug)]
pub(super) enum Values {
    Floats(Floats),
    Integers(Integers),
}

impl Values {
    pub(super) fn read(view: View<'_>) -> Values {
        match view.data {
            Data::Bool(values) => Values::Integers(array(view.shape, values, |value| value.into())),
            Data::U8(values) => Values::Integers(array(view.shape, values, |value| value.into())),
            Data::I32(values) => Values::Integers(array(view.shape, values, |value| value.into())),
            Data::I64(values) => Values::Integers(array(view.shape, values, |value| value)),
            Data::F32(values) => Values::Floats(array(view.shape, values, |value| value.into())),
            Data::F64(values) => Values::Floats(array(view.shape, values, |value| value)),
            Data::Bf16(bits) => Values::Floats(array(view.shape, bits, |bits| Bf16::widen(bits).into())),
            Data::F16(bits) => Values::Floats(array(view.shape, bits, |bits| F16::widen(bits).into())),
        }
    }

    /// Converts every element to the dtype of `view`; the order of elements is that of the array, its shape may differ.
    pub(super) fn write(&self, view: &mut ViewMut<'_>) {
        match self {
            Values::Floats(values) => write_floats(values, &mut view.data),
            Values::Integers(values) => write_integers(values, &mut view.data),
        }
    }

    pub(super) fn floats(self) -> Floats {
        match self {
            Values::Floats(values) => values,
            Values::Integers(_) => unchecked_dtype(),
        }
    }

    pub(super) fn integers(self) -> Integers {
        match self {
            Values::Integers(values) => values,
            Values::Floats(_) => unchecked_dtype(),
        }
    }
}

/// The floats of a view that the check has found to hold floats.
pub(super) fn floats(view: View<'_>) -> Floats {
    Values::read(view).floats()
}

/// The floats of a view, one after the other.
pub(super) fn listed(view: View<'_>) -> Vec<f64> {
    floats(view).into_iter().collect()
}

/// Writes floats, one after the other.
pub(super) fn write(numbers: Vec<f64>, output: &mut ViewMut<'_>) {
    Values::Floats(Array1::from(numbers).into_dyn()).write(output);
}

/// Copies the elements as they are, bit for bit.
pub(super) fn copy(input: View<'_>, output: &mut ViewMut<'_>) {
    with_element!(input.data.dtype(), T => T::slice_mut(&mut output.data).copy_from_slice(T::slice(input.data)));
}

/// A function of each pair of elements, broadcast to `shape`.
pub(super) fn pairs<T: Copy, U: Clone + Default>(
    a: &ArrayD<T>,
    b: &ArrayD<T>,
    shape: &[usize],
    function: impl Fn(T, T) -> U,
) -> ArrayD<U> {
    let spread = "the check has found that the shapes broadcast";
    let (a, b) = (a.broadcast(IxDyn(shape)).expect(spread), b.broadcast(IxDyn(shape)).expect(spread));
    Zip::from(a).and(b).map_collect(|&x, &y| function(x, y))
}

fn array<T: Copy, U>(shape: &[usize], values: &[T], widen: impl Fn(T) -> U) -> ArrayD<U> {
    let values = values.iter().map(|&value| widen(value)).collect();
    ArrayD::from_shape_vec(IxDyn(shape), values).expect("the check has compared the shape with the number of elements")
}

fn write_floats(values: &Floats, output: &mut DataMut<'_>) {
    match output {
        DataMut::Bool(output) => each(values, output, |value| value != 0.0),
        DataMut::U8(output) => each(values, output, |value| value as u8),
        DataMut::I32(output) => each(values, output, |value| value as i32),
        DataMut::I64(output) => each(values, output, |value| value as i64),
        DataMut::F32(output) => each(values, output, |value| value as f32),
        DataMut::F64(output) => each(values, output, |value| value),
        DataMut::Bf16(output) => each(values, output, |value| Bf16::round(value as f32)),
        DataMut::F16(output) => each(values, output, |value| F16::round(value as f32)),
    }
}

fn write_integers(values: &Integers, output: &mut DataMut<'_>) {
    match output {
        DataMut::Bool(output) => each(values, output, |value| value != 0),
        DataMut::U8(output) => each(values, output, |value| value as u8),
        DataMut::I32(output) => each(values, output, |value| value as i32),
        DataMut::I64(output) => each(values, output, |value| value),
        DataMut::F32(output) => each(values, output, |value| value as f32),
        DataMut::F64(output) => each(values, output, |value| value as f64),
        DataMut::Bf16(output) => each(values, output, |value| Bf16::round(value as f32)),
        DataMut::F16(output) => each(values, output, |value| F16::round(value as f32)),
    }
}

fn each<T: Copy, U>(values: &ArrayD<T>, output: &mut [U], convert: impl Fn(T) -> U) {
    for (output, &value) in output.iter_mut().zip(values) {
        *output = convert(value);
    }
}
