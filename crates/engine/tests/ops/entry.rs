//! What the catalogue knows of an op.

use everstep_graph::{Graph, Output, Update, Variable};
use everstep_tensor::{DType, Result, Tensor};
use proptest::strategy::BoxedStrategy;
use serde_json::Value;

use crate::array::Array;

/// An op: how it is built, what it means, and which inputs it is tested on.
///
/// Written in the file of its family as
///
/// ```text
/// ops! {
///     relu: Entry::new("Relu", |graph, inputs, _| Ok(vec![graph.relu(inputs[0])?]))
///         .means(|inputs, _| vec![inputs[0].map(|x| x.max(0.0))])
///         .on(|dtype| inputs::tensors(dtype, 1))
///         .differentiable(&[0]);
///     floor, no gradient: …;
/// }
/// ```
///
/// The module's name without underscores is TensorFlow's name of the op in small letters, so that `cargo xtask ops`
/// finds the entry of each op of the graph; compositions of ops (`layer_norm`) may have entries too.
/// Golden values come from a line of `tests/golden/<family>.jsonl`, written by `tests/golden/<family>.py`.
#[derive(Clone)]
pub(crate) struct Entry {
    /// The name of a node that is built for it, TensorFlow's.
    pub(crate) name: &'static str,
    pub(crate) build: Build,
    /// The dtypes that `cases` is asked for; a gradient is checked for the floats among them.
    pub(crate) dtypes: &'static [DType],
    /// The inputs that have a gradient.
    pub(crate) differentiable: &'static [usize],
    /// Inputs where the op is smooth, of small shapes of all kinds.
    pub(crate) cases: fn(DType) -> BoxedStrategy<Case>,
    /// The same for the derivative, where it exists on fewer inputs.
    pub(crate) smooth: fn(DType) -> BoxedStrategy<Case>,
    /// Inputs where it is not, or that are special: ties, zeros, infinities, NaN, no elements.
    pub(crate) edges: fn(DType) -> Vec<Case>,
    /// f32 inputs large enough that the kernels use threads.
    pub(crate) large: fn() -> Case,
    /// The outputs by the op's definition, in f64; of integers whatever f64 holds exactly.
    pub(crate) definition: Definition,
    /// Roundings that an element may be off, of its own size or, if greater, `floor` times the greatest element.
    pub(crate) roundings: f64,
    pub(crate) floor: f64,
    /// The step of the central differences, and their relative error.
    pub(crate) step: f64,
    pub(crate) slack: f64,
    /// Whether it is made of several ops, some of which may be out without a difference: a shift that is taken back.
    pub(crate) composed: bool,
    /// Whether its runs are training runs, each the first one.
    pub(crate) training: bool,
    /// Whether the graph can be built with no axis known.
    pub(crate) symbolic: bool,
}

/// Adds an op to a graph, given its inputs and attributes.
pub(crate) type Builder = fn(&mut Graph, &[Output], &Value) -> Result<Vec<Output>>;

/// Adds an update to a graph, given its variables, other inputs and attributes.
pub(crate) type Updater = fn(&mut Graph, &[Variable], &[Output], &Value) -> Result<Update>;

/// The outputs by an op's definition, given its inputs and attributes.
pub(crate) type Definition = fn(&[Array], &Value) -> Vec<Array>;

/// How an op gets into a graph, given its inputs and its attributes.
#[derive(Clone, Copy)]
pub(crate) enum Build {
    /// Values of values; the first ones are those of the definition.
    Values(Builder),
    /// An update of as many variables, whose values before are the first inputs, and after it the outputs.
    Update(usize, Updater),
}

/// One use of an op.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) inputs: Vec<Tensor>,
    /// Whatever `build` and `definition` agree upon; a golden line has the same.
    pub(crate) attributes: Value,
}

impl Case {
    pub(crate) fn new(inputs: impl Into<Vec<Tensor>>) -> Self {
        Self { inputs: inputs.into(), attributes: Value::Null }
    }

    pub(crate) fn with(self, attributes: Value) -> Self {
        Self { attributes, ..self }
    }

    pub(crate) fn arrays(&self) -> Vec<Array> {
        self.inputs.iter().map(Array::from).collect()
    }
}

pub(crate) const FLOATS: &[DType] = &[DType::F32, DType::F64];
pub(crate) const NUMBERS: &[DType] = &[DType::I32, DType::I64, DType::F32, DType::F64];

impl Entry {
    /// An op of floats without a gradient, and with nothing special to it.
    pub(crate) fn new(name: &'static str, build: Builder) -> Self {
        Self {
            name,
            build: Build::Values(build),
            dtypes: FLOATS,
            differentiable: &[],
            cases: |_| panic!("the entry has no cases"),
            smooth: |_| panic!("the entry has no cases"),
            edges: |_| Vec::new(),
            large: || panic!("the entry has no large case"),
            definition: |_, _| panic!("the entry has no definition"),
            roundings: 8.0,
            floor: 1.0,
            step: 1e-5,
            slack: 1e-6,
            composed: false,
            training: false,
            symbolic: true,
        }
    }

    pub(crate) fn update(name: &'static str, targets: usize, build: Updater) -> Self {
        Self { build: Build::Update(targets, build), symbolic: false, ..Self::new(name, |_, _, _| Ok(Vec::new())) }
    }

    pub(crate) fn means(self, definition: Definition) -> Self {
        Self { definition, ..self }
    }

    pub(crate) fn on(self, cases: fn(DType) -> BoxedStrategy<Case>) -> Self {
        Self { cases, smooth: cases, ..self }
    }

    pub(crate) fn smooth_on(self, smooth: fn(DType) -> BoxedStrategy<Case>) -> Self {
        Self { smooth, ..self }
    }

    pub(crate) fn edges(self, edges: fn(DType) -> Vec<Case>) -> Self {
        Self { edges, ..self }
    }

    pub(crate) fn large(self, large: fn() -> Case) -> Self {
        Self { large, ..self }
    }

    pub(crate) fn of(self, dtypes: &'static [DType]) -> Self {
        Self { dtypes, ..self }
    }

    pub(crate) fn differentiable(self, differentiable: &'static [usize]) -> Self {
        Self { differentiable, ..self }
    }

    pub(crate) fn roundings(self, roundings: f64) -> Self {
        Self { roundings, ..self }
    }

    pub(crate) fn composed(self) -> Self {
        Self { composed: true, ..self }
    }

    /// Each element is as exact as its own size asks for.
    pub(crate) fn elementwise(self) -> Self {
        Self { floor: 0.0, ..self }
    }

    /// The step of the central differences, and the relative error they may have.
    pub(crate) fn differences(self, step: f64, slack: f64) -> Self {
        Self { step, slack, ..self }
    }
}
