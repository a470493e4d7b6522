//! Normalisations, and which elements they normalise together.

/// What is computed of a normalisation `(x - mean) / sqrt(variance + epsilon) * gamma + beta`.
///
/// `gamma` and `beta` are vectors along the last axis of `x`. A statistic has one element a group, in any shape;
/// `scale` is `1 / sqrt(variance + epsilon)`. [`NormKind::Rms`] has neither beta nor mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NormPass {
    /// `(x, gamma, beta) -> (y, mean, scale)`
    Forward,
    /// `(gradient of y, x, gamma, mean, scale) -> (gradients of x, gamma, beta)`
    ///
    /// One more output is the workspace: [`Kernels::workspace`](crate::Kernels::workspace) elements, left with any values.
    Gradient,
}

/// Which elements are normalised by their own mean and variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NormKind {
    /// Those along the last axis.
    Layer,
    /// The same by their root mean square: the mean counts as 0.
    Rms,
    /// Those of an example `[batch, .., channels]` in one of so many groups of neighbouring channels.
    Group(usize),
}

/// How the elements of a tensor make groups: `[examples, rows, groups, channels]`, a group being rows and channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Groups {
    pub(crate) examples: usize,
    pub(crate) rows: usize,
    pub(crate) groups: usize,
    pub(crate) channels: usize,
}

impl NormKind {
    pub(crate) fn has_mean(self) -> bool {
        self != NormKind::Rms
    }

    /// The groups of a tensor, if it makes any.
    pub(crate) fn groups(self, shape: &[usize]) -> Option<Groups> {
        let (&last, others) = shape.split_last()?;
        let all: usize = others.iter().product();
        match self {
            NormKind::Layer | NormKind::Rms => Some(Groups { examples: all, rows: 1, groups: 1, channels: last }),
            NormKind::Group(groups) => {
                let (&examples, rows) = others.split_first()?;
                let fits = groups > 0 && last % groups == 0;
                let rows = rows.iter().product();
                fits.then(|| Groups { examples, rows, groups, channels: last / groups })
            }
        }
    }
}

impl Groups {
    /// The length of the last axis.
    pub(crate) fn width(&self) -> usize {
        self.groups * self.channels
    }

    /// The elements of an example.
    pub(crate) fn example(&self) -> usize {
        self.rows * self.width()
    }

    /// How many groups there are.
    pub(crate) fn count(&self) -> usize {
        self.examples * self.groups
    }
}
