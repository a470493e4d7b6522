//! What a program of element-wise kernels has to be.

use super::{Fused, FusedInput, FusedOutput, FusedValue};
use crate::{Binary, Data, DataMut, Kernel, KernelError, Reduction, View, ViewMut, check, view::DType};

impl Fused {
    pub(super) fn check_inputs(&self) -> Result<(), KernelError> {
        if self.inputs.len() > Self::INPUTS {
            return Err(refused(format!("there are {} inputs, at most {} can be", self.inputs.len(), Self::INPUTS)));
        }
        for (index, FusedInput { each, length, dtype, output }) in self.inputs.iter().enumerate() {
            let period = each.checked_mul(*length).unwrap_or(0);
            if period == 0 || !self.elements.is_multiple_of(period) {
                let elements = self.elements;
                let message = format!("input {index}: {length} elements, {each} times each, do not divide {elements}");
                return Err(refused(message));
            }
            let Some(output) = output else { continue };
            let fits = |output: &FusedOutput| match output {
                FusedOutput::Elements(step) => self.steps.get(*step).is_some_and(|step| step.dtype == *dtype),
                _ => false,
            };
            let is_alone = self.inputs.iter().filter(|input| input.output == Some(*output)).count() == 1;
            if *length != self.elements || !is_alone || !self.outputs.get(*output).is_some_and(fits) {
                return Err(refused(format!("input {index} cannot be replaced by output {output}, which must fit")));
            }
        }
        Ok(())
    }

    pub(super) fn check_step(&self, index: usize) -> Result<(), KernelError> {
        let step = &self.steps[index];
        let is_known = |value: &FusedValue| match *value {
            FusedValue::Input(input) => input < self.inputs.len(),
            FusedValue::Step(earlier) => earlier < index,
        };
        if !step.inputs.iter().all(is_known) {
            return Err(refused(format!("step {index} reads {:?}, which are not all earlier ones", step.inputs)));
        }
        let first = step.inputs.first().map(|value| self.dtype(*value));
        if !is_element_wise(&step.kernel, first) {
            return Err(refused(format!("step {index} is {:?}, which is not element-wise or can fail", step.kernel)));
        }
        // The check of the kernel sees the dtypes of what it will get.
        let inputs: Vec<View<'_>> =
            step.inputs.iter().map(|value| View { shape: &[0], data: nothing(self.dtype(*value)) }).collect();
        check::run(&step.kernel, &inputs, &[ViewMut { shape: &[0], data: nothing_mut(step.dtype) }])
            .map_err(|error| refused(format!("step {index}: {error}")))
    }

    pub(super) fn check_outputs(&self) -> Result<(), KernelError> {
        if self.outputs.is_empty() || self.outputs.len() > Self::OUTPUTS {
            return Err(refused(format!("there are {} outputs, not 1 to {}", self.outputs.len(), Self::OUTPUTS)));
        }
        for (index, output) in self.outputs.iter().enumerate() {
            let Some(step) = self.steps.get(output.step()) else {
                return Err(refused(format!("output {index} is of step {}, which there is not", output.step())));
            };
            let reduction = match *output {
                FusedOutput::Elements(_) => continue,
                FusedOutput::Rows(_, reduction) => reduction,
                FusedOutput::Columns(_) if index > 0 => {
                    return Err(refused(format!("output {index} sums columns; only the first one may")));
                }
                FusedOutput::Columns(_) if self.width == 1 => {
                    return Err(refused(format!("output {index} sums the only column; its one row is what to sum")));
                }
                FusedOutput::Columns(_) => Reduction::Sum,
            };
            let kernel = Kernel::Reduce { reduction, axes: vec![1] };
            let input = View { shape: &[0, 1], data: nothing(step.dtype) };
            check::run(&kernel, &[input], &[ViewMut { shape: &[0], data: nothing_mut(step.dtype) }])
                .map_err(|error| refused(format!("output {index}: {error}")))?;
        }
        Ok(())
    }
}

/// Whether each element of the output follows from those at its place, whatever they are; `dtype` is the first input's.
fn is_element_wise(kernel: &Kernel, dtype: Option<DType>) -> bool {
    let is_float = matches!(dtype, Some(DType::F32 | DType::F64));
    match kernel {
        Kernel::Binary(Binary::Div | Binary::FloorDiv | Binary::FloorMod) => is_float,
        Kernel::Unary(_) | Kernel::Binary(_) | Kernel::Compare(_) | Kernel::UnaryGrad(_) => true,
        Kernel::Logic(_) | Kernel::Cast | Kernel::Copy => true,
        Kernel::Broadcast { axes, .. } => axes.is_empty(),
        _ => false,
    }
}

pub(super) fn refused(message: String) -> KernelError {
    KernelError::new(format!("fused: {message}"))
}

fn nothing(dtype: DType) -> Data<'static> {
    match dtype {
        DType::Bool => Data::Bool(&[]),
        DType::U8 => Data::U8(&[]),
        DType::I32 => Data::I32(&[]),
        DType::I64 => Data::I64(&[]),
        DType::F32 => Data::F32(&[]),
        DType::F64 => Data::F64(&[]),
        DType::Bf16 => Data::Bf16(&[]),
        DType::F16 => Data::F16(&[]),
    }
}

fn nothing_mut(dtype: DType) -> DataMut<'static> {
    match dtype {
        DType::Bool => DataMut::Bool(&mut []),
        DType::U8 => DataMut::U8(&mut []),
        DType::I32 => DataMut::I32(&mut []),
        DType::I64 => DataMut::I64(&mut []),
        DType::F32 => DataMut::F32(&mut []),
        DType::F64 => DataMut::F64(&mut []),
        DType::Bf16 => DataMut::Bf16(&mut []),
        DType::F16 => DataMut::F16(&mut []),
    }
}
