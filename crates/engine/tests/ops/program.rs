//! An op in a graph, with its gradient, ready to be run on any kernels.

use std::sync::Arc;

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Graph, Initializer, Input, Op, Output, PartialShape, Variable};
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{DType, Tensor};

use crate::{
    array::{Array, tensor},
    entry::{Build, Case, Entry},
    subject::{Spoiling, Subject},
};

/// Why a check does not hold.
pub(crate) type Checked<T = ()> = Result<T, String>;

/// A graph around one case of an op.
pub(crate) struct Program {
    graph: Arc<Graph>,
    inputs: Vec<Input>,
    variables: Vec<Variable>,
    training: bool,
    pub(crate) outputs: Vec<Output>,
    /// What each float output is multiplied by before all is added up to the loss, so that every element counts differently.
    weights: Vec<(usize, Input)>,
    pub(crate) loss: Option<Output>,
    pub(crate) gradients: Vec<Output>,
}

/// How much of the shapes the graph is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shapes {
    Known,
    Unknown,
}

impl Program {
    /// The op alone.
    pub(crate) fn forward(entry: &Entry, case: &Case, shapes: Shapes) -> Checked<Self> {
        let mut graph = Graph::new();
        let (mut inputs, mut variables, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let targets = match entry.build {
            Build::Values(_) => 0,
            Build::Update(targets, _) => targets,
        };
        for (index, value) in case.inputs.iter().enumerate() {
            if index < targets {
                let initial = Initializer::Value(value.clone());
                variables
                    .push(graph.state(&format!("variable{index}"), value.dtype(), value.shape(), initial).unwrap());
            } else {
                let input = graph.placeholder("input", value.dtype(), partial(value.shape(), shapes)).unwrap();
                inputs.push(input);
                values.push(input.output());
            }
        }
        let nodes = graph.nodes().len();
        let outputs = match entry.build {
            Build::Values(build) => build(&mut graph, &values, &case.attributes),
            Build::Update(_, build) => build(&mut graph, &variables, &values, &case.attributes).and_then(|update| {
                let done = graph.scalar("done", DType::F32, 0.0)?;
                Ok(vec![graph.after("trained", done, &[update])?])
            }),
        };
        let outputs = outputs.map_err(|error| format!("it cannot be built: {error}"))?;
        if !graph.nodes()[nodes..].iter().any(|node| node.op().name() == entry.name) {
            return Err(format!("no {} was built:\n{graph}", entry.name));
        }
        let program = Self {
            graph: graph.into(),
            inputs,
            training: entry.training || !variables.is_empty(),
            variables,
            outputs,
            weights: Vec::new(),
            loss: None,
            gradients: Vec::new(),
        };
        program.verified()
    }

    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Whether nothing but one op computes.
    pub(crate) fn is_one_op(&self) -> bool {
        let is_given = |op: &Op| matches!(op, Op::Placeholder { .. } | Op::Constant(_) | Op::Variable(_));
        self.variables.is_empty() && self.graph.nodes().iter().filter(|node| !is_given(node.op())).count() == 1
    }

    /// The op with the gradients of a loss.
    pub(crate) fn backward(entry: &Entry, case: &Case, shapes: Shapes) -> Checked<Self> {
        let mut program = Self::forward(entry, case, shapes)?;
        let mut graph = (*program.graph).clone();
        let differentiable: Vec<Output> =
            entry.differentiable.iter().map(|index| program.inputs[*index].output()).collect();
        let loss = program.add_loss(&mut graph).map_err(|error| format!("it has no loss: {error}"))?;
        let gradients = graph.gradients(loss, &differentiable).map_err(|error| error.to_string())?;
        let connected = gradients.into_iter().enumerate().map(|(index, gradient)| {
            gradient.ok_or_else(|| format!("input {} has no gradient", entry.differentiable[index]))
        });
        let gradients = connected.collect::<Checked<Vec<Output>>>()?;
        Self { graph: graph.into(), loss: Some(loss), gradients, ..program }.verified()
    }

    /// The graph gives no gradient to any float input, or says that it knows none.
    pub(crate) fn refuses_gradients(mut self) -> Checked {
        let mut graph = (*self.graph).clone();
        let inputs: Vec<Output> = self.inputs.iter().map(|input| input.output()).collect();
        let has_float = |output: &Output| graph.type_of(*output).unwrap().dtype.is_float();
        if !self.outputs.iter().any(has_float) {
            return Ok(());
        }
        let loss = self.add_loss(&mut graph).map_err(|error| error.to_string())?;
        match graph.gradients(loss, &inputs) {
            Ok(gradients) if gradients.iter().any(Option::is_some) => Err("it has a gradient; test it".into()),
            Err(error) if !error.to_string().contains("gradient is not known") => Err(error.to_string()),
            _ => Ok(()),
        }
    }

    fn add_loss(&mut self, graph: &mut Graph) -> everstep_tensor::Result<Output> {
        let mut loss = None;
        for (index, output) in self.outputs.iter().enumerate() {
            let known = graph.type_of(*output)?.clone();
            if !known.dtype.is_float() {
                continue;
            }
            let unknown: PartialShape = known.shape.iter().map(|_| None).collect();
            let weight = graph.placeholder("weight", known.dtype, unknown)?;
            let weighted = graph.mul(*output, weight)?;
            let sum = graph.sum(weighted, Axes::all())?;
            loss = Some(match loss {
                Some(earlier) => graph.add(earlier, sum)?,
                None => sum,
            });
            self.weights.push((index, weight));
        }
        Ok(loss.expect("an op with a gradient has a float output"))
    }

    fn verified(self) -> Checked<Self> {
        self.graph.verify().map_err(|error| error.to_string())?;
        Ok(self)
    }

    /// A session on the subject's kernels.
    pub(crate) fn open(&self, subject: &Arc<Subject>) -> Running<'_> {
        self.open_with(subject, &SessionConfig::default())
    }

