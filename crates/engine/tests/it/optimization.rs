//! What the engine makes of a graph gives the bits of the graph as it is.

use std::sync::Arc;

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Convolution, Graph, Initializer, Input, Output, Transpose};
use everstep_nn::{Activation, Conv2D, Dense, Layer, mean_squared_error};
use everstep_optim::{Adam, Momentum, TrainOpOptions, clip_by_global_norm, create_train_op_with};
use everstep_session::{GraphOptimization, Outcome, Request, RunMetadata, Scope, Session, SessionConfig};
use everstep_tensor::{DType, ErrorKind, Snapshot, Tensor};

use crate::mlp::Mlp;

fn open(graph: &Arc<Graph>, graph_optimization: GraphOptimization, threads: usize) -> GraphSession {
    let config = SessionConfig { graph_optimization, intra_op_threads: threads, seed: 7, ..SessionConfig::default() };
    let mut session = GraphSession::new(graph.clone(), &config).unwrap();
    session.initialize(Scope::Global).unwrap();
    session
}

fn traced(session: &mut GraphSession, request: &Request<Output, Input>) -> (Outcome, RunMetadata) {
    let mut request = request.clone();
    request.options.trace = true;
    let mut outcome = Outcome::default();
    session.run(&request, &mut outcome).unwrap();
    let metadata = outcome.metadata.take().unwrap();
    (outcome, metadata)
}

/// Fetches and variables are the same bits with and without optimization, on one thread and on two; returns the kernels
/// that ran with it, those of updates too.
#[track_caller]
fn check(graph: &Arc<Graph>, requests: &[Request<Output, Input>]) -> Vec<String> {
    let mut plain = open(graph, GraphOptimization::Off, 1);
    let mut optimized = [1, 2].map(|threads| open(graph, GraphOptimization::On, threads));
    let mut kernels = Vec::new();
    for request in requests {
        let (expected, all) = traced(&mut plain, request);
        for session in &mut optimized {
            let (found, metadata) = traced(session, request);
            for (index, (found, expected)) in found.values.iter().zip(&expected.values).enumerate() {
                assert!(found.bit_eq(expected), "fetch {index}: {found:?}, not {expected:?}");
            }
            assert!(metadata.kernels.len() <= all.kernels.len(), "{} of {}", metadata.kernels.len(), all.kernels.len());
            kernels = metadata.kernels.into_iter().map(|stats| stats.kernel).collect();
            let variables = [&plain, &*session].map(|session| Snapshot::of(session.variables()).unwrap());
            assert!(variables[0].bit_eq(&variables[1]), "the variables differ");
        }
    }
    kernels
}

#[test]
fn a_perceptron_trains_alike() {
    let mlp = Mlp::new(&Momentum { learning_rate: 0.1.into(), momentum: 0.9, nesterov: true }, 16);
    let requests: Vec<_> = [20, 1, 130].into_iter().zip(0..).map(|(rows, position)| mlp.step(rows, position)).collect();
    let kernels = check(&mlp.graph, &requests);
    assert!(kernels.iter().any(|kernel| kernel == "MatMul+AddV2+Relu"), "{kernels:?}");
    assert!(kernels.iter().any(|kernel| kernel == "ReluGrad+SumToShape"), "{kernels:?}");
}

#[test]
fn clipped_gradients_train_alike() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None, Some(6)]).unwrap();
    let y = graph.placeholder("y", DType::F32, [None, Some(2)]).unwrap();
    let tanh = Dense { activation: Activation::Tanh, ..Dense::new(40) };
    let hidden = tanh.build(&mut graph, "hidden", x).unwrap();
    let predicted = Dense::new(2).build(&mut graph, "predicted", hidden).unwrap();
    let loss = mean_squared_error(&mut graph, predicted, y).unwrap();
    let options = TrainOpOptions {
        transform_grads_fn: Some(Box::new(|graph, gradients| Ok(clip_by_global_norm(graph, &gradients, 0.1)?.0))),
        ..TrainOpOptions::default()
    };
    let train = create_train_op_with(&mut graph, loss, &Adam::default(), options).unwrap();
    let batch = |rows: usize, width: usize| {
        Tensor::from_vec([rows, width], (0..rows * width).map(|index| (index % 13) as f32 / 13.0).collect()).unwrap()
    };
    let step =
        |rows| Request::train(vec![train.output, train.gradient_norm]).feed(x, batch(rows, 6)).feed(y, batch(rows, 2));
    check(&Arc::new(graph), &[step(33), step(200), step(33)]);
}

