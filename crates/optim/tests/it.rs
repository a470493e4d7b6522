//! Optimizers and the train op through the public API.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use everstep_event::SummaryKind;
use everstep_graph::{Graph, Initializer, NodeId, Op, Output, PartialShape, Variable};
use everstep_optim::{
    Adam, Momentum, Optimizer, Sgd, TrainOpOptions, VariableGradient, add_gradients_summaries, clip_by_global_norm,
    clip_gradient_norms, clip_gradient_values, create_train_op, create_train_op_with, global_norm, multiply_gradients,
};
use everstep_tensor::{DType, Result};

/// A graph with the variable `layer/w` f32[2] and its loss.
fn graph() -> (Graph, Output) {
    let mut graph = Graph::new();
    let weight = graph.scope("layer", |graph| graph.variable("w", DType::F32, [2], Initializer::ONES)).unwrap();
    let squares = graph.square(weight).unwrap();
    let loss = graph.sum(squares, [0]).unwrap();
    (graph, loss)
}

#[track_caller]
fn check(optimizer: &dyn Optimizer, expected: &str) {
    let (mut graph, loss) = graph();
    let train = create_train_op(&mut graph, loss, optimizer).unwrap();
    graph.verify().unwrap();
    let dump = graph.to_string();
    let lines =
        dump.lines().filter(|line| !line.starts_with("train/gradients") && !line.starts_with("train/global_norm"));
    let expected: Vec<&str> = expected.lines().map(str::trim).collect();
    assert_eq!(lines.skip(3).collect::<Vec<_>>(), expected, "\n{dump}");
    assert_eq!(graph.type_of(train.gradient_norm).unwrap().to_string(), "f32[]");
    assert_eq!(graph.type_of(train.output).unwrap().to_string(), "f32[]");
}

#[test]
fn gradient_descent() {
    check(
        &Sgd { learning_rate: 0.5.into() },
        "train/GradientDescent/learning_rate = Const{f32[] [0.5]}() f32[]
        train/GradientDescent/update_layer/w/ApplyGradientDescent = ApplyGradientDescent(layer/w, train/GradientDescent/learning_rate, train/gradients/Square_grad/Mul)
        global_step = VariableV2{Constant(0.0)}() i64[]
        train/one = Const{i64[] [1]}() i64[]
        train/AssignAdd = AssignAdd(global_step, train/one)
        train/CheckNumerics = CheckNumerics(Sum) f32[]
        train/train_op = Identity(train/CheckNumerics, ^train/GradientDescent/update_layer/w/ApplyGradientDescent, ^train/AssignAdd) f32[]",
    );
}

#[test]
fn momentum() {
    check(
        &Momentum { learning_rate: 0.5.into(), momentum: 0.9, nesterov: true },
        "layer/w/Momentum = VariableV2{Constant(0.0)}() f32[2]
        train/Momentum/learning_rate = Const{f32[] [0.5]}() f32[]
        train/Momentum/momentum = Const{f32[] [0.9]}() f32[]
        train/Momentum/update_layer/w/ApplyMomentum = ApplyMomentum{use_nesterov}(layer/w, layer/w/Momentum, train/Momentum/learning_rate, train/gradients/Square_grad/Mul, train/Momentum/momentum)
        global_step = VariableV2{Constant(0.0)}() i64[]
        train/one = Const{i64[] [1]}() i64[]
        train/AssignAdd = AssignAdd(global_step, train/one)
        train/CheckNumerics = CheckNumerics(Sum) f32[]
        train/train_op = Identity(train/CheckNumerics, ^train/Momentum/update_layer/w/ApplyMomentum, ^train/AssignAdd) f32[]",
    );
}

