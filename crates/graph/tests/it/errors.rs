//! What a build error says.

use everstep_graph::{Graph, Initializer, Output, UpdateRule, Variable};
use everstep_tensor::{DType, ErrorKind, Result, Tensor};

fn graph() -> (Graph, Output, Output, Variable) {
    let mut graph = Graph::new();
    let images = graph.placeholder("images", DType::F32, [None, Some(64)]).unwrap();
    let labels = graph.placeholder("labels", DType::I64, [None]).unwrap();
    let kernel = graph.variable("hidden/kernel", DType::F32, [32, 128], Initializer::ZEROS).unwrap();
    (graph, images.output(), labels.output(), kernel)
}

/// `HERE` stands for the line of the call, or the next one if it stands there.
#[track_caller]
fn check<T: std::fmt::Debug>(result: Result<T>, expected: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let line = std::panic::Location::caller().line();
    let message = error.to_string();
    let here = |line: u32| format!("at {}:{line}:", file!());
    let message = message.replace(&here(line), "at HERE:").replace(&here(line + 1), "at HERE:");
    assert_eq!(message, expected);
}

#[test]
fn a_build_error_names_op_inputs_and_line() {
    let (mut graph, images, labels, kernel) = graph();
    check(
        graph.matmul(images, kernel),
        "MatMul = MatMul(images f32[?, 64], hidden/kernel f32[32, 128]) at HERE: \
         the inner axes are 64 and 32; make them equal",
    );
    check(
        graph.scope("head", |graph| graph.add(images, labels)),
        "head/AddV2 = AddV2(images f32[?, 64], labels i64[?]) at HERE: dtypes f32 and i64 differ; cast one input",
    );
    check(
        graph.sub(images, kernel),
        "Sub = Sub(images f32[?, 64], hidden/kernel f32[32, 128]) at HERE: \
         shapes [?, 64] and [32, 128] do not broadcast; from the last axis on, lengths must be equal or 1",
    );
    check(
        graph.relu(labels),
        "Relu = Relu(labels i64[?]) at HERE: it takes floats (f32, f64, bf16 or f16), not i64; cast the input",
    );
    check(graph.sum(images, [2]), "a reduction at HERE: images is f32[?, 64], which has no axis 2");
    check(
        graph.mean(images, [0, -2]),
        "Mean = Mean{[0, 0]}(images f32[?, 64]) at HERE: axes [0, 0] name one twice; name each once",
    );
    check(
        graph.sparse_softmax_cross_entropy(images, images),
        "SparseSoftmaxCrossEntropyWithLogits = SparseSoftmaxCrossEntropyWithLogits(images f32[?, 64], \
         images f32[?, 64]) at HERE: labels are f32; give class indices as i32 or i64",
    );
    assert_eq!(graph.nodes().len(), 3, "a refused node is not added");
}

