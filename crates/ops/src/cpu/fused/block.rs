//! One block: every step of it, before the next block begins.

use std::ops::Range;

use super::{AddRows, Outputs, Program, Registers, part, part_mut};
use crate::{
    Data, DataMut, Fused, FusedInput, FusedOutput, FusedStep, FusedValue, Kernel, View, ViewMut,
    cpu::{elementwise, logic, pool::Pool, reduce, unary, wide::wide},
    element::{Element, with_element, with_number},
    kernel::Home,
};

/// The most inputs of an element-wise kernel.
const INPUTS: usize = 3;

/// What one thread computes blocks with.
pub(super) struct Block<'a> {
    program: &'a Program<'a>,
    registers: &'a mut Registers,
    /// For each input that is repeated in a register, from which of its elements on, and how many.
    repeated: [Option<[usize; 2]>; Fused::INPUTS],
}

/// Outputs of a block, each taken out while it is written.
type Written<'a> = [Option<DataMut<'a>>; Fused::OUTPUTS];

impl<'a> Block<'a> {
    pub(super) fn new(program: &'a Program<'a>, registers: &'a mut Registers) -> Self {
        Self { program, registers, repeated: [None; Fused::INPUTS] }
    }

    /// Computes some rows, which begin with element `first` and are these of the outputs.
    pub(super) fn compute(&mut self, first: usize, rows: Range<usize>, outputs: &mut Outputs<'_>) {
        let Program { fused, unit, .. } = *self.program;
        let elements = rows.len() * unit;
        let mut written: Written<'_> = [const { None }; Fused::OUTPUTS];
        let each = fused.outputs().iter().zip(&mut outputs.by_row).zip(&mut written);
        for ((output, data), written) in each {
            let scale = if matches!(output, FusedOutput::Rows(..)) { 1 } else { unit };
            *written = data.as_mut().map(|data| part_mut(data, rows.start * scale..rows.end * scale));
        }
        self.repeat(first, elements, &written);
        for (index, (step, home)) in fused.steps().iter().zip(fused.homes()).enumerate() {
            match *home {
                Home::Output(output) => {
                    let mut value = written[output].take().expect("it is put back");
                    self.step(step, first, elements, &written, &mut value);
                    written[output] = Some(value);
                }
                Home::Register(register) => {
                    let mut value = self.registers.take(step.dtype, register);
                    self.step(step, first, elements, &written, &mut value.write(elements));
                    self.registers.put(step.dtype, register, value);
                }
            }
            self.reduce(index, elements, &mut written, &mut outputs.sums);
        }
    }

    /// Repeats the inputs that do not have an element for each of the block's, unless the last block has done it, and
    /// copies those that are going to be overwritten.
    fn repeat(&mut self, first: usize, elements: usize, written: &Written<'_>) {
        let Program { fused, inputs, .. } = *self.program;
        for (index, (input, data)) in fused.inputs().iter().zip(inputs).enumerate() {
            let Some(register) = fused.repeated()[index] else { continue };
            if let Some(output) = input.output {
                let held = written[output].as_ref().expect("nothing is written yet");
                let mut copied = self.registers.take(input.dtype, register);
                repeat(FusedInput { length: elements, ..*input }, held.as_data(), 0, &mut copied.write(elements));
                self.registers.put(input.dtype, register, copied);
                continue;
            }
            let from = first % (input.each * input.length);
            if self.repeated[index].is_some_and(|[begun, repeated]| begun == from && repeated >= elements) {
                continue;
            }
            let mut repeated = self.registers.take(input.dtype, register);
            repeat(*input, *data, from, &mut repeated.write(elements));
            self.registers.put(input.dtype, register, repeated);
            self.repeated[index] = Some([from, elements]);
        }
    }

    fn step(&self, step: &FusedStep, first: usize, elements: usize, written: &Written<'_>, value: &mut DataMut<'_>) {
        let shape = [elements];
        let mut inputs = [View { shape: &[0], data: Data::U8(&[]) }; INPUTS];
        for (view, input) in inputs.iter_mut().zip(&step.inputs) {
            let data = self.read(*input, first, elements, written);
            *view = View { shape: if data.len() == 1 { &[1] } else { &shape }, data };
        }
        let count = step.inputs.len();
        let all = 0..elements;
        compute(&step.kernel, &inputs[..count], &mut ViewMut { shape: &shape, data: part_mut(value, all) });
    }

