//! Updates of variables.

use super::{ALL, Call, Checked};
use crate::{Target, Update, View, view::DType};

/// Whether `update` can be applied to these targets.
pub(crate) fn update(update: &Update, targets: &[Target<'_>], inputs: &[View<'_>]) -> Checked {
    let call = Call { name: update.name() };
    let (own, rows) = update.split(inputs);
    call.arity((update.inputs(), update.targets()), own.len(), "targets", targets.len())?;
    call.tensors("input", inputs.iter().copied())?;
    call.tensors("target", targets.iter().map(|target| target.next.as_view()))?;
    call.tensors("old value", targets.iter().filter_map(|target| target.from))?;
    let variable = targets[update.variable()].next.as_view();
    call.dtype(variable, update.dtypes())?;
    let is_half = variable.data.dtype().is_half();
    for (index, target) in targets.iter().enumerate() {
        let next = target.next.as_view();
        call.same(&[next, target.from.unwrap_or(next)])?;
        call.same_shape(&[variable, next])?;
        match is_half && index != update.variable() {
            true => call.dtype(next, &[DType::F32])?,
            false => call.same_dtype(&[variable, next])?,
        }
    }
    call.require(!is_half || rows.is_empty(), || {
        format!("some rows of {} are not supported; update all of them", variable.data.dtype().name())
    })?;
    for (index, &input) in own.iter().enumerate() {
        // What changes a variable of two bytes may be given as it is computed, or stored as the variable.
        let is_change = Some(index) == update.dense_input() && *update != Update::Assign;
        let is_plain = !is_half || Some(index) == update.dense_input();
        match input.data.dtype() {
            DType::F32 if is_half && (is_change || !is_plain) => {}
            _ if is_plain => call.same_dtype(&[variable, input])?,
            _ => call.dtype(input, &[DType::F32])?,
        }
        if Some(index) == update.dense_input() {
            match rows {
                [] => call.same_shape(&[variable, input])?,
                rows => call.rows(variable, input, rows)?,
            }
        } else {
            call.require(input.data.len() == 1, || {
                format!("input {index} must be a scalar, not of shape {:?}", input.shape)
            })?;
        }
    }
    Ok(())
}

impl Update {
    fn name(&self) -> &'static str {
        match self {
            Update::Assign => "assign",
            Update::AssignAdd => "assign-add",
            Update::AssignSub => "assign-sub",
            Update::GradientDescent => "gradient descent",
            Update::Momentum { .. } => "momentum",
            Update::Adam => "adam",
            Update::AdamW => "adamw",
            Update::Adagrad => "adagrad",
            Update::RmsProp { .. } => "rmsprop",
            Update::Lion => "lion",
            Update::Lamb => "lamb",
            Update::MovingAverage => "moving average",
        }
    }

    /// How many targets it has.
    pub(crate) fn targets(&self) -> usize {
        match self {
            Update::Assign | Update::AssignAdd | Update::AssignSub | Update::GradientDescent => 1,
            Update::Momentum { .. } | Update::Adagrad | Update::Lion | Update::MovingAverage => 2,
            Update::Adam | Update::AdamW | Update::Lamb | Update::RmsProp { centered: false } => 3,
            Update::RmsProp { centered: true } => 4,
        }
    }

    /// Which target the variable is; the others are its slots.
    pub(crate) fn variable(&self) -> usize {
        usize::from(*self == Update::MovingAverage)
    }

    pub(super) fn inputs(&self) -> usize {
        match self {
            Update::Assign | Update::AssignAdd | Update::AssignSub | Update::MovingAverage => 1,
            Update::GradientDescent | Update::Adagrad => 2,
            Update::Momentum { .. } => 3,
            Update::RmsProp { .. } | Update::Lion => 5,
            Update::Adam => 7,
            Update::AdamW | Update::Lamb => 8,
        }
    }

    /// Which input has the variable's shape, if any has; the others are scalars.
    pub(crate) fn dense_input(&self) -> Option<usize> {
        match self {
            Update::Momentum { .. } => Some(1),
            Update::MovingAverage => None,
            _ => Some(self.inputs() - 1),
        }
    }

    fn dtypes(&self) -> &'static [DType] {
        match self {
            Update::Assign => ALL,
            Update::AssignAdd | Update::AssignSub => &ALL[1..],
            _ => &[DType::F32, DType::F64, DType::Bf16, DType::F16],
        }
    }
}
