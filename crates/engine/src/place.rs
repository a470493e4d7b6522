//! Where the values of a run lie.

use everstep_tensor::Shape;

/// Where a value lies. A plan in the making numbers its computed values, each a [`Place::Slot`], before slots are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// An intermediate result, in the arena.
    Slot(usize),
    /// A fetched result, in a tensor of its own that leaves with the outcome.
    Result(usize),
    /// A constant of the plan.
    Constant(usize),
    /// The current value of a variable.
    Variable(usize),
    /// The value from before the run of a variable that this run has already updated.
    Before(usize),
    /// A feed of the request, by position.
    Feed(usize),
}

/// A tensor as a kernel sees it: where it lies, and the shape it has there.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    pub(crate) place: Place,
    pub(crate) shape: Shape,
}
