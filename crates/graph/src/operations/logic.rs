//! Building nodes of truth values.

use everstep_tensor::Result;

use crate::{Graph, LogicOp, Op, Output};

macro_rules! logic {
    ($($method:ident($($input:ident),*) $op:ident $what:literal;)*) => {
        /// Truth values.
        impl Graph {$(
            #[doc = $what]
            ///
            /// # Errors
            /// If a dtype is not the op's, or the shapes do not broadcast.
            #[track_caller]
            pub fn $method(&mut self, $($input: impl Into<Output>),*) -> Result<Output> {
                self.add_op(Op::Logic(LogicOp::$op), &[$($input.into()),*])
            }
        )*}
    };
}

logic! {
    logical_and(one, other) And "Whether both are true, with NumPy's broadcasting.";
    logical_or(one, other) Or "Whether one is true or both are, with NumPy's broadcasting.";
    logical_not(input) Not "Whether it is false.";
    is_nan(input) IsNan "Whether each float is NaN.";
    is_inf(input) IsInf "Whether each float is infinite.";
    is_finite(input) IsFinite "Whether each float is neither NaN nor infinite.";
    select(condition, yes, no) Select "`yes` where the condition is true, else `no`, with NumPy's broadcasting; `tf.where`.";
}

impl Graph {
    /// Whether exactly one is true, with NumPy's broadcasting.
    ///
    /// # Errors
    /// If an input is not bool, or the shapes do not broadcast.
    #[track_caller]
    pub fn logical_xor(&mut self, one: impl Into<Output>, other: impl Into<Output>) -> Result<Output> {
        let (one, other) = (one.into(), other.into());
        self.composite("LogicalXor", |graph| {
            let either = graph.logical_or(one, other)?;
            let both = graph.logical_and(one, other)?;
            let not_both = graph.logical_not(both)?;
            graph.logical_and(either, not_both)
        })
    }
}