#[test]
fn adam() {
    check(
        &Adam { beta1: 0.5, beta2: 0.25, ..Adam::default() },
        "beta1_power = VariableV2{Constant(0.5)}() f32[]
        beta2_power = VariableV2{Constant(0.25)}() f32[]
        layer/w/Adam = VariableV2{Constant(0.0)}() f32[2]
        layer/w/Adam_1 = VariableV2{Constant(0.0)}() f32[2]
        train/Adam/learning_rate = Const{f32[] [0.001]}() f32[]
        train/Adam/beta1 = Const{f32[] [0.5]}() f32[]
        train/Adam/beta2 = Const{f32[] [0.25]}() f32[]
        train/Adam/epsilon = Const{f32[] [1e-8]}() f32[]
        train/Adam/update_layer/w/ApplyAdam = ApplyAdam(layer/w, layer/w/Adam, layer/w/Adam_1, beta1_power, beta2_power, train/Adam/learning_rate, train/Adam/beta1, train/Adam/beta2, train/Adam/epsilon, train/gradients/Square_grad/Mul)
        train/Adam/Mul = Mul(beta1_power, train/Adam/beta1) f32[]
        train/Adam/Assign = Assign(beta1_power, train/Adam/Mul)
        train/Adam/Mul_1 = Mul(beta2_power, train/Adam/beta2) f32[]
        train/Adam/Assign_1 = Assign(beta2_power, train/Adam/Mul_1)
        global_step = VariableV2{Constant(0.0)}() i64[]
        train/one = Const{i64[] [1]}() i64[]
        train/AssignAdd = AssignAdd(global_step, train/one)
        train/CheckNumerics = CheckNumerics(Sum) f32[]
        train/train_op = Identity(train/CheckNumerics, ^train/Adam/update_layer/w/ApplyAdam, ^train/Adam/Assign, ^train/Adam/Assign_1, ^train/AssignAdd) f32[]",
    );
}

#[test]
fn variables_of_two_dtypes_share_the_powers() {
    let mut graph = Graph::new();
    let single = graph.variable("a", DType::F32, [], Initializer::ONES).unwrap();
    let double = graph.variable("b", DType::F64, [3], Initializer::ONES).unwrap();
    let widened = graph.cast(single, DType::F64).unwrap();
    let product = graph.mul(widened, double).unwrap();
    let loss = graph.sum(product, [0]).unwrap();
    let train = create_train_op(&mut graph, loss, &Adam::default()).unwrap();
    graph.verify().unwrap();
    assert_eq!(graph.type_of(train.gradient_norm).unwrap().to_string(), "f32[]");
    assert_eq!(graph.type_of(graph.find_variable("beta1_power").unwrap()).unwrap().to_string(), "f32[]");
    assert_eq!(graph.type_of(graph.find_variable("b/Adam").unwrap()).unwrap().to_string(), "f64[3]");
}

#[test]
fn fetching_the_loss_trains_only_through_the_train_op() {
    let (mut graph, loss) = graph();
    let train = create_train_op(&mut graph, loss, &Sgd { learning_rate: 0.5.into() }).unwrap();
    let updates = |output: Output| {
        let is_update = |id: &NodeId| matches!(graph.node(*id).unwrap().op(), Op::Update(_));
        graph.needed_by(&[output]).unwrap().iter().filter(|id| is_update(id)).count()
    };
    assert_eq!((updates(train.output), updates(loss), updates(train.gradient_norm)), (2, 0, 0));
}

#[test]
fn a_second_optimizer_keeps_its_own_slots() {
    let (mut graph, loss) = graph();
    create_train_op(&mut graph, loss, &Adam::default()).unwrap();
    create_train_op(&mut graph, loss, &Adam::default()).unwrap();
    graph.verify().unwrap();
    let names = graph.variables().into_iter().map(|variable| graph.spec_of(variable).unwrap().name);
    let names: Vec<String> = names.collect();
    assert_eq!(
        names,
        [
            "beta1_power",
            "beta1_power_1",
            "beta2_power",
            "beta2_power_1",
            "global_step",
            "layer/w",
            "layer/w/Adam",
            "layer/w/Adam_1",
            "layer/w/Adam_2",
            "layer/w/Adam_3",
        ]
    );
}

