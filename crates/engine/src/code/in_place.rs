//! Fused kernels that write over what they read last.

use std::sync::Arc;

use everstep_ops::{Fused, FusedOutput, Kernel};

use super::{Code, slots};
use crate::{
    place::{Operand, Place},
    plan::Instruction,
};

impl Code {
    /// Lets outputs of fused kernels take the place of inputs that nobody needs any longer.
    pub(super) fn write_in_place(&mut self) {
        let end = self.instructions.len();
        let mut last_read = vec![0; self.computed.len()];
        for (index, instruction) in self.instructions.iter().enumerate() {
            slots(instruction.reads()).for_each(|value| last_read[value] = index);
        }
        slots(self.read_outside()).for_each(|value| last_read[value] = end);
        let is_fetched = |value: usize| slots(&self.values).any(|fetched| fetched == value);
        let writes = self.writes();
        let mut same: Vec<Option<Place>> = vec![None; self.computed.len()];
        let mut instructions = std::mem::take(&mut self.instructions);
        for (index, instruction) in instructions.iter_mut().enumerate() {
            let Instruction { condition, inputs, outputs, .. } = instruction;
            for operand in condition.iter_mut().chain(inputs).chain(outputs) {
                if let Place::Slot(value) = operand.place {
                    operand.place = same[value].unwrap_or(operand.place);
                }
            }
            let Kernel::Fused(program) = &instruction.kernel else { continue };
            let Some((next, input, output)) =
                replaceable(program, &instruction.inputs, |value| last_read[value] == index)
            else {
                continue;
            };
            let [Place::Slot(from), Place::Slot(to)] =
                [instruction.inputs[input].place, instruction.outputs[output].place]
            else {
                continue;
            };
            if is_fetched(to) || writes[to] > 1 {
                continue;
            }
            instruction.kernel = Kernel::Fused(Arc::new(next));
            instruction.inputs.remove(input);
            instruction.outputs[output].place = Place::Slot(from);
            same[to] = Some(Place::Slot(from));
            last_read[from] = last_read[to];
        }
        self.instructions = instructions;
        self.redirect(&same);
    }
}

/// An input that is read for the last time, and only there, with an output that fits in its place, and the kernel that
/// does so.
fn replaceable(
    program: &Fused,
    inputs: &[Operand],
    is_last_read: impl Fn(usize) -> bool,
) -> Option<(Fused, usize, usize)> {
    for (input, operand) in inputs.iter().enumerate() {
        let reads = inputs.iter().filter(|other| other.place == operand.place).count();
        if !matches!(operand.place, Place::Slot(value) if reads == 1 && is_last_read(value)) {
            continue;
        }
        for (output, written) in program.outputs().iter().enumerate() {
            if matches!(written, FusedOutput::Elements(_))
                && let Ok(next) = program.in_place(input, output)
            {
                return Some((next, input, output));
            }
        }
    }
    None
}
