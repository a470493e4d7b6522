//! Vectors that are learned: for each thing, and for each place.

use everstep_graph::{Graph, Initializer, Output, Section};
use everstep_tensor::{DType, Result};

use crate::{Layer, layer::refused};

/// A vector for each of some things, found by index: of indices `[..]`, i32 or i64, it makes `[.., width]`.
///
/// Its variable is `embeddings` `[vocabulary, width]`. An index that it does not have is an error of the run.
///
/// ```
/// use everstep_graph::Graph;
/// use everstep_nn::{Embedding, Layer};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let words = graph.placeholder("words", DType::I32, [None, Some(20)])?;
/// let vectors = Embedding::new(1000, 64).build(&mut graph, "embedding", words)?;
/// assert_eq!(graph.type_of(vectors)?.to_string(), "f32[?, 20, 64]");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Embedding {
    /// How many things there are.
    pub vocabulary: usize,
    /// How long their vectors are.
    pub width: usize,
    /// The type of the vectors' elements.
    pub dtype: DType,
    /// How the vectors begin.
    pub embeddings: Initializer,
}

impl Embedding {
    /// As Keras has it: f32, uniform from -0.05 to 0.05.
    pub fn new(vocabulary: usize, width: usize) -> Self {
        Self { vocabulary, width, dtype: DType::F32, embeddings: Initializer::Uniform { low: -0.05, high: 0.05 } }
    }
}

impl Layer for Embedding {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        let shape = [self.vocabulary, self.width];
        let table = graph.variable("embeddings", self.dtype, shape, self.embeddings.clone())?;
        graph.embedding_lookup(table, input)
    }
}

/// A vector for each place, added to what stands there: of `[batch, length, width]` it makes the same.
///
/// Its variable is `embeddings` `[length, width]`.
#[derive(Clone, Debug)]
pub struct PositionalEmbedding {
    /// How many places there are at most.
    pub length: usize,
    /// How the vectors begin.
    pub embeddings: Initializer,
}

impl PositionalEmbedding {
    /// Uniform from -0.05 to 0.05, as [`Embedding`].
    pub fn new(length: usize) -> Self {
        Self { length, embeddings: Initializer::Uniform { low: -0.05, high: 0.05 } }
    }
}

impl Layer for PositionalEmbedding {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        let known = graph.type_of(input)?.clone();
        let (length, width) = match *known.shape {
            [_, Some(length), Some(width)] if length <= self.length => (length, width),
            _ => {
                let taken = format!("[batch, length, width], both known and the length {} at most", self.length);
                return Err(refused(graph, input, &taken));
            }
        };
        let table = graph.variable("embeddings", known.dtype, [self.length, width], self.embeddings.clone())?;
        let used = match isize::try_from(length) {
            Ok(end) if length < self.length => {
                graph.strided_slice(table, &[Section::Range { begin: None, end: Some(end), step: 1 }])?
            }
            _ => table.output(),
        };
        graph.add(input, used)
    }
}