/// A product of some rows by so many columns, the bias and the function after it, and the kernels that compute it.
#[track_caller]
fn layer(activation: Activation, [rows, columns]: [usize; 2], fetches_sum: bool) -> Vec<String> {
    let mut graph = Graph::new();
    let numbers = |shape: [usize; 2], scale: f32| {
        let values = (0..shape[0] * shape[1]).map(|index| ((index * 29) % 31) as f32 * scale - 0.6).collect();
        Tensor::from_vec(shape, values).unwrap()
    };
    let x = graph.placeholder("x", DType::F32, [None, Some(7)]).unwrap();
    let kernel = Initializer::Value(numbers([7, columns], 0.05));
    let kernel = graph.variable("kernel", DType::F32, [7, columns], kernel).unwrap();
    let bias = Initializer::Value(numbers([1, columns], 0.04).reshape([columns]).unwrap());
    let bias = graph.variable("bias", DType::F32, [columns], bias).unwrap();
    let product = graph.matmul(x, kernel).unwrap();
    let product = graph.reshape(product, [-1, 1, columns as isize]).unwrap();
    let sum = graph.add(product, bias).unwrap();
    let result = activation.apply(&mut graph, sum).unwrap();
    let fetches = if fetches_sum { vec![sum, result] } else { vec![result] };
    check(&Arc::new(graph), &[Request::read(fetches).feed(x, numbers([rows, 7], 0.07))])
}

#[test]
fn products_end_in_a_bias_and_a_function() {
    let functions = [
        (Activation::Relu, "Relu"),
        (Activation::Relu6, "Relu6"),
        (Activation::Tanh, "Tanh"),
        (Activation::Sigmoid, "Sigmoid"),
    ];
    for (activation, name) in functions {
        for shape in [[1, 1], [3, 5], [130, 1], [40, 70], [300, 3]] {
            assert_eq!(layer(activation, shape, false), [format!("MatMul+AddV2+{name}")], "{shape:?}");
            assert_eq!(layer(activation, shape, true), ["MatMul+AddV2", name], "{shape:?}");
        }
    }
    assert_eq!(layer(Activation::Softplus, [3, 5], false), ["MatMul+AddV2", "Softplus"]);
}

/// Sums of two bytes are rounded before anything is added; f64 ends as f32 does; a branch ends its own products alone.
#[test]
fn products_of_other_types_and_in_branches() {
    let run = |dtype: DType, is_outside: bool| {
        let mut graph = Graph::new();
        let x = graph.placeholder("x", DType::F32, [3, 3]).unwrap();
        let is_taken = graph.placeholder("is_taken", DType::Bool, &[] as &[usize]).unwrap();
        let row = graph.placeholder("row", DType::F32, [3]).unwrap();
        let (typed, bias) = (graph.cast(x, dtype).unwrap(), graph.cast(row, dtype).unwrap());
        let outside = graph.matmul(typed, typed).unwrap();
        let taken = |graph: &mut Graph| {
            let product = if is_outside { outside } else { graph.matmul(typed, typed)? };
            let sum = graph.add(product, bias)?;
            Ok(vec![graph.relu(sum)?])
        };
        let result = graph.cond(is_taken, taken, |_| Ok(vec![typed])).unwrap()[0];
        let result = graph.cast(result, DType::F64).unwrap();
        let values = |count: usize| (0..count).map(|value| value as f32 / 9.7 - 0.3).collect::<Vec<_>>();
        let fed = |is_it: bool| {
            let request = Request::read(vec![result]).feed(x, Tensor::from_vec([3, 3], values(9)).unwrap());
            request.feed(row, Tensor::from_vec([3], values(3)).unwrap()).feed(is_taken, Tensor::scalar(is_it))
        };
        check(&Arc::new(graph), &[fed(false), fed(true)])
    };
    for (dtype, is_ended) in [(DType::F32, true), (DType::F64, true), (DType::Bf16, false)] {
        let [inside, outside] = [false, true].map(|is_outside| run(dtype, is_outside));
        assert_eq!(inside.iter().any(|kernel| kernel.starts_with("MatMul+")), is_ended, "{inside:?}");
        assert!(!outside.iter().any(|kernel| kernel.starts_with("MatMul+")), "{outside:?}");
    }
}