#[test]
fn variables_and_updates_say_what_they_take() {
    let (mut graph, images, _, kernel) = graph();
    check(
        graph.variable("hidden/kernel", DType::F32, [1], Initializer::ONES),
        "hidden/kernel = VariableV2{Constant(1.0), trainable}() at HERE: the name is taken; \
         choose another name or scope, or keep the handle of the first one",
    );
    check(
        graph.variable("count", DType::I64, [], Initializer::ZEROS),
        "variable count at HERE: it is i64, which no optimizer changes; make it a state",
    );
    check(
        graph.state("flag", DType::Bool, [], Initializer::Uniform { low: 0.0, high: 1.0 }),
        "flag = VariableV2{Uniform { low: 0.0, high: 1.0 }}() at HERE: \
         random initial values are floats, the variable is bool; use a constant",
    );
    check(
        graph.state("wide", DType::F32, [2], Initializer::Value(Tensor::scalar(1.0f32))),
        "wide = VariableV2{Value(f32[] [1.0])}() at HERE: \
         the initial value is f32[], the variable f32[2]; give a value of that type",
    );
    check(
        graph.assign(kernel, images),
        "Assign = Assign(hidden/kernel f32[32, 128], images f32[?, 64]) at HERE: \
         input 1 has shape [?, 64], it takes [32, 128]",
    );
    check(graph.update(UpdateRule::Adam, &[kernel], &[]), "ApplyAdam at HERE: it changes 3 variables, 1 were given");
    check(
        graph.state("odd", DType::F32, [], Initializer::Normal { mean: 0.0, stddev: -1.0 }),
        "odd = VariableV2{Normal { mean: 0.0, stddev: -1.0 }}() at HERE: \
         normal with mean 0 and deviation -1 makes no sense; give finite ones, the deviation not negative",
    );
    check(
        graph.state("odd", DType::F32, [], Initializer::Uniform { low: 1.0, high: 0.0 }),
        "odd = VariableV2{Uniform { low: 1.0, high: 0.0 }}() at HERE: \
         uniform from 1 to 0 makes no sense; give finite bounds, the lower one first",
    );
    check(
        graph.update(UpdateRule::Momentum { nesterov: false }, &[kernel, kernel], &[]),
        "ApplyMomentum at HERE: it changes hidden/kernel twice; give each variable once",
    );
    check(
        graph.placeholder("two words", DType::F32, [1]),
        "two words = Placeholder() at HERE: \"two words\" is not a name; \
         use letters, digits and _ . - /, and begin with a letter or digit",
    );
}

#[test]
fn a_gradient_error_names_the_line_that_asked() {
    let (mut graph, images, labels, _) = graph();
    check(
        graph.gradients(images, &[images]),
        "gradients at HERE: the loss images is f32[?, 64], not a float scalar; take the mean of it",
    );
    let losses = graph.sparse_softmax_cross_entropy(images, labels).unwrap();
    let loss = graph.mean(losses, [0]).unwrap();
    let once = graph.gradients(loss, &[images]).unwrap()[0].unwrap();
    let squares = graph.square(once).unwrap();
    let penalty = graph.sum(squares, [0, 1]).unwrap();
    let error = graph.gradients(penalty, &[images]).unwrap_err().to_string();
    assert!(error.contains(&format!("{}:{}", file!(), line!() - 1)), "{error}");
    assert!(error.contains("whose gradient is not known"), "{error}");
}

#[test]
fn a_composite_names_its_caller() {
    #[track_caller]
    fn layer(graph: &mut Graph, input: Output) -> Result<Output> {
        graph.composite("layer", |graph| graph.softmax(input))
    }
    let (mut graph, _, labels, _) = graph();
    check(
        layer(&mut graph, labels),
        "layer/Softmax = Softmax(labels i64[?]) at HERE: it takes floats (f32, f64, bf16 or f16), not i64; cast the input",
    );
}

#[test]
fn a_refused_composite_leaves_nothing_behind() {
    let (mut graph, images, labels, _) = graph();
    let before = (graph.to_string(), graph.summaries().to_vec());
    let layer = |graph: &mut Graph| {
        graph.variable("bias", DType::F32, [], Initializer::ZEROS)?;
        let zero = graph.scalar("zero", DType::F32, 0.0)?;
        graph.summary_scalar("zero", zero)?;
        graph.add(images, labels)
    };
    graph.composite("layer", layer).unwrap_err();
    assert_eq!((graph.to_string(), graph.summaries().to_vec()), before);
    assert!(graph.find_variable("layer/bias").is_none());
    graph.composite("layer", layer).unwrap_err();
    graph.verify().unwrap();
}

#[test]
fn a_handle_of_another_graph_is_refused() {
    let (full, images, ..) = graph();
    let mut empty = Graph::new();
    let error = empty.relu(images).unwrap_err().to_string();
    assert!(error.contains("Relu(?)") && error.contains("is not of this graph"), "{error}");
    assert!(empty.type_of(images).is_err());
    assert!(empty.needed_by(&[images]).is_err());
    assert!(full.type_of(images).is_ok());
}