#[test]
fn the_global_norm_is_of_all_values() {
    let mut graph = Graph::new();
    let a = graph.placeholder("a", DType::F32, [None, Some(3)]).unwrap();
    let b = graph.placeholder("b", DType::F64, PartialShape::SCALAR).unwrap();
    global_norm(&mut graph, &[a.output(), b.output()]).unwrap();
    let dump = graph.to_string().replace("global_norm/", "");
    let expected = "a = Placeholder() f32[?, 3]
b = Placeholder() f64[]
Square = Square(a) f32[?, 3]
Sum = Sum{[0, 1]}(Square) f32[]
Square_1 = Square(b) f64[]
Sum_1 = Sum{[]}(Square_1) f64[]
Cast = Cast(Sum_1) f32[]
AddV2 = AddV2(Sum, Cast) f32[]
Sqrt = Sqrt(AddV2) f32[]
";
    assert_eq!(dump, expected);
}

#[test]
fn nothing_but_the_updates_may_be_left() {
    let (mut graph, loss) = graph();
    let options = TrainOpOptions {
        global_step: false,
        check_numerics: false,
        summarize_gradients: true,
        ..TrainOpOptions::default()
    };
    create_train_op_with(&mut graph, loss, &Sgd { learning_rate: 0.5.into() }, options).unwrap();
    graph.verify().unwrap();
    let dump = graph.to_string();
    let last = "train/train_op = Identity(Sum, ^train/GradientDescent/update_layer/w/ApplyGradientDescent) f32[]\n";
    assert!(dump.ends_with(last), "{dump}");
    assert_eq!(graph.find_global_step().unwrap(), None);
    let summaries: Vec<_> = graph.summaries().iter().map(|summary| &**summary.tag()).collect();
    let gradient = "train/summarize_grads/layer/w_gradient";
    assert_eq!(summaries, [gradient, &format!("{gradient}_norm"), "train/GradientDescent/learning_rate"]);
}

#[test]
fn registered_updates_are_applied_unless_others_are_named() {
    let registered = |update_ops: fn(&mut Graph) -> Option<Vec<_>>| {
        let (mut graph, loss) = graph();
        let mean = graph.state("mean", DType::F32, [], Initializer::ZEROS).unwrap();
        let update = graph.assign(mean, loss).unwrap();
        graph.add_update_op(update).unwrap();
        let options = TrainOpOptions { update_ops: update_ops(&mut graph), ..TrainOpOptions::default() };
        create_train_op_with(&mut graph, loss, &Sgd { learning_rate: 0.5.into() }, options).unwrap();
        graph.verify().unwrap();
        let dump = graph.to_string();
        dump.lines().last().unwrap().split_once("CheckNumerics, ").unwrap().1.to_owned()
    };
    let trained = "^train/GradientDescent/update_layer/w/ApplyGradientDescent, ^train/AssignAdd) f32[]";
    assert_eq!(registered(|_| None), format!("^Assign, {trained}"));
    assert_eq!(registered(|_| Some(Vec::new())), trained);
    let another = |graph: &mut Graph| {
        let mean = graph.find_variable("mean").unwrap();
        Some(vec![graph.assign_add(mean, mean).unwrap()])
    };
    assert_eq!(registered(another), format!("^AssignAdd, {trained}"));
}

#[test]
fn gradients_are_reported_by_name() {
    let (mut graph, loss) = graph();
    let weight = graph.find_variable("layer/w").unwrap();
    let gradient = graph.gradients(loss, &[weight.output()]).unwrap()[0].unwrap();
    let pairs = [(weight, gradient.into())];
    let (both, again) =
        (["layer/w_gradient", "layer/w_gradient_norm"], ["layer/w_gradient_1", "layer/w_gradient_norm_1"]);
    assert_eq!(add_gradients_summaries(&mut graph, &pairs).unwrap(), both);
    assert_eq!(add_gradients_summaries(&mut graph, &pairs).unwrap(), again);
    let kinds: Vec<_> = graph.summaries().iter().map(|summary| summary.kind()).collect();
    assert_eq!(kinds, [SummaryKind::Histogram, SummaryKind::Scalar, SummaryKind::Histogram, SummaryKind::Scalar]);
}