/// The form that multiplies less, the direct one, and groups of channels by strides; what goes backward ends in nothing.
#[test]
fn convolutions_end_in_a_bias_and_a_function() {
    for (channels, filters, kernel_size, strides, groups) in
        [(16, 80, 3, [1, 1], 1), (16, 16, 5, [1, 1], 1), (3, 10, 5, [1, 1], 1), (4, 6, 3, [2, 2], 2)]
    {
        let mut graph = Graph::new();
        let x = graph.placeholder("x", DType::F32, [None, Some(9), Some(9), Some(channels)]).unwrap();
        let layer = Conv2D {
            convolution: Convolution { strides, ..Convolution::same() },
            groups,
            activation: Activation::Relu,
            bias: Some(Initializer::Uniform { low: -0.5, high: 0.5 }),
            ..Conv2D::new(filters, kernel_size)
        };
        let result = layer.build(&mut graph, "layer", x).unwrap();
        let squares = graph.square(result).unwrap();
        let loss = graph.mean(squares, Axes::all()).unwrap();
        let image = graph.gradients(loss, &[x.into()]).unwrap()[0].unwrap();
        let train = create_train_op_with(&mut graph, loss, &Adam::default(), TrainOpOptions::default()).unwrap();
        let values = (0..3 * 81 * channels).map(|index| ((index * 29) % 31) as f32 * 0.06 - 0.9).collect();
        let step = Request::train(vec![train.output, result, image])
            .feed(x, Tensor::from_vec([3, 9, 9, channels], values).unwrap());
        let kernels = check(&Arc::new(graph), &[step.clone(), step]);
        let of = |prefix: &str| kernels.iter().filter(|kernel| kernel.starts_with(prefix)).cloned().collect::<Vec<_>>();
        assert_eq!(of("Conv2D"), ["Conv2D+AddV2+Relu", "Conv2DBackpropInput", "Conv2DBackpropFilter"], "{kernels:?}");
    }
}

/// What is added must be there before the product, and be the same in every row.
#[test]
fn what_is_no_bias_stays_by_itself() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [4, 4]).unwrap();
    let product = graph.matmul(x, x).unwrap();
    let other = graph.matmul(product, x).unwrap();
    let mean = graph.mean(product, [0]).unwrap();
    let late = graph.add(other, mean).unwrap();
    let square = graph.matmul_transposed(x, x, Transpose { a: true, b: false }).unwrap();
    let residual = graph.add(square, x).unwrap();
    let values = Tensor::from_vec([4, 4], (0..16).map(|value| value as f32 / 9.0).collect()).unwrap();
    let kernels = check(&Arc::new(graph), &[Request::read(vec![late, residual]).feed(x, values)]);
    assert!(!kernels.iter().any(|kernel| kernel.contains('+')), "{kernels:?}");
}

