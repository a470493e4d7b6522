//! The check of updates of some rows.

use super::{Call, Checked, NUMBERS, index};
use crate::{Data, Update, View};

impl Update {
    /// The inputs of the update itself, and indices and order if it is one of rows.
    pub(crate) fn split<'a, 'b>(&self, inputs: &'a [View<'b>]) -> (&'a [View<'b>], &'a [View<'b>]) {
        let own = self.inputs();
        match inputs.len() == own + 2 && self.knows_rows() {
            true => inputs.split_at(own),
            false => (inputs, &[]),
        }
    }

    fn knows_rows(&self) -> bool {
        use Update::{Adam, AssignAdd, AssignSub, GradientDescent, Momentum};
        matches!(self, AssignAdd | AssignSub | GradientDescent | Momentum { .. } | Adam)
    }
}

impl Call {
    /// The slices belong to rows of the variable, and the order is that of the indices.
    pub(super) fn rows(self, variable: View<'_>, slices: View<'_>, rows: &[View<'_>]) -> Checked {
        let (indices, order) = (rows[0], rows[1]);
        self.dtype(variable, NUMBERS)?;
        index::order(self, indices, order)?;
        self.require(!variable.shape.is_empty(), || "a scalar has no rows")?;
        let fits = slices.shape.first() == indices.shape.first() && slices.shape[1..] == variable.shape[1..];
        self.require(fits, || {
            let (slices, variable, count) = (slices.shape, variable.shape, indices.data.len());
            format!("slices of shape {slices:?} are not {count} rows of {variable:?}")
        })?;
        index::inside(self, indices, variable.shape[0])?;
        let Data::I64(order) = order.data else { return Ok(()) };
        let sorted = match indices.data {
            Data::I32(indices) => ascends(order, indices),
            Data::I64(indices) => ascends(order, indices),
            _ => false,
        };
        self.require(sorted, || "the order is not that of the indices")
    }
}

/// Whether the order is the one in which neither an index nor, of equal ones, a place descends.
fn ascends<T: Copy + PartialOrd>(order: &[i64], indices: &[T]) -> bool {
    let entry = |place: &i64| Some((*indices.get(usize::try_from(*place).ok()?)?, *place));
    let entries = || order.iter().map(entry);
    entries().all(|entry| entry.is_some()) && entries().zip(entries().skip(1)).all(|(one, next)| one < next)
}
