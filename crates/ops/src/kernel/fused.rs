//! Element-wise kernels that are computed together.

mod registers;
mod rules;

use std::ops::Range;

pub(crate) use self::registers::Home;
use self::rules::refused;
use crate::{Kernel, KernelError, Reduction, view::DType};

/// Element-wise kernels, one after the other, computed together in blocks that stay in the first-level cache: what lies
/// between them is never written to memory.
///
/// The bits of each output are those that the kernels give one by one.
#[derive(Clone, Debug, PartialEq)]
pub struct Fused {
    elements: usize,
    width: usize,
    inputs: Vec<FusedInput>,
    steps: Vec<FusedStep>,
    outputs: Vec<FusedOutput>,
    /// Which register each input is repeated in, if it is.
    repeated: Vec<Option<usize>>,
    /// Where the value of each step lies.
    homes: Vec<Home>,
}

/// An input of [`Fused`]: element `i` of the computation reads element `i / each % length` of it.
///
/// So a tensor of as many elements is `each` 1 and `length` the number of elements, a row added to every row of a matrix
/// is `each` 1, a column `each` the number of columns, and a scalar `length` 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FusedInput {
    /// The type of its elements.
    pub dtype: DType,
    /// How often each element is repeated before the next.
    pub each: usize,
    /// How many elements there are before the first one comes again.
    pub length: usize,
    /// The output that holds it beforehand: what is written takes its place, and it is not among the inputs given.
    pub output: Option<usize>,
}

/// One kernel of [`Fused`].
#[derive(Clone, Debug, PartialEq)]
pub struct FusedStep {
    /// [`Unary`](Kernel::Unary), [`Binary`](Kernel::Binary) (but quotients of integers), [`Compare`](Kernel::Compare),
    /// [`UnaryGrad`](Kernel::UnaryGrad), [`Logic`](Kernel::Logic), [`Cast`](Kernel::Cast), [`Copy`](Kernel::Copy) or
    /// [`Broadcast`](Kernel::Broadcast) over no axes.
    pub kernel: Kernel,
    /// What it reads.
    pub inputs: Vec<FusedValue>,
    /// The type of what it writes.
    pub dtype: DType,
}

/// What a step of [`Fused`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FusedValue {
    /// The input of that number.
    Input(usize),
    /// The value of that step, an earlier one.
    Step(usize),
}

/// What [`Fused`] writes of the value of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FusedOutput {
    /// All elements.
    Elements(usize),
    /// One element for each row: the reduction of its elements.
    Rows(usize, Reduction),
    /// One element for each of several columns: the sum of its elements. Only the first output may be one. A single
    /// column is a row, to whose order of additions [`FusedOutput::Rows`] keeps.
    Columns(usize),
}

impl FusedOutput {
    /// Of which step the value is.
    pub fn step(self) -> usize {
        match self {
            FusedOutput::Elements(step) | FusedOutput::Rows(step, _) | FusedOutput::Columns(step) => step,
        }
    }
}

impl Fused {
    /// The most inputs.
    pub const INPUTS: usize = 8;
    /// The most outputs.
    pub const OUTPUTS: usize = 4;
    /// The most elements of a row of which something is reduced.
    pub const WIDTH: usize = 2048;

    /// Steps over so many elements, in rows of `width` elements if an output is reduced.
    ///
    /// # Errors
    /// That says which step, input or output does not fit.
    pub fn new(
        elements: usize,
        width: usize,
        inputs: Vec<FusedInput>,
        steps: Vec<FusedStep>,
        outputs: Vec<FusedOutput>,
    ) -> Result<Self, KernelError> {
        if elements == 0 || width == 0 || !elements.is_multiple_of(width) || width > Self::WIDTH {
            let most = Self::WIDTH;
            return Err(refused(format!("{elements} elements are not rows of {width}, at least 1 and at most {most}")));
        }
        let mut fused = Self { elements, width, inputs, steps, outputs, repeated: Vec::new(), homes: Vec::new() };
        fused.check_inputs()?;
        (0..fused.steps.len()).try_for_each(|step| fused.check_step(step))?;
        fused.check_outputs()?;
        fused.place();
        Ok(fused)
    }

    /// The steps, in their order.
    pub fn steps(&self) -> &[FusedStep] {
        &self.steps
    }

    /// What is written.
    pub fn outputs(&self) -> &[FusedOutput] {
        &self.outputs
    }

    /// The same, the input of that number being held by that output beforehand.
    ///
    /// # Errors
    /// If it is not read element by element, or the output does not hold elements of its dtype.
    pub fn in_place(&self, input: usize, output: usize) -> Result<Self, KernelError> {
        let mut inputs = self.inputs.clone();
        inputs[input].output = Some(output);
        Self::new(self.elements, self.width, inputs, self.steps.clone(), self.outputs.clone())
    }

    /// What is read.
    pub fn inputs(&self) -> &[FusedInput] {
        &self.inputs
    }

    /// How many elements each step computes.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// Elements of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn homes(&self) -> &[Home] {
        &self.homes
    }

    pub(crate) fn repeated(&self) -> &[Option<usize>] {
        &self.repeated
    }

    /// The inputs that are given.
    pub(crate) fn given(&self) -> impl Iterator<Item = &FusedInput> {
        self.inputs.iter().filter(|input| input.output.is_none())
    }

    /// How many elements an output has.
    pub(crate) fn output_elements(&self, output: FusedOutput) -> usize {
        match output {
            FusedOutput::Elements(_) => self.elements,
            FusedOutput::Rows(..) => self.elements / self.width,
            FusedOutput::Columns(_) => self.width,
        }
    }

    pub(crate) fn dtype(&self, value: FusedValue) -> DType {
        match value {
            FusedValue::Input(input) => self.inputs[input].dtype,
            FusedValue::Step(step) => self.steps[step].dtype,
        }
    }
}

/// Rows that are summed up one after the other, before halves are added: as [`Kernel::Reduce`] does it.
pub(crate) const COLUMN_ROWS: usize = 64;

/// How many sums of rows a range of rows is made of.
pub(crate) fn leaves(rows: usize) -> usize {
    if rows <= COLUMN_ROWS { 1 } else { leaves(rows / 2) + leaves(rows - rows / 2) }
}

/// The two halves of a range.
pub(crate) fn halves(range: &Range<usize>) -> [Range<usize>; 2] {
    let half = range.start + range.len() / 2;
    [range.start..half, half..range.end]
}