/// All kinds of element-wise operations, broadcast in many ways, some fetched and some not.
#[test]
fn expressions_of_many_shapes() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None, Some(8), Some(6)]).unwrap();
    let row = graph.variable("row", DType::F32, [6], Initializer::Constant(0.5)).unwrap();
    let middle = graph.variable("middle", DType::F32, [8, 1], Initializer::Constant(-0.25)).unwrap();
    let mean = graph.mean(x, Axes::from([-1]).keep()).unwrap();
    let centred = graph.sub(x, mean).unwrap();
    let squared = graph.square(centred).unwrap();
    let variance = graph.mean(squared, Axes::from([-1]).keep()).unwrap();
    let root = graph.sqrt(variance).unwrap();
    let scaled = graph.div(centred, root).unwrap();
    let shifted = graph.add(scaled, row).unwrap();
    let moved = graph.mul(shifted, middle).unwrap();
    let same = graph.mul(shifted, middle).unwrap();
    let both = graph.add(moved, same).unwrap();
    let is_greater = graph.greater(both, x).unwrap();
    let chosen = graph.select(is_greater, both, row).unwrap();
    let double = graph.cast(chosen, DType::F64).unwrap();
    let rounded = graph.tanh(double).unwrap();
    let single = graph.cast(rounded, DType::F32).unwrap();
    let columns = graph.sum(single, [0, 1]).unwrap();
    let total = graph.sum(single, Axes::all()).unwrap();
    let gradients = graph.gradients(total, &[row.output(), middle.output(), x.output()]).unwrap();
    let mut fetches = vec![columns, total, is_greater, variance, shifted];
    fetches.extend(gradients.into_iter().flatten());
    let graph = Arc::new(graph);
    let fed = |rows: usize| {
        let values = (0..rows * 48).map(|index| ((index * 29) % 31) as f32 / 7.0 - 2.0).collect();
        Tensor::from_vec([rows, 8, 6], values).unwrap()
    };
    for fetches in [fetches.clone(), fetches[..2].to_vec(), fetches[5..].to_vec()] {
        let requests: Vec<_> = [1, 5, 100].map(|rows| Request::read(fetches.clone()).feed(x, fed(rows))).into();
        check(&graph, &requests);
    }
}

#[test]
fn what_is_known_or_computed_twice_is_computed_once() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None]).unwrap();
    let two = graph.scalar("two", DType::F32, 2.0).unwrap();
    let four = graph.square(two).unwrap();
    let root = graph.sqrt(four).unwrap();
    let one = graph.arg_max(x, 0).unwrap();
    let other = graph.arg_max(x, 0).unwrap();
    let fed = Tensor::from_vec([3], vec![1f32, 5.0, 2.0]).unwrap();
    let request = Request::read(vec![root, one, other, four]).feed(x, fed);
    assert_eq!(check(&Arc::new(graph), &[request]), ["ArgMax"]);
}

/// The gradient of a layer is used up before that of the next one is made.
#[test]
fn gradients_do_not_all_live_to_the_end() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None, Some(64)]).unwrap();
    let mut features: Output = x.into();
    for layer in 0..6 {
        features = Dense::new(64).build(&mut graph, &format!("layer{layer}"), features).unwrap();
    }
    let loss = graph.mean(features, Axes::all()).unwrap();
    let train = create_train_op_with(&mut graph, loss, &Adam::default(), TrainOpOptions::default()).unwrap();
    let graph = Arc::new(graph);
    let step = Request::train(vec![train.output]).feed(x, Tensor::from_vec([2, 64], vec![0.5f32; 128]).unwrap());
    let peak = |optimization| traced(&mut open(&graph, optimization, 1), &step).1.peak_bytes;
    let (plain, optimized) = (peak(GraphOptimization::Off), peak(GraphOptimization::On));
    assert!(optimized + 4 * 64 * 64 * 4 <= plain, "{optimized} of {plain}");
    check(&graph, &[step.clone(), step]);
}

/// A division that fails after the gradients are there: no variable has changed by then.
#[test]
fn a_run_that_fails_late_changes_nothing() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None, Some(4)]).unwrap();
    let divisor = graph.placeholder("divisor", DType::I32, [0usize; 0]).unwrap();
    let y = Dense::new(3).build(&mut graph, "y", x).unwrap();
    let squares = graph.square(y).unwrap();
    let loss = graph.mean(squares, Axes::all()).unwrap();
    let train = create_train_op_with(&mut graph, loss, &Adam::default(), TrainOpOptions::default()).unwrap();
    let whole = graph.scalar("whole", DType::I32, 6.0).unwrap();
    let quotient = graph.div(whole, divisor).unwrap();
    let graph = Arc::new(graph);
    let step = |by: i32| {
        let fed = Tensor::from_vec([2, 4], (0..8).map(|index| index as f32).collect()).unwrap();
        Request::train(vec![train.output, quotient]).feed(x, fed).feed(divisor, Tensor::scalar(by))
    };
    let mut session = open(&graph, GraphOptimization::On, 1);
    let before = Snapshot::of(session.variables()).unwrap();
    let error = session.run(&step(0), &mut Outcome::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(Snapshot::of(session.variables()).unwrap().bit_eq(&before));
    check(&graph, &[step(4), step(2)]);
}
