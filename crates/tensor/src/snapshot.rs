//! A set of tensors in memory.

use std::collections::BTreeMap;

use crate::{Result, Spec, Tensor, Variables, VariablesMut};

/// A set of tensors in memory: what a saver is given, what a hook keeps as its state, what a test compares.
///
/// [`insert`](Self::insert) adds variables; `assign` gives those there are new values of the same dtype and shape.
///
/// ```
/// use everstep_tensor::{Snapshot, Tensor, Variables};
///
/// let model = Snapshot::from_iter([("bias", Tensor::scalar(0.5f32)), ("global_step", Tensor::scalar(7i64))]);
/// assert_eq!(model.read("global_step")?.item::<i64>()?, 7);
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Snapshot(BTreeMap<String, Tensor>);

impl Snapshot {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `set` holds now; the elements are shared, not copied.
    ///
    /// # Errors
    /// What reading a variable returns.
    pub fn of(set: &dyn Variables) -> Result<Self> {
        set.specs().into_iter().map(|spec| Ok((spec.name.clone(), set.read(&spec.name)?))).collect()
    }

    /// Adds a variable, or replaces it whatever its dtype and shape were.
    pub fn insert(&mut self, name: impl Into<String>, value: Tensor) {
        self.0.insert(name.into(), value);
    }

    /// The variables, ascending by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The number of variables.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no variable.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both hold the same names with the same bits.
    pub fn bit_eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other.iter()).all(|(a, b)| a.0 == b.0 && a.1.bit_eq(b.1))
    }
}

impl<N: Into<String>> FromIterator<(N, Tensor)> for Snapshot {
    fn from_iter<I: IntoIterator<Item = (N, Tensor)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl Variables for Snapshot {
    fn specs(&self) -> Vec<Spec> {
        self.iter().map(|(name, value)| value.spec(name)).collect()
    }
    fn read(&self, name: &str) -> Result<Tensor> {
        self.0.get(name).cloned().ok_or_else(|| Spec::not_found(name))
    }
}

impl VariablesMut for Snapshot {
    fn assign(&mut self, name: &str, value: Tensor) -> Result<()> {
        let held = self.0.get_mut(name).ok_or_else(|| Spec::not_found(name))?;
        held.spec(name).check(&value)?;
        *held = value;
        Ok(())
    }
}
