//! Which axes a reduction removes.

/// The axes that a reduction combines, counted from the first, or from the last if negative.
///
/// ```
/// use everstep_graph::Axes;
///
/// let rows = Axes::from([-1]).keep();
/// let everything = Axes::all();
/// # let _ = (rows, everything);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes {
    /// `None` stands for all of them.
    pub(crate) axes: Option<Vec<isize>>,
    pub(crate) keep_dims: bool,
}

impl Axes {
    /// Every axis, so that a scalar remains.
    pub fn all() -> Self {
        Self { axes: None, keep_dims: false }
    }

    /// The same axes, left in the result with length 1.
    pub fn keep(self) -> Self {
        Self { keep_dims: true, ..self }
    }
}

impl<const COUNT: usize> From<[isize; COUNT]> for Axes {
    fn from(axes: [isize; COUNT]) -> Self {
        Self { axes: Some(axes.to_vec()), keep_dims: false }
    }
}
