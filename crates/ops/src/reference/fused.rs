//! Fused kernels, one after the other.

use super::kernels;
use crate::{
    Data, DataMut, Fused, FusedInput, FusedOutput, FusedValue, Kernel, Reduction, View, ViewMut,
    element::{Element, with_element},
    view::DType,
};

pub(super) fn fused(fused: &Fused, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) {
    let elements = fused.elements();
    let mut given = inputs.iter();
    let mut read = |input: &FusedInput| match input.output {
        Some(output) => repeated(*input, outputs[output].as_view(), elements),
        None => repeated(*input, *given.next().expect("the check has counted them"), elements),
    };
    let inputs: Vec<Buffer> = fused.inputs().iter().map(&mut read).collect();
    let mut values: Vec<Buffer> = Vec::new();
    for step in fused.steps() {
        let mut value = Buffer::zeros(step.dtype, elements);
        let read = |value: &FusedValue| match *value {
            FusedValue::Input(input) => inputs[input].view(),
            FusedValue::Step(step) => values[step].view(),
        };
        let read: Vec<View<'_>> = step.inputs.iter().map(read).collect();
        kernels::run(&step.kernel, &read, &mut [value.view_mut()]);
        values.push(value);
    }
    for (output, written) in fused.outputs().iter().zip(outputs) {
        let shape = [elements / fused.width(), fused.width()];
        let value = View { shape: &shape, ..values[output.step()].view() };
        let reduced = |reduction, axis: usize| {
            let mut reduced = Buffer::zeros(fused.steps()[output.step()].dtype, shape[1 - axis]);
            kernels::run(&Kernel::Reduce { reduction, axes: vec![axis] }, &[value], &mut [reduced.view_mut()]);
            reduced
        };
        let written = std::slice::from_mut(written);
        match *output {
            FusedOutput::Elements(_) => kernels::run(&Kernel::Copy, &[value], written),
            FusedOutput::Rows(_, reduction) => kernels::run(&Kernel::Copy, &[reduced(reduction, 1).view()], written),
            FusedOutput::Columns(_) => kernels::run(&Kernel::Copy, &[reduced(Reduction::Sum, 0).view()], written),
        }
    }
}

/// A tensor of one axis.
struct Buffer {
    shape: [usize; 1],
    values: Values,
}

enum Values {
    Bool(Vec<bool>),
    U8(Vec<u8>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bf16(Vec<u16>),
    F16(Vec<u16>),
}

impl Buffer {
    fn zeros(dtype: DType, elements: usize) -> Buffer {
        let values = match dtype {
            DType::Bool => Values::Bool(vec![false; elements]),
            DType::U8 => Values::U8(vec![0; elements]),
            DType::I32 => Values::I32(vec![0; elements]),
            DType::I64 => Values::I64(vec![0; elements]),
            DType::F32 => Values::F32(vec![0.0; elements]),
            DType::F64 => Values::F64(vec![0.0; elements]),
            DType::Bf16 => Values::Bf16(vec![0; elements]),
            DType::F16 => Values::F16(vec![0; elements]),
        };
        Buffer { shape: [elements], values }
    }

    fn view(&self) -> View<'_> {
        let data = match &self.values {
            Values::Bool(values) => Data::Bool(values),
            Values::U8(values) => Data::U8(values),
            Values::I32(values) => Data::I32(values),
            Values::I64(values) => Data::I64(values),
            Values::F32(values) => Data::F32(values),
            Values::F64(values) => Data::F64(values),
            Values::Bf16(bits) => Data::Bf16(bits),
            Values::F16(bits) => Data::F16(bits),
        };
        View { shape: &self.shape, data }
    }

    fn view_mut(&mut self) -> ViewMut<'_> {
        let data = match &mut self.values {
            Values::Bool(values) => DataMut::Bool(values),
            Values::U8(values) => DataMut::U8(values),
            Values::I32(values) => DataMut::I32(values),
            Values::I64(values) => DataMut::I64(values),
            Values::F32(values) => DataMut::F32(values),
            Values::F64(values) => DataMut::F64(values),
            Values::Bf16(bits) => DataMut::Bf16(bits),
            Values::F16(bits) => DataMut::F16(bits),
        };
        ViewMut { shape: &self.shape, data }
    }
}

fn repeated(input: FusedInput, view: View<'_>, elements: usize) -> Buffer {
    let mut buffer = Buffer::zeros(input.dtype, elements);
    with_element!(input.dtype, T => {
        let mut output = buffer.view_mut();
        for (index, value) in T::slice_mut(&mut output.data).iter_mut().enumerate() {
            *value = T::slice(view.data)[index / input.each % input.length];
        }
    });
    buffer
}
