//! An operation of one's own in a model.

use everstep_engine::{
    CustomOp, GraphSession, custom,
    ops::{Data, DataMut, KernelError, View, ViewMut},
};
use everstep_graph::{Axes, Graph, Initializer, Node, Output, TensorType};
use everstep_optim::{Adam, create_train_op};
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{DType, Error, ErrorKind, Result, Tensor};

/// `x / sqrt(1 + x^2)`
#[derive(Debug)]
struct RootUnit;

impl CustomOp for RootUnit {
    fn name(&self) -> &'static str {
        "RootUnit"
    }

    fn infer(&self, inputs: &[TensorType]) -> Result<Vec<TensorType>> {
        match inputs {
            [input] if input.dtype == DType::F32 => Ok(vec![input.clone()]),
            _ => Err(Error::new(ErrorKind::InvalidArgument, "it takes one input of f32; cast the input")),
        }
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: &Node,
        _input: usize,
        of_outputs: &[Option<Output>],
    ) -> Result<Option<Output>> {
        let Some(gradient) = of_outputs[0] else { return Ok(None) };
        let slope = custom(graph, RootUnitSlope, node.inputs())?[0];
        graph.mul(gradient, slope).map(Some)
    }

    fn compute(&self, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> std::result::Result<(), KernelError> {
        each(inputs, outputs, |x| x / (1.0 + x * x).sqrt())
    }
}

/// `(1 + x^2)^(-3/2)`, the derivative.
#[derive(Debug)]
struct RootUnitSlope;

impl CustomOp for RootUnitSlope {
    fn name(&self) -> &'static str {
        "RootUnitSlope"
    }

    fn infer(&self, inputs: &[TensorType]) -> Result<Vec<TensorType>> {
        RootUnit.infer(inputs)
    }

    fn compute(&self, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> std::result::Result<(), KernelError> {
        each(inputs, outputs, |x| (1.0 + x * x).powf(-1.5))
    }
}

fn each(
    inputs: &[View<'_>],
    outputs: &mut [ViewMut<'_>],
    function: impl Fn(f32) -> f32,
) -> std::result::Result<(), KernelError> {
    let (Data::F32(input), DataMut::F32(output)) = (inputs[0].data, &mut outputs[0].data) else {
        return Err(KernelError::new("the root unit takes f32"));
    };
    output.iter_mut().zip(input).for_each(|(y, x)| *y = function(*x));
    Ok(())
}

#[test]
fn a_model_trains_through_it() -> Result<()> {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None, Some(2)])?;
    let y = graph.placeholder("y", DType::F32, [None, Some(1)])?;
    let weights = graph.variable("weights", DType::F32, [2, 1], Initializer::ZEROS)?;
    let product = graph.matmul(x, weights)?;
    let predicted = custom(&mut graph, RootUnit, &[product])?[0];
    let error = graph.sub(predicted, y)?;
    let squares = graph.square(error)?;
    let loss = graph.mean(squares, Axes::all())?;
    let train = create_train_op(&mut graph, loss, &Adam { learning_rate: 0.05.into(), ..Adam::default() })?;
    graph.verify()?;

    // The targets are those of the weights 3 and -1.
    let examples: Vec<[f32; 2]> = (0..64).map(|i| [(i % 8) as f32 / 4.0 - 1.0, (i / 8) as f32 / 4.0 - 1.0]).collect();
    let target = |[a, b]: &[f32; 2]| {
        let sum = 3.0 * a - b;
        sum / (1.0 + sum * sum).sqrt()
    };
    let request = Request::train(vec![train.output])
        .feed(x, Tensor::from_vec([64, 2], examples.as_flattened().to_vec())?)
        .feed(y, Tensor::from_vec([64, 1], examples.iter().map(target).collect())?);
    let mut session = GraphSession::new(graph, &SessionConfig::default())?;
    session.initialize(Scope::Global)?;
    let mut outcome = Outcome::default();
    for _ in 0..2000 {
        session.run(&request, &mut outcome)?;
    }
    let weights = session.variables().read("weights")?;
    let found = weights.as_slice::<f32>()?;
    assert!((found[0] - 3.0).abs() < 0.01 && (found[1] + 1.0).abs() < 0.01, "{found:?}");
    Ok(())
}

#[test]
fn what_it_refuses_names_op_inputs_and_line() -> Result<()> {
    let mut graph = Graph::new();
    let labels = graph.placeholder("labels", DType::I64, [None])?;
    let error = custom(&mut graph, RootUnit, &[labels.output()]).unwrap_err().to_string();
    let here = format!("{}:{}", file!(), line!() - 1);
    assert_eq!(
        error,
        format!("RootUnit = RootUnit(labels i64[?]) at {here}: it takes one input of f32; cast the input")
    );
    Ok(())
}

#[test]
fn without_a_gradient_it_cannot_be_trained_through() -> Result<()> {
    let mut graph = Graph::new();
    let weight = graph.variable("weight", DType::F32, [], Initializer::ONES)?;
    let slope = custom(&mut graph, RootUnitSlope, &[weight.output()])?[0];
    let error = graph.gradients(slope, &[weight.output()]).unwrap_err().to_string();
    assert!(error.contains("RootUnitSlope, whose gradient is not known"), "{error}");
    Ok(())
}
