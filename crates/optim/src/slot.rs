//! Variables that an optimizer keeps.

use everstep_graph::{Graph, Initializer, Variable};
use everstep_tensor::{DType, Result, Spec};

/// A variable named `variable/slot`, of the dtype that the variable is computed with and of its shape; the second one is
/// `variable/slot_1`.
pub(crate) fn slot(graph: &mut Graph, variable: &Spec, slot: &str, initializer: Initializer) -> Result<Variable> {
    let name = free_name(graph, &format!("{}/{slot}", variable.name));
    graph.root(|graph| graph.state(&name, variable.dtype.arithmetic(), &variable.shape, initializer))
}

/// A scalar outside every scope.
pub(crate) fn scalar(graph: &mut Graph, name: &str, dtype: DType, value: f64) -> Result<Variable> {
    let name = free_name(graph, name);
    graph.root(|graph| graph.state(&name, dtype, [], Initializer::Constant(value)))
}

/// `name`, or `name_1` and so on, as TensorFlow: a second slot or optimizer keeps its own.
fn free_name(graph: &Graph, name: &str) -> String {
    let numbered = (1..).map(|suffix| format!("{name}_{suffix}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| graph.find(name).is_none()).expect("the suffixes do not end")
}
