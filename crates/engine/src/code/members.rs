//! What an instruction can be in a group that is fused.

use everstep_ops::{self as ops, Fused, FusedInput, Kernel};
use everstep_tensor::{DType, Shape};

use super::{Code, can_fail};
use crate::{place::Operand, plan::Instruction};

/// What an instruction can be in a group.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Role {
    /// A step; how it reads each of its inputs.
    Step(Vec<FusedInput>),
    /// The reduction of each row of the steps' elements.
    Rows(ops::Reduction),
    /// The sum of each column.
    Columns,
}

/// An instruction that can be in a group.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) role: Role,
    /// How many elements the steps of its group have.
    pub(super) elements: usize,
    /// How many of them are a row, if rows or columns are reduced.
    pub(super) width: Option<usize>,
}

impl Code {
    /// What the instruction can be in a group, if anything.
    pub(super) fn member(&self, instruction: &Instruction) -> Option<Member> {
        let ([output], Some(first)) = (&instruction.outputs[..], instruction.inputs.first()) else { return None };
        let count = |shape: &Shape| shape.iter().product::<usize>();
        if let Kernel::Reduce { reduction, axes } = &instruction.kernel {
            // What a group reduces is rounded by nothing after it.
            if self.dtype(first.place).is_half() {
                return None;
            }
            let (role, width) = reduced(*reduction, &first.shape, axes)?;
            return (width <= Fused::WIDTH).then(|| Member { role, elements: count(&first.shape), width: Some(width) });
        }
        let elements = count(&output.shape);
        let is_step = matches!(
            instruction.kernel,
            Kernel::Unary(_)
                | Kernel::Binary(_)
                | Kernel::Compare(_)
                | Kernel::UnaryGrad(_)
                | Kernel::Logic(_)
                | Kernel::Cast
                | Kernel::Copy
                | Kernel::Broadcast { .. }
        );
        if !is_step || elements == 0 || can_fail(&instruction.kernel, instruction.first_dtype(self)) {
            return None;
        }
        let read = |operand: &Operand| {
            let repeat = match &instruction.kernel {
                Kernel::Copy => Repeat { each: 1, length: elements },
                Kernel::Broadcast { axes, .. } => Repeat::of(&with_ones(&output.shape, axes), &output.shape)?,
                _ => Repeat::of(&operand.shape, &output.shape)?,
            };
            let dtype = dtype(self.dtype(operand.place))?;
            Some(FusedInput { dtype, each: repeat.each, length: repeat.length, output: None })
        };
        dtype(self.dtype(output.place))?;
        let read = instruction.inputs.iter().map(read).collect::<Option<Vec<FusedInput>>>()?;
        Some(Member { role: Role::Step(read), elements, width: None })
    }
}

/// How an element of a smaller tensor is found: as [`FusedInput`] says.
struct Repeat {
    each: usize,
    length: usize,
}

impl Repeat {
    /// Of a shape that broadcasts to another; none if it repeats axes between axes that it has, or is between such.
    fn of(shape: &[usize], to: &[usize]) -> Option<Repeat> {
        let (mut each, mut length, mut outer) = (1, 1, 1);
        for axis in 0..to.len() {
            let extent = to[to.len() - 1 - axis];
            let has_it = axis < shape.len() && shape[shape.len() - 1 - axis] == extent;
            match (extent, has_it) {
                (1, _) => {}
                (_, true) if outer > 1 => return None,
                (_, true) => length *= extent,
                (_, false) if length > 1 => outer *= extent,
                (_, false) => each *= extent,
            }
        }
        Some(Repeat { each: if length == 1 { 1 } else { each }, length })
    }
}

fn with_ones(shape: &[usize], axes: &[usize]) -> Vec<usize> {
    let extent = |(axis, extent): (usize, &usize)| if axes.contains(&axis) { 1 } else { *extent };
    shape.iter().enumerate().map(extent).collect()
}

/// Which part of rows or columns a reduction is, and how long the rows are.
fn reduced(reduction: ops::Reduction, shape: &[usize], axes: &[usize]) -> Option<(Role, usize)> {
    let long: Vec<(usize, bool)> =
        (0..shape.len()).filter(|axis| shape[*axis] != 1).map(|axis| (shape[axis], axes.contains(&axis))).collect();
    let last_is_reduced = long.last()?.1;
    let same = long.iter().rev().take_while(|(_, is_reduced)| *is_reduced == last_is_reduced).count();
    let (others, last) = long.split_at(long.len() - same);
    let width = last.iter().map(|(extent, _)| extent).product();
    let is_simple = others.iter().all(|(_, is_reduced)| *is_reduced != last_is_reduced);
    match (is_simple && width > 0 && !shape.contains(&0), last_is_reduced) {
        (true, true) => Some((Role::Rows(reduction), width)),
        (true, false) if reduction == ops::Reduction::Sum && !others.is_empty() => Some((Role::Columns, width)),
        _ => None,
    }
}

/// The type as the kernels call it.
pub(super) fn dtype(dtype: DType) -> Option<ops::DType> {
    Some(match dtype {
        DType::Bool => ops::DType::Bool,
        DType::U8 => ops::DType::U8,
        DType::I32 => ops::DType::I32,
        DType::I64 => ops::DType::I64,
        DType::F32 => ops::DType::F32,
        DType::F64 => ops::DType::F64,
        DType::Bf16 => ops::DType::Bf16,
        DType::F16 => ops::DType::F16,
        _ => return None,
    })
}
