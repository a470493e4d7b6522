//! A set seen under a prefix, and several sets side by side.

use crate::{Result, Spec, Tensor, Variables};

/// Part of a set: its variables whose names begin with a prefix, seen without it.
///
/// ```
/// use everstep_tensor::{Prefixed, Snapshot, Tensor, Variables};
///
/// let all = Snapshot::from_iter([("hook/feed/position", Tensor::scalar(3i64)), ("weight", Tensor::scalar(1.0f32))]);
/// let feed = Prefixed::new("hook/feed/", &all);
/// assert_eq!(feed.specs().len(), 1);
/// assert_eq!(feed.read("position")?.item::<i64>()?, 3);
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone)]
pub struct Prefixed<'a> {
    prefix: &'a str,
    set: &'a dyn Variables,
}

impl<'a> Prefixed<'a> {
    /// The variables of `set` whose names begin with `prefix`.
    pub fn new(prefix: &'a str, set: &'a dyn Variables) -> Self {
        Self { prefix, set }
    }
}

impl Variables for Prefixed<'_> {
    fn specs(&self) -> Vec<Spec> {
        let strip =
            |spec: Spec| spec.name.strip_prefix(self.prefix).map(|name| Spec { name: name.into(), ..spec.clone() });
        self.set.specs().into_iter().filter_map(strip).collect()
    }
    fn read(&self, name: &str) -> Result<Tensor> {
        self.set.read(&format!("{}{name}", self.prefix))
    }
}

impl std::fmt::Debug for Prefixed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prefixed").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