#[test]
fn clipping_and_multiplying_say_what_to_do_and_where() {
    let (mut graph, loss) = graph();
    let weight = graph.find_variable("layer/w").unwrap();
    let gradient = graph.gradients(loss, &[weight.output()]).unwrap()[0].unwrap();
    let (pairs, nodes) = ([(weight, gradient.into())], graph.nodes().len());
    let check = |result: Result<Vec<VariableGradient>>, line: u32, expected: &str| {
        let error = result.unwrap_err().to_string();
        assert_eq!(error, expected.replace("HERE", &format!("at {}:{line}", file!())));
    };
    for (max_norm, shown) in [(0.0, "0"), (-1.0, "-1"), (f64::NAN, "NaN")] {
        let message = format!("clip HERE: max_norm is {shown}; give a positive number");
        check(clip_gradient_norms(&mut graph, &pairs, max_norm), line!(), &message);
        check(clip_by_global_norm(&mut graph, &pairs, max_norm).map(|(pairs, _)| pairs), line!(), &message);
    }
    let message = "clip HERE: max_value is 0; give a positive number";
    check(clip_gradient_values(&mut graph, &pairs, 0.0), line!(), message);
    let message = "global norm HERE: there is no value; give at least one";
    check(clip_by_global_norm(&mut graph, &[], 1.0).map(|(pairs, _)| pairs), line!(), message);
    assert_eq!(clip_gradient_norms(&mut graph, &[], 1.0).unwrap(), []);

    let message = "multiply gradients HERE: there is no multiplier; give at least one";
    check(multiply_gradients(&mut graph, &pairs, &[].into()), line!(), message);
    assert_eq!(graph.nodes().len(), nodes, "what was refused leaves nothing behind");
    let step = graph.global_step().unwrap();
    let message =
        "multiply gradients HERE: there is no gradient of variable global_step; multiply only those that there are";
    check(multiply_gradients(&mut graph, &pairs, &[(step, 1.0)].into()), line!(), message);
}

#[test]
fn errors_say_what_to_do_and_where() {
    let optimizer = Sgd { learning_rate: 0.5.into() };
    let (mut graph, loss) = graph();
    graph.variable("unused", DType::F32, [], Initializer::ONES).unwrap();
    let of = |variables: &[Variable]| TrainOpOptions {
        variables_to_train: Some(variables.to_vec()),
        ..TrainOpOptions::default()
    };

    let line = line!() + 1;
    let error = create_train_op(&mut graph, loss, &optimizer).unwrap_err().to_string();
    let message = "Sum does not depend on variable unused; pass the variables to train";
    assert_eq!(error, format!("train op at {}:{line}: {message}", file!()));

    let weight = graph.find_variable("layer/w").unwrap();
    create_train_op_with(&mut graph, loss, &optimizer, of(&[weight])).unwrap();

    let step = graph.global_step().unwrap();
    let line = line!() + 1;
    let error = create_train_op_with(&mut graph, loss, &optimizer, of(&[step])).unwrap_err().to_string();
    let message = "variable global_step is not trainable; pass the trainable ones";
    assert_eq!(error, format!("train op at {}:{line}: {message}", file!()));

    let line = line!() + 1;
    let error = create_train_op_with(&mut graph, loss, &optimizer, of(&[])).unwrap_err().to_string();
    let message = "there is no variable to train; build layers first, or pass the variables to train";
    assert_eq!(error, format!("train op at {}:{line}: {message}", file!()));

    let line = line!() + 1;
    let error = create_train_op_with(&mut graph, weight, &optimizer, of(&[weight])).unwrap_err().to_string();
    let message = "the loss layer/w is f32[2], not a float scalar; take the mean of it";
    assert_eq!(error, format!("gradients at {}:{line}: {message}", file!()));

    let nothing = TrainOpOptions { transform_grads_fn: Some(Box::new(|_, _| Ok(Vec::new()))), ..of(&[weight]) };
    let line = line!() + 1;
    let error = create_train_op_with(&mut graph, loss, &optimizer, nothing).unwrap_err().to_string();
    assert_eq!(error, format!("train op at {}:{line}: the transform left no gradient; leave at least one", file!()));

    let line = line!() + 1;
    let error = global_norm(&mut graph, &[]).unwrap_err().to_string();
    assert_eq!(error, format!("global norm at {}:{line}: there is no value; give at least one", file!()));
}
