//! Other shapes of the same elements.

use everstep_graph::{Graph, Length, Output};
use everstep_tensor::Result;

use crate::{Layer, layer::refused};

/// All elements of a sample in a row: of `[batch, ..]` it makes `[batch, features]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flatten;

impl Layer for Flatten {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        let [_, axes @ ..] = &*graph.type_of(input)?.shape else {
            return Err(refused(graph, input, "samples [batch, ..]"));
        };
        let features = axes.iter().copied().product::<Option<usize>>().and_then(|count| isize::try_from(count).ok());
        graph.reshape(input, [Length::OfInput(0), features.unwrap_or(-1).into()])
    }
}

/// The elements of each sample in another shape: of `[batch, ..]` it makes `[batch, shape..]`.
///
/// ```
/// use everstep_graph::Graph;
/// use everstep_nn::{Layer, Reshape};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let pixels = graph.placeholder("pixels", DType::F32, [None, Some(784)])?;
/// let images = Reshape::new([28, 28, 1]).build(&mut graph, "images", pixels)?;
/// assert_eq!(graph.type_of(images)?.to_string(), "f32[?, 28, 28, 1]");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reshape {
    /// The shape of each sample; one length may be -1, for what remains.
    pub shape: Vec<isize>,
}

impl Reshape {
    /// That shape of each sample; one length may be -1, for what remains.
    pub fn new(shape: impl Into<Vec<isize>>) -> Self {
        Self { shape: shape.into() }
    }
}

impl Layer for Reshape {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        if graph.type_of(input)?.shape.is_empty() {
            return Err(refused(graph, input, "samples [batch, ..]"));
        }
        let lengths = self.shape.iter().map(|length| Length::Is(*length));
        graph.reshape(input, std::iter::once(Length::OfInput(0)).chain(lengths))
    }
}
