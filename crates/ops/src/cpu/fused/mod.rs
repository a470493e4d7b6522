//! Element-wise kernels computed together, block by block.
//!
//! A block is computed by the kernels themselves, so that its bits are theirs; sums of columns are added up in the tree
//! of [`super::reduce`].

mod block;
mod parts;

use std::ops::Range;

use self::{
    block::Block,
    parts::{Register, Registers, part, part_mut, split},
};
use super::{
    elementwise::TRANSCENDENTAL,
    fold::GRAIN,
    number::Number,
    pool::{Fork, Pool},
    wide::{Work, wide},
};
use crate::{
    Binary, Data, DataMut, Fused, FusedInput, FusedOutput, Kernel, Unary, UnaryGrad, View, ViewMut,
    element::{Element, Typed, with_number},
    kernel::{COLUMN_ROWS, halves, leaves},
};

pub(super) fn workspace(fused: &Fused) -> usize {
    match (fused.outputs(), leaves(fused.elements() / fused.width())) {
        ([FusedOutput::Columns(_), ..], leaves) if leaves > 1 => leaves * fused.width(),
        _ => 0,
    }
}

pub(super) fn fused(pool: &Pool, fused: &Fused, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) {
    let mut read = [Data::U8(&[]); Fused::INPUTS];
    let is_given = |(_, input): &(&mut Data<'_>, &FusedInput)| input.output.is_none();
    let given = read.iter_mut().zip(fused.inputs()).filter(is_given);
    given.zip(inputs).for_each(|((read, _), input)| *read = input.data);
    let program = Program::new(fused, &read[..fused.inputs().len()]);
    let rows = 0..fused.elements() / program.unit;
    let (written, workspace) = outputs.split_at_mut(fused.outputs().len());
    let needed = self::workspace(fused);
    if needed == 0 {
        return pool.enter(program.cost(), |fork| program.divide(rows, Outputs::of(fused, written, None), fork));
    }
    let run = |sums: DataMut<'_>, written: &mut [ViewMut<'_>]| {
        pool.enter(program.cost(), |fork| program.divide(rows.clone(), Outputs::of(fused, written, Some(sums)), fork));
    };
    with_number!(written[0].data.as_data().dtype(), T => {
        let finish = |sums: &[T], written: &mut [ViewMut<'_>]| {
            T::slice_mut(&mut written[0].data).copy_from_slice(&sums[..fused.width()]);
        };
        match workspace.first_mut().map(|workspace| T::slice_mut(&mut workspace.data)) {
            Some(sums) if sums.len() >= needed => {
                run(T::data_mut(&mut sums[..needed]), written);
                finish(sums, written);
            }
            _ => {
                let mut sums = vec![T::ZERO; needed];
                run(T::data_mut(&mut sums), written);
                finish(&sums, written);
            }
        }
    });
}

/// What is computed, and how it is cut.
struct Program<'a> {
    fused: &'a Fused,
    inputs: &'a [Data<'a>],
    /// Elements of a row: what is cut is a number of rows.
    unit: usize,
    has_columns: bool,
}

impl<'a> Program<'a> {
    fn new(fused: &'a Fused, inputs: &'a [Data<'a>]) -> Self {
        let is_reduced = fused.outputs().iter().any(|output| !matches!(output, FusedOutput::Elements(_)));
        // With blocks of whole rows an input that repeats for each is repeated once for all blocks.
        let is_row = |length: usize| length > 1 && length <= Register::LENGTH && length < fused.elements();
        let row = fused.inputs().iter().find(|input| input.each == 1 && is_row(input.length));
        let unit = if is_reduced { fused.width() } else { row.map_or(1, |input| input.length) };
        let has_columns = matches!(fused.outputs(), [FusedOutput::Columns(_), ..]);
        Self { fused, inputs, unit, has_columns }
    }

    /// In elementary operations.
    fn cost(&self) -> usize {
        self.fused.elements() * self.fused.steps().iter().map(|step| weight(&step.kernel)).sum::<usize>()
    }

    fn divide(&self, rows: Range<usize>, outputs: Outputs<'_>, fork: Fork) {
        let is_small = self.cost() / self.fused.elements() * rows.len() * self.unit <= GRAIN || rows.len() < 2;
        if matches!(fork, Fork::Caller) || is_small || self.is_leaf(&rows) {
            return Registers::with(|registers| {
                let mut block = Block::new(self, registers);
                self.compute(rows, outputs, &mut block);
            });
        }
        let [left, right] = halves(&rows);
        let [mut of_left, mut of_right] = outputs.split(self, &left);
        fork.join(|| self.divide(left, of_left.reborrow(), fork), || self.divide(right, of_right.reborrow(), fork));
        add_sums(of_left.sums, of_right.sums, self.fused.width());
    }

    fn is_leaf(&self, rows: &Range<usize>) -> bool {
        self.has_columns && rows.len() <= COLUMN_ROWS
    }

    /// On one thread.
    fn compute(&self, rows: Range<usize>, mut outputs: Outputs<'_>, block: &mut Block<'_>) {
        if self.has_columns && !self.is_leaf(&rows) {
            let [left, right] = halves(&rows);
            let [mut of_left, mut of_right] = outputs.split(self, &left);
            self.compute(left, of_left.reborrow(), block);
            self.compute(right, of_right.reborrow(), block);
            return add_sums(of_left.sums, of_right.sums, self.fused.width());
        }
        if let Some(sums) = &mut outputs.sums {
            with_number!(sums.as_data().dtype(), T => T::slice_mut(sums).fill(T::ZERO));
        }
        let height = (Register::LENGTH / self.unit).max(1);
        for first in rows.clone().step_by(height) {
            let rows = first - rows.start..(first + height).min(rows.end) - rows.start;
            block.compute(first * self.unit, rows, &mut outputs);
        }
    }
}

/// What is written of some rows.
struct Outputs<'a> {
    /// Elements, or one of each row.
    by_row: [Option<DataMut<'a>>; Fused::OUTPUTS],
    /// For each leaf of the tree a sum of each column, the first of them being that of all.
    sums: Option<DataMut<'a>>,
}

impl<'a> Outputs<'a> {
    fn of(fused: &Fused, written: &'a mut [ViewMut<'_>], mut sums: Option<DataMut<'a>>) -> Self {
        let mut by_row = [const { None }; Fused::OUTPUTS];
        for ((output, written), place) in fused.outputs().iter().zip(written).zip(&mut by_row) {
            let all = 0..written.data.as_data().len();
            match output {
                FusedOutput::Columns(_) if sums.is_none() => sums = Some(part_mut(&mut written.data, all)),
                FusedOutput::Columns(_) => {}
                _ => *place = Some(part_mut(&mut written.data, all)),
            }
        }
        Self { by_row, sums }
    }