    /// The elements of the block; or one, to be repeated.
    fn read<'b>(&'b self, value: FusedValue, first: usize, elements: usize, written: &'b Written<'_>) -> Data<'b> {
        let Program { fused, inputs, .. } = *self.program;
        match value {
            FusedValue::Input(input) => match fused.repeated()[input] {
                Some(register) => self.registers.read(fused.inputs()[input].dtype, register, elements),
                None if inputs[input].len() == 1 => inputs[input],
                None => part(inputs[input], first..first + elements),
            },
            FusedValue::Step(step) => match fused.homes()[step] {
                Home::Register(register) => self.registers.read(fused.steps()[step].dtype, register, elements),
                Home::Output(output) => written[output].as_ref().expect("another one is written").as_data(),
            },
        }
    }

    /// Writes the outputs that are reductions of that step's value.
    fn reduce(&self, step: usize, elements: usize, written: &mut Written<'_>, sums: &mut Option<DataMut<'_>>) {
        let fused = self.program.fused;
        for (index, output) in fused.outputs().iter().enumerate().filter(|(_, output)| output.step() == step) {
            let value = |written| self.read(FusedValue::Step(step), 0, elements, written);
            match (*output, &mut *sums) {
                (FusedOutput::Rows(_, reduction), _) => {
                    let shape = [elements / fused.width(), fused.width()];
                    let mut reduced = written[index].take().expect("it is put back");
                    let (all, input) = (0..shape[0], View { shape: &shape, data: value(written) });
                    let mut output = ViewMut { shape: &shape[..1], data: part_mut(&mut reduced, all) };
                    reduce::reduce(&Pool::Caller, reduction, &[1], input, &mut output);
                    written[index] = Some(reduced);
                }
                (FusedOutput::Columns(_), Some(sums)) => with_number!(sums.as_data().dtype(), T => {
                    wide(AddRows { sums: &mut T::slice_mut(sums)[..fused.width()], rows: T::slice(value(written)) });
                }),
                _ => {}
            }
        }
    }
}

/// Writes the elements of an input from element `first` of the computation on.
fn repeat(input: FusedInput, data: Data<'_>, first: usize, output: &mut DataMut<'_>) {
    with_element!(input.dtype, T => {
        let (values, output) = (T::slice(data), T::slice_mut(output));
        let mut done = 0;
        while done < output.len() {
            let at = first + done;
            let (start, left) = (at / input.each % input.length, output.len() - done);
            if input.each == 1 {
                let count = left.min(input.length - start);
                output[done..done + count].copy_from_slice(&values[start..start + count]);
                done += count;
            } else {
                let count = left.min(input.each - at % input.each);
                output[done..done + count].fill(values[start]);
                done += count;
            }
        }
    });
}

fn compute(kernel: &Kernel, inputs: &[View<'_>], output: &mut ViewMut<'_>) {
    let pool = &Pool::Caller;
    match (kernel, inputs) {
        (Kernel::Unary(function), &[input]) => unary::unary(pool, *function, input, output),
        (Kernel::Binary(function), &[a, b]) => elementwise::binary(pool, *function, a, b, output),
        (Kernel::Compare(comparison), &[a, b]) => elementwise::compare(pool, *comparison, a, b, output),
        (Kernel::UnaryGrad(function), &[gradient, value]) => {
            unary::unary_grad(pool, *function, gradient, value, output);
        }
        (Kernel::Logic(kernel), inputs) => logic::logic(pool, *kernel, inputs, output),
        (Kernel::Cast, &[input]) => elementwise::cast(pool, input, output),
        (Kernel::Copy, &[input]) => elementwise::copy(pool, input, output),
        (Kernel::Broadcast { scale, .. }, &[input]) => elementwise::spread(pool, *scale, input, input.shape, output),
        _ => unreachable!("a program is made of element-wise kernels"),
    }
}
