//! What layers of sequences share.

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

use crate::{Dense, Kernel, Layer, layer::refused};

/// Which outputs a layer of sequences gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Returns {
    /// That of the last step: `[batch, units]`.
    #[default]
    Last,
    /// Those of all steps: `[batch, time, units]`.
    Sequences,
}

/// The weighted sums of each step of a sequence `[batch, time, features]`: as many times `[batch, sums]`, without bias,
/// by a variable `kernel` `[features, sums]`.
pub(crate) fn input_sums(graph: &mut Graph, input: Output, sums: usize, kernel: &Kernel) -> Result<Vec<Output>> {
    match *graph.type_of(input)?.shape {
        [_, Some(1..), Some(_)] => {}
        _ => return Err(refused(graph, input, "sequences [batch, time, features], time and features known")),
    }
    let products = Dense { kernel: kernel.clone(), bias: None, ..Dense::new(sums) }.call(graph, input)?;
    graph.unstack(products, 1)
}

/// What a layer gives of the outputs of all its steps.
pub(crate) fn returned(graph: &mut Graph, outputs: &[Output], returns: Returns) -> Result<Output> {
    match returns {
        Returns::Last => Ok(*outputs.last().expect("a sequence has a step")),
        Returns::Sequences => graph.stack(outputs, 1),
    }
}

/// The state before the first step: zeros in the shape of one of the gates of a step's sums `[batch, gates units]`.
pub(crate) fn zeros(graph: &mut Graph, sums: Output, units: usize) -> Result<Output> {
    let size = isize::try_from(units).unwrap_or(isize::MAX);
    let gate = graph.slice(sums, &[0, 0], &[-1, size])?;
    graph.zeros_like(gate)
}
