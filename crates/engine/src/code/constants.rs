//! Constant folding: what follows from constants alone is computed once.

use everstep_ops::{Data, Kernels, View, ViewMut};
use everstep_tensor::{Result, Tensor};

use super::{Code, is_pure};
use crate::{
    place::{Operand, Place},
    plan::Instruction,
    view::{data, data_mut},
};

/// Bytes of a value that is kept as a constant; longer ones are computed in each run, in memory that is shared.
const LONGEST: usize = 1 << 16;

impl Code {
    pub(super) fn fold_constants(&mut self, kernels: &dyn Kernels) {
        let writes = self.writes();
        let mut known = vec![None; self.computed.len()];
        let mut kept = Vec::with_capacity(self.instructions.len());
        for mut instruction in std::mem::take(&mut self.instructions) {
            for input in instruction.reads_mut() {
                if let Place::Slot(index) = input.place {
                    input.place = known[index].unwrap_or(input.place);
                }
            }
            let is_whole = super::slots(&instruction.outputs).all(|index| writes[index] == 1);
            // A kernel that refuses is kept, so that the run says so.
            match self.folded(kernels, &instruction).filter(|_| is_whole) {
                Some(values) => {
                    for (index, value) in super::slots(&instruction.outputs).zip(values) {
                        known[index] = Some(Place::Constant(self.constants.len()));
                        self.constants.push(value);
                    }
                }
                None => kept.push(instruction),
            }
        }
        self.instructions = kept;
        self.redirect(&known);
    }

    /// The outputs of an instruction that reads constants alone.
    fn folded(&self, kernels: &dyn Kernels, instruction: &Instruction) -> Option<Vec<Tensor>> {
        let constant = |operand: &Operand| match operand.place {
            Place::Constant(index) => Some(&self.constants[index]),
            _ => None,
        };
        let inputs: Vec<&Tensor> = instruction.inputs.iter().map(constant).collect::<Option<_>>()?;
        let is_small = instruction.bytes <= LONGEST && !instruction.outputs.is_empty();
        if !is_small || !is_pure(&instruction.kernel) {
            return None;
        }
        self.run(kernels, instruction, &inputs).ok()
    }

    fn run(&self, kernels: &dyn Kernels, instruction: &Instruction, inputs: &[&Tensor]) -> Result<Vec<Tensor>> {
        let mut views = vec![View { shape: &[], data: Data::U8(&[]) }; inputs.len()];
        for ((view, operand), tensor) in views.iter_mut().zip(&instruction.inputs).zip(inputs) {
            *view = View { shape: &operand.shape, data: data(tensor, operand.shape.iter().product())? };
        }
        let zeros = |operand: &Operand| Tensor::zeros(self.dtype(operand.place), &operand.shape);
        let mut values = instruction.outputs.iter().map(zeros).collect::<Result<Vec<Tensor>>>()?;
        let mut outputs = Vec::with_capacity(values.len());
        for (value, operand) in values.iter_mut().zip(&instruction.outputs) {
            let elements = value.len();
            outputs.push(ViewMut { shape: &operand.shape, data: data_mut(value, elements)? });
        }
        let refused = |error: everstep_ops::KernelError| {
            everstep_tensor::Error::new(everstep_tensor::ErrorKind::InvalidArgument, error.to_string())
        };
        kernels.run(&instruction.kernel, &views, &mut outputs).map_err(refused)?;
        drop(outputs);
        Ok(values)
    }
}