    /// The same, of another configuration.
    pub(crate) fn open_with(&self, subject: &Arc<Subject>, config: &SessionConfig) -> Running<'_> {
        let kernels = Arc::new(Spoiling(subject.clone()));
        let session = GraphSession::with_kernels(self.graph.clone(), config, kernels).unwrap();
        Running { program: self, session, subject: subject.clone() }
    }
}

fn partial(shape: &[usize], shapes: Shapes) -> PartialShape {
    match shapes {
        Shapes::Known => PartialShape::from(shape),
        Shapes::Unknown => shape.iter().map(|_| None).collect(),
    }
}

/// A program with its session.
pub(crate) struct Running<'a> {
    program: &'a Program,
    session: GraphSession,
    subject: Arc<Subject>,
}

impl Running<'_> {
    /// The outputs on these inputs; of an update the variables after it.
    pub(crate) fn outputs(&mut self, inputs: &[Tensor]) -> Checked<Vec<Tensor>> {
        self.subject.begin();
        let values = self.run(&self.program.outputs, inputs, &[])?;
        let values = match self.program.variables.len() {
            0 => values,
            count => {
                (0..count).map(|index| self.session.variables().read(&format!("variable{index}")).unwrap()).collect()
            }
        };
        Ok(self.subject.end(values))
    }

    /// The gradients on these inputs, for outputs of these shapes.
    pub(crate) fn gradients(&mut self, inputs: &[Tensor], outputs: &[Tensor]) -> Checked<Vec<Tensor>> {
        self.subject.begin();
        let values = self.run(&self.program.gradients, inputs, outputs)?;
        Ok(self.subject.end(values))
    }

    pub(crate) fn loss(&mut self, inputs: &[Tensor], outputs: &[Tensor]) -> Checked<f64> {
        let loss = self.program.loss.expect("a program with gradients has a loss");
        self.run(&[loss], inputs, outputs)?[0].to_f64().map_err(|error| error.to_string())
    }

    fn run(&mut self, fetches: &[Output], inputs: &[Tensor], outputs: &[Tensor]) -> Checked<Vec<Tensor>> {
        // Every run is the first one, so that what is random is the same.
        self.session.initialize(Scope::Global).unwrap();
        let fed = &inputs[self.program.variables.len()..];
        let mut feeds: Vec<(Input, Tensor)> = self.program.inputs.iter().copied().zip(fed.iter().cloned()).collect();
        if !outputs.is_empty() {
            let weights = self.program.weights.iter().map(|(index, input)| (*input, weights(*index, &outputs[*index])));
            feeds.extend(weights);
        }
        let request = match self.program.training {
            false => Request { feeds, ..Request::read(fetches.to_vec()) },
            true => Request { feeds, ..Request::train(fetches.to_vec()) },
        };
        let mut outcome = Outcome::default();
        self.session.run(&request, &mut outcome).map_err(|error| error.to_string())?;
        Ok(outcome.values)
    }
}

/// What output `index` is multiplied by; the golden script has the same numbers.
fn weights(index: usize, output: &Tensor) -> Tensor {
    let weight = |element: usize| ((7 * element + 3 * index + 3) % 11) as f64 / 4.0 - 1.125;
    tensor(output.dtype(), &Array::new(output.shape(), (0..output.len()).map(weight).collect()))
}
