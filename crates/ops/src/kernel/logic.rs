//! Kernels of truth values.

/// What is computed with truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogicKernel {
    /// Both are true; bool, broadcast as NumPy does.
    And,
    /// One is true or both are; bool, broadcast as NumPy does.
    Or,
    /// It is false; bool.
    Not,
    /// It is NaN; float to bool.
    IsNan,
    /// It is infinite; float to bool.
    IsInf,
    /// It is neither NaN nor infinite; float to bool.
    IsFinite,
    /// Inputs (condition, yes, no), bool and two of any one dtype: `yes` where the condition is true, else `no`.
    ///
    /// The output has the three inputs' NumPy broadcast shape.
    Select,
}
