//! Layers one after the other.

use std::fmt;

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

use crate::Layer;

/// Layers one after the other, each under its name; itself a layer. Of none it is the input.
///
/// ```
/// use everstep_graph::Graph;
/// use everstep_nn::{Activation, Dense, Layer, Sequential};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let images = graph.placeholder("images", DType::F32, [None, Some(64)])?;
/// let model = Sequential::new()
///     .with("hidden", Dense { activation: Activation::Relu, ..Dense::new(128) })
///     .with("logits", Dense::new(10));
/// model.build(&mut graph, "model", images)?;
/// assert!(graph.find_variable("model/hidden/kernel").is_some());
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Default)]
pub struct Sequential {
    layers: Vec<(String, Box<dyn Layer>)>,
}

impl Sequential {
    /// No layer yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another layer after those before.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, layer: impl Layer + 'static) -> Self {
        self.layers.push((name.into(), Box::new(layer)));
        self
    }
}

impl Layer for Sequential {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        self.layers.iter().try_fold(input, |value, (name, layer)| graph.scope(name, |graph| layer.call(graph, value)))
    }
}

/// The layers' names.
impl fmt::Debug for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.layers.iter().map(|(name, _)| name)).finish()
    }
}
