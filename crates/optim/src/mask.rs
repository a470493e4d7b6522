//! Which variables something is for.

use std::{fmt, ops::Not, sync::Arc};

use everstep_tensor::Spec;

/// Chooses variables by their name, shape and dtype: which ones decay, which ones belong to a group.
///
/// ```
/// use everstep_optim::{AdamW, Mask};
///
/// // Kernels and embeddings decay; biases, scales and whatever else has one axis do not.
/// let optimizer = AdamW { decay_mask: Mask::rank_at_least(2), ..AdamW::default() };
/// let all_but_biases = !Mask::name_contains("bias");
/// let all_but_scalars = Mask::of(|spec| !spec.shape.is_empty());
/// ```
#[derive(Clone)]
pub struct Mask(Arc<dyn Fn(&Spec) -> bool + Send + Sync>);

impl Mask {
    /// Those for which the function is true.
    pub fn of(chooses: impl Fn(&Spec) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(chooses))
    }

    /// Every variable.
    pub fn all() -> Self {
        Self::of(|_| true)
    }

    /// Those of at least that many axes.
    pub fn rank_at_least(rank: usize) -> Self {
        Self::of(move |spec| spec.shape.len() >= rank)
    }

    /// Those in whose names that stands.
    pub fn name_contains(part: impl Into<String>) -> Self {
        let part = part.into();
        Self::of(move |spec| spec.name.contains(&part))
    }

    /// Whether that variable is one of them.
    pub fn chooses(&self, variable: &Spec) -> bool {
        (self.0)(variable)
    }
}

/// The others.
impl Not for Mask {
    type Output = Self;

    fn not(self) -> Self {
        Self::of(move |spec| !self.chooses(spec))
    }
}

/// Every variable.
impl Default for Mask {
    fn default() -> Self {
        Self::all()
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask(..)")
    }
}
