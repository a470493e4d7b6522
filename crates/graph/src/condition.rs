//! Updates that not every run applies.

use everstep_tensor::{DType, Result};

use crate::{Graph, Output};

impl Graph {
    /// Builds updates that take effect only in the runs in which `predicate`, a bool scalar, is true.
    ///
    /// Everything else that is built is as ever: it is computed whatever the predicate is.
    /// Below another condition both must hold.
    ///
    /// ```
    /// use everstep_graph::{Graph, Initializer, PartialShape};
    /// use everstep_tensor::DType;
    ///
    /// let mut graph = Graph::new();
    /// let value = graph.placeholder("value", DType::F32, PartialShape::SCALAR)?;
    /// let best = graph.state("best", DType::F32, [], Initializer::ZEROS)?;
    /// let is_better = graph.greater(value, best)?;
    /// graph.when(is_better, |graph| graph.assign(best, value))?;
    /// assert!(graph.to_string().ends_with("Assign = Assign(best, value) when Greater\n"));
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the predicate is no bool scalar; what `build` returns.
    #[track_caller]
    pub fn when<T>(&mut self, predicate: impl Into<Output>, build: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let predicate = predicate.into();
        let known = self.type_of(predicate)?;
        if known.dtype != DType::Bool || !known.shape.is_empty() {
            let message = format!("the predicate {} is {known}; give a bool scalar", self.name_of(predicate)?);
            return Err(self.refusal("when", message));
        }
        let condition = match self.condition {
            Some(outer) => self.logical_and(outer, predicate)?,
            None => predicate,
        };
        let outer = self.condition.replace(condition);
        let built = build(self);
        self.condition = outer;
        built
    }
}