    /// Those of the rows `left`, which are the first, and those of the others.
    fn split(self, program: &Program<'_>, left: &Range<usize>) -> [Outputs<'a>; 2] {
        let mut halves = [const { Outputs { by_row: [const { None }; Fused::OUTPUTS], sums: None } }; 2];
        let outputs = program.fused.outputs().iter().zip(self.by_row).enumerate();
        for (index, (output, data)) in outputs {
            let Some(data) = data else { continue };
            let at = left.len() * if matches!(output, FusedOutput::Rows(..)) { 1 } else { program.unit };
            for (half, data) in halves.iter_mut().zip(split(data, at)) {
                half.by_row[index] = Some(data);
            }
        }
        if let Some(sums) = self.sums {
            for (half, sums) in halves.iter_mut().zip(split(sums, leaves(left.len()) * program.fused.width())) {
                half.sums = Some(sums);
            }
        }
        halves
    }

    fn reborrow(&mut self) -> Outputs<'_> {
        let whole = |data: &'_ mut DataMut<'_>| 0..data.as_data().len();
        let mut by_row = [const { None }; Fused::OUTPUTS];
        for (to, from) in by_row.iter_mut().zip(&mut self.by_row) {
            *to = from.as_mut().map(|data| {
                let all = whole(data);
                part_mut(data, all)
            });
        }
        let sums = self.sums.as_mut().map(|data| {
            let all = whole(data);
            part_mut(data, all)
        });
        Outputs { by_row, sums }
    }
}

/// Adds the sums of the right half of some rows to those of the left.
fn add_sums(left: Option<DataMut<'_>>, right: Option<DataMut<'_>>, width: usize) {
    let (Some(mut left), Some(right)) = (left, right) else { return };
    with_number!(right.as_data().dtype(), T => {
        wide(AddRows { sums: &mut T::slice_mut(&mut left)[..width], rows: &T::slice(right.as_data())[..width] });
    });
}

/// Adds each row to the sums of the columns.
struct AddRows<'a, T> {
    sums: &'a mut [T],
    rows: &'a [T],
}

impl<T: Number> Work for AddRows<'_, T> {
    #[inline(always)]
    fn run(self) {
        for row in self.rows.chunks_exact(self.sums.len()) {
            for (sum, &value) in self.sums.iter_mut().zip(row) {
                *sum = sum.add(value);
            }
        }
    }
}

/// How many elementary operations a kernel takes for an element.
fn weight(kernel: &Kernel) -> usize {
    match kernel {
        Kernel::Unary(
            Unary::Neg
            | Unary::Abs
            | Unary::Square
            | Unary::Sign
            | Unary::Relu
            | Unary::Relu6
            | Unary::LeakyRelu { .. }
            | Unary::Floor
            | Unary::Ceil
            | Unary::Round
            | Unary::Sqrt
            | Unary::Rsqrt
            | Unary::Reciprocal
            | Unary::Softsign,
        ) => 1,
        Kernel::Unary(_) => TRANSCENDENTAL,
        Kernel::UnaryGrad(UnaryGrad::Silu | UnaryGrad::Gelu { .. } | UnaryGrad::Softplus) => TRANSCENDENTAL,
        Kernel::Binary(Binary::Pow) => 4 * TRANSCENDENTAL,
        _ => 1,
    }
}
