//! Where the values of a program of element-wise kernels lie while a block is computed.

use super::{Fused, FusedInput, FusedOutput, FusedValue};
use crate::view::DType;

/// Where the value of a step lies while a block is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    Output(usize),
    /// The register of that number among those of its dtype.
    Register(usize),
}

impl Fused {
    /// Gives inputs that repeat and values that are no output a register; a value's is free again after its last use.
    pub(super) fn place(&mut self) {
        let mut registers = Registers::default();
        // Kernels of several inputs repeat a scalar themselves.
        let is_read_alone = |index| self.steps.iter().any(|step| step.inputs == [FusedValue::Input(index)]);
        let is_repeated = |(index, input): (usize, &FusedInput)| {
            input.output.is_some() || input.length < self.elements && (input.length > 1 || is_read_alone(index))
        };
        let repeated = self.inputs.iter().enumerate();
        let register = |(index, input)| is_repeated((index, input)).then(|| registers.take(input.dtype));
        self.repeated = repeated.map(register).collect();
        let mut last_use: Vec<usize> = (0..self.steps.len()).collect();
        for (index, step) in self.steps.iter().enumerate() {
            for value in &step.inputs {
                if let FusedValue::Step(read) = value {
                    last_use[*read] = index;
                }
            }
        }
        for (index, step) in self.steps.iter().enumerate() {
            let written = |output: &FusedOutput| *output == FusedOutput::Elements(index);
            let home = match self.outputs.iter().position(written) {
                Some(output) => Home::Output(output),
                None => Home::Register(registers.take(step.dtype)),
            };
            self.homes.push(home);
            for (value, _) in last_use.iter().enumerate().take(index + 1).filter(|(_, last)| **last == index) {
                if let Home::Register(register) = self.homes[value] {
                    registers.free(self.steps[value].dtype, register);
                }
            }
        }
    }
}

/// Which registers of each dtype are taken.
#[derive(Default)]
struct Registers(Vec<(DType, bool)>);

impl Registers {
    fn take(&mut self, dtype: DType) -> usize {
        let free = self.0.iter_mut().filter(|(of, _)| *of == dtype).enumerate().find(|(_, (_, taken))| !taken);
        if let Some((index, (_, taken))) = free {
            *taken = true;
            return index;
        }
        self.0.push((dtype, true));
        self.0.iter().filter(|(of, _)| *of == dtype).count() - 1
    }

    fn free(&mut self, dtype: DType, index: usize) {
        if let Some((_, taken)) = self.0.iter_mut().filter(|(of, _)| *of == dtype).nth(index) {
            *taken = false;
        }
    }
}
